//! `live::today` is the one place of this module that asks for the date.

use std::time::{Duration, SystemTime};

/// The time since 1970-01-01T00:00:00Z.
#[expect(
    clippy::disallowed_methods,
    reason = "a log and the dates of files are of real time; `live` is in no run"
)]
pub(super) fn today() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
