//! `read` reads captures of this program, and explains in a sentence why another file is refused.

use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_statistics::{
    InterfaceStatisticsBlock, InterfaceStatisticsOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{Block, PcapNgParser};
use pcap_file::{DataLink, PcapError};
use thiserror::Error;

use super::{CaptureHeader, FORMAT, MAGIC, OwnedCapturedPacket};
use crate::terms::APPLICATION;

/// A problem with a capture. Each message continues a sentence that begins with the file's name.
#[derive(Debug, Error)]
pub enum Problem {
    /// The file is no pcapng file.
    #[error("is not a capture: it does not begin like pcapng")]
    NotPcapng,
    /// The file is in the older pcap format, without a place for a scenario.
    #[error("is a capture in the older pcap format, not one that halfclose wrote")]
    ClassicPcap,
    /// The capture was written by another program.
    #[error("is a pcapng capture, but not one that halfclose wrote")]
    NotOurs,
    /// A capture of a later version.
    #[error(
        "has capture format {found}, written by {application}; {APPLICATION} reads up to {FORMAT}"
    )]
    Newer {
        /// Version of the capture's header.
        found: u32,
        /// The program that wrote the capture.
        application: String,
    },
    /// The end is missing.
    #[error("is truncated: it ends after packet {after}")]
    Truncated {
        /// The last whole packet; 0: none.
        after: usize,
    },
    /// The blocks make no sense.
    #[error("is damaged after packet {after}: {what}")]
    Damaged {
        /// The last good packet; 0: none.
        after: usize,
        /// Description of the damage.
        what: String,
    },
}

/// Read a capture from memory.
///
/// # Errors
/// The bytes are no capture, or a capture of another program, newer, truncated or damaged.
pub fn read_bytes(bytes: &[u8]) -> Result<(CaptureHeader, Vec<OwnedCapturedPacket>), Problem> {
    check_kind(bytes)?;
    let mut packets = Vec::new();
    let (mut rest, mut parser) =
        PcapNgParser::new(bytes).map_err(|error| problem(&error, packets.len()))?;
    let header = header(parser.section())?;
    let damaged = |after, what: &str| Problem::Damaged { after, what: what.to_owned() };
    let mut announced = None;
    while !rest.is_empty() {
        let after = packets.len();
        if announced.is_some() {
            return Err(damaged(after, "something follows its end"));
        }
        let (behind, block) = parser.next_block(rest).map_err(|error| problem(&error, after))?;
        rest = behind;
        match block {
            Block::EnhancedPacket(packet) => packets.push(owned(packet)),
            Block::InterfaceStatistics(statistics) => announced = Some(number(&statistics)),
            Block::InterfaceDescription(interface) if interface.linktype != DataLink::RAW => {
                return Err(damaged(after, "its link type is not raw IP"));
            }
            Block::InterfaceDescription(_) if parser.interfaces().len() == 1 => {}
            _ => return Err(damaged(after, "it holds a block that halfclose does not write")),
        }
    }
    let after = packets.len();
    match announced {
        None => Err(Problem::Truncated { after }),
        Some(Some(count)) if count == after as u64 => Ok((header, packets)),
        Some(_) => Err(damaged(after, "its own count of packets differs")),
    }
}

/// Whether these first bytes of a file may begin a pcapng capture.
#[cfg(feature = "cli")]
#[must_use]
pub(crate) fn begins_like_capture(bytes: &[u8]) -> bool {
    check_kind(bytes).is_ok()
}

/// Refuse other kinds of files by name, before the parser's messages would.
fn check_kind(bytes: &[u8]) -> Result<(), Problem> {
    // Section Header Block (pcapng §4.1), and the magic numbers of the older format with
    // microseconds and nanoseconds, in both byte orders.
    const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
    const CLASSIC: [u32; 2] = [0xa1b2_c3d4, 0xa1b2_3c4d];
    let Some(start) = bytes.first_chunk::<4>() else {
        // The start of a section header, or nothing at all.
        return Err(if !bytes.is_empty() && SECTION.starts_with(bytes) {
            Problem::Truncated { after: 0 }
        } else {
            Problem::NotPcapng
        });
    };
    let (little, big) = (u32::from_le_bytes(*start), u32::from_be_bytes(*start));
    if CLASSIC.contains(&little) || CLASSIC.contains(&big) {
        return Err(Problem::ClassicPcap);
    }
    if *start == SECTION { Ok(()) } else { Err(Problem::NotPcapng) }
}

fn header(section: &SectionHeaderBlock<'_>) -> Result<CaptureHeader, Problem> {
    let mut text = String::new();
    let mut application = String::new();
    for option in &section.options {
        match option {
            SectionHeaderOption::Comment(piece) => text.push_str(piece),
            SectionHeaderOption::UserApplication(name) => application = name.to_string(),
            _ => {}
        }
    }
    parse_header(&text, application)
}

fn parse_header(text: &str, application: String) -> Result<CaptureHeader, Problem> {
    let (first, rest) = text.split_once('\n').ok_or(Problem::NotOurs)?;
    let (magic, format) = first.split_once(' ').ok_or(Problem::NotOurs)?;
    if magic != MAGIC {
        return Err(Problem::NotOurs);
    }
    let damaged = |what: &str| Problem::Damaged { after: 0, what: what.to_owned() };
    let found = format.parse().map_err(|_| damaged("its format is not a number"))?;
    if found > FORMAT {
        return Err(Problem::Newer { found, application });
    }
    let (seed, toml) =
        rest.split_once("\n\n").ok_or_else(|| damaged("its header has no scenario"))?;
    let seed = seed
        .strip_prefix("seed ")
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| damaged("its header has no seed"))?;
    Ok(CaptureHeader { application, seed, scenario_toml: toml.to_owned() })
}

fn owned(packet: EnhancedPacketBlock<'_>) -> OwnedCapturedPacket {
    let comments = packet.options.iter().filter_map(|option| match option {
        EnhancedPacketOption::Comment(text) => Some(text.as_ref()),
        _ => None,
    });
    OwnedCapturedPacket {
        at: packet.timestamp,
        comment: comments.collect(),
        bytes: packet.data.into_owned(),
    }
}

/// The number of packets in the statistics of the capture.
fn number(statistics: &InterfaceStatisticsBlock<'_>) -> Option<u64> {
    statistics.options.iter().find_map(|option| match option {
        InterfaceStatisticsOption::IsbIfRecv(count) => Some(*count),
        _ => None,
    })
}

fn problem(error: &PcapError, after: usize) -> Problem {
    match error {
        PcapError::IncompleteBuffer => Problem::Truncated { after },
        other => Problem::Damaged { after, what: other.to_string() },
    }
}
