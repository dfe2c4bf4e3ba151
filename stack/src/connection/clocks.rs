//! `clocks.rs` remembers when things happened to a connection, for its deadlines to count from.

use crate::time::Moment;

/// When things happened to one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clocks {
    /// Entered the state it is in.
    pub(crate) entered: Moment,
    /// Last acceptable segment.
    pub(crate) accepted: Moment,
    /// Last segment in either direction.
    pub(crate) active: Moment,
    /// The user closed it.
    pub(crate) orphaned: Moment,
    /// Something has been unacknowledged since, without progress; never: nothing is.
    pub(crate) outstanding: Moment,
    /// Something has been unacknowledged without a timer since; never: nothing is.
    pub(crate) suspect: Moment,
    /// Before this, no more challenge ACK (RFC 5961 §7: throttle them).
    pub(crate) challenge: Moment,
}

impl Clocks {
    pub(crate) fn opened(now: Moment) -> Self {
        Self {
            entered: now,
            accepted: now,
            active: now,
            orphaned: Moment::default(),
            outstanding: Moment::NEVER,
            suspect: Moment::NEVER,
            challenge: Moment::default(),
        }
    }
}
