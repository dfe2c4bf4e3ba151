//! `events.rs` holds what a host has to tell: readiness, coalesced by a flag of each connection, and
//! notes, each exactly once.

use std::net::SocketAddrV4;

use crate::host::fifo::Fifo;
use crate::ids::{ConnId, ListenerId};
use crate::note::{Note, NoteKind};
use crate::time::Moment;

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
    pub(super) ready: Fifo<Ready>,
    pub(super) notes: Fifo<Note>,
    /// Whether the user wants notes.
    telling: bool,
}

impl Events {
    /// Tell something about the connection between `local` and `peer`.
    #[inline]
    pub(crate) fn note(&mut self, at: Moment, ends: [SocketAddrV4; 2], kind: NoteKind) {
        if self.telling {
            self.keep(at, ends, kind);
        }
    }

    #[inline(never)]
    fn keep(&mut self, at: Moment, [local, peer]: [SocketAddrV4; 2], kind: NoteKind) {
        self.notes.push(Note { at: at.into(), local, peer, kind });
    }

    /// Forget everything, keep the memory. `telling` says whether the user wants notes.
    pub(crate) fn reset(&mut self, telling: bool) {
        self.telling = telling;
        self.ready.clear();
        self.notes.clear();
    }
}
