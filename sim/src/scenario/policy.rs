//! Where a host of a scenario differs from the close policy it names, so that one rule can change
//! between two runs while all else stays.

use std::time::Duration;

use halfclose_stack::{
    ClosePolicy, DataAfterClose, ReceivedAtReset, ResetValidation, UnreadAtClose,
};

/// Changes to a close policy; `None`: as the policy has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyChanges {
    /// `close` with bytes unread.
    pub unread_at_close: Option<UnreadAtClose>,
    /// Data after `close`.
    pub data_after_close: Option<DataAfterClose>,
    /// Bytes already received, at a reset.
    pub received_at_reset: Option<ReceivedAtReset>,
    /// Which resets count.
    pub reset_validation: Option<ResetValidation>,
    /// How long an orphan waits in FIN-WAIT-2; inside, `None`: for ever.
    pub fin_wait_2: Option<Option<Duration>>,
    /// How long a closed connection may go on delivering; inside, `None`: no limit of its own.
    pub linger: Option<Option<Duration>>,
}

impl PolicyChanges {
    /// The policy of that name, changed.
    ///
    /// # Panics
    /// If there is no such policy (`keys` refuses the name).
    #[must_use]
    pub fn of(&self, name: &str) -> ClosePolicy {
        let base = ClosePolicy::by_name(name)
            .expect("a scenario names only the close policies that are there");
        ClosePolicy {
            unread_at_close: self.unread_at_close.unwrap_or(base.unread_at_close),
            data_after_close: self.data_after_close.unwrap_or(base.data_after_close),
            received_at_reset: self.received_at_reset.unwrap_or(base.received_at_reset),
            reset_validation: self.reset_validation.unwrap_or(base.reset_validation),
            fin_wait_2: self.fin_wait_2.unwrap_or(base.fin_wait_2),
            linger: self.linger.unwrap_or(base.linger),
        }
    }
}
