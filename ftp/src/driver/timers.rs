//! `driver::timers` keeps one deadline for each session, and the earliest of all at hand. A deadline
//! that has moved later is left where it is: it fires early once, and is then set anew.

use super::SlotId;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Deadlines by place.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// Every deadline that was ever armed and has not come up; the first is always one that counts.
    heap: BinaryHeap<Reverse<(Duration, SlotId)>>,
    /// The deadline that counts, by place.
    armed: Vec<Option<Duration>>,
}

impl Timers {
    /// The earliest deadline.
    #[inline]
    pub(super) fn next(&self) -> Option<Duration> {
        self.heap.peek().map(|&Reverse((at, _))| at)
    }

    /// Makes sure the place is woken at `at` or before.
    #[inline]
    pub(super) fn arm(&mut self, place: SlotId, at: Duration) {
        let index = place.0 as usize;
        if self.armed.len() <= index {
            self.armed.resize(index + 1, None);
        }
        if self.armed[index].is_none_or(|armed| at < armed) {
            self.armed[index] = Some(at);
            self.heap.push(Reverse((at, place)));
            self.tidy();
        }
    }

    /// Forgets the place's deadline.
    pub(super) fn disarm(&mut self, place: SlotId) {
        if let Some(armed) = self.armed.get_mut(place.0 as usize) {
            *armed = None;
            self.tidy();
        }
    }

    /// A place whose deadline has come; it has none until it is armed again.
    #[inline]
    pub(super) fn pop_due(&mut self, now: Duration) -> Option<SlotId> {
        if self.next()? > now {
            return None;
        }
        let Reverse((_, place)) = self.heap.pop()?;
        self.disarm(place);
        Some(place)
    }

    /// Forgets all deadlines.
    pub(super) fn reset(&mut self) {
        self.heap.clear();
        self.armed.clear();
    }

    /// Removes what does not count any more from the front.
    fn tidy(&mut self) {
        while let Some(&Reverse((at, place))) = self.heap.peek()
            && self.armed[place.0 as usize] != Some(at)
        {
            self.heap.pop();
        }
    }
}
