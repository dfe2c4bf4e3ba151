//! `driver::timers` owns one deadline for each session, and finds the earliest. A deadline that
//! moves later stays in the heap: the old time fires once, and the session sets the new time then.

use super::SlotId;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// The deadlines of all slots.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// All armed times that have not fired; the first is always a valid deadline.
    heap: BinaryHeap<Reverse<(Duration, SlotId)>>,
    /// The valid deadline of each slot.
    armed: Vec<Option<Duration>>,
}

impl Timers {
    /// The earliest valid deadline.
    #[inline]
    pub(super) fn next(&self) -> Option<Duration> {
        self.heap.peek().map(|&Reverse((at, _))| at)
    }

    /// Ensures that the slot is woken at `at` or before.
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

    /// Forgets the slot's deadline.
    pub(super) fn disarm(&mut self, place: SlotId) {
        if let Some(armed) = self.armed.get_mut(place.0 as usize) {
            *armed = None;
            self.tidy();
        }
    }

    /// Takes a slot whose deadline has come. The slot has no deadline until armed again.
    #[inline]
    pub(super) fn pop_due(&mut self, now: Duration) -> Option<SlotId> {
        if self.next()? > now {
            return None;
        }
        let Reverse((_, place)) = self.heap.pop()?;
        self.disarm(place);
        Some(place)
    }

    /// Forgets all deadlines at once.
    pub(super) fn reset(&mut self) {
        self.heap.clear();
        self.armed.clear();
    }

    /// Removes outdated times from the front of the heap.
    fn tidy(&mut self) {
        while let Some(&Reverse((at, place))) = self.heap.peek()
            && self.armed[place.0 as usize] != Some(at)
        {
            self.heap.pop();
        }
    }
}
