//! `time.rs` is virtual time as the host keeps it: whole microseconds, smoltcp's clock too. Callers
//! speak `Duration`; a `Moment` is one number, so that the many looks at a deadline cost little.

use std::time::Duration;

use smoltcp::time::Instant;

/// A point in virtual time, in microseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    /// Later than every deadline.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// That much later; never stays never.
    #[inline]
    pub(crate) fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// Whether it will come.
    #[inline]
    pub(crate) fn comes(self) -> bool {
        self != Self::NEVER
    }

    /// What callers understand; `None` for never.
    #[inline]
    pub(crate) fn told(self) -> Option<Duration> {
        self.comes().then(|| self.into())
    }

    /// smoltcp's clock.
    #[inline]
    pub(crate) fn instant(self) -> Instant {
        Instant::from_micros(self.0.cast_signed())
    }
}

impl From<Duration> for Moment {
    #[inline]
    fn from(time: Duration) -> Self {
        Self(micros(time))
    }
}

impl From<Moment> for Duration {
    #[inline]
    fn from(moment: Moment) -> Self {
        Self::from_micros(moment.0)
    }
}

impl From<Instant> for Moment {
    #[inline]
    fn from(instant: Instant) -> Self {
        Self(instant.total_micros().cast_unsigned())
    }
}

/// A length of time, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(u64);

impl Span {
    /// Longer than every run.
    const FOREVER: Self = Self(u64::MAX);

    /// Whole seconds.
    pub(crate) const fn secs(secs: u64) -> Self {
        Self(secs * 1_000_000)
    }

    /// Whole milliseconds.
    pub(crate) const fn millis(millis: u64) -> Self {
        Self(millis * 1_000)
    }

    /// A limit, or none.
    pub(crate) fn limit(limit: Option<Duration>) -> Self {
        limit.map_or(Self::FOREVER, Self::from)
    }
}

impl From<Duration> for Span {
    #[inline]
    fn from(time: Duration) -> Self {
        Self(micros(time))
    }
}

#[inline]
fn micros(time: Duration) -> u64 {
    time.as_secs() * 1_000_000 + u64::from(time.subsec_micros())
}
