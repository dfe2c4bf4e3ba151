//! Written captures are read back, and other files are refused.

use std::time::Duration;

use super::*;

const TOML: &str = "halfclose = 1\nabout = \"a story with an é\"\n";

/// A packet with enough of TCP over IPv4 for naming its fields.
fn packet(number: u8, payload: &[u8], comment: &str) -> OwnedCapturedPacket {
    let mut bytes = vec![0_u8; 40];
    bytes[0] = 0x45;
    bytes[5] = number;
    bytes[32] = 0x50;
    bytes.extend_from_slice(payload);
    OwnedCapturedPacket {
        at: Duration::from_micros(20_000 * u64::from(number)),
        bytes,
        comment: comment.to_owned(),
    }
}

fn packets() -> Vec<OwnedCapturedPacket> {
    vec![
        packet(0, b"", ""),
        packet(1, b"220 ready\r\n", "dropped: loss"),
        packet(2, b"odd", ""),
        packet(3, b"USER a\r\n", "dropped: queue full"),
    ]
}

fn header() -> CaptureHeader {
    CaptureHeader::new(42, TOML.to_owned())
}

fn written(header: &CaptureHeader, packets: &[OwnedCapturedPacket]) -> Vec<u8> {
    let mut out = Vec::new();
    let count = write(&mut out, header, packets.iter().map(OwnedCapturedPacket::borrowed));
    assert_eq!(count.expect("memory takes all"), packets.len() as u64);
    out
}

fn refusal(bytes: &[u8]) -> String {
    read_bytes(bytes).expect_err("refused").to_string()
}

#[test]
fn what_is_written_is_read_back() {
    for packets in [packets(), Vec::new()] {
        let bytes = written(&header(), &packets);
        assert_eq!(read_bytes(&bytes).expect("ours"), (header(), packets.clone()));
        assert_eq!(bytes, written(&header(), &packets), "the same run is the same file");
    }
}

#[test]
fn a_long_scenario_takes_several_comments() {
    let toml = "# é and more\n".repeat(20_000);
    let header = CaptureHeader::new(u64::MAX, toml);
    let (again, _) = read_bytes(&written(&header, &packets())).expect("ours");
    assert_eq!(again, header);
}

#[test]
fn what_is_cut_off_says_so_and_after_which_packet() {
    let bytes = written(&header(), &packets());
    let mut seen = Vec::new();
    for length in 1..bytes.len() {
        let message = refusal(&bytes[..length]);
        assert!(message.starts_with("is truncated: it ends after packet"), "{length}: {message}");
        if seen.last() != Some(&message) {
            seen.push(message);
        }
    }
    assert_eq!(seen.len(), packets().len() + 1, "{seen:?}");
    assert_eq!(seen[2], "is truncated: it ends after packet 2");
    assert_eq!(refusal(b""), "is not a capture: it does not begin like pcapng");
}

#[test]
fn a_flipped_bit_is_refused_or_named() {
    let (header, packets) = (header(), packets());
    let bytes = written(&header, &packets);
    let place = |part: &[u8]| bytes.windows(part.len()).position(|window| window == part);
    let inside: Vec<_> = packets
        .iter()
        .map(|packet| {
            let start = place(&packet.bytes).expect("every packet differs");
            start..start + packet.bytes.len()
        })
        .collect();
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1 << bit;
            let read = read_bytes(&flipped);
            // Elsewhere padding, versions and unused options may change unseen.
            let Some(number) = inside.iter().position(|range| range.contains(&position)) else {
                continue;
            };
            let (_, again) = read.expect("a payload byte means nothing to a reader");
            let run = packets.iter().map(OwnedCapturedPacket::borrowed);
            let found = first_difference(&again, run).expect("seen").packet;
            assert_eq!(found, number + 1, "byte {position} bit {bit}");
        }
    }
}

