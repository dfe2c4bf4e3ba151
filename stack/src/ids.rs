//! `ids.rs` is what a user of a host says and hears: names of connections and listeners, STATUS,
//! and the caller's mistakes at an OPEN.

use std::fmt;
use std::net::SocketAddrV4;

use crate::ending::Ending;
use crate::state::State;

/// A connection, as its host names it: a slot and how often it was used. Never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// A passive OPEN, as its host names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerId(pub u64);

/// STATUS (RFC 9293 §3.9.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// State of the connection.
    pub state: State,
    /// The handshake was completed.
    pub established: bool,
    /// Bytes taken by `send` and not transmitted even once.
    pub unsent: usize,
    /// Bytes taken by `send` and not acknowledged yet, the unsent ones included.
    pub unacknowledged: usize,
    /// Received bytes that wait for `receive`.
    pub unread: usize,
    /// Bytes from the next one to receive to the end of what the peer marked as urgent.
    pub urgent: Option<usize>,
    /// The peer's FIN has arrived (bytes may still wait for `receive`).
    pub peer_closed: bool,
    /// Set once nothing more will be sent or received; bytes may still wait for `receive`.
    pub ending: Option<Ending>,
    /// This host's address and port.
    pub local: SocketAddrV4,
    /// The peer's.
    pub peer: SocketAddrV4,
}

/// Why an active OPEN was refused before a packet left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectError {
    /// A connection with the same addresses and ports exists, perhaps in TIME-WAIT.
    InUse,
    /// Every ephemeral port is in use towards that peer.
    NoPort,
    /// No connection leads to that address and port.
    Unaddressable,
}

/// Why a passive OPEN was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenError {
    /// Somebody listens there.
    InUse,
    /// Every ephemeral port has a listener.
    NoPort,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InUse => "the addresses and ports are in use",
            Self::NoPort => "no ephemeral port is free",
            Self::Unaddressable => "no connection can lead to that address",
        })
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InUse => "somebody listens on that port",
            Self::NoPort => "no ephemeral port is free",
        })
    }
}

impl std::error::Error for ConnectError {}
impl std::error::Error for ListenError {}

/// A 4-tuple of one host, or one of its ports: never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(u64);

impl Key {
    /// A connection between the host's `port` and `peer`.
    #[inline]
    pub(crate) fn connection(port: u16, peer: SocketAddrV4) -> Self {
        let address = u64::from(peer.ip().to_bits());
        Self(u64::from(port) << 48 | u64::from(peer.port()) << 32 | address)
    }

    /// A listener at `port`: no connection looks like it, for no peer has port 0.
    pub(crate) fn listener(port: u16) -> Self {
        Self(u64::from(port) << 48)
    }

    /// The packed number.
    pub(crate) fn bits(self) -> u64 {
        self.0
    }
}
