//! `events.rs` holds what a host has to tell: readiness, coalesced by a flag of each connection, and
//! notes, each exactly once.

use crate::fifo::Fifo;
use crate::names::{ConnId, ListenerId};
use crate::note::Note;

/// Something to look at. A host says so once per change, never by being scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ready {
    /// `accept` has a connection to give.
    Accept(ListenerId),
    /// The connection opened, received, was acknowledged, has transmitted all it had (if its status
    /// was asked for since `send`), or ended.
    Conn(ConnId),
}

/// Queues towards the user.
#[derive(Debug, Default)]
pub(crate) struct Events {
    pub(crate) ready: Fifo<Ready>,
    pub(crate) notes: Fifo<Note>,
}

impl Events {
    /// Forget everything, keep the memory.
    pub(crate) fn clear(&mut self) {
        self.ready.clear();
        self.notes.clear();
    }
}
