//! `side` owns the word for the two hosts, which all rooms share, and the fixed addresses, port and
//! date of a simulated run.

use std::net::Ipv4Addr;
use std::time::Duration;

/// IPv4 address of the client.
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// IPv4 address of the server.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// The port of the control connection (RFC 959 §8).
pub(crate) const CONTROL_PORT: u16 = 21;

/// The date at the beginning of every run: 2002-02-06T00:00:00Z, the date of Q123208.
pub(crate) const EPOCH: Duration = Duration::from_secs(1_012_953_600);

/// An end of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The host on the left, whose packets go up.
    Client,
    /// The host on the right, whose packets go down.
    Server,
}

impl Side {
    /// The side's name in lower case.
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

    /// The opposite end of the link.
    #[must_use]
    pub fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}