#[test]
fn other_files_are_told_apart() {
    let newer = {
        let text = format!("{MAGIC} 2\nseed 1\n\n");
        section_only("halfclose 9.0.0", &text)
    };
    let bytes = written(&header(), &packets());
    let extended = [&bytes[..], &bytes[..]].concat();
    for (bytes, message) in [
        (b"PK\x03\x04zip".to_vec(), "is not a capture: it does not begin like pcapng".to_owned()),
        (b"x".to_vec(), "is not a capture: it does not begin like pcapng".to_owned()),
        (
            vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0],
            "is a capture in the older pcap format, not one that halfclose wrote".to_owned(),
        ),
        (
            section_only("Dumpcap", "some comment"),
            "is a pcapng capture, but not one that halfclose wrote".to_owned(),
        ),
        (
            newer,
            format!(
                "has capture format 2, written by halfclose 9.0.0; {APPLICATION} reads up to 1"
            ),
        ),
        (
            section_only("halfclose 0.1.0", &format!("{MAGIC} 1\nseed x\n\n")),
            "is damaged after packet 0: its header has no seed".to_owned(),
        ),
        (extended, "is damaged after packet 4: something follows its end".to_owned()),
    ] {
        assert_eq!(refusal(&bytes), message);
    }
}

fn section_only(application: &str, comment: &str) -> Vec<u8> {
    use pcap_file::pcapng::PcapNgWriter;
    use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
    let options = vec![
        SectionHeaderOption::UserApplication(application.to_owned().into()),
        SectionHeaderOption::Comment(comment.to_owned().into()),
    ];
    let section = SectionHeaderBlock { options, ..SectionHeaderBlock::default() };
    let writer = PcapNgWriter::with_section_header(Vec::new(), section).expect("memory");
    writer.into_inner()
}

#[test]
fn runs_part_at_a_named_packet() {
    let capture = packets();
    let changed = |change: &dyn Fn(&mut Vec<OwnedCapturedPacket>)| {
        let mut run = packets();
        change(&mut run);
        let run = run.iter().map(OwnedCapturedPacket::borrowed);
        first_difference(&capture, run).map(|difference| difference.to_string())
    };
    assert_eq!(changed(&|_| {}), None);
    let flip = |packet: usize, byte: usize| changed(&|run| run[packet].bytes[byte] ^= 1);
    let byte = |packet: usize, field: &str, byte: usize, captured: u8| {
        let run = captured ^ 1;
        Some(format!(
            "packet {packet}: {field} (byte {byte}): {captured:#04x} in the capture, \
             {run:#04x} in the run"
        ))
    };
    assert_eq!(flip(0, 8), byte(1, "IPv4 time to live", 8, 0));
    assert_eq!(flip(1, 5), byte(2, "IPv4 identification", 5, 1));
    assert_eq!(flip(1, 24), byte(2, "TCP sequence number", 24, 0));
    assert_eq!(flip(1, 33), byte(2, "TCP flags", 33, 0));
    assert_eq!(flip(1, 37), byte(2, "TCP checksum", 37, 0));
    assert_eq!(flip(3, 40), byte(4, "payload byte 0", 40, b'U'));
    for (difference, message) in [
        (changed(&|run| drop(run.pop())), "packet 4: only the capture has it, the run has ended"),
        (
            changed(&|run| run.push(packet(9, b"", ""))),
            "packet 5: only the run has it, the capture has ended",
        ),
        (
            changed(&|run| run[2].at += Duration::from_micros(1)),
            "packet 3: time: 40000 us in the capture, 40001 us in the run",
        ),
        (
            changed(&|run| run[2].bytes.push(0)),
            "packet 3: length: 43 bytes in the capture, 44 in the run",
        ),
        (
            changed(&|run| run[1].comment.clear()),
            "packet 2: fate: `dropped: loss` in the capture, delivered in the run",
        ),
    ] {
        assert_eq!(difference.as_deref(), Some(message));
    }
}
