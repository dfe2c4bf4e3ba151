//! `net::closing` owns the deadlines of connections that the program has closed: until the owed
//! bytes are sent, and until the peer's end.

use super::Sockets;
use std::collections::VecDeque;
use std::time::Duration;

/// How long a closed connection may make no progress, or wait for the peer's end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Deadlines in order: each is set the same time ahead.
#[derive(Debug, Default)]
pub(super) struct Closing(VecDeque<Deadline>);

#[derive(Debug)]
struct Deadline {
    at: Duration,
    name: u64,
    /// The owed bytes when the deadline was set.
    owed: usize,
}

impl Closing {
    pub(super) fn next(&self) -> Option<Duration> {
        self.0.front().map(|deadline| deadline.at)
    }

    fn pop_due(&mut self, now: Duration) -> Option<Deadline> {
        self.0.front().filter(|deadline| deadline.at <= now)?;
        self.0.pop_front()
    }
}

impl Sockets {
    /// Closes a connection for the program; from now on the sockets own the connection.
    pub(super) fn begin_closing(&mut self, name: u64) {
        if let Some(socket) = self.conns.get_mut(name) {
            socket.close();
            let owed = socket.owes();
            if !self.go_on_closing(name) {
                self.closing.0.push_back(Deadline { at: self.now + CLOSE_TIMEOUT, name, owed });
            }
        }
    }

    /// Continues to close a connection; true once done.
    pub(super) fn go_on_closing(&mut self, name: u64) -> bool {
        let done =
            self.conns.get_mut(name).is_none_or(|socket| socket.go_on_closing(&mut self.buffer));
        if done {
            self.conns.remove(name);
        }
        done
    }

    /// Drops the connections whose deadline is over, unless they made progress.
    pub(super) fn close_overdue(&mut self) {
        while let Some(Deadline { name, owed, .. }) = self.closing.pop_due(self.now) {
            let Some(socket) = self.conns.get_mut(name) else { continue };
            let owes = socket.owes();
            if owes > 0 && owes < owed {
                let at = self.now + CLOSE_TIMEOUT;
                self.closing.0.push_back(Deadline { at, name, owed: owes });
            } else if let Some(socket) = self.conns.remove(name)
                && owes > 0
            {
                socket.abort();
            }
        }
    }
}
