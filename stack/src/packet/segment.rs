//! `segment.rs` reads a TCP segment (RFC 9293 §3.1) out of an IPv4 packet, without allocation and
//! without believing it: bytes that are not a whole, unfragmented segment are no segment.

use std::net::SocketAddrV4;
use std::ops::{BitOr, Range};

use crate::packet::checksum;
use crate::packet::header::{self, Headers};
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
    options_start: u16,
    /// Where the data begins in the packet.
    pub payload_start: u16,
    /// Bytes of data.
    pub payload_len: u16,
}

impl Segment {
    /// A segment without options and data, to be written: from the first of two ends to the second,
    /// with the sequence number and the acknowledgment number of `numbers`.
    #[must_use]
    pub fn bare(
        [source, destination]: [SocketAddrV4; 2],
        numbers: [u32; 2],
        flags: Flags,
        window: u16,
    ) -> Self {
        const START: u16 = 40;
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
            options_start: START,
            payload_start: START,
            payload_len: 0,
        }
    }

    /// Write a packet with the headers of this segment, `options` and `payload`, and with both
    /// checksums.
    ///
    /// # Panics
    /// If an IPv4 packet cannot hold them.
    #[must_use]
    pub fn to_packet(&self, options: &Options, payload: &[u8]) -> Packet {
        let options = options.to_bytes();
        let mut bytes = vec![0; Headers::LEN + options.len() + payload.len()];
        header::write(self, header::TCP + options.len(), &mut bytes);
        let (field, data) = bytes[Headers::LEN..].split_at_mut(options.len());
        field.copy_from_slice(&options);
        data.copy_from_slice(payload);
        checksum::fill(&mut bytes);
        Packet::from(bytes)
    }

    /// Decode `packet`; `None` for anything but a whole TCP segment in one IPv4 packet.
    #[inline]
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let headers = Headers::of(packet)?;
        if packet.len() < headers.total_len() {
            return None;
        }
        Self::decode(headers, packet)
    }

    /// Decode the headers of a packet whose payload may be missing.
    #[must_use]
    pub fn parse_headers(packet: &[u8]) -> Option<Self> {
        Self::decode(Headers::of(packet)?, packet)
    }

    #[inline]
    fn decode(headers: Headers<'_>, packet: &[u8]) -> Option<Self> {
        let (options_start, payload_start) = (headers.options_start(), headers.payload_start());
        let payload_len = headers.total_len().checked_sub(payload_start)?;
        let [source, destination] = [headers.source(), headers.destination()];
        if payload_start < options_start
            || payload_start > packet.len()
            || source.port() == 0
            || destination.port() == 0
            || headers.is_fragment()
            || !headers.is_tcp()
        {
            return None;
        }
        let mut window_scale = None;
        if payload_start > options_start {
            window_scale = Options::parse(&packet[options_start..payload_start])?.window_scale;
        }
        Some(Self {
            source,
            destination,
            seq: headers.seq(),
            ack: headers.ack(),
            flags: headers.flags(),
            window: headers.window(),
            urgent: headers.urgent(),
            window_scale,
            options_start: u16::try_from(options_start).ok()?,
            payload_start: u16::try_from(payload_start).ok()?,
            payload_len: u16::try_from(payload_len).ok()?,
        })
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
    #[inline]
    pub(crate) fn data_end(&self) -> u32 {
        self.seq.wrapping_add(u32::from(self.payload_len))
    }

    /// Whether its control bits make one meaning: at most one of SYN, FIN and RST. smoltcp drops the
    /// rest as malformed, and so may we before any rule looks at them.
    #[inline]
    pub(crate) fn makes_sense(&self) -> bool {
        (self.flags.0 & (Flags::SYN | Flags::FIN | Flags::RST).0).count_ones() <= 1
    }
}
