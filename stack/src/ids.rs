//! `ids.rs` owns the ids of connections and listeners, the result of STATUS, the errors of OPEN, and
//! the packed 4-tuple.

use std::fmt;
use std::net::SocketAddrV4;

use crate::ending::Ending;
use crate::state::State;

/// The id of a connection: the slot, and how often the slot was used before. A host gives no id twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// The id of a listener (passive OPEN). A host gives no id twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerId(pub u64);

/// The result of STATUS (RFC 9293 §3.9.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The state of the connection.
    pub state: State,
    /// Whether the handshake has been completed.
    pub established: bool,
    /// Bytes given to `send` and not transmitted even once.
    pub unsent: usize,
    /// Bytes given to `send` and not acknowledged yet, unsent bytes included.
    pub unacknowledged: usize,
    /// Received bytes that wait for `receive`.
    pub unread: usize,
    /// Bytes from the next byte to receive to the end of the urgent data, if urgent data is ahead.
    pub urgent: Option<usize>,
    /// Whether the peer's FIN has arrived. Bytes may still wait for `receive`.
    pub peer_closed: bool,
    /// How the connection has ended, if so. Bytes may still wait for `receive`.
    pub ending: Option<Ending>,
    /// Address and port of this host.
    pub local: SocketAddrV4,
    /// Address and port of the peer.
    pub peer: SocketAddrV4,
}

/// The reason why an active OPEN was refused before a packet left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectError {
    /// A connection with the same addresses and ports exists, perhaps in TIME-WAIT.
    InUse,
    /// Every ephemeral port is in use towards the peer.
    NoPort,
    /// The address is not unicast, is the host's own, or a port is 0.
    Unaddressable,
}

/// The reason why a passive OPEN was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenError {
    /// The port has a listener already.
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
            Self::InUse => "the port has a listener already",
            Self::NoPort => "no ephemeral port is free",
        })
    }
}

impl std::error::Error for ConnectError {}
impl std::error::Error for ListenError {}

/// A 4-tuple of one host, or a listening port of the host, packed into a number that is never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(u64);

impl Key {
    /// The key of a connection between the local `port` and `peer`.
    #[inline]
    pub(crate) fn connection(port: u16, peer: SocketAddrV4) -> Self {
        let address = u64::from(peer.ip().to_bits());
        Self(u64::from(port) << 48 | u64::from(peer.port()) << 32 | address)
    }

    /// The key of a listener at `port`. No connection has the same key, because no peer has port 0.
    pub(crate) fn listener(port: u16) -> Self {
        Self(u64::from(port) << 48)
    }

    /// The key as a packed number.
    pub(crate) fn bits(self) -> u64 {
        self.0
    }
}
