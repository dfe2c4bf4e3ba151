//! `packet.rs` owns packets as bytes: headers and segments, checksums, notation, buffers, and the device
//! of smoltcp. Nothing here knows connections.

pub mod checksum;
pub(crate) mod device;
pub(crate) mod header;
pub(crate) mod notation;
pub(crate) mod options;
pub(crate) mod pool;
pub(crate) mod segment;
pub(crate) mod wire;
