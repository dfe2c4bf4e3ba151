//! `events.rs` owns the queues of news for the user: readiness, at most once per connection or listener
//! until taken, and notes, each exactly once.

use std::hash::{Hash, Hasher};
use std::net::SocketAddrV4;

use crate::clone_by_field::clone_by_field;
use crate::ids::{ConnId, ListenerId};
use crate::note::{Note, NoteKind};
use crate::time::Moment;

/// A connection or a listener with news. A host reports news when they occur, without a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ready {
    /// `accept` has a connection for the user.
    Accept(ListenerId),
    /// The connection has opened, received bytes, received an acknowledgment, or ended; or all bytes
    /// given to `send` have been transmitted and the user has called `status` since `send`.
    Conn(ConnId),
}

/// The queues of news for the user.
#[derive(Debug, Default, Hash)]
pub(crate) struct Events {
    pub(super) ready: Fifo<Ready>,
    pub(super) notes: Fifo<Note>,
    /// Whether the user wants notes.
    telling: bool,
}

clone_by_field! { Events { ready, notes, telling } }

impl Events {
    /// Queue a note about the connection between `ends`, if the user wants notes.
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

    /// Drop all news and keep the memory. `telling`: the user wants notes.
    pub(crate) fn reset(&mut self, telling: bool) {
        self.telling = telling;
        self.ready.clear();
        self.notes.clear();
    }
}

/// A queue that is filled a little and emptied at once after every event: a list, and how far the list
/// has been read. For such use a list costs less than a ring.
#[derive(Debug)]
pub(crate) struct Fifo<T> {
    items: Vec<T>,
    /// How many items have been taken: fewer than all, or 0.
    taken: usize,
}

clone_by_field! { Fifo<T> { items, taken } }

impl<T: Hash> Hash for Fifo<T> {
    /// Hashes the items that wait.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.items[self.taken..].hash(state);
    }
}

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Self { items: Vec::new(), taken: 0 }
    }
}

impl<T: Copy> Fifo<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn push(&mut self, item: T) {
        self.items.push(item);
    }

    pub(crate) fn front(&self) -> Option<T> {
        self.items.get(self.taken).copied()
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        let item = self.front()?;
        self.taken += 1;
        if self.taken == self.items.len() {
            self.clear();
        }
        Some(item)
    }

    /// Drop all items and keep the memory.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_item_in_is_the_first_out() {
        let mut fifo = Fifo::default();
        for round in 0..3 {
            fifo.push(round);
            fifo.push(round + 10);
            assert_eq!((fifo.pop(), fifo.front()), (Some(round), Some(round + 10)));
            fifo.push(round + 20);
            assert_eq!((fifo.pop(), fifo.pop()), (Some(round + 10), Some(round + 20)));
            assert!(fifo.is_empty() && fifo.pop().is_none());
        }
    }
}
