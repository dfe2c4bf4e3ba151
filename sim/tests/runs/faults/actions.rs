//! Each action of a fault has its effect on the packet, and stands in the trace and in the capture.

use halfclose::internals::{CaptureHeader, first_difference, read_bytes, write};
use halfclose::{OwnedCapturedPacket, Verdict};
use halfclose_stack::{Segment, checksum};

use super::run::{lines, ran, scenario};

#[test]
fn every_action_stands_beside_its_packet() {
    for (fault, line) in [
        ("drop server data FIN", "x-- F. 1:1(0) ack 10002 win 65535 (dropped: fault)"),
        ("duplicate client data DATA 3", ". 2049:3509(1460) ack 1 win 65535 --> (duplicated)"),
        ("delay 200ms client control DATA", "P. 1:17(16) ack 34 win 65535 --> (delayed by 200ms)"),
        ("hold client data DATA at 1", ". 1:1461(1460) ack 1 win 65535 --> (held)"),
        (
            "corrupt bit 300 client data DATA at 1",
            ". 1:1461(1460) ack 1 win 65535 --> (corrupted: bit 300 flipped)",
        ),
        (
            "drop client data SYN",
            "S 0:0(0) win 65535 <mss 1460,sackOK,wscale 0> --x (dropped: fault)",
        ),
        (
            "inject FIN as client after server data SYN-ACK",
            "F. 1:1(0) ack 1 win 65535 ==> (forged: no host sent it)",
        ),
    ] {
        let finished = ran(&scenario("", &[&format!("fault={fault}")]), 0);
        let lines = lines(&finished);
        let seen = lines.iter().any(|seen| seen.ends_with(line));
        assert!(seen, "{fault}\n{}", lines.join("\n"));
        assert_eq!(finished.outcome.unmatched_faults, [""; 0], "{fault}");
    }
}

#[test]
fn every_packet_of_a_name_has_the_fate() {
    let dropped = |fault: &str| {
        let settings =
            [&*format!("fault={fault}"), "client.close=reset-when-sent", "limit.time=60s"];
        let finished = ran(&scenario("", &settings), 0);
        assert_eq!(finished.outcome.unmatched_faults, [""; 0], "{fault}");
        let lines = lines(&finished);
        lines.iter().filter(|line| line.ends_with("(dropped: fault)")).count()
    };
    assert_eq!(dropped("drop server data ACK"), 1);
    assert!(dropped("drop server data ACK every") > 3, "each ACK is lost");
    // A RST of the client's program, and a RST that answers what the server says to a closed port.
    assert_eq!(dropped("drop client data RST"), 1);
    assert_eq!(dropped("drop client data RST every"), 2);
}

#[test]
fn one_fault_of_any_kind_is_survived() {
    // TCP repairs every fault but a forged segment.
    for action in ["drop", "duplicate", "delay 200ms", "delay 5s", "early 9ms", "hold", "corrupt"] {
        for packet in 0..40 {
            let fault = format!("fault={action} packet {packet}");
            let finished = ran(&scenario("", &[&fault]), 3);
            assert_eq!(finished.outcome.verdict, Verdict::Intact, "{fault}");
        }
    }
}

#[test]
fn what_met_no_packet_is_said() {
    let faults = [
        "fault=drop client data FIN 9",
        "fault=drop packet 99999",
        "fault=drop server data.2 any",
        "fault=drop packet 0",
        "fault=hold client control SYN",
    ];
    let finished = ran(&scenario("", &faults), 0);
    assert_eq!(
        finished.outcome.unmatched_faults,
        [
            "drop client data FIN 9",
            "drop packet 99999",
            "drop server data.2 any 1",
            "hold client control SYN 1 (another fault had its packet)",
        ]
    );
}

#[test]
fn names_count_what_they_fit() {
    // The same bytes are lost twice and sent three times: `at` counts these three, `nth` alone
    // counts all data.
    let twice = ["fault=drop client data DATA at 1 1", "fault=drop client data DATA at 1 2"];
    let finished = ran(&scenario("", &twice), 0);
    let sent =
        lines(&finished).iter().filter(|line| line.contains(" data . 1:1461(1460) ")).count();
    assert_eq!(sent, 3);
    // The second data connection, by its number.
    let two = ["do.2.put=b.bin", "fault=drop client data.2 SYN"];
    let finished = ran(&scenario("", &two), 0);
    let dropped: Vec<_> =
        lines(&finished).into_iter().filter(|line| line.contains("dropped")).collect();
    assert_eq!(dropped.len(), 1);
    assert!(dropped[0].contains(" data 2 S 0:0(0)"), "{dropped:?}");
}

