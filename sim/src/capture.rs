//! `capture` reads and writes a run as pcapng, for Wireshark and for `replay`. Every packet of a
//! host is an Enhanced Packet Block with virtual time in microseconds; a comment names the fate of
//! a packet unless the packet was delivered unchanged. The section header carries the seed and the
//! scenario, as text.
//!
//! The layout: a Section Header Block (application, and comments that together read as in
//! [`CaptureHeader`]), an Interface Description Block (raw IP: packets begin with their IPv4
//! header), the packets, and an Interface Statistics Block with the number of packets. Without this
//! last block a file is truncated.

mod compare;
mod read;
mod write;

#[cfg(test)]
mod capture_tests;

use std::time::Duration;

use crate::terms::APPLICATION;

pub use compare::first_difference;
#[cfg(feature = "cli")]
pub(crate) use read::begins_like_capture;
pub use read::read_bytes;
#[cfg(all(feature = "net", target_os = "linux"))]
pub(crate) use write::CaptureWriter;
pub use write::write;

/// The version of the section header's content. Newer versions are refused with a message.
pub(crate) const FORMAT: u32 = 1;

/// First words of the section header's comment.
const MAGIC: &str = "halfclose-capture";

/// The input of a run, as the capture carries the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureHeader {
    /// Name and version of the program, as in `halfclose 0.1.0`.
    pub application: String,
    /// The seed of the run.
    pub seed: u64,
    /// The scenario as TOML.
    pub scenario_toml: String,
}

impl CaptureHeader {
    /// The header of a capture by this program.
    #[must_use]
    pub fn new(seed: u64, scenario_toml: String) -> Self {
        Self { application: APPLICATION.to_owned(), seed, scenario_toml }
    }
}

/// A packet to be written to a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapturedPacket<'a> {
    /// When the host handed the packet to the link.
    pub at: Duration,
    /// The packet from the IPv4 header on, with checksums filled in.
    pub bytes: &'a [u8],
    /// The packet's fate; empty for plain delivery.
    pub comment: &'a str,
}

/// A packet out of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedCapturedPacket {
    /// When the host handed the packet to the link.
    pub at: Duration,
    /// The packet from the IPv4 header on.
    pub bytes: Vec<u8>,
    /// The packet's fate; empty for plain delivery.
    pub comment: String,
}

impl OwnedCapturedPacket {
    /// The packet with borrowed bytes.
    #[must_use]
    pub fn borrowed(&self) -> CapturedPacket<'_> {
        CapturedPacket { at: self.at, bytes: &self.bytes, comment: &self.comment }
    }
}
