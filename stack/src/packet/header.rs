//! `header.rs` owns the layout of the IPv4 header (RFC 791 §3.1) and the TCP header (RFC 9293 §3.1):
//! every read and every write of a field is here, and no other source file knows an offset.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::packet::segment::{Flags, Segment};

/// Bytes of an IPv4 header without options.
const IPV4: usize = 20;
/// Bytes of a TCP header without options.
pub(crate) const TCP: usize = 20;
const BOTH: usize = IPV4 + TCP;
/// The protocol number of TCP (RFC 9293 §3.1).
pub(crate) const PROTOCOL_TCP: u8 = 6;
/// The IPv4 header's "more fragments" bit and fragment offset.
const FRAGMENT: u16 = 0x3fff;

/// The headers of a packet where they lie, each field read when the caller asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    ip: &'a [u8; IPV4],
    tcp: &'a [u8; TCP],
    tcp_start: usize,
}

impl<'a> Headers<'a> {
    /// Bytes of both headers without options.
    pub const LEN: usize = BOTH;

    /// The headers at the start of `packet`. `None` if `packet` is too short for them or is not
    /// IPv4. Fields are not checked against each other: [`Segment::parse`] does that.
    #[inline]
    #[must_use]
    pub fn of(packet: &'a [u8]) -> Option<Self> {
        let both: &[u8; BOTH] = packet.first_chunk()?;
        // Hosts of this crate write no IPv4 options.
        if both[0] == 0x45 { Some(Self::adjacent(both)) } else { Self::behind_options(packet) }
    }

    /// The headers of a packet without IPv4 options.
    #[inline]
    pub(crate) fn adjacent(both: &'a [u8; BOTH]) -> Self {
        let (ip, tcp) = both.split_first_chunk().expect("40 bytes hold 20");
        Self { ip, tcp: tcp.first_chunk().expect("40 bytes hold two headers"), tcp_start: IPV4 }
    }

    #[cold]
    fn behind_options(packet: &'a [u8]) -> Option<Self> {
        let ip: &[u8; IPV4] = packet.first_chunk()?;
        let tcp_start = usize::from(ip[0] & 0xf) * 4;
        if ip[0] >> 4 != 4 || tcp_start < IPV4 {
            return None;
        }
        Some(Self { ip, tcp: packet.get(tcp_start..)?.first_chunk()?, tcp_start })
    }

    /// Whether the packet's protocol is TCP.
    #[inline]
    pub(crate) fn is_tcp(self) -> bool {
        self.ip[9] == PROTOCOL_TCP
    }

    /// Whether the packet is a fragment of a larger one.
    #[inline]
    pub(crate) fn is_fragment(self) -> bool {
        be16(self.ip, 6) & FRAGMENT != 0
    }

    /// Length of the packet in bytes, by its IPv4 header.
    #[inline]
    #[must_use]
    pub fn total_len(self) -> usize {
        usize::from(be16(self.ip, 2))
    }

    /// Where the TCP header begins in the packet.
    #[inline]
    #[must_use]
    pub fn tcp_start(self) -> usize {
        self.tcp_start
    }

    /// Where the TCP options begin in the packet.
    #[inline]
    pub(crate) fn options_start(self) -> usize {
        self.tcp_start + TCP
    }

    /// Where the data begins in the packet.
    #[inline]
    #[must_use]
    pub fn payload_start(self) -> usize {
        self.tcp_start + usize::from(self.tcp[12] >> 4) * 4
    }

    /// Source address and port.
    #[inline]
    #[must_use]
    pub fn source(self) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::from_bits(be32(self.ip, 12)), be16(self.tcp, 0))
    }

    /// Destination address and port.
    #[inline]
    #[must_use]
    pub fn destination(self) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::from_bits(be32(self.ip, 16)), be16(self.tcp, 2))
    }

    /// Source port and destination port.
    #[inline]
    #[must_use]
    pub fn ports(self) -> [u16; 2] {
        [be16(self.tcp, 0), be16(self.tcp, 2)]
    }

    /// SEG.SEQ.
    #[inline]
    #[must_use]
    pub fn seq(self) -> u32 {
        be32(self.tcp, 4)
    }

    /// SEG.ACK.
    #[inline]
    #[must_use]
    pub fn ack(self) -> u32 {
        be32(self.tcp, 8)
    }

    /// Control bits.
    #[inline]
    #[must_use]
    pub fn flags(self) -> Flags {
        Flags(self.tcp[13] & 0x3f)
    }

    /// SEG.WND, not scaled.
    #[inline]
    pub(crate) fn window(self) -> u16 {
        be16(self.tcp, 14)
    }

    /// The urgent pointer.
    #[inline]
    pub(crate) fn urgent(self) -> u16 {
        be16(self.tcp, 18)
    }
}

