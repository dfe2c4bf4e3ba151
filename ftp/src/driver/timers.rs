//! `driver::timers` owns one deadline for each session, and finds the earliest. A deadline that
//! moves later stays in the heap: the old time fires once, and the session sets the new time then.

use super::SlotId;
use crate::clone_by_field::{TimeKind, clone_by_field};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// The outdated times that may stay in the heap, besides one for each slot.
const SLACK: usize = 64;

/// The deadlines of all slots.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// All armed times that have not fired; the first is always a valid deadline.
    heap: BinaryHeap<Reverse<(Duration, SlotId)>>,
    /// The valid deadline of each slot.
    armed: Vec<Option<Duration>>,
}

clone_by_field! { Timers { heap, armed } }

impl Hash for Timers {
    /// Hashes every time in the heap, in order, and the valid deadlines.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { heap, armed } = self;
        let mut times: Vec<_> = heap.iter().map(|Reverse(time)| *time).collect();
        times.sort_unstable();
        times.len().hash(state);
        for (at, place) in times {
            place.hash(state);
            TimeKind::Deadline.hash(at, state);
        }
        for (place, at) in armed.iter().enumerate().filter(|(_, at)| at.is_some()) {
            place.hash(state);
            TimeKind::Deadline.hash(*at, state);
        }
    }
}

impl Timers {
    /// The earliest valid deadline.
    #[inline]
    pub(super) fn next(&self) -> Option<Duration> {
        self.first().map(|(at, _)| at)
    }

    /// The earliest valid deadline, and its slot.
    #[inline]
    pub(super) fn first(&self) -> Option<(Duration, SlotId)> {
        self.heap.peek().map(|&Reverse(first)| first)
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
            if self.heap.len() > 2 * self.armed.len() + SLACK {
                self.compact();
            }
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

    /// Keeps one valid time of each slot. A session that rests a thousand times a second outdates
    /// as many times, and each would stay until its moment comes.
    #[cold]
    fn compact(&mut self) {
        let mut times = std::mem::take(&mut self.heap).into_vec();
        times.retain(|&Reverse((at, place))| self.armed[place.0 as usize] == Some(at));
        times.sort_unstable();
        times.dedup();
        self.heap = times.into();
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A slot that rests again and again leaves no outdated times behind, also beside a slot with an
    /// earlier deadline at the front of the heap.
    #[test]
    fn outdated_times_do_not_pile_up() {
        let mut timers = Timers::default();
        let (idle, busy) = (SlotId(0), SlotId(1));
        timers.arm(idle, Duration::from_secs(60));
        for moment in 1..100_000 {
            timers.arm(busy, Duration::from_secs(300));
            timers.arm(busy, Duration::from_micros(moment));
            assert_eq!(timers.pop_due(Duration::from_micros(moment)), Some(busy));
        }
        assert!(timers.heap.len() <= 2 * 2 + SLACK, "{} times", timers.heap.len());
        assert_eq!(timers.next(), Some(Duration::from_secs(60)));
    }
}
