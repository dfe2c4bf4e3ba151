//! `side` is which of the two hosts: a word that everything from the scenario to the report shares.

use std::net::Ipv4Addr;
use std::time::Duration;

/// The client's address.
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// The server's address.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// The port of the control connection (RFC 959 §8).
pub(crate) const CONTROL_PORT: u16 = 21;

/// The date with which every run begins: 2002-02-06T00:00:00Z, Q123208's own.
pub(crate) const EPOCH: Duration = Duration::from_secs(1_012_953_600);

/// One end of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The host on the left: its packets go up.
    Client,
    /// The host on the right: its packets go down.
    Server,
}

impl Side {
    /// Its name, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    /// The address of the host.
    pub(crate) fn address(self) -> Ipv4Addr {
        match self {
            Self::Client => CLIENT,
            Self::Server => SERVER,
        }
    }

    /// The side it talks to.
    #[must_use]
    pub fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}