/// Write both headers of `segment` to the start of `packet`, which is as long as the whole packet.
/// `tcp_len` is the length of the TCP header with its options. The checksums stay 0.
pub(crate) fn write(segment: &Segment, tcp_len: usize, packet: &mut [u8]) {
    const DO_NOT_FRAGMENT: u8 = 0x40;
    let len = u16::try_from(packet.len()).expect("an IPv4 packet has at most 65535 bytes");
    let [high, low] = len.to_be_bytes();
    let words = u8::try_from(tcp_len / 4).expect("a TCP header has at most 60 bytes");
    let (ip, tcp) = packet.split_at_mut(IPV4);
    ip[..12].copy_from_slice(&[
        0x45,
        0,
        high,
        low,
        0,
        0,
        DO_NOT_FRAGMENT,
        0,
        64,
        PROTOCOL_TCP,
        0,
        0,
    ]);
    ip[12..16].copy_from_slice(&segment.source.ip().octets());
    ip[16..20].copy_from_slice(&segment.destination.ip().octets());
    tcp[0..2].copy_from_slice(&segment.source.port().to_be_bytes());
    tcp[2..4].copy_from_slice(&segment.destination.port().to_be_bytes());
    tcp[4..8].copy_from_slice(&segment.seq.to_be_bytes());
    tcp[8..12].copy_from_slice(&segment.ack.to_be_bytes());
    tcp[12..14].copy_from_slice(&[words << 4, segment.flags.0]);
    tcp[14..16].copy_from_slice(&segment.window.to_be_bytes());
    tcp[16..18].fill(0);
    tcp[18..20].copy_from_slice(&segment.urgent.to_be_bytes());
}

/// Change SEG.SEQ of a packet without IPv4 options.
pub(crate) fn set_seq(packet: &mut [u8], seq: u32) {
    packet[IPV4 + 4..IPV4 + 8].copy_from_slice(&seq.to_be_bytes());
}

/// Set URG and the urgent pointer of a packet without IPv4 options.
pub(crate) fn set_urgent(packet: &mut [u8], pointer: u16) {
    packet[IPV4 + 13] |= Flags::URG.0;
    packet[IPV4 + 18..IPV4 + 20].copy_from_slice(&pointer.to_be_bytes());
}

/// Both addresses, for the pseudo-header.
pub(crate) fn addresses(packet: &[u8]) -> &[u8] {
    &packet[12..20]
}

/// The checksum field of the IPv4 header.
#[inline]
pub(crate) fn ip_checksum(packet: &mut [u8]) -> &mut [u8] {
    &mut packet[10..12]
}

/// The checksum field of the TCP header that begins at `tcp_start`.
#[inline]
pub(crate) fn tcp_checksum(packet: &mut [u8], tcp_start: usize) -> &mut [u8] {
    &mut packet[tcp_start + 16..tcp_start + 18]
}

/// The end of each field of an IPv4 header (RFC 791 §3.1).
const IPV4_FIELDS: [(usize, &str); 11] = [
    (1, "IPv4 version and header length"),
    (2, "IPv4 type of service"),
    (4, "IPv4 total length"),
    (6, "IPv4 identification"),
    (8, "IPv4 fragment offset"),
    (9, "IPv4 time to live"),
    (10, "IPv4 protocol"),
    (12, "IPv4 header checksum"),
    (16, "IPv4 source address"),
    (20, "IPv4 destination address"),
    (60, "IPv4 options"),
];

/// The end of each field of a TCP header (RFC 9293 §3.1).
const TCP_FIELDS: [(usize, &str); 10] = [
    (2, "TCP source port"),
    (4, "TCP destination port"),
    (8, "TCP sequence number"),
    (12, "TCP acknowledgment number"),
    (13, "TCP data offset"),
    (14, "TCP flags"),
    (16, "TCP window"),
    (18, "TCP checksum"),
    (20, "TCP urgent pointer"),
    (60, "TCP options"),
];

/// The name of the field that the byte at `offset` of `packet` belongs to, for people to read.
#[must_use]
pub fn field_at(packet: &[u8], offset: usize) -> String {
    let name = |fields: &[(usize, &str)], offset| {
        let found = fields.iter().find(|(end, _)| offset < *end);
        found.map_or("header", |(_, name)| name).to_owned()
    };
    let headers = Headers::of(packet);
    let tcp_start = headers.map_or(IPV4, Headers::tcp_start);
    let payload = headers.map_or(Headers::LEN, Headers::payload_start);
    match offset {
        _ if offset < tcp_start => name(&IPV4_FIELDS, offset),
        _ if offset < payload => name(&TCP_FIELDS, offset - tcp_start),
        _ => format!("payload byte {}", offset - payload),
    }
}

#[inline]
pub(crate) fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

#[inline]
pub(crate) fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
