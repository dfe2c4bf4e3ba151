//! `timers.rs` owns the earliest wake-up of every connection, in one heap. An outdated entry stays in the
//! heap until its time. Ties break by the order of entry, so a run replays.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{Hash, Hasher};

use crate::clone_by_field::clone_by_field;
use crate::time::Moment;

/// The owner of a timer, by slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimerKey {
    Connection(u32),
    TimeWait(u32),
}

impl TimerKey {
    /// The place of the timer in the list of timers.
    #[inline]
    fn place(self) -> u32 {
        match self {
            Self::Connection(slot) => slot << 1,
            Self::TimeWait(index) => index << 1 | 1,
        }
    }

    #[inline]
    fn at(place: u32) -> Self {
        let index = place >> 1;
        if place & 1 == 0 { Self::Connection(index) } else { Self::TimeWait(index) }
    }
}

/// An entry of the heap: the time, the order of entry, and the place of the timer.
type Wakeup = Reverse<(Moment, u64, u32)>;

/// The state of one timer.
#[derive(Clone, Copy, Debug)]
struct Timer {
    /// The time of the wake-up.
    wanted: Moment,
    /// The time of the earliest entry in the heap, never later than `wanted`.
    queued: Moment,
}

/// A timer without a wake-up.
const UNSET: Timer = Timer { wanted: Moment::NEVER, queued: Moment::NEVER };

/// All timers of a host, by place.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Wakeup>,
    timers: Vec<Timer>,
    order: u64,
    /// How often a timer was due at the instant of a second entry.
    ties: u64,
}

clone_by_field! { Timers { heap, timers, order, ties } }

impl Hash for Timers {
    /// Hashes the timers, and the entries of the heap that are not outdated, in order.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { heap: _, timers, order: _, ties: _ } = self;
        let set = timers.iter().enumerate().filter(|(_, timer)| timer.queued.comes());
        set.clone().count().hash(state);
        set.for_each(|(place, timer)| (place, timer.wanted, timer.queued).hash(state));
        self.entries(false).hash(state);
    }
}

impl Timers {
    /// Drop all timers and keep the memory.
    pub(crate) fn clear(&mut self) {
        self.heap.clear();
        self.timers.clear();
        (self.order, self.ties) = (0, 0);
    }

    /// Set the timer of `key` to `wanted`, in place of the time before.
    #[inline]
    pub(crate) fn set(&mut self, key: TimerKey, wanted: Moment) {
        let place = key.place();
        let index = place as usize;
        if index >= self.timers.len() {
            self.timers.resize(index + 1, UNSET);
        }
        let timer = &mut self.timers[index];
        timer.wanted = wanted;
        if wanted < timer.queued {
            timer.queued = wanted;
            self.push(wanted, place);
        }
    }

    /// Whether no timer can be due before `at`. A look at the heap is enough, because an entry is never
    /// later than the timer.
    pub(crate) fn sleep_until(&self, at: Moment) -> bool {
        self.heap.peek().is_none_or(|&Reverse((earliest, ..))| earliest >= at)
    }

    /// The earliest time of all timers.
    pub(crate) fn next(&mut self) -> Moment {
        loop {
            let Some(&Reverse((at, _, place))) = self.heap.peek() else { return Moment::NEVER };
            let timer = &mut self.timers[place as usize];
            let mut again = Moment::NEVER;
            if timer.queued == at {
                if timer.wanted == at {
                    return at;
                }
                // The timer was set to a later time since, or to none.
                timer.queued = timer.wanted;
                again = timer.wanted;
            }
            self.heap.pop();
            if again.comes() {
                self.push(again, place);
            }
        }
    }

    /// Take the next timer that is due at `now`.
    pub(crate) fn pop_due(&mut self, now: Moment) -> Option<TimerKey> {
        if self.next() > now {
            return None;
        }
        let Reverse((_, _, place)) = self.heap.pop()?;
        self.timers[place as usize] = UNSET;
        self.ties += u64::from(self.heap.peek().is_some_and(|&Reverse((at, ..))| at <= now));
        Some(TimerKey::at(place))
    }

    /// How often a timer was due while a second entry was due.
    pub(crate) fn ties(&self) -> u64 {
        self.ties
    }

    /// Hash the entries that are outdated: a timer that is set to the time of such an entry again is due in
    /// the place of the old entry.
    pub(crate) fn hash_outdated<H: Hasher>(&self, state: &mut H) {
        self.entries(true).hash(state);
    }

    /// The entries that are outdated or are not, in order: of the numbers of entry only the order counts.
    fn entries(&self, outdated: bool) -> Vec<(Moment, u32)> {
        let entries = self.heap.iter().map(|&Reverse(entry)| entry);
        let is_outdated = |place: u32, at: Moment| self.timers[place as usize].queued != at;
        let mut entries: Vec<_> =
            entries.filter(|(at, _, place)| is_outdated(*place, *at) == outdated).collect();
        entries.sort_unstable();
        entries.into_iter().map(|(at, _, place)| (at, place)).collect()
    }

    fn push(&mut self, at: Moment, place: u32) {
        self.heap.push(Reverse((at, self.order, place)));
        self.order += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn ms(ms: u64) -> Moment {
        Duration::from_millis(ms).into()
    }

    #[test]
    fn a_moved_timer_wakes_once_at_the_last_time() {
        let mut timers = Timers::default();
        let key = TimerKey::TimeWait(3);
        timers.set(key, ms(5));
        timers.set(key, ms(9));
        timers.set(key, ms(7));
        assert_eq!(timers.pop_due(ms(6)), None);
        assert_eq!(timers.next(), ms(7));
        assert_eq!(timers.pop_due(ms(7)), Some(key));
        assert_eq!(timers.pop_due(ms(99)), None);
    }

    #[test]
    fn an_timer_no_longer_wanted_is_silent() {
        let mut timers = Timers::default();
        timers.set(TimerKey::Connection(0), ms(5));
        timers.set(TimerKey::Connection(0), Moment::NEVER);
        assert_eq!(timers.next(), Moment::NEVER);
    }
}
