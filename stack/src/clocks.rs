//! `clocks.rs` remembers when things happened to a connection, for its deadlines to count from.

use std::time::Duration;

/// When things happened to one connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clocks {
    /// Entered the state it is in.
    pub(crate) entered: Duration,
    /// Last acceptable segment.
    pub(crate) accepted: Duration,
    /// Last segment in either direction.
    pub(crate) active: Duration,
    /// The user closed it.
    pub(crate) orphaned: Duration,
    /// Something has been unacknowledged since, without progress.
    pub(crate) outstanding: Option<Duration>,
    /// Something has been unacknowledged without a timer since.
    pub(crate) suspect: Option<Duration>,
    /// Before this, no more challenge ACK (RFC 5961 §7: throttle them).
    pub(crate) challenge: Duration,
}

impl Clocks {
    pub(crate) fn opened(now: Duration) -> Self {
        Self { entered: now, accepted: now, active: now, ..Self::default() }
    }
}
