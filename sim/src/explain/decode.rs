//! `decode` turns the bytes of a captured packet into a TCP segment: link layer, IP, TCP. Headers are
//! read by `etherparse`; the link layers that `etherparse` does not know are only skipped here.

use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TcpSlice, TransportSlice};
use halfclose_stack::Flags;

/// The link layer of a captured packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkLayer {
    /// Ethernet II, with VLAN tags or without (`LINKTYPE_ETHERNET`).
    Ethernet,
    /// No link layer: the packet begins with its IP header (`LINKTYPE_RAW`, `IPV4`, `IPV6`).
    Raw,
    /// Linux "cooked" capture, version 1 (`LINKTYPE_LINUX_SLL`).
    CookedV1,
    /// Linux "cooked" capture, version 2 (`LINKTYPE_LINUX_SLL2`).
    CookedV2,
    /// BSD loopback: four bytes of address family (`LINKTYPE_NULL`, `LINKTYPE_LOOP`).
    Loopback,
}

impl LinkLayer {
    /// The link layer with that number of the tcpdump registry, if the analysis reads it.
    #[must_use]
    pub fn by_number(number: u32) -> Option<Self> {
        match number {
            0 | 108 => Some(Self::Loopback),
            1 => Some(Self::Ethernet),
            12 | 14 | 101 | 228 | 229 => Some(Self::Raw),
            113 => Some(Self::CookedV1),
            276 => Some(Self::CookedV2),
            _ => None,
        }
    }
}

/// A packet of a capture, before it is decoded.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The number of the packet in the capture, from 1.
    pub number: u64,
    /// Nanoseconds since the epoch of the capture.
    pub at: u64,
    /// The link layer that the packet begins with.
    pub link: LinkLayer,
    /// The bytes that were captured.
    pub bytes: &'a [u8],
}

/// One TCP segment as the analysis sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    /// The number of the packet in the capture, from 1.
    pub(crate) frame: u64,
    /// Nanoseconds since the epoch of the capture.
    pub(crate) at: u64,
    /// Source address and port.
    pub(crate) from: SocketAddr,
    /// Destination address and port.
    pub(crate) to: SocketAddr,
    /// Time to live, or hop limit.
    pub(crate) ttl: u8,
    /// Identification of the IPv4 header; none in IPv6.
    pub(crate) ip_id: Option<u16>,
    /// The sequence number, SEG.SEQ.
    pub(crate) seq: u32,
    /// SEG.ACK; meaningless without ACK.
    pub(crate) ack: u32,
    /// The control bits of the header.
    pub(crate) flags: Flags,
    /// SEG.WND as it stands in the header.
    pub(crate) window: u16,
    /// Bytes of data on the wire.
    pub(crate) len: u32,
    /// The data as far as it was captured.
    pub(crate) payload: &'a [u8],
    /// A checksum is wrong in a way that no offloading explains: the receiver drops the packet.
    pub(crate) damaged: bool,
}

/// Why a packet gave no segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skipped {
    /// The packet is not TCP.
    NotTcp,
    /// A fragment of an IP packet.
    Fragment,
    /// The capture has not enough bytes of the headers.
    HeadersCut,
}

/// Decodes a packet.
///
/// # Errors
/// The packet is not TCP, a fragment, or cut within its headers.
pub(crate) fn decode<'a>(frame: &Frame<'a>) -> Result<Segment<'a>, Skipped> {
    let bytes = frame.bytes;
    let typed = |header: usize, at: usize| {
        let kind = bytes.get(at..at + 2).ok_or(Skipped::HeadersCut)?;
        let rest = bytes.get(header..).ok_or(Skipped::HeadersCut)?;
        let kind = EtherType(u16::from_be_bytes([kind[0], kind[1]]));
        Ok(LaxSlicedPacket::from_ether_type(kind, rest))
    };
    let ip = |bytes: &'a [u8]| LaxSlicedPacket::from_ip(bytes).map_err(|_| Skipped::HeadersCut);
    let sliced = match frame.link {
        LinkLayer::Ethernet => {
            LaxSlicedPacket::from_ethernet(bytes).map_err(|_| Skipped::HeadersCut)?
        }
        LinkLayer::Raw => ip(bytes)?,
        LinkLayer::CookedV1 => typed(16, 14)?,
        LinkLayer::CookedV2 => typed(20, 0)?,
        LinkLayer::Loopback => ip(bytes.get(4..).ok_or(Skipped::HeadersCut)?)?,
    };
    segment(frame, &sliced)
}

