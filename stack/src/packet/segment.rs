//! `segment.rs` reads a TCP segment (RFC 9293 §3.1) out of an IPv4 packet, without allocation and
//! without believing it: bytes that are not a whole, unfragmented segment are no segment.

use std::net::SocketAddrV4;
use std::ops::{BitOr, Range};

use crate::packet::checksum;
use crate::packet::header;
use crate::packet::options::Options;
use crate::packet::pool::Packet;

/// Control bits of a segment.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronize sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgment field is significant.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer is significant.
    pub const URG: Self = Self(0x20);

    /// Whether all of `other` are set.
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

/// What a segment is, each segment being exactly one: the first that applies, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// RST is set.
    Rst,
    /// SYN is set and ACK is not.
    Syn,
    /// SYN and ACK are set.
    SynAck,
    /// FIN is set, with data or without.
    Fin,
    /// It carries data.
    Data,
    /// None of these.
    Ack,
}

/// A decoded segment and where it goes. Its options are decoded when they are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Source address and port.
    pub source: SocketAddrV4,
    /// Destination address and port.
    pub destination: SocketAddrV4,
    /// SEG.SEQ.
    pub seq: u32,
    /// SEG.ACK; meaningless unless ACK is set.
    pub ack: u32,
    /// Control bits.
    pub flags: Flags,
    /// SEG.WND as it stands in the header, not scaled.
    pub window: u16,
    /// Urgent pointer; meaningless unless URG is set.
    pub urgent: u16,
    /// The shift of all its sender's later windows, which a SYN offers (RFC 7323 §2.2).
    pub(crate) window_scale: Option<u8>,
    /// Where the options begin in the packet.
    pub(super) options_start: u16,
    /// Where the data begins in the packet.
    pub payload_start: u16,
    /// Bytes of data.
    pub payload_len: u16,
}

impl Segment {
    /// Length in bytes of an IPv4 header and a TCP header without options.
    pub const HEADERS: usize = header::BOTH;

    /// A segment without options and data, to be written: from the first of two ends to the second,
    /// with the sequence number and the acknowledgment number of `numbers`.
    #[must_use]
    pub fn bare(
        [source, destination]: [SocketAddrV4; 2],
        numbers: [u32; 2],
        flags: Flags,
        window: u16,
    ) -> Self {
        let [seq, ack] = numbers;
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

    /// Write a packet: the headers of this segment with both checksums, `options` as RFC 9293 §3.2
    /// encodes them, and `payload`.
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

    /// Decode `packet`; `None` for anything but a whole TCP segment in one IPv4 packet.
    #[inline]
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let segment = Self::peek(packet)?;
        let complete = header::total_len(packet) <= packet.len();
        if complete { segment.checked(packet) } else { None }
    }

    /// Decode the headers of a packet whose payload may be missing.
    #[must_use]
    pub fn parse_headers(packet: &[u8]) -> Option<Self> {
        Self::peek(packet)?.checked(packet)
    }

    /// Read the header fields of `packet` without any check of one against the other. `None` if
    /// `packet` is too short for two headers or is not IPv4.
    #[inline]
    #[must_use]
    pub fn peek(packet: &[u8]) -> Option<Self> {
        header::read(packet)
    }

    #[inline]
    fn checked(mut self, packet: &[u8]) -> Option<Self> {
        let [options, payload] = [self.options_start, self.payload_start].map(usize::from);
        let fits = options <= payload
            && payload <= header::total_len(packet).min(packet.len())
            && self.source.port() != 0
            && self.destination.port() != 0;
        if !fits || !header::is_whole_tcp(packet) {
            return None;
        }
        if options < payload {
            self.window_scale = Options::parse(&packet[options..payload])?.window_scale;
        }
        Some(self)
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

    /// Its options; `packet` is what it was decoded from.
    ///
    /// # Panics
    /// If it is another packet.
    #[must_use]
    pub fn options(&self, packet: &[u8]) -> Options {
        let field = usize::from(self.options_start)..usize::from(self.payload_start);
        Options::parse(&packet[field]).expect("a segment whose options are malformed is none")
    }

    /// What it is.
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

    /// Where the data lies in the packet.
    #[must_use]
    pub fn payload(&self) -> Range<usize> {
        let start = usize::from(self.payload_start);
        start..start + usize::from(self.payload_len)
    }

    /// SEG.LEN: data, and one each for SYN and FIN (RFC 9293 §3.4).
    #[inline]
    #[must_use]
    pub fn len(&self) -> u32 {
        let [syn, fin] = [Flags::SYN, Flags::FIN].map(|flag| u32::from(self.flags.has(flag)));
        u32::from(self.payload_len) + syn + fin
    }

    /// Whether it takes no sequence number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sequence number after its data.
    pub(crate) fn data_end(&self) -> u32 {
        self.seq.wrapping_add(u32::from(self.payload_len))
    }

    /// Whether none of SYN, FIN and RST is set.
    pub(crate) fn is_plain(&self) -> bool {
        self.flags.0 & (Flags::SYN | Flags::FIN | Flags::RST).0 == 0
    }

    /// Whether its control bits make one meaning: at most one of SYN, FIN and RST. smoltcp drops the
    /// rest as malformed, and so may we before any rule looks at them.
    pub(crate) fn makes_sense(&self) -> bool {
        (self.flags.0 & (Flags::SYN | Flags::FIN | Flags::RST).0).count_ones() <= 1
    }
}
