//! `header.rs` owns the layout of the IPv4 header (RFC 791 §3.1) and of the TCP header (RFC 9293 §3.1):
//! each field is read and written here, and no other source file of the workspace knows an offset.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::Range;

use crate::packet::segment::{Flags, Segment};

/// Bytes of an IPv4 header without options.
const IPV4: usize = 20;
/// Bytes of a TCP header without options.
pub(crate) const TCP: usize = 20;
/// Bytes of both headers without options.
pub(crate) const BOTH: usize = IPV4 + TCP;
/// Where the options and the data begin in a packet that has no options.
pub(crate) const PLAIN_END: u16 = 40;
/// The protocol number of TCP (RFC 9293 §3.1).
pub(crate) const PROTOCOL_TCP: u8 = 6;
/// The IPv4 header's "more fragments" bit and fragment offset.
const FRAGMENT: u16 = 0x3fff;

/// Read every field of both headers, unchecked. `None` if `packet` is too short or not IPv4.
#[inline(always)]
pub(crate) fn read(packet: &[u8]) -> Option<Segment> {
    let both: &[u8; BOTH] = packet.first_chunk()?;
    // Hosts of this crate write no IPv4 options.
    if both[0] != 0x45 {
        return read_behind_options(packet);
    }
    Some(read_at(both.first_chunk()?, both.last_chunk()?, PLAIN_END))
}

#[cold]
fn read_behind_options(packet: &[u8]) -> Option<Segment> {
    let ip: &[u8; IPV4] = packet.first_chunk()?;
    let start = u16::from(ip[0] & 0xf) * 4;
    let tcp = packet.get(usize::from(start)..)?.first_chunk()?;
    (ip[0] >> 4 == 4 && start >= 20).then(|| read_at(ip, tcp, start + 20))
}

#[inline(always)]
fn read_at(ip: &[u8; IPV4], tcp: &[u8; TCP], options_start: u16) -> Segment {
    let payload_start = options_start - 20 + u16::from(tcp[12] >> 4) * 4;
    Segment {
        source: SocketAddrV4::new(Ipv4Addr::from_bits(be32(ip, 12)), be16(tcp, 0)),
        destination: SocketAddrV4::new(Ipv4Addr::from_bits(be32(ip, 16)), be16(tcp, 2)),
        seq: be32(tcp, 4),
        ack: be32(tcp, 8),
        flags: Flags(tcp[13] & 0x3f),
        window: be16(tcp, 14),
        urgent: be16(tcp, 18),
        window_scale: None,
        options_start,
        payload_start,
        payload_len: be16(ip, 2).saturating_sub(payload_start),
    }
}

/// The length of the packet in bytes, by the IPv4 header.
pub(crate) fn total_len(packet: &[u8]) -> usize {
    usize::from(be16(packet, 2))
}

/// Whether the packet is TCP and not a fragment, by the IPv4 header.
pub(crate) fn is_whole_tcp(packet: &[u8]) -> bool {
    is_tcp(packet) && be16(packet, 6) & FRAGMENT == 0
}

/// Whether the packet's protocol is TCP, by the IPv4 header.
pub(crate) fn is_tcp(packet: &[u8]) -> bool {
    packet[9] == PROTOCOL_TCP
}

/// Write both headers of `segment` to the start of `packet`. `packet` has the length of the whole
/// packet; `tcp_len` is the length of the TCP header with options. The checksums become 0.
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

/// Set URG and the urgent pointer of a packet without IPv4 options.
pub(crate) fn set_urgent(packet: &mut [u8], pointer: u16) {
    packet[IPV4 + 13] |= Flags::URG.0;
    packet[IPV4 + 18..IPV4 + 20].copy_from_slice(&pointer.to_be_bytes());
}

/// Set the window of `packet`, which `segment` was read from.
pub(crate) fn set_window(segment: &Segment, packet: &mut [u8], window: u16) {
    let at = segment.tcp_start() + 14;
    packet[at..at + 2].copy_from_slice(&window.to_be_bytes());
}

/// The IPv4 addresses, which are a part of the pseudo-header.
pub(crate) const ADDRESSES: Range<usize> = 12..20;
/// The checksum in the IPv4 header.
pub(crate) const IPV4_CHECKSUM: Range<usize> = 10..12;
/// The checksum in the TCP header.
pub(crate) const TCP_CHECKSUM: Range<usize> = 16..18;

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
    let segment = read(packet);
    let tcp_start = segment.map_or(IPV4, |segment| segment.tcp_start());
    let payload = segment.map_or(BOTH, |segment| usize::from(segment.payload_start));
    match offset {
        _ if offset < tcp_start => name(&IPV4_FIELDS, offset),
        _ if offset < payload => name(&TCP_FIELDS, offset - tcp_start),
        _ => format!("payload byte {}", offset - payload),
    }
}

pub(crate) fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

pub(crate) fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