#[test]
fn a_capture_keeps_the_bad_checksum_and_replays() {
    let settings = [
        "link.corrupt=5%",
        "link.duplicate=5%",
        "link.jitter=3ms",
        "fault=corrupt client data DATA 2",
        "fault=inject RST out-of-window after client data DATA 3",
    ];
    let scenario = scenario("", &settings);
    for seed in 0..20 {
        let finished = ran(&scenario, seed);
        let captured = finished.captured();
        let mut corrupted = 0;
        for OwnedCapturedPacket { bytes, comment, .. } in &captured {
            assert_eq!(checksum::verify(bytes), !comment.contains("corrupted"), "{comment}");
            corrupted += u32::from(comment.contains("corrupted"));
        }
        assert!(corrupted > 0 && captured.iter().any(|packet| packet.comment.contains("forged")));
        let mut file = Vec::new();
        let header = CaptureHeader::new(seed, halfclose::internals::file::print(&scenario));
        let packets = captured.iter().map(OwnedCapturedPacket::borrowed);
        write(&mut file, &header, packets).expect("memory");
        let (header, read) = read_bytes(&file).expect("ours");
        let again = halfclose::internals::file::parse(&header.scenario_toml, "", "").expect("ours");
        let again = ran(&again, header.seed).captured();
        let again = again.iter().map(OwnedCapturedPacket::borrowed);
        assert_eq!(first_difference(&read, again), None);
    }
}

#[test]
fn forged_segments_count_for_nothing() {
    let plain = ran(&scenario("", &[]), 0);
    let finished =
        ran(&scenario("", &["fault=inject RST out-of-window after client data DATA 3"]), 0);
    let numbers: Vec<_> = finished.trace.packets().map(|(event, _)| event.emission).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    assert_eq!(finished.outcome.packets, plain.outcome.packets);
    assert_ne!(finished.outcome.digest, plain.outcome.digest);
    assert_eq!(finished.trace.wire().count(), numbers.len() + 1);
}

#[test]
fn a_held_packet_comes_just_behind_the_next() {
    // No packet follows a SYN, so 200 ms pass.
    let arrival = |settings: &[&str]| {
        let finished = ran(&scenario("", settings), 0);
        finished.outcome.told_at
    };
    let plain = arrival(&["tcp.congestion=none"]);
    let alone = arrival(&["tcp.congestion=none", "fault=hold client data SYN"]);
    assert_eq!((alone - plain).as_millis(), 200);
    // Within a flight of several packets only the order changes: no timer expires, nothing is
    // resent.
    let held = ran(&scenario("", &["tcp.congestion=none", "fault=hold client data DATA 2"]), 0);
    assert_eq!(held.outcome.told_at, plain);
    let acks: Vec<_> = held
        .trace
        .packets()
        .filter_map(|(_, bytes)| Some(Segment::parse(bytes)?.options(bytes)))
        .filter(|options| options.sack[0].is_some())
        .collect();
    assert_eq!(acks.len(), 1, "one segment came ahead of its turn");
}

/// Faults that decide different things of a packet combine.
#[test]
fn several_faults_make_one_fate() {
    let faults = [
        "fault=duplicate client data DATA 2",
        "fault=corrupt bit 300 client data DATA 2; early 3ms client data DATA 2",
        "fault=early 1h server data ACK 1",
    ];
    let finished = ran(&scenario("", &faults), 0);
    let lines = lines(&finished);
    let fates = "--> (duplicated, corrupted: bit 300 flipped, jitter -3000us)";
    assert!(lines.iter().any(|line| line.ends_with(fates)), "{}", lines.join("\n"));
    assert_eq!(finished.outcome.unmatched_faults, [""; 0]);
    // Two names of one packet: the conflict shows only when the packet appears.
    let faults = ["fault=hold client data DATA 1", "fault=delay 1ms client data DATA at 1 1"];
    let finished = ran(&scenario("", &faults), 0);
    let taken = "delay 1ms client data DATA at 1 1 (another fault had its packet)";
    assert_eq!(finished.outcome.unmatched_faults, [taken]);
}

/// A flipped bit of a length or a port does not change which connection a held packet waits for.
#[test]
fn a_flipped_bit_releases_what_is_held() {
    let told_at = |bit: u32| {
        let held = "fault=hold server data ACK 1";
        let flipped = format!("fault=corrupt bit {bit} server data ACK 2");
        let finished = ran(&scenario("", &[held, &flipped]), 0);
        assert_eq!(finished.outcome.unmatched_faults, [""; 0]);
        assert_eq!(finished.outcome.verdict, Verdict::Intact, "bit {bit}");
        let (held, flipped) = ("(held)", format!("(corrupted: bit {bit} flipped)"));
        let lines = lines(&finished);
        for words in [held, &*flipped] {
            assert!(lines.iter().any(|line| line.ends_with(words)), "{words}");
        }
        finished.outcome.told_at
    };
    let any = told_at(200);
    for bit in (0..8).chain(160..192) {
        assert_eq!(told_at(bit), any, "bit {bit}");
    }
}
