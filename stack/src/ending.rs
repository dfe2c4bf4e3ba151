//! `ending.rs` owns the ways in which a connection ends, and derives the ending from the states before
//! and after a segment. smoltcp shows CLOSED for every ending but `Finished`. An ending is not an error.

use std::fmt;

use crate::state::State;

/// How a connection has ended, as one side sees the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// Both directions ended with a FIN, and the local FIN was acknowledged (RFC 9293 §3.6). `receive`
    /// also returns `Finished` for the end of the peer's direction alone.
    Finished,
    /// The peer's RST arrived (ECONNRESET).
    Reset,
    /// A RST answered the local SYN (ECONNREFUSED).
    Refused,
    /// A deadline passed: handshake, retransmission, FIN-WAIT-2 or idle connection (ETIMEDOUT).
    TimedOut,
    /// The local side reset the connection: `abort`, or a `close` that the policy turns into a RST.
    Aborted,
    /// smoltcp had lost its timer, so no event could move the connection; the watchdog ended it.
    Stalled,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Ending {
    /// The name of the ending, in lower-case words.
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

    /// The ending that follows from a change of state, or `None` while the connection goes on. `reset`:
    /// a RST from the peer made the change. `lost`: bytes were unacknowledged at the change.
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
