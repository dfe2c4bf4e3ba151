//! `coverage` owns the pairs that a run reaches: events of a TCP connection with the state in which each
//! event met the connection (RFC 9293 §3.10), and commands of FTP with the end of the data connection.

mod reached;

use std::collections::BTreeMap;
use std::fmt;

use halfclose_stack::{Ending, Kind, State};

use crate::side::Side;

pub(crate) use reached::{hits, pairs};

/// An event of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TcpEvent {
    /// The program calls an active OPEN.
    Open,
    /// The program calls CLOSE.
    Close,
    /// The program calls ABORT.
    Abort,
    /// A segment of this kind arrives.
    Arrives(Kind),
    /// The host sends a segment again.
    Resent,
    /// The deadline of the state passes: user timeout, TIME-WAIT timeout, or the end of FIN-WAIT-2.
    Deadline,
}

/// A command of FTP with a data connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "RFC 959 §4.1.3 and RFC 3659 §7 define each")]
pub enum TransferCommand {
    Stor,
    Appe,
    Stou,
    Retr,
    List,
    Nlst,
    Mlsd,
    /// ABOR during any transfer.
    Abor,
}

/// A pair that a run can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pair {
    /// An event, and the state of the connection before the event.
    Tcp(TcpEvent, State),
    /// A command, and how the data connection ended at this side.
    Ftp(TransferCommand, Side, Ending),
}

impl TcpEvent {
    /// Every event, in the order of the table.
    pub const ALL: [Self; 11] = [
        Self::Open,
        Self::Close,
        Self::Abort,
        Self::Arrives(Kind::Syn),
        Self::Arrives(Kind::SynAck),
        Self::Arrives(Kind::Ack),
        Self::Arrives(Kind::Data),
        Self::Arrives(Kind::Fin),
        Self::Arrives(Kind::Rst),
        Self::Resent,
        Self::Deadline,
    ];

    /// The name of the event.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Close => "CLOSE",
            Self::Abort => "ABORT",
            Self::Arrives(Kind::Syn) => "SYN",
            Self::Arrives(Kind::SynAck) => "SYN-ACK",
            Self::Arrives(Kind::Ack) => "ACK",
            Self::Arrives(Kind::Data) => "DATA",
            Self::Arrives(Kind::Fin) => "FIN",
            Self::Arrives(Kind::Rst) => "RST",
            Self::Resent => "RESENT",
            Self::Deadline => "TIMEOUT",
        }
    }
}

impl TransferCommand {
    /// Every command, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Stor,
        Self::Appe,
        Self::Stou,
        Self::Retr,
        Self::List,
        Self::Nlst,
        Self::Mlsd,
        Self::Abor,
    ];

    /// The name of the command.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stor => "STOR",
            Self::Appe => "APPE",
            Self::Stou => "STOU",
            Self::Retr => "RETR",
            Self::List => "LIST",
            Self::Nlst => "NLST",
            Self::Mlsd => "MLSD",
            Self::Abor => "ABOR",
        }
    }
}

/// The states, in the order of the table.
pub(crate) const STATES: [State; 11] = [
    State::Closed,
    State::Listen,
    State::SynSent,
    State::SynReceived,
    State::Established,
    State::FinWait1,
    State::FinWait2,
    State::CloseWait,
    State::Closing,
    State::LastAck,
    State::TimeWait,
];

/// The endings, in the order of the table.
pub(crate) const ENDINGS: [Ending; 6] = [
    Ending::Finished,
    Ending::Reset,
    Ending::Refused,
    Ending::TimedOut,
    Ending::Aborted,
    Ending::Stalled,
];

impl Pair {
    /// Every pair of the tables, reached or not, but for pairs without an event.
    pub fn all() -> impl Iterator<Item = Self> {
        let tcp = TcpEvent::ALL.into_iter();
        let tcp = tcp.flat_map(|event| STATES.map(|state| Self::Tcp(event, state)));
        let sides = [Side::Client, Side::Server];
        let ftp = TransferCommand::ALL.into_iter().flat_map(move |command| {
            let of = move |side| ENDINGS.map(|ending| Self::Ftp(command, side, ending));
            sides.into_iter().flat_map(of)
        });
        tcp.filter(|pair| !pair.has_no_event()).chain(ftp)
    }

    /// Whether no program and no peer, lawful or not, brings this event in this state.
    #[must_use]
    pub(crate) fn has_no_event(self) -> bool {
        let Self::Tcp(event, state) = self else { return false };
        match event {
            // The programs open connections of their own, and a connection is opened once.
            TcpEvent::Open => state != State::Closed,
            // A program closes a listener, and RFC 9293 gives a listener no connection to close.
            TcpEvent::Close | TcpEvent::Abort => state == State::Listen,
            // A segment that opens no connection counts as a segment in CLOSED.
            TcpEvent::Arrives(kind) => state == State::Listen && kind != Kind::Syn,
            // Nothing is outstanding.
            TcpEvent::Resent => {
                matches!(state, State::Closed | State::Listen | State::FinWait2 | State::TimeWait)
            }
            TcpEvent::Deadline => matches!(state, State::Closed | State::Listen),
        }
    }

    /// The pair of this name.
    #[cfg(feature = "results")]
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::all().find(|pair| pair.to_string() == name)
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(event, state) => write!(f, "{} in {state}", event.name()),
            Self::Ftp(command, side, ending) => {
                write!(f, "{}, {} {ending}", command.name(), side.name())
            }
        }
    }
}

/// The number of runs that reached each pair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The pairs that a run reached, each with the number of such runs.
    pub runs: BTreeMap<Pair, u64>,
}

impl Coverage {
    /// Counts a run that reached `pairs`. Returns whether any of the pairs is new.
    pub fn add(&mut self, pairs: &[Pair]) -> bool {
        let before = self.runs.len();
        for pair in pairs {
            *self.runs.entry(*pair).or_default() += 1;
        }
        self.runs.len() > before
    }

    /// Counts all that `other` has counted.
    pub fn merge(&mut self, other: &Self) {
        for (pair, count) in &other.runs {
            *self.runs.entry(*pair).or_default() += count;
        }
    }

    /// Whether no pair was reached: no coverage was asked for, or no run was made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_has_a_name_of_its_own() {
        let all: Vec<_> = Pair::all().collect();
        let names: std::collections::BTreeSet<_> = all.iter().map(ToString::to_string).collect();
        assert_eq!((all.len(), names.len()), (98 + 96, 98 + 96));
        assert!(names.contains("FIN in FIN-WAIT-1") && names.contains("STOR, server timed out"));
    }
}