fn segment<'a>(frame: &Frame<'a>, sliced: &LaxSlicedPacket<'a>) -> Result<Segment<'a>, Skipped> {
    let net = sliced.net.as_ref().ok_or(Skipped::NotTcp)?;
    let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else {
        return Err(without_transport(sliced));
    };
    let (source, destination, ttl, ip_id, on_wire) = match net {
        LaxNetSlice::Ipv4(ip) => {
            let header = ip.header();
            let whole = usize::from(header.total_len());
            let headers = usize::from(header.ihl()) * 4;
            (
                IpAddr::V4(header.source_addr()),
                IpAddr::V4(header.destination_addr()),
                header.ttl(),
                Some(header.identification()),
                // Segmentation offload leaves 0 where the length does not fit.
                (whole > 0).then(|| whole.saturating_sub(headers)),
            )
        }
        LaxNetSlice::Ipv6(ip) => {
            let header = ip.header();
            let whole = usize::from(header.payload_length());
            let extensions = ip.extensions().slice().len();
            (
                IpAddr::V6(header.source_addr()),
                IpAddr::V6(header.destination_addr()),
                header.hop_limit(),
                None,
                (whole > 0).then(|| whole.saturating_sub(extensions)),
            )
        }
        LaxNetSlice::Arp(_) => return Err(Skipped::NotTcp),
    };
    let captured = tcp.slice().len();
    let header = usize::from(tcp.data_offset()) * 4;
    let on_wire = on_wire.unwrap_or(captured);
    let length = on_wire.saturating_sub(header);
    let payload = tcp.payload();
    let payload = &payload[..payload.len().min(length)];
    let cut = captured < on_wire;
    Ok(Segment {
        frame: frame.number,
        at: frame.at,
        from: SocketAddr::new(source, tcp.source_port()),
        to: SocketAddr::new(destination, tcp.destination_port()),
        ttl,
        ip_id,
        seq: tcp.sequence_number(),
        ack: tcp.acknowledgment_number(),
        flags: Flags(tcp.header_slice()[13]),
        window: tcp.window_size(),
        len: u32::try_from(length).unwrap_or(u32::MAX),
        payload,
        damaged: is_damaged(net, source, destination, tcp, (!cut).then_some(on_wire)),
    })
}

/// Why there is no TCP header behind the IP header.
fn without_transport(sliced: &LaxSlicedPacket<'_>) -> Skipped {
    let Some(payload) = sliced.ip_payload() else { return Skipped::HeadersCut };
    if payload.ip_number.0 != 6 {
        Skipped::NotTcp
    } else if payload.fragmented {
        Skipped::Fragment
    } else {
        Skipped::HeadersCut
    }
}

/// Whether a checksum is wrong. A sum that is 0, or the pseudo header's alone, was left to the
/// network interface (offloading) and says nothing.
fn is_damaged(
    net: &LaxNetSlice<'_>,
    source: IpAddr,
    destination: IpAddr,
    tcp: &TcpSlice<'_>,
    whole: Option<usize>,
) -> bool {
    if let LaxNetSlice::Ipv4(ip) = net {
        let header = ip.header();
        if header.header_checksum() != 0 && fold(sum(header.slice())) != 0xffff {
            return true;
        }
    }
    let Some(length) = whole else { return false };
    let Some(bytes) = tcp.slice().get(..length) else { return false };
    let Ok(length) = u32::try_from(length) else { return false };
    let addresses = match (source, destination) {
        (IpAddr::V4(from), IpAddr::V4(to)) => sum(&from.octets()) + sum(&to.octets()),
        (from, to) => {
            let octets = |ip: IpAddr| match ip {
                IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
                IpAddr::V6(ip) => ip.octets(),
            };
            sum(&octets(from)) + sum(&octets(to))
        }
    };
    let pseudo = addresses + 6 + u64::from(length);
    let stated = tcp.checksum();
    if stated == 0 || stated == fold(pseudo) {
        return false;
    }
    fold(pseudo + sum(bytes)) != 0xffff
}

/// The sum of 16-bit words in network order, not folded.
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<2>();
    let mut total = 0_u64;
    // Blocks that a 32-bit sum holds: the compiler adds them eight at a time.
    for block in words.chunks(1 << 15) {
        total += u64::from(block.iter().map(|w| u32::from(u16::from_be_bytes(*w))).sum::<u32>());
    }
    total + rest.first().map_or(0, |last| u64::from(*last) << 8)
}

fn fold(mut sum: u64) -> u16 {
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).unwrap_or(0)
}
