//! `segment.rs` owns a TCP segment (RFC 9293 §3.1) as a value: decoded from an IPv4 packet with checks
//! and without allocation, and written into a new packet.

use std::net::SocketAddrV4;
use std::ops::{BitOr, Range};

use crate::packet::checksum;
use crate::packet::header;
use crate::packet::options::Options;
use crate::packet::pool::Packet;

/// The control bits of a segment.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u8);

impl Flags {
    /// FIN: no more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// SYN: synchronize sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// RST: reset the connection.
    pub const RST: Self = Self(0x04);
    /// PSH: push the data to the user.
    pub const PSH: Self = Self(0x08);
    /// ACK: the acknowledgment field is significant.
    pub const ACK: Self = Self(0x10);
    /// URG: the urgent pointer is significant.
    pub const URG: Self = Self(0x20);

    /// Whether all bits of `other` are set.
    #[inline]
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The kind of a segment: the first row that applies, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A segment with RST.
    Rst,
    /// A segment with SYN and without ACK.
    Syn,
    /// A segment with SYN and ACK.
    SynAck,
    /// A segment with FIN, with data or without.
    Fin,
    /// A segment with data.
    Data,
    /// A segment without data and without these bits.
    Ack,
}

/// A decoded segment with both addresses. [`Segment::options`] decodes the options on request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Source address and port.
    pub source: SocketAddrV4,
    /// Destination address and port.
    pub destination: SocketAddrV4,
    /// SEG.SEQ, the sequence number.
    pub seq: u32,
    /// SEG.ACK, the acknowledgment number: without meaning unless ACK is set.
    pub ack: u32,
    /// The control bits of the segment.
    pub flags: Flags,
    /// SEG.WND as in the header, not scaled.
    pub window: u16,
    /// Urgent pointer: without meaning unless URG is set.
    pub urgent: u16,
    /// The shift of all later windows of the sender, if the segment is a SYN (RFC 7323 §2.2).
    pub(crate) window_scale: Option<u8>,
    /// Where the options begin in the packet.
    pub(super) options_start: u16,
    /// Where the data begins in the packet.
    pub payload_start: u16,
    /// Length of the data in bytes.
    pub payload_len: u16,
}

impl Segment {
    /// Length in bytes of an IPv4 header and a TCP header without options.
    pub const HEADERS: usize = header::BOTH;

    /// A segment without options and data, to write with [`Segment::to_packet`]. The two ends are
    /// the source and the destination; the two numbers are SEG.SEQ and SEG.ACK.
    #[must_use]
    pub fn bare(
        [source, destination]: [SocketAddrV4; 2],
        [seq, ack]: [u32; 2],
        flags: Flags,
        window: u16,
    ) -> Self {
        Self {
            source,
            destination,
            seq,
            ack,
            flags,
            window,
            urgent: 0,
            window_scale: None,
            options_start: header::PLAIN_END,
            payload_start: header::PLAIN_END,
            payload_len: 0,
        }
    }

    /// A packet with the headers of this segment, both checksums, `options` as encoded by RFC 9293
    /// §3.2, and `payload`.
    ///
    /// # Panics
    /// If the length of `options` is not a multiple of 4 up to 40, or the packet is longer than 65535
    /// bytes.
    #[must_use]
    pub fn to_packet(&self, options: &[u8], payload: &[u8]) -> Packet {
        assert!(options.len() <= 40 && options.len().is_multiple_of(4), "options fill whole words");
        let mut bytes = [&[0; header::BOTH], options, payload].concat();
        header::write(self, header::TCP + options.len(), &mut bytes);
        checksum::fill(&mut bytes);
        Packet::from(bytes)
    }

