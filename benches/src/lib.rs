//! What the benchmarks share: the work, done by halfclose and by bare smoltcp.
//!
//! Each benchmark stands beside its ceiling in the same criterion group, and the ceiling does the
//! same work: the same rings, MTU, congestion control and stores, checksums off, packets handed
//! over one at a time. [`loopback`] stands apart: real sockets, beside vsftpd.

use std::net::Ipv4Addr;
use std::time::Duration;

pub mod bare;
pub mod best;
pub mod lab;
pub mod loopback;
pub mod sessions;
pub mod teardown;
pub mod transfer;

/// The two ends' addresses.
pub const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2)];

/// One way of the perfect wire takes this long, the least there is; time is virtual.
pub const HOP: Duration = Duration::from_micros(1);
