//! `checksum.rs` fills in, clears and verifies the two checksums of a packet: the IPv4 checksum over the
//! header (RFC 791 §3.1), and the TCP checksum over a pseudo-header and the segment (RFC 9293 §3.1).

use std::ops::Range;

use crate::packet::header;
use crate::packet::segment::Segment;

/// The start of the TCP header and the range of the segment, or `None` if `packet` is not TCP over IPv4.
fn parts(packet: &[u8]) -> Option<(usize, Range<usize>)> {
    let (start, total) = (Segment::peek(packet)?.tcp_start(), header::total_len(packet));
    let fits = total >= start + header::TCP && total <= packet.len();
    (fits && header::is_tcp(packet)).then_some((start, start..total))
}

/// Write both checksums into `packet`. Bytes that are not TCP over IPv4 stay as they are.
pub fn fill(packet: &mut [u8]) {
    let Some((start, segment)) = parts(packet) else {
        return;
    };
    clear(packet, start);
    let sum = !fold(add(0, &packet[..start]));
    packet[header::IPV4_CHECKSUM].copy_from_slice(&sum.to_be_bytes());
    let sum = !fold(segment_sum(packet, segment));
    packet[start..][header::TCP_CHECKSUM].copy_from_slice(&sum.to_be_bytes());
}

/// Set both checksums of `packet` to 0. The TCP header begins at byte `tcp_start`.
///
/// # Panics
/// If `packet` ends before the checksum of TCP does.
#[inline]
pub fn clear(packet: &mut [u8], tcp_start: usize) {
    packet[header::IPV4_CHECKSUM].fill(0);
    packet[tcp_start..][header::TCP_CHECKSUM].fill(0);
}

/// Whether both checksums of `packet` are 0, as a host leaves checksums with `Config::checksums` off.
/// False for bytes that are not TCP over IPv4.
#[must_use]
pub fn are_absent(packet: &[u8]) -> bool {
    let tcp = |(start, _)| packet[start..][header::TCP_CHECKSUM] == [0, 0];
    packet.get(header::IPV4_CHECKSUM) == Some(&[0, 0]) && parts(packet).is_some_and(tcp)
}

/// Whether both checksums of `packet` are right.
#[must_use]
pub fn verify(packet: &[u8]) -> bool {
    parts(packet).is_some_and(|(header, segment)| {
        fold(add(0, &packet[..header])) == u16::MAX
            && fold(segment_sum(packet, segment)) == u16::MAX
    })
}

/// The sum over the pseudo-header (RFC 9293 §3.1, figure 2) and the segment.
fn segment_sum(packet: &[u8], segment: Range<usize>) -> u64 {
    let pseudo =
        add(u64::from(header::PROTOCOL_TCP) + segment.len() as u64, &packet[header::ADDRESSES]);
    add(pseudo, &packet[segment])
}

fn add(sum: u64, bytes: &[u8]) -> u64 {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let sum = pairs.iter().fold(sum, |sum, &pair| sum + u64::from(u16::from_be_bytes(pair)));
    sum + odd.first().map_or(0, |&byte| u64::from(byte) << 8)
}

fn fold(mut sum: u64) -> u16 {
    while sum > u64::from(u16::MAX) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_noticed() {
        let mut packet: Vec<u8> = (0..61).collect();
        packet[0] = 0x45;
        packet[2..4].copy_from_slice(&61_u16.to_be_bytes());
        packet[9] = 6;
        clear(&mut packet, 20);
        assert!(are_absent(&packet) && !verify(&packet));
        fill(&mut packet);
        assert!(verify(&packet) && !are_absent(&packet));
        for bit in 0..packet.len() * 8 {
            packet[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify(&packet), "bit {bit}");
            packet[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn bytes_that_are_no_segment_are_left_alone() {
        for len in 0..60 {
            let mut bytes = vec![0x4f; len];
            fill(&mut bytes);
            assert_eq!(bytes, vec![0x4f; len]);
            assert!(!verify(&bytes));
        }
    }
}
