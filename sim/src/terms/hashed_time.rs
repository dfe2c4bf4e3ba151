//! `hashed_time` owns how a time enters the hash of a state: by the kind of decision that later reads the time.

use std::hash::Hasher;
use std::time::Duration;

/// What later decisions read of a time. The numbers are those of the other crates, which hash times for the
/// same hasher, [`StateBytes`](crate::world::StateBytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum TimeKind {
    /// The exact distance from the next event.
    Distance = 0,
    /// The distance, while the time lies ahead. All times up to the next event are alike.
    Ahead = 1,
    /// A deadline: the distance, or that the deadline is far. The deadline is compared with the present alone.
    Deadline = 2,
    /// The order among all records, and the distance of a recent record.
    Record = 3,
    /// A date, which only commands about dates read.
    Date = 4,
}

impl TimeKind {
    /// Hashes a time, or the lack of a time.
    pub(crate) fn hash<H: Hasher>(self, at: impl Into<Option<Duration>>, state: &mut H) {
        let number = at.into().filter(|at| *at < Duration::MAX).map_or(-1, |at| {
            let nanos = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
            i128::from(self as u8) << 64 | i128::from(nanos)
        });
        state.write_i128(number);
    }

    /// The time that [`hash`](Self::hash) of this crate or another wrote, in nanoseconds.
    pub(crate) fn read(number: i128) -> Option<(Self, u64)> {
        let nanos = u64::try_from(number & i128::from(u64::MAX)).ok()?;
        let kind = match number >> 64 {
            0 => Self::Distance,
            1 => Self::Ahead,
            2 => Self::Deadline,
            3 => Self::Record,
            4 => Self::Date,
            _ => return None,
        };
        Some((kind, nanos))
    }
}
