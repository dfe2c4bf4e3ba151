//! `real_time` is the clock of a bridge run: real time since the client began, in whole microseconds.

use std::time::{Duration, Instant};

/// A clock that runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct RealTime(Instant);

impl RealTime {
    /// A clock that shows zero now.
    #[expect(
        clippy::disallowed_methods,
        reason = "a bridge run is in real time; no simulated run sees the clock"
    )]
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub(super) fn now(&self) -> Duration {
        let micros = u64::try_from(self.0.elapsed().as_micros());
        Duration::from_micros(micros.expect("a run ends long before 584,000 years"))
    }
}
