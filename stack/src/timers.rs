//! `timers.rs` keeps the earliest wake-up of every connection in one heap, lazily: an entry is never
//! removed, only outlived. Ties break by the order of entry, so a run replays.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::moment::Moment;

/// A wake-up that was wanted once: when, in which order, by which slot.
type Entry = Reverse<(Moment, u64, u32)>;

/// What one slot wants, and its place in the heap.
#[derive(Clone, Copy, Debug)]
struct Alarm {
    /// When the connection wants to be woken.
    wanted: Moment,
    /// The earliest entry the heap holds for it; never later than `wanted`.
    queued: Moment,
}

/// Nobody wants to be woken.
const SILENT: Alarm = Alarm { wanted: Moment::NEVER, queued: Moment::NEVER };

/// Every alarm of a host, by slot.
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

    /// Wake `slot` at `wanted`, and not at what it wanted before.
    #[inline]
    pub(crate) fn set(&mut self, slot: u32, wanted: Moment) {
        let index = slot as usize;
        if index >= self.alarms.len() {
            self.alarms.resize(index + 1, SILENT);
        }
        let alarm = &mut self.alarms[index];
        alarm.wanted = wanted;
        if wanted < alarm.queued {
            alarm.queued = wanted;
            self.push(wanted, slot);
        }
    }

    /// Whether nobody can want to be woken before `at`: a look at the heap, which never holds an alarm
    /// too late.
    #[inline]
    pub(crate) fn sleep_until(&self, at: Moment) -> bool {
        self.heap.peek().is_none_or(|&Reverse((earliest, ..))| earliest >= at)
    }

    /// The earliest wake-up that anybody still wants.
    #[inline]
    pub(crate) fn next(&mut self) -> Moment {
        loop {
            let Some(&Reverse((at, _, slot))) = self.heap.peek() else { return Moment::NEVER };
            let alarm = &mut self.alarms[slot as usize];
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
                self.push(again, slot);
            }
        }
    }

    /// Take the next slot whose wake-up is due at `now`.
    pub(crate) fn pop_due(&mut self, now: Moment) -> Option<u32> {
        if self.next() > now {
            return None;
        }
        let Reverse((_, _, slot)) = self.heap.pop()?;
        self.alarms[slot as usize] = SILENT;
        Some(slot)
    }

    fn push(&mut self, at: Moment, slot: u32) {
        self.heap.push(Reverse((at, self.order, slot)));
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
        timers.set(0, ms(5));
        timers.set(0, ms(9));
        timers.set(0, ms(7));
        assert_eq!(timers.pop_due(ms(6)), None);
        assert_eq!(timers.next(), ms(7));
        assert_eq!(timers.pop_due(ms(7)), Some(0));
        assert_eq!(timers.pop_due(ms(99)), None);
    }

    #[test]
    fn an_alarm_no_longer_wanted_is_silent() {
        let mut timers = Timers::default();
        timers.set(0, ms(5));
        timers.set(0, Moment::NEVER);
        assert_eq!(timers.next(), Moment::NEVER);
    }
}
