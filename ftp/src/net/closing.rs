//! `net::closing` owns the deadlines of connections that the program has closed: until the owed
//! bytes are sent, and until the peer's end.

use super::Sockets;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

/// How long a closed connection may make no progress, or wait for the peer's end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// The connections that are being closed.
#[derive(Debug)]
pub(super) struct Closing {
    /// Deadlines in order: each is set the same time ahead.
    queue: VecDeque<Deadline>,
    /// The most connections in the queue.
    most: usize,
}

impl Default for Closing {
    fn default() -> Self {
        Self { queue: VecDeque::new(), most: usize::MAX }
    }
}

#[derive(Debug)]
struct Deadline {
    at: Duration,
    name: u64,
    peer: IpAddr,
    /// The owed bytes when the deadline was set.
    owed: usize,
}

impl Closing {
    pub(super) fn next(&self) -> Option<Duration> {
        self.queue.front().map(|deadline| deadline.at)
    }

    pub(super) fn limit(&mut self, most: usize) {
        self.most = most.max(1);
    }

    /// The connection that has to make room: the oldest of an address with too many, or the oldest
    /// of all.
    fn pop_surplus(&mut self, peer: IpAddr) -> Option<Deadline> {
        if self.queue.len() * 8 <= self.most {
            return None;
        }
        let theirs = self.queue.iter().filter(|deadline| deadline.peer == peer).count();
        if theirs > self.most.div_ceil(8) {
            let at = self.queue.iter().position(|deadline| deadline.peer == peer)?;
            return self.queue.remove(at);
        }
        if self.queue.len() > self.most { self.queue.pop_front() } else { None }
    }

    fn pop_due(&mut self, now: Duration) -> Option<Deadline> {
        self.queue.front().filter(|deadline| deadline.at <= now)?;
        self.queue.pop_front()
    }
}

impl Sockets {
    /// Closes a connection for the program; from now on the sockets own the connection.
    pub(super) fn begin_closing(&mut self, name: u64) {
        if let Some(socket) = self.conns.get_mut(name) {
            socket.close();
            let (owed, peer) = (socket.owes(), socket.peer());
            if !self.go_on_closing(name) {
                let at = self.now + CLOSE_TIMEOUT;
                self.closing.queue.push_back(Deadline { at, name, peer, owed });
                while let Some(surplus) = self.closing.pop_surplus(peer) {
                    self.conns.remove(surplus.name);
                }
            }
        }
    }

    /// Closes a connection without a wait for the peer's end.
    pub(super) fn close_at_once(&mut self, name: u64) {
        if let Some(socket) = self.conns.get_mut(name) {
            socket.close();
            self.go_on_closing(name);
            self.conns.remove(name);
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
        while let Some(Deadline { name, owed, peer, .. }) = self.closing.pop_due(self.now) {
            let Some(socket) = self.conns.get_mut(name) else { continue };
            let owes = socket.owes();
            if owes > 0 && owes < owed {
                let at = self.now + CLOSE_TIMEOUT;
                self.closing.queue.push_back(Deadline { at, name, peer, owed: owes });
            } else if let Some(socket) = self.conns.remove(name)
                && owes > 0
            {
                socket.abort();
            }
        }
    }
}
