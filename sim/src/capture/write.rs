//! `write` writes a capture, with the blocks in the order of the `capture` module.

use std::borrow::Cow;
use std::io::{self, Write};

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::interface_statistics::{
    InterfaceStatisticsBlock, InterfaceStatisticsOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness, PcapError};

use super::{CaptureHeader, CapturedPacket, FORMAT, MAGIC};

/// Bytes of a comment: an option's length is 16 bits (pcapng §3.5), and a character is not cut.
const COMMENT_MAX: usize = 65_000;

/// Microseconds: `if_tsresol` is a power of ten (pcapng §4.2).
const MICROSECONDS: u8 = 6;

/// Write a capture of these packets and return their number.
///
/// # Errors
/// `out` cannot be written to.
pub fn write<'a>(
    out: impl Write,
    header: &CaptureHeader,
    packets: impl IntoIterator<Item = CapturedPacket<'a>>,
) -> io::Result<u64> {
    let mut writer = CaptureWriter::new(out, header)?;
    for packet in packets {
        writer.packet(packet)?;
    }
    writer.finish()
}

/// A capture that is written packet by packet.
pub(crate) struct CaptureWriter<W: Write> {
    writer: PcapNgWriter<W>,
    count: u64,
    last_us: u64,
}

impl<W: Write> CaptureWriter<W> {
    /// A capture without packets.
    ///
    /// # Errors
    /// `out` cannot be written to.
    pub(crate) fn new(out: W, header: &CaptureHeader) -> io::Result<Self> {
        let mut writer = PcapNgWriter::with_section_header(out, section(header)).map_err(cause)?;
        writer.write_pcapng_block(interface()).map_err(cause)?;
        Ok(Self { writer, count: 0, last_us: 0 })
    }

    /// Writes the next packet.
    ///
    /// # Errors
    /// The capture cannot be written to.
    pub(crate) fn packet(&mut self, packet: CapturedPacket<'_>) -> io::Result<()> {
        let at = packet.at;
        self.writer.write_pcapng_block(block(packet)).map_err(cause)?;
        self.count += 1;
        self.last_us = u64::try_from(at.as_micros()).expect("a run ends long before 584,000 years");
        Ok(())
    }

    /// Writes the end of the capture, and returns the number of packets.
    ///
    /// # Errors
    /// The capture cannot be written to.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        let statistics = statistics(self.count, self.last_us);
        self.writer.write_pcapng_block(statistics).map_err(cause)?;
        self.writer.into_inner().flush()?;
        Ok(self.count)
    }
}

/// The section header. The byte order is fixed, so that the same run gives the same file on every
/// machine.
fn section(header: &CaptureHeader) -> SectionHeaderBlock<'static> {
    let CaptureHeader { application, seed, scenario_toml } = header;
    let text = format!("{MAGIC} {FORMAT}\nseed {seed}\n\n{scenario_toml}");
    let mut options = vec![SectionHeaderOption::UserApplication(Cow::Owned(application.clone()))];
    options
        .extend(pieces(&text).map(|piece| SectionHeaderOption::Comment(piece.to_owned().into())));
    SectionHeaderBlock { endianness: Endianness::Little, options, ..SectionHeaderBlock::default() }
}

fn interface() -> InterfaceDescriptionBlock<'static> {
    InterfaceDescriptionBlock {
        linktype: DataLink::RAW,
        snaplen: 0,
        options: vec![
            InterfaceDescriptionOption::IfName("link".into()),
            InterfaceDescriptionOption::IfTsResol(MICROSECONDS),
        ],
    }
}

fn block(packet: CapturedPacket<'_>) -> EnhancedPacketBlock<'_> {
    let comment = pieces(packet.comment).map(|piece| EnhancedPacketOption::Comment(piece.into()));
    let mut block = EnhancedPacketBlock::default();
    block.timestamp = packet.at;
    block.original_len = u32::try_from(packet.bytes.len()).expect("an IPv4 packet fits 16 bits");
    block.data = Cow::Borrowed(packet.bytes);
    block.options = comment.collect();
    block
}

fn statistics(count: u64, last_us: u64) -> InterfaceStatisticsBlock<'static> {
    InterfaceStatisticsBlock {
        interface_id: 0,
        // The format has the upper half first; the crate writes a plain 64-bit number.
        timestamp: last_us.rotate_left(32),
        options: vec![InterfaceStatisticsOption::IsbIfRecv(count)],
    }
}

/// `text` in pieces that fit an option each; no piece if the text is empty.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(COMMENT_MAX));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

fn cause(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(source) => source,
        other => io::Error::other(other),
    }
}
