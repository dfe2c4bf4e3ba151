//! The shared work of the benchmarks, done by halfclose and by bare smoltcp.
//!
//! Each benchmark stands beside its ceiling in one criterion group. The ceiling does the same work
//! with the same rings, MTU, congestion control and stores, without checksums, and hands packets
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

/// The addresses of the two ends.
pub const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2)];

/// The virtual time of one way on the perfect wire, the least possible.
pub const HOP: Duration = Duration::from_micros(1);
