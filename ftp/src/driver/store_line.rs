//! `driver::store_line` owns the line of transfers that wait for a busy store. A store has one disk, so
//! all wait for the same time, and then the first takes all of the room: a block of the disk wakes one
//! transfer, however many wait.

use super::SlotId;
use crate::clone_by_field::{TimeKind, clone_by_field};
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// The transfers that wait, by their slots.
#[derive(Debug, Default)]
pub(super) struct StoreLine {
    waiting: BTreeSet<SlotId>,
    /// The time at which the store has room again.
    ready: Duration,
    /// The last time at which the line moved.
    moved: Duration,
}

clone_by_field! { StoreLine { waiting, ready, moved } }

impl Hash for StoreLine {
    /// Hashes the times of a store that transfers wait for, or have waited for.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { waiting, ready, moved } = self;
        waiting.hash(state);
        TimeKind::Deadline.hash((!waiting.is_empty()).then_some(*ready), state);
        TimeKind::Distance.hash((!moved.is_zero()).then_some(*moved), state);
    }
}

impl StoreLine {
    /// Puts a slot into the line. The store has room at `ready`.
    pub(super) fn join(&mut self, place: SlotId, ready: Duration) {
        self.waiting.insert(place);
        self.ready = ready;
    }

    /// Takes a slot out of the line.
    pub(super) fn leave(&mut self, place: SlotId) {
        if !self.waiting.is_empty() {
            self.waiting.remove(&place);
        }
    }

    /// The next slot and its time, if a slot waits.
    #[inline]
    pub(super) fn next(&self) -> Option<(Duration, SlotId)> {
        self.waiting.first().map(|&place| (self.ready, place))
    }

    /// Takes the next slot at `now`. Returns the time at which the line moved before.
    pub(super) fn pop(&mut self, now: Duration) -> Duration {
        self.waiting.pop_first();
        std::mem::replace(&mut self.moved, now)
    }

    /// Forgets all waiting slots.
    pub(super) fn reset(&mut self) {
        self.waiting.clear();
        (self.ready, self.moved) = (Duration::ZERO, Duration::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_the_disk_wakes_one_slot() {
        let (mut line, ms) = (StoreLine::default(), Duration::from_millis);
        for place in [2, 0, 1] {
            line.join(SlotId(place), ms(5));
        }
        assert_eq!(line.next(), Some((ms(5), SlotId(0))));
        assert_eq!(line.pop(ms(5)), Duration::ZERO);
        // The first has filled the disk again, and the others wait on without being woken.
        line.join(SlotId(0), ms(9));
        line.leave(SlotId(1));
        assert_eq!((line.pop(ms(9)), line.next()), (ms(5), Some((ms(9), SlotId(2)))));
    }
}
