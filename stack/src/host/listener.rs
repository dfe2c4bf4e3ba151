//! `listener.rs` is a passive OPEN: how many connections it may hold that nobody has accepted, and
//! which. smoltcp has no listeners, only sockets that listen once.

use std::collections::VecDeque;

/// One listening port, or the memory of one.
#[derive(Debug, Default)]
pub(crate) struct Listener {
    /// Whether the slot holds a listener.
    pub(super) live: bool,
    pub(super) port: u16,
    backlog: usize,
    /// Slots in SYN-RECEIVED, oldest first.
    pub(super) embryos: VecDeque<u32>,
    /// Slots past the handshake, oldest first.
    pub(super) accepted: VecDeque<u32>,
}

impl Listener {
    pub(crate) fn open(&mut self, port: u16, backlog: usize) {
        self.live = true;
        self.port = port;
        // Linux takes one connection even for a backlog of 0, and so does everybody who asks for it.
        self.backlog = backlog.max(1);
    }

    /// End the use of the listener.
    pub(crate) fn vacate(&mut self) {
        self.live = false;
        self.embryos.clear();
        self.accepted.clear();
    }

    /// Whether a SYN more is one too many. The caller drops it without an answer, as Linux does, and
    /// the peer's retransmission tries again; a RST would tell it that nobody listens.
    pub(crate) fn is_full(&self) -> bool {
        self.embryos.len() + self.accepted.len() >= self.backlog
    }

    /// `slot` is past the handshake.
    pub(crate) fn promote(&mut self, slot: u32) {
        self.forget(slot);
        self.accepted.push_back(slot);
    }

    /// `slot` never got there.
    pub(crate) fn forget(&mut self, slot: u32) {
        // The oldest is nearly always next: with thousands of them none is looked at twice.
        if self.embryos.front() == Some(&slot) {
            self.embryos.pop_front();
        } else {
            self.embryos.retain(|&embryo| embryo != slot);
        }
    }
}
