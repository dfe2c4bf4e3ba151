//! `capture` is a run as pcapng: what Wireshark opens and `replay` runs again. Every packet that a
//! host emitted is one Enhanced Packet Block with virtual time in microseconds; a comment says what
//! became of it if it was not delivered as it is. The section header carries what the run depends
//! on. It knows bytes, times and comments, not what a scenario is.
//!
//! The layout: a Section Header Block (application; comments that together read as in
//! [`CaptureHeader`]), one Interface Description Block (raw IP: packets begin with their IPv4 header), the packets, and
//! an Interface Statistics Block with their number, by which a file that was cut off is known.

mod compare;
#[cfg(feature = "pcap")]
mod read;
#[cfg(feature = "pcap")]
mod write;

#[cfg(all(test, feature = "pcap"))]
mod capture_tests;

use std::time::Duration;

use crate::terms::APPLICATION;

pub use compare::{Difference, Parting, first_difference};
#[cfg(feature = "pcap")]
pub use read::{CaptureError, Problem, begins_like_one, read, read_bytes};
#[cfg(feature = "pcap")]
pub use write::write;

/// The version of what the section header says. A newer one is refused by name.
pub const FORMAT: u32 = 1;

/// First words of the section header's comment.
#[cfg(feature = "pcap")]
const MAGIC: &str = "halfclose-capture";

/// What a run depends on, as the capture carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureHeader {
    /// The program and its version, as in `halfclose 0.1.0`.
    pub application: String,
    /// The run's seed.
    pub seed: u64,
    /// The scenario as TOML.
    pub scenario_toml: String,
}

impl CaptureHeader {
    /// The header of a capture that this program writes.
    #[must_use]
    pub fn new(seed: u64, scenario_toml: String) -> Self {
        Self { application: APPLICATION.to_owned(), seed, scenario_toml }
    }
}

/// A packet on its way into a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapturedPacket<'a> {
    /// When its host handed it to the link.
    pub at: Duration,
    /// It, from the IPv4 header on, with checksums filled in.
    pub bytes: &'a [u8],
    /// What became of it; empty for plain delivery.
    pub comment: &'a str,
}

/// A packet out of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedCapturedPacket {
    /// When its host handed it to the link.
    pub at: Duration,
    /// It, from the IPv4 header on.
    pub bytes: Vec<u8>,
    /// What became of it; empty for plain delivery.
    pub comment: String,
}

impl OwnedCapturedPacket {
    /// It, borrowed.
    #[must_use]
    pub fn borrowed(&self) -> CapturedPacket<'_> {
        CapturedPacket { at: self.at, bytes: &self.bytes, comment: &self.comment }
    }
}
