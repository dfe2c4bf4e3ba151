//! `clone_by_field` owns the macros that implement `Clone` and `Hash` field by field, and how a time is hashed.

use std::hash::Hasher;
use std::time::Duration;

/// Implements `Clone` with a `clone_from` that keeps the memory of the target, which the derived
/// `clone_from` does not. A field that is missing in the list is an error.
macro_rules! clone_by_field {
    ($type:ident $(<$of:ident>)? { $($field:ident),* $(,)? }) => {
        impl$(<$of: Clone>)? Clone for $type$(<$of>)? {
            fn clone(&self) -> Self {
                let Self { $($field),* } = self;
                Self { $($field: Clone::clone($field)),* }
            }

            fn clone_from(&mut self, source: &Self) {
                let Self { $($field),* } = source;
                $(self.$field.clone_from($field);)*
            }
        }
    };
}

pub(crate) use clone_by_field;

/// Implements `Hash` by the first fields. The fields behind `deadlines` are times, hashed as
/// [`TimeKind::Deadline`]. The fields behind `without` are left out. A field that is missing in all lists is an
/// error.
macro_rules! hash_by_field {
    (
        $type:ident { $($field:ident),* $(,)? }
        $(deadlines { $($deadline:ident),* $(,)? })?
        without { $($left:ident),* $(,)? }
    ) => {
        impl std::hash::Hash for $type {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                let Self { $($field,)* $($($deadline,)*)? $($left: _,)* } = self;
                $(std::hash::Hash::hash($field, state);)*
                $($(crate::clone_by_field::TimeKind::Deadline.hash(*$deadline, state);)*)?
            }
        }
    };
}

pub(crate) use hash_by_field;

/// What later decisions read of a time. A hasher of states gets a time by [`Hasher::write_i128`]: the number of
/// the kind times 2^64, plus nanoseconds since the start of the run; no time is -1. The hasher of
/// `halfclose` compares times by their distance from the next event, so that states at different times can be
/// equal. Any other hasher hashes the absolute time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum TimeKind {
    /// The exact distance from the present.
    Distance = 0,
    /// The distance, while the time lies ahead. All times of the present and the past are alike.
    Ahead = 1,
    /// A deadline: the distance, or that the deadline is far.
    Deadline = 2,
    /// The order among all records, and the distance of a recent record.
    Record = 3,
    /// A date, which only commands about dates read.
    Date = 4,
}

impl TimeKind {
    /// Hash a time, or the lack of a time.
    pub(crate) fn hash<H: Hasher>(self, at: impl Into<Option<Duration>>, state: &mut H) {
        let number = at.into().map_or(-1, |at| {
            let nanos = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
            i128::from(self as u8) << 64 | i128::from(nanos)
        });
        state.write_i128(number);
    }
}

/// The shortest step of virtual time.
pub(crate) const STEP: Duration = Duration::from_micros(1);
