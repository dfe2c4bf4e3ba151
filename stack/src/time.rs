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
    pub(crate) fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// Whether it will come.
    pub(crate) fn comes(self) -> bool {
        self != Self::NEVER
    }

    /// What callers understand; `None` for never.
    pub(crate) fn told(self) -> Option<Duration> {
        self.comes().then(|| self.into())
    }

    /// smoltcp's clock.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(u64);

impl Span {
    /// How long TIME-WAIT lasts.
    pub(crate) const TIME_WAIT: Self = Self::secs(10);

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

    /// The number of microseconds.
    #[inline]
    pub(crate) const fn micros(self) -> u64 {
        self.0
    }

    /// A limit, or none.
    pub(crate) fn limit(limit: Option<Duration>) -> Self {
        limit.map_or(Self::FOREVER, Self::from)
    }
}

/// A limit of one event per second, as smoltcp limits its challenge ACKs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Throttle(Moment);

impl Throttle {
    /// Whether an event may happen at `now`. If so, the next may a second later.
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
