//! `timers.rs` keeps the earliest wake-up of every connection in one heap, lazily: an entry is never
//! removed, only outlived. Ties break by the order of entry, so a run replays.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::Moment;

/// Who may want to be woken, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sleeper {
    Connection(u32),
    TimeWait(u32),
}

impl Sleeper {
    /// Its place among the alarms.
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

/// A wake-up that was wanted once: when, in which order, at which place.
type Entry = Reverse<(Moment, u64, u32)>;

/// What one sleeper wants, and what the heap holds for it.
#[derive(Clone, Copy, Debug)]
struct Alarm {
    /// When the connection wants to be woken.
    wanted: Moment,
    /// The earliest entry the heap holds for it; never later than `wanted`.
    queued: Moment,
}

/// Nobody wants to be woken.
const SILENT: Alarm = Alarm { wanted: Moment::NEVER, queued: Moment::NEVER };

/// Every alarm of a host, by place.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Entry>,
    alarms: Vec<Alarm>,
    order: u64,
}

impl Timers {
    /// Forget everything, keep the memory.
    pub(crate) fn clear(&mut self) {
        self.heap.clear();
        self.alarms.clear();
        self.order = 0;
    }

    /// Wake `who` at `wanted`, and not at what it wanted before.
    #[inline]
    pub(crate) fn set(&mut self, who: Sleeper, wanted: Moment) {
        let place = who.place();
        let index = place as usize;
        if index >= self.alarms.len() {
            self.alarms.resize(index + 1, SILENT);
        }
        let alarm = &mut self.alarms[index];
        alarm.wanted = wanted;
        if wanted < alarm.queued {
            alarm.queued = wanted;
            self.push(wanted, place);
        }
    }

    /// Whether nobody can want to be woken before `at`: a look at the heap, which never holds an alarm
    /// too late.
    #[inline]
    pub(crate) fn sleep_until(&self, at: Moment) -> bool {
        self.heap.peek().is_none_or(|&Reverse((earliest, ..))| earliest >= at)
    }

    /// The earliest wake-up that anybody still wants.
    pub(crate) fn next(&mut self) -> Moment {
        loop {
            let Some(&Reverse((at, _, place))) = self.heap.peek() else { return Moment::NEVER };
            let alarm = &mut self.alarms[place as usize];
            let mut again = Moment::NEVER;
            if alarm.queued == at {
                if alarm.wanted == at {
                    return at;
                }
                // It wants to wake later by now, or not at all.
                alarm.queued = alarm.wanted;
                again = alarm.wanted;
            }
            self.heap.pop();
            if again.comes() {
                self.push(again, place);
            }
        }
    }

    /// Take the next whose wake-up is due at `now`.
    pub(crate) fn pop_due(&mut self, now: Moment) -> Option<Sleeper> {
        if self.next() > now {
            return None;
        }
        let Reverse((_, _, place)) = self.heap.pop()?;
        self.alarms[place as usize] = SILENT;
        Some(Sleeper::at(place))
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
    fn a_moved_alarm_wakes_once_at_its_last_wish() {
        let mut timers = Timers::default();
        let who = Sleeper::TimeWait(3);
        timers.set(who, ms(5));
        timers.set(who, ms(9));
        timers.set(who, ms(7));
        assert_eq!(timers.pop_due(ms(6)), None);
        assert_eq!(timers.next(), ms(7));
        assert_eq!(timers.pop_due(ms(7)), Some(who));
        assert_eq!(timers.pop_due(ms(99)), None);
    }

    #[test]
    fn an_alarm_no_longer_wanted_is_silent() {
        let mut timers = Timers::default();
        timers.set(Sleeper::Connection(0), ms(5));
        timers.set(Sleeper::Connection(0), Moment::NEVER);
        assert_eq!(timers.next(), Moment::NEVER);
    }
}
