//! `checksum.rs` fills in and verifies the two checksums of a packet: IPv4's over its header
//! (RFC 791 §3.1) and TCP's over a pseudo-header and the segment (RFC 9293 §3.1).

use std::ops::Range;

/// Where the parts of `packet` lie: the IPv4 header and the segment. `None`: not TCP over IPv4.
fn parts(packet: &[u8]) -> Option<(usize, Range<usize>)> {
    let &[first, _, high, low, ..] = packet else {
        return None;
    };
    let header = usize::from(first & 0xf) * 4;
    let total = usize::from(u16::from_be_bytes([high, low]));
    let fits = first >> 4 == 4 && header >= 20 && total >= header + 20 && total <= packet.len();
    (fits && packet[9] == 6).then_some((header, header..total))
}

/// Write both checksums into `packet`. Does nothing to bytes that are not TCP over IPv4.
pub fn fill(packet: &mut [u8]) {
    let Some((header, segment)) = parts(packet) else {
        return;
    };
    packet[10..12].fill(0);
    let sum = !fold(add(0, &packet[..header]));
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    let at = segment.start + 16;
    packet[at..at + 2].fill(0);
    let sum = !fold(segment_sum(packet, segment));
    packet[at..at + 2].copy_from_slice(&sum.to_be_bytes());
}

/// Whether both checksums of `packet` are right.
#[must_use]
pub fn verify(packet: &[u8]) -> bool {
    parts(packet).is_some_and(|(header, segment)| {
        fold(add(0, &packet[..header])) == u16::MAX
            && fold(segment_sum(packet, segment)) == u16::MAX
    })
}

/// The pseudo-header (RFC 9293 §3.1, figure 2) and the segment.
fn segment_sum(packet: &[u8], segment: Range<usize>) -> u64 {
    const PROTOCOL: u64 = 6;
    let pseudo = add(PROTOCOL + segment.len() as u64, &packet[12..20]);
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
        fill(&mut packet);
        assert!(verify(&packet));
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
