//! `packet.rs` is a packet: its bytes and their pool, the segment in it, and smoltcp's device.

pub mod checksum;
pub(crate) mod device;
pub(crate) mod header;
pub(crate) mod notation;
pub(crate) mod options;
pub(crate) mod pool;
pub(crate) mod segment;
pub(crate) mod wire;
