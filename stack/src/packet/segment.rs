//! `segment.rs` reads a TCP segment (RFC 9293 §3.1) out of an IPv4 packet, without allocation and
//! without believing it: bytes that are not a whole, unfragmented segment are no segment.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::{BitOr, Range};

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

/// The options this crate's peers use (RFC 9293 §3.2, RFC 7323, RFC 2018).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Maximum segment size.
    pub max_segment_size: Option<u16>,
    /// Shift of every later window (RFC 7323 §2), at most 14.
    pub window_scale: Option<u8>,
    /// The sender takes selective acknowledgments.
    pub sack_permitted: bool,
    /// Blocks received out of order, each from its first byte to past its last.
    pub sack: [Option<(u32, u32)>; 4],
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

const IPV4_HEADER: usize = 20;
const TCP_HEADER: usize = 20;
const TCP: u8 = 6;
const MORE_FRAGMENTS_OR_OFFSET: u16 = 0x3fff;

impl Segment {
    /// Decode `packet`; `None` for anything but a whole TCP segment in one IPv4 packet.
    #[inline]
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let header: &[u8; IPV4_HEADER + TCP_HEADER] = packet.first_chunk()?;
        if packet.len() < usize::from(be16(header, 2)) {
            return None;
        }
        Self::decode(header, packet)
    }

    /// Decode the headers of a packet whose payload may be missing.
    #[must_use]
    pub fn parse_headers(packet: &[u8]) -> Option<Self> {
        Self::decode(packet.first_chunk()?, packet)
    }

    #[inline]
    fn decode(header: &[u8; IPV4_HEADER + TCP_HEADER], packet: &[u8]) -> Option<Self> {
        // Hosts here write no IPv4 options.
        if header[0] != 0x45 {
            return Self::decode_behind_options(packet);
        }
        let tcp: &[u8; TCP_HEADER] = header.last_chunk()?;
        Self::decode_at(IPV4_HEADER, header.first_chunk()?, tcp, packet)
    }

    #[cold]
    fn decode_behind_options(packet: &[u8]) -> Option<Self> {
        let ip: &[u8; IPV4_HEADER] = packet.first_chunk()?;
        let header = usize::from(ip[0] & 0xf) * 4;
        if ip[0] >> 4 != 4 || header < IPV4_HEADER {
            return None;
        }
        Self::decode_at(header, ip, packet.get(header..)?.first_chunk()?, packet)
    }

    /// `tcp` begins at byte `header` of `packet`, `ip` at its first.
    #[inline]
    fn decode_at(
        header: usize,
        ip: &[u8; IPV4_HEADER],
        tcp: &[u8; TCP_HEADER],
        packet: &[u8],
    ) -> Option<Self> {
        let whole = be16(ip, 6) & MORE_FRAGMENTS_OR_OFFSET == 0;
        let total = be16(ip, 2);
        let options_start = u16::try_from(header + TCP_HEADER).ok()?;
        let data_offset = u16::from(tcp[12] >> 4) * 4;
        let payload_start = options_start - 20 + data_offset;
        let fits = data_offset >= 20
            && payload_start <= total
            && usize::from(payload_start) <= packet.len();
        let (from, to) = (be16(tcp, 0), be16(tcp, 2));
        if ip[9] != TCP || !whole || from == 0 || to == 0 || !fits {
            return None;
        }
        let mut window_scale = None;
        if data_offset > 20 {
            let options = &packet[usize::from(options_start)..usize::from(payload_start)];
            window_scale = Options::parse(options)?.window_scale;
        }
        Some(Self {
            source: SocketAddrV4::new(Ipv4Addr::from_bits(be32(ip, 12)), from),
            destination: SocketAddrV4::new(Ipv4Addr::from_bits(be32(ip, 16)), to),
            seq: be32(tcp, 4),
            ack: be32(tcp, 8),
            flags: Flags(tcp[13] & 0x3f),
            window: be16(tcp, 14),
            urgent: be16(tcp, 18),
            window_scale,
            options_start,
            payload_start,
            payload_len: total - payload_start,
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

impl Options {
    #[inline(never)]
    fn parse(mut rest: &[u8]) -> Option<Self> {
        let mut options = Self::default();
        while let Some(&kind) = rest.first() {
            let len = match kind {
                0 => break,
                1 => 1,
                _ => usize::from(*rest.get(1)?),
            };
            let option = rest.get(..len)?;
            match (kind, len) {
                (1, _) => {}
                (2, 4) => options.max_segment_size = Some(be16(option, 2)),
                (3, 3) => options.window_scale = Some(option[2].min(14)),
                (4, 2) => options.sack_permitted = true,
                (5, 10..) if (len - 2).is_multiple_of(8) => {
                    for (block, at) in options.sack.iter_mut().zip((2..len).step_by(8)) {
                        *block = Some((be32(option, at), be32(option, at + 4)));
                    }
                }
                (2..=5, _) | (_, 0 | 1) => return None,
                _ => {}
            }
            rest = &rest[len..];
        }
        Some(options)
    }
}

#[inline]
fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

#[inline]
fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
