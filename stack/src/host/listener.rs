//! `listener.rs` owns the queues of a passive OPEN: connections in the handshake, and connections that
//! wait for `accept`. smoltcp has no listeners, only sockets that listen once.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use crate::clone_by_field::clone_by_field;

/// One listening port, or the memory of the last listener in this slot.
#[derive(Debug, Default)]
pub(crate) struct Listener {
    /// Whether the slot holds a listener.
    pub(super) live: bool,
    pub(super) port: u16,
    backlog: usize,
    /// Slots of connections in SYN-RECEIVED, oldest first.
    pub(super) embryos: VecDeque<u32>,
    /// Slots of connections that wait for `accept`, oldest first.
    pub(super) accepted: VecDeque<u32>,
}

clone_by_field! { Listener { live, port, backlog, embryos, accepted } }

impl Hash for Listener {
    /// Hashes a listener. The memory of a former listener does not count.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { live, port, backlog, embryos, accepted } = self;
        live.hash(state);
        if *live {
            (port, backlog, embryos, accepted).hash(state);
        }
    }
}

impl Listener {
    /// Start to listen at `port`.
    pub(crate) fn open(&mut self, port: u16, backlog: usize) {
        self.live = true;
        self.port = port;
        // Linux takes one connection even for a backlog of 0.
        self.backlog = backlog.max(1);
    }

    /// End the use of the listener.
    pub(crate) fn vacate(&mut self) {
        self.live = false;
        self.embryos.clear();
        self.accepted.clear();
    }

    /// Whether the backlog is full. The caller drops a further SYN without an answer, as Linux does, and
    /// the peer's retransmission tries again; a RST would say that the port is closed.
    pub(crate) fn is_full(&self) -> bool {
        self.embryos.len() + self.accepted.len() >= self.backlog
    }

    /// Move `slot` behind the handshake.
    pub(crate) fn promote(&mut self, slot: u32) {
        self.forget(slot);
        self.accepted.push_back(slot);
    }

    /// Forget `slot`, whose handshake was not completed.
    pub(crate) fn forget(&mut self, slot: u32) {
        // The oldest is nearly always the next to go: thousands of others are not looked at.
        if self.embryos.front() == Some(&slot) {
            self.embryos.pop_front();
        } else {
            self.embryos.retain(|&embryo| embryo != slot);
        }
    }
}
