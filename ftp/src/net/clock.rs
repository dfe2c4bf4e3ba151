//! `net::clock` is the one place of this crate that asks what time it is: only real sockets need to
//! know.

use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn new() -> Self {
        Self(instant())
    }

    /// The time since it was made, in whole microseconds, as all times of a session are.
    pub(super) fn now(self) -> Duration {
        let elapsed = instant().duration_since(self.0);
        Duration::from_micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
    }
}

#[expect(clippy::disallowed_methods, reason = "real sockets live in real time; no run has them")]
fn instant() -> Instant {
    Instant::now()
}
