//! `note.rs` is what a host tells about its connections beside their bytes: every change of state,
//! every ending, every divergence met. Plain data, in the order it happened.

use std::fmt;
use std::net::SocketAddrV4;
use std::time::Duration;

use crate::divergence::Divergence;
use crate::ending::Ending;
use crate::reset_cause::ResetCause;
use crate::state::State;

/// One thing that happened to one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// When, since the start of the run.
    pub at: Duration,
    /// This host's end of the connection.
    pub local: SocketAddrV4,
    /// The other end.
    pub peer: SocketAddrV4,
    /// What.
    pub kind: NoteKind,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// The connection changed its state.
    State {
        /// State before.
        from: State,
        /// State after.
        to: State,
    },
    /// The connection ended. Said once.
    Ended(Ending),
    /// A RST leaves with the next packets of the connection.
    ResetSent(ResetCause),
    /// smoltcp and the RFC part here.
    Divergence(Divergence),
}

impl fmt::Display for NoteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State { from, to } => write!(f, "{from} -> {to}"),
            Self::Ended(ending) => write!(f, "ended: {ending}"),
            Self::ResetSent(cause) => write!(f, "reset: {}", cause.words()),
            Self::Divergence(divergence) => write!(f, "divergence: {divergence}"),
        }
    }
}
