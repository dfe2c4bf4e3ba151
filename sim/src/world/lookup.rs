//! `lookup` finds connections, lines and reports at the end of a run among thousands: the ends of a
//! connection, the lines of a session, and the server's report of a file.

use std::net::SocketAddr;
use std::time::Duration;

use halfclose_ftp::TransferReport;
use halfclose_ftp::report::{SessionId, Spoken};

use crate::outcome::EndedConnection;
use crate::side::Side;

/// Indexes into the lists of a run, sorted for lookup. The memory is kept from run to run.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    /// Ended connections, by ports and then by time.
    ended: Vec<(u64, usize)>,
    /// Lines of the dialogue, by session and then by time.
    spoken: Vec<(SessionId, usize)>,
    /// Reports of the server, by the file's name and then in order.
    served: Vec<usize>,
}

/// A connection at one side as a number.
fn key(side: Side, local: SocketAddr, peer: SocketAddr) -> u64 {
    (side as u64) << 32 | u64::from(local.port()) << 16 | u64::from(peer.port())
}

impl Lookup {
    /// Sort the ended connections and the lines.
    pub(crate) fn build(&mut self, ended: &[EndedConnection], spoken: &[Spoken]) {
        let key = |it: &EndedConnection| key(it.side, it.local, it.peer);
        self.ended.clear();
        self.ended.extend(ended.iter().enumerate().map(|(at, ended)| (key(ended), at)));
        self.ended.sort_unstable();
        self.spoken.clear();
        self.spoken.extend(spoken.iter().enumerate().map(|(at, line)| (line.session, at)));
        self.spoken.sort_unstable();
        self.served.clear();
    }

    /// And the server's reports.
    pub(crate) fn serve(&mut self, served: &[TransferReport]) {
        self.served.extend(0..served.len());
        self.served.sort_by_key(|at| &*served[*at].name);
    }

    /// The ends of the connection between these addresses at `side`, from `since` on.
    pub(crate) fn ends<'a>(
        &'a self,
        ended: &'a [EndedConnection],
        (side, local, peer): (Side, SocketAddr, SocketAddr),
        since: Duration,
    ) -> impl Iterator<Item = &'a EndedConnection> {
        let key = key(side, local, peer);
        let before = |(it, at): &(u64, usize)| (*it, ended[*at].at) < (key, since);
        let first = self.ended.partition_point(before);
        let same = self.ended[first..].iter().take_while(move |(it, _)| *it == key);
        same.map(|(_, at)| &ended[*at])
    }

    /// The lines of `session` after `since`.
    pub(crate) fn lines<'a>(
        &'a self,
        spoken: &'a [Spoken],
        session: SessionId,
        since: Duration,
    ) -> impl Iterator<Item = &'a Spoken> {
        let before = |(it, at): &(SessionId, usize)| {
            *it < session || *it == session && spoken[*at].at <= since
        };
        let first = self.spoken.partition_point(before);
        let same = self.spoken[first..].iter().take_while(move |(it, _)| *it == session);
        same.map(|(_, at)| &spoken[*at])
    }

    /// The server's last report of the file `name`.
    pub(crate) fn last_served<'a>(
        &self,
        served: &'a [TransferReport],
        name: &str,
    ) -> Option<&'a TransferReport> {
        let behind = self.served.partition_point(|at| *served[*at].name <= *name);
        let last = &served[*self.served.get(behind.checked_sub(1)?)?];
        (last.name == name).then_some(last)
    }
}
