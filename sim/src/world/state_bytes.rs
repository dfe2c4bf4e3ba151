//! `state_bytes` owns the bytes that the hash of a state is made of, and how times enter the bytes: by their
//! distance from the next event, so that states at different times can be equal.

use std::hash::Hasher;
use std::time::Duration;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::terms::hashed_time::TimeKind;

/// A deadline at least this far ahead is alike to every other such deadline. A run that goes on for this long may
/// meet the deadline.
pub(crate) const HORIZON: Duration = Duration::from_nanos(HORIZON_NANOS);
const HORIZON_NANOS: u64 = 40_000_000_000;

/// How times enter a hash.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    /// The time of the next event, in nanoseconds.
    pub(super) next: u64,
    /// For so long a record of the past is recent, in nanoseconds.
    pub(super) recent: u64,
    /// Whether the run reads absolute times.
    pub(super) absolute: bool,
    /// Whether times are left out, which is wrong on purpose.
    pub(super) stopped: bool,
    /// The kind of times that is left out, which is wrong on purpose.
    pub(super) forgotten: Option<TimeKind>,
}

/// The hashed bytes of a world. The memory is used again.
#[derive(Default)]
pub(crate) struct StateBytes {
    bytes: Vec<u8>,
    clock: Clock,
    /// Every time, in nanoseconds.
    times: Vec<u64>,
    /// The times of records.
    records: Vec<u64>,
    /// Scratch: the times with which records are compared, in order.
    order: Vec<u64>,
}

impl Hasher for StateBytes {
    fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A time: see [`TimeKind`].
    fn write_i128(&mut self, number: i128) {
        let Clock { next, recent: _, absolute, stopped, forgotten } = self.clock;
        let Some((kind, time)) = TimeKind::read(number) else { return self.bytes.push(0) };
        self.bytes.push(1);
        if stopped || forgotten == Some(kind) {
            return;
        }
        // All times of the present and the past of this kind are alike: which of them a socket keeps may differ.
        let time = if kind == TimeKind::Ahead { time.max(next) } else { time };
        let ahead = time.saturating_sub(next);
        self.times.push(time);
        let told = match kind {
            _ if absolute => time,
            TimeKind::Distance => time.wrapping_sub(next),
            TimeKind::Deadline if ahead >= HORIZON_NANOS => u64::MAX,
            TimeKind::Ahead | TimeKind::Deadline => ahead,
            TimeKind::Record => return self.records.push(time),
            TimeKind::Date => return,
        };
        self.bytes.extend_from_slice(&told.to_le_bytes());
    }

    fn finish(&self) -> u64 {
        xxh3_64(&self.bytes)
    }
}

impl StateBytes {
    /// Begins the hash of a state.
    pub(super) fn begin(&mut self, clock: Clock) {
        let Self { bytes, clock: before, times, records, order: _ } = self;
        *before = clock;
        bytes.clear();
        times.clear();
        records.clear();
        if clock.absolute {
            bytes.extend_from_slice(&clock.next.to_le_bytes());
        }
    }

    /// The hash of everything since the beginning, with times by their kinds. Only the times are kept.
    pub(super) fn alike(&mut self) -> u128 {
        let Self { bytes, clock, times: _, records, order } = self;
        // A law compares records with each other, and with the end of a transfer less a flight.
        order.clear();
        let earlier = |record: u64| record.saturating_sub(clock.recent);
        order.extend(records.iter().flat_map(|record| [*record, earlier(*record)]));
        order.sort_unstable();
        order.dedup();
        let place = |time: u64| order.partition_point(|other| *other < time) as u64;
        for record in &*records {
            let age = clock.next.saturating_sub(*record).min(clock.recent + 1);
            for number in [place(*record), place(earlier(*record)), age] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        let alike = xxh3_128(bytes);
        bytes.clear();
        alike
    }

    /// The hash of what was hashed after `alike`, and of every time since the beginning as the time is.
    pub(super) fn exact(&mut self) -> u128 {
        let Self { bytes, clock, times, records: _, order: _ } = self;
        for time in times.iter().chain([&clock.next]) {
            bytes.extend_from_slice(&time.to_le_bytes());
        }
        xxh3_128(bytes)
    }
}