    /// Decode `packet`. `None` unless `packet` is a whole TCP segment in one IPv4 packet.
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let mut segment = Self::peek(packet)?;
        segment.is_whole(packet).then_some(segment)
    }

    /// Whether `packet`, from which this segment was read, is a whole TCP segment. Reads the window scale.
    #[inline(always)]
    pub(crate) fn is_whole(&mut self, packet: &[u8]) -> bool {
        header::total_len(packet) <= packet.len() && self.is_sound(packet)
    }

    /// Decode the headers of a packet whose payload may be missing.
    #[must_use]
    pub fn parse_headers(packet: &[u8]) -> Option<Self> {
        let mut segment = Self::peek(packet)?;
        segment.is_sound(packet).then_some(segment)
    }

    /// Read the header fields of `packet` without checks. `None` if `packet` is too short for both
    /// headers or is not IPv4.
    #[inline(always)]
    #[must_use]
    pub fn peek(packet: &[u8]) -> Option<Self> {
        header::read(packet)
    }

    /// Whether the fields fit each other and the length of `packet`, and the options can be read. Reads
    /// the window scale from the options.
    #[inline(always)]
    fn is_sound(&mut self, packet: &[u8]) -> bool {
        let [options, payload] = [self.options_start, self.payload_start].map(usize::from);
        let fits = options <= payload
            && payload <= header::total_len(packet)
            && payload <= packet.len()
            && self.source.port() != 0
            && self.destination.port() != 0;
        if !fits || !header::is_whole_tcp(packet) {
            return false;
        }
        if options == payload {
            return true;
        }
        let options = Options::parse(&packet[options..payload]);
        self.window_scale = options.and_then(|options| options.window_scale);
        options.is_some()
    }

    /// Where the TCP header begins in the packet.
    #[inline]
    #[must_use]
    pub fn tcp_start(&self) -> usize {
        usize::from(self.options_start) - header::TCP
    }

    /// Source port and destination port.
    #[inline]
    #[must_use]
    pub fn ports(&self) -> [u16; 2] {
        [self.source.port(), self.destination.port()]
    }

    /// Decode the options of the segment, which was decoded from `packet`.
    ///
    /// # Panics
    /// If the segment was not decoded by `parse` or `parse_headers` from `packet`.
    #[must_use]
    pub fn options(&self, packet: &[u8]) -> Options {
        let field = usize::from(self.options_start)..usize::from(self.payload_start);
        Options::parse(&packet[field]).expect("a segment whose options are malformed is none")
    }

    /// The kind of the segment.
    #[inline]
    #[must_use]
    pub fn kind(&self) -> Kind {
        let flags = self.flags;
        match () {
            () if flags.has(Flags::RST) => Kind::Rst,
            () if flags.has(Flags::SYN | Flags::ACK) => Kind::SynAck,
            () if flags.has(Flags::SYN) => Kind::Syn,
            () if flags.has(Flags::FIN) => Kind::Fin,
            () if self.payload_len > 0 => Kind::Data,
            () => Kind::Ack,
        }
    }

    /// The range of the data in the packet.
    #[must_use]
    pub fn payload(&self) -> Range<usize> {
        let start = usize::from(self.payload_start);
        start..start + usize::from(self.payload_len)
    }

    /// SEG.LEN: the length of the data, plus 1 for SYN and 1 for FIN (RFC 9293 §3.4).
    #[inline]
    #[must_use]
    pub fn len(&self) -> u32 {
        let [syn, fin] = [Flags::SYN, Flags::FIN].map(|flag| u32::from(self.flags.has(flag)));
        u32::from(self.payload_len) + syn + fin
    }

    /// Whether the segment occupies no sequence number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sequence number after the data.
    pub(crate) fn data_end(&self) -> u32 {
        self.seq.wrapping_add(u32::from(self.payload_len))
    }

    /// Whether none of SYN, FIN and RST is set.
    pub(crate) fn is_plain(&self) -> bool {
        self.flags.0 & (Flags::SYN | Flags::FIN | Flags::RST).0 == 0
    }

    /// Whether at most one of SYN, FIN and RST is set. smoltcp drops every other segment as malformed, so
    /// the host drops such segments before any rule.
    pub(crate) fn makes_sense(&self) -> bool {
        (self.flags.0 & (Flags::SYN | Flags::FIN | Flags::RST).0).count_ones() <= 1
    }
}
