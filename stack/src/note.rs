//! `note.rs` owns the notes of a host about its connections: every change of state, every ending and
//! every divergence, as plain data in the order of the events.

use std::fmt;
use std::net::SocketAddrV4;
use std::time::Duration;

use crate::divergence::Divergence;
use crate::ending::Ending;
use crate::reset_cause::ResetCause;
use crate::state::State;

/// An event in the life of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    /// Time of the event, since the start of the run.
    pub at: Duration,
    /// Address and port of this host.
    pub local: SocketAddrV4,
    /// Address and port of the peer.
    pub peer: SocketAddrV4,
    /// The kind of the event.
    pub kind: NoteKind,
}

/// The kinds of events in a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoteKind {
    /// The connection has changed its state.
    State {
        /// The state before the change.
        from: State,
        /// The state after the change.
        to: State,
    },
    /// The connection has ended. Each connection has at most one such note.
    Ended(Ending),
    /// A RST leaves with the next packets of the connection, for the reason given.
    ResetSent(ResetCause),
    /// smoltcp has differed from the RFCs.
    Divergence(Divergence),
    /// So many received bytes, which the user had not read, are destroyed: by a RST of the peer where
    /// the close policy flushes, or by a CLOSE that the close policy turns into a RST.
    Discarded(usize),
    /// A RST or a SYN of the peer is dropped, and no challenge ACK answers: a RST outside the window
    /// (RFC 5961 §3.2), or a second challenge within a second (RFC 5961 §7).
    Unchallenged,
}

impl fmt::Display for NoteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State { from, to } => write!(f, "{from} -> {to}"),
            Self::Ended(ending) => write!(f, "ended: {ending}"),
            Self::ResetSent(cause) => write!(f, "reset: {}", cause.words()),
            Self::Divergence(divergence) => write!(f, "divergence: {divergence}"),
            Self::Discarded(bytes) => write!(f, "discarded: {bytes} received bytes"),
            Self::Unchallenged => f.write_str("dropped: a reset or a SYN, without a challenge"),
        }
    }
}
