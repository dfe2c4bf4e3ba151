//! `time.rs` owns virtual time inside a host: whole microseconds, which is also the clock of smoltcp.
//! Callers pass `Duration`; a `Moment` is one number, so comparisons of deadlines cost little.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use smoltcp::time::Instant;

/// How long TIME-WAIT lasts after the last segment that needed an answer: 10 s, as `CLOSE_DELAY` of
/// smoltcp. RFC 9293 §3.4.2 asks for 2 MSL, four minutes; Linux has one minute. A host may have another
/// time: [`Config::time_wait`](crate::Config::time_wait).
pub const TIME_WAIT: Duration = Duration::from_micros(Span::TIME_WAIT.micros());

/// A point in virtual time, in microseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

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
}

impl TimeKind {
    /// Hash a time, or the lack of a time (`NEVER`).
    pub(crate) fn hash<H: Hasher>(self, at: Moment, state: &mut H) {
        let nanos = at.comes().then(|| i128::from(at.0.saturating_mul(1_000)));
        state.write_i128(nanos.map_or(-1, |nanos| i128::from(self as u8) << 64 | nanos));
    }
}

impl Hash for Moment {
    fn hash<H: Hasher>(&self, state: &mut H) {
        TimeKind::Distance.hash(*self, state);
    }
}

impl Moment {
    /// A point later than every deadline.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// The point `span` later. `NEVER` stays `NEVER`.
    pub(crate) fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The point `span` earlier, but not before the start of the run.
    pub(crate) fn earlier_by(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// How many microseconds the point is behind `other`. The number wraps if the point is before `other`.
    pub(crate) fn distance(self, other: Self) -> u64 {
        self.0.wrapping_sub(other.0)
    }

    /// The point moved by a distance.
    pub(crate) fn moved(self, distance: u64) -> Self {
        Self(self.0.wrapping_add(distance))
    }

    /// Whether the point is not `NEVER`.
    pub(crate) fn comes(self) -> bool {
        self != Self::NEVER
    }

    /// The point as callers see time; `None` for `NEVER`.
    pub(crate) fn told(self) -> Option<Duration> {
        self.comes().then(|| self.into())
    }

    /// The point on the clock of smoltcp.
    pub(crate) fn instant(self) -> Instant {
        Instant::from_micros(self.0.cast_signed())
    }
}

impl From<Duration> for Moment {
    fn from(time: Duration) -> Self {
        Self(micros(time))
    }
}

impl From<Moment> for Duration {
    fn from(moment: Moment) -> Self {
        Self::from_micros(moment.0)
    }
}

impl From<Instant> for Moment {
    fn from(instant: Instant) -> Self {
        Self(instant.total_micros().cast_unsigned())
    }
}

/// A length of time, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span(u64);

impl Span {
    /// The length of TIME-WAIT: `CLOSE_DELAY` of smoltcp.
    pub(crate) const TIME_WAIT: Self = Self::secs(10);

    /// The shortest step of virtual time.
    pub(crate) const STEP: Self = Self(1);

    /// The shortest time for retransmission: `RTTE_MIN_RTO` of smoltcp (RFC 6298 §2.4).
    pub(crate) const SHORTEST_RTO: Self = Self::secs(1);

    /// A length longer than every run.
    const FOREVER: Self = Self(u64::MAX);

    /// A number of whole seconds.
    pub(crate) const fn secs(secs: u64) -> Self {
        Self(secs * 1_000_000)
    }

    /// A number of whole milliseconds.
    pub(crate) const fn millis(millis: u64) -> Self {
        Self(millis * 1_000)
    }

    /// The length in whole microseconds.
    #[inline]
    pub(crate) const fn micros(self) -> u64 {
        self.0
    }

    /// A time limit, or `FOREVER` for `None`.
    pub(crate) fn limit(limit: Option<Duration>) -> Self {
        limit.map_or(Self::FOREVER, Self::from)
    }
}

/// A limit of one event per second: smoltcp has the same limit for challenge ACKs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Throttle(Moment);

impl Hash for Throttle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        TimeKind::Ahead.hash(self.0, state);
    }
}

impl Throttle {
    /// Whether an event may happen at `now`. If so, the next event may happen a second later.
    pub(crate) fn passes(&mut self, now: Moment) -> bool {
        let passes = now >= self.0;
        if passes {
            self.0 = now.after(Span::secs(1));
        }
        passes
    }
}

impl From<Duration> for Span {
    fn from(time: Duration) -> Self {
        Self(micros(time))
    }
}

fn micros(time: Duration) -> u64 {
    time.as_secs() * 1_000_000 + u64::from(time.subsec_micros())
}
