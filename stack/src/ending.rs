//! `ending.rs` names the ways a connection ends. smoltcp tells only the first from the rest, so the
//! host derives them from (segment given in, state before, state after). An end is not an error.

use std::fmt;

use crate::state::State;

/// How a connection ended, seen from one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// Both directions ended with a FIN, and ours was acknowledged (RFC 9293 §3.6). `receive` also
    /// says so for the peer's direction alone.
    Finished,
    /// The peer's RST arrived (ECONNRESET).
    Reset,
    /// A RST answered our SYN (ECONNREFUSED).
    Refused,
    /// The host gave up: handshake, retransmission, FIN-WAIT-2 or idle deadline (ETIMEDOUT).
    TimedOut,
    /// This side ended it: `abort`, or a `close` that its policy turns into a RST.
    Aborted,
    /// The stack could never have moved it again; the watchdog ended it.
    Stalled,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Ending {
    /// Its name, in lower-case words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Reset => "reset",
            Self::Refused => "refused",
            Self::TimedOut => "timed out",
            Self::Aborted => "aborted",
            Self::Stalled => "stalled",
        }
    }

    /// How a connection has ended that went from one state to the next, if it has; `reset` says
    /// whether a RST from the peer did it, `lost` whether bytes were unacknowledged then. smoltcp
    /// itself shows the same CLOSED for all of these.
    pub(crate) fn derive(from: State, to: State, reset: bool, lost: bool) -> Option<Self> {
        match (from, to) {
            (State::Closing | State::LastAck, State::Closed) if reset && lost => Some(Self::Reset),
            // Both FINs are acknowledged or the peer's RST comes after all was delivered.
            (_, State::TimeWait) => Some(Self::Finished),
            (State::Closing | State::LastAck | State::TimeWait, State::Closed) => {
                Some(Self::Finished)
            }
            // RFC 9293 §3.10.7.4: from an active OPEN (simultaneous) the connection was refused.
            (State::SynSent | State::SynReceived, State::Closed) if reset => Some(Self::Refused),
            (_, State::Closed | State::Listen) if reset => Some(Self::Reset),
            _ => None,
        }
    }
}
