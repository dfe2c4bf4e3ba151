//! `reading` feeds the packets of a capture file into an analysis: pcap and pcapng of any program, plain,
//! gzip or zstd, in constant memory. `pcap-file` frames records and blocks; this module reads the
//! bodies of packet blocks, whose options the analysis does not need.

use std::io::{self, BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;
use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::PcapNgReader;
use pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionOption;
use pcap_file::{Endianness, PcapError, TsResolution};
use ruzstd::decoding::StreamingDecoder;
use thiserror::Error;

use super::analysis::Analysis;
use super::decode::{Frame, LinkLayer};

/// Why a capture cannot be read at all. Each reads on after the file's name.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// The file is empty.
    #[error("is empty: a capture has at least a header")]
    Empty,
    /// The file is of another kind.
    #[error("is not a capture: it begins like neither pcap nor pcapng")]
    NotCapture,
    /// The header makes no sense.
    #[error("is damaged in its header: {0}")]
    Header(String),
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// Magic numbers of pcap: microseconds, nanoseconds.
const CLASSIC: [u32; 2] = [0xa1b2_c3d4, 0xa1b2_3c4d];

/// What is said of gzip or zstd that cannot be unpacked.
const PACKED: &str = "it cannot be unpacked";

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// Reads a capture to its end into `analysis`. A file that is cut off or damaged behind its header is
/// read up to there, and the analysis says so.
///
/// # Errors
/// The file cannot be read, or is no capture.
pub fn read_capture(from: impl Read, analysis: &mut Analysis) -> Result<(), ReadError> {
    let mut from = BufReader::with_capacity(CHUNK, from);
    let start = beginning(&mut from)?;
    if start.starts_with(&GZIP) {
        return read_plain(MultiGzDecoder::new(from), analysis);
    }
    if start == ZSTD {
        let decoder = StreamingDecoder::new(from);
        // The words of the decoder are for its developers.
        let decoder = decoder.map_err(|_| ReadError::Header(PACKED.to_owned()))?;
        return read_plain(decoder, analysis);
    }
    read_plain(from, analysis)
}

/// The first four bytes, without taking them.
fn beginning(from: &mut impl BufRead) -> Result<Vec<u8>, ReadError> {
    let start = from.fill_buf()?;
    if start.is_empty() {
        return Err(ReadError::Empty);
    }
    Ok(start[..start.len().min(4)].to_vec())
}

fn read_plain(from: impl Read, analysis: &mut Analysis) -> Result<(), ReadError> {
    let mut from = BufReader::with_capacity(64, from);
    let start = beginning(&mut from).map_err(|error| match error {
        // What is inside gzip or zstd may be damaged from its first byte on.
        ReadError::Unreadable(error) if error.kind() != io::ErrorKind::NotFound => {
            ReadError::Header(in_words(&PcapError::IoError(error)))
        }
        other => other,
    })?;
    if start == SECTION {
        return read_pcapng(from, analysis);
    }
    let magic = start.first_chunk::<4>().copied().unwrap_or_default();
    let classic = |number: u32| CLASSIC.contains(&number);
    if classic(u32::from_le_bytes(magic)) || classic(u32::from_be_bytes(magic)) {
        return read_pcap(from, analysis);
    }
    Err(ReadError::NotCapture)
}

fn header(error: &PcapError) -> ReadError {
    ReadError::Header(in_words(error))
}

fn in_words(error: &PcapError) -> String {
    match error {
        PcapError::IncompleteBuffer => "it is cut off".to_owned(),
        PcapError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it is cut off".to_owned()
        }
        // An error without a number of the operating system is of a decoder.
        PcapError::IoError(error) if error.raw_os_error().is_none() => PACKED.to_owned(),
        PcapError::IoError(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn read_pcap(from: impl Read, analysis: &mut Analysis) -> Result<(), ReadError> {
    let mut reader = PcapReader::new(from).map_err(|error| header(&error))?;
    let file = reader.header();
    let unit = if file.ts_resolution == TsResolution::NanoSecond { 1 } else { 1_000 };
    let number = u32::from(file.datalink);
    // The upper bits say how long a frame check sequence is.
    let link = LinkLayer::by_number(number & 0x03ff_ffff);
    let mut count = 0;
    while let Some(packet) = reader.next_raw_packet() {
        let packet = match packet {
            Ok(packet) => packet,
            Err(error) => {
                analysis.ends_early(count, &in_words(&error));
                break;
            }
        };
        count += 1;
        let at = u64::from(packet.ts_sec) * 1_000_000_000 + u64::from(packet.ts_frac) * unit;
        take(analysis, (count, at), link.ok_or(number), &packet.data);
    }
    Ok(())
}

fn take(
    analysis: &mut Analysis,
    (number, at): (u64, u64),
    link: Result<LinkLayer, u32>,
    bytes: &[u8],
) {
    match link {
        Ok(link) => analysis.packet(&Frame { number, at, link, bytes }, ""),
        Err(unknown) => analysis.unknown_link(unknown, at),
    }
}

/// An interface of a pcapng section: its link layer, and how to make nanoseconds of its units.
#[derive(Clone, Copy, Debug)]
struct Interface {
    link: Result<LinkLayer, u32>,
    /// Units in a second.
    per_second: u64,
    /// Seconds to add to each time.
    offset: u64,
}

impl Interface {
    fn nanoseconds(self, units: u64) -> u64 {
        let nanoseconds = u128::from(units) * 1_000_000_000 / u128::from(self.per_second);
        let offset = u128::from(self.offset) * 1_000_000_000;
        u64::try_from(nanoseconds + offset).unwrap_or(u64::MAX)
    }
}

fn read_pcapng(from: impl Read, analysis: &mut Analysis) -> Result<(), ReadError> {
    let mut reader = PcapNgReader::new(from).map_err(|error| header(&error))?;
    let mut interfaces: Vec<Interface> = Vec::new();
    let mut big = reader.section().endianness == Endianness::Big;
    let mut count = 0;
    while let Some(block) = reader.next_raw_block() {
        let (kind, packet) = match &block {
            Ok(block) => (block.type_, packet_of(block.type_, &block.body, big, &interfaces)),
            Err(error) => {
                analysis.ends_early(count, &in_words(error));
                return Ok(());
            }
        };
        if let Some(Packet { at, interface, bytes }) = packet {
            count += 1;
            let link = interface.map_or(Err(u32::MAX), |interface| interface.link);
            take(analysis, (count, at), link, bytes);
        }
        match kind {
            SECTION_HEADER => {
                interfaces.clear();
                big = reader.section().endianness == Endianness::Big;
            }
            INTERFACE => interfaces.extend(reader.interfaces().last().map(|block| {
                let number = u32::from(block.linktype);
                let mut interface = Interface {
                    link: LinkLayer::by_number(number).ok_or(number),
                    per_second: 1_000_000,
                    offset: 0,
                };
                for option in &block.options {
                    match option {
                        InterfaceDescriptionOption::IfTsResol(resolution) => {
                            interface.per_second = per_second(*resolution);
                        }
                        InterfaceDescriptionOption::IfTsOffset(offset) => {
                            interface.offset = *offset;
                        }
                        _ => {}
                    }
                }
                interface
            })),
            _ => {}
        }
    }
    Ok(())
}

/// Units in a second of `if_tsresol`: a power of ten, or of two where the highest bit is set.
fn per_second(resolution: u8) -> u64 {
    let exponent = u32::from(resolution & 0x7f);
    let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(exponent).unwrap_or(u64::MAX)
}

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// A packet of a pcapng block.
struct Packet<'a> {
    at: u64,
    interface: Option<Interface>,
    bytes: &'a [u8],
}

/// The packet in a block's body (pcapng sections 4.3 and 4.4, and the obsolete Packet Block).
fn packet_of<'a>(
    kind: u32,
    body: &'a [u8],
    big: bool,
    interfaces: &[Interface],
) -> Option<Packet<'a>> {
    let word = |at: usize| -> Option<u32> {
        let bytes = body.get(at..at + 4)?.first_chunk::<4>()?;
        Some(if big { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) })
    };
    let interface = |index: u32| interfaces.get(usize::try_from(index).ok()?).copied();
    match kind {
        ENHANCED_PACKET | PACKET => {
            let first = word(0)?;
            // The obsolete block has 16 bits of interface, and as many of a drop count.
            let index = match (kind, big) {
                (PACKET, true) => first >> 16,
                (PACKET, false) => first & 0xffff,
                _ => first,
            };
            let interface = interface(index);
            let units = u64::from(word(4)?) << 32 | u64::from(word(8)?);
            let length = usize::try_from(word(12)?).ok()?;
            let bytes = body.get(20..)?;
            let bytes = &bytes[..length.min(bytes.len())];
            let at = interface.map_or(0, |interface| interface.nanoseconds(units));
            Some(Packet { at, interface, bytes })
        }
        SIMPLE_PACKET => {
            let length = usize::try_from(word(0)?).ok()?;
            let bytes = body.get(4..)?;
            let bytes = &bytes[..length.min(bytes.len())];
            Some(Packet { at: 0, interface: interface(0), bytes })
        }
        _ => None,
    }
}
