//! Segments: decoding, building, kinds, notation and the names of header fields.

use std::net::{Ipv4Addr, SocketAddrV4};

use halfclose_stack::{Flags, Kind, Options, Packet, Segment, checksum, field_at};

use crate::script::packet;

fn bytes(text: &str) -> Packet {
    let at = |last, port| SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, last), port);
    packet(text, [at(1, 7), at(2, 8)], [1000, 9000])
}

fn segment(text: &str) -> Segment {
    Segment::parse(&bytes(text)).expect("a segment")
}

#[test]
fn a_segment_prints_as_packetdrill_writes_it() {
    for text in [
        "S 0:0(0) win 65535 <mss 1460>",
        "S. 0:0(0) ack 1 win 100 <wscale 7>",
        "P. 1:1001(1000) ack 1 win 257",
        "F. 1001:1001(0) ack 1 win 257",
        "R 5:5(0) win 0",
        "PU. 1:4(3) ack 1 win 9 urg 2",
    ] {
        assert_eq!(segment(text).relative(&bytes(text), [1000, 9000]).to_string(), text);
    }
}

#[test]
fn a_segment_is_one_kind() {
    for (text, kind) in [
        ("R. 0:0(0)", Kind::Rst),
        ("S 0:0(0)", Kind::Syn),
        ("S. 0:0(0)", Kind::SynAck),
        ("FP. 0:9(9)", Kind::Fin),
        ("P. 0:9(9)", Kind::Data),
        (". 0:0(0)", Kind::Ack),
    ] {
        assert_eq!(segment(text).kind(), kind, "{text}");
    }
}

#[test]
fn length_counts_syn_and_fin() {
    assert_eq!(segment("S 0:0(0)").len(), 1);
    assert_eq!(segment("F. 0:9(9)").len(), 10);
    assert!(segment(". 0:0(0)").is_empty());
}

#[test]
fn a_built_segment_is_decoded_as_it_was_built() {
    let at = |last, port| SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, last), port);
    let block = [0, 0, 0, 7, 0, 0, 0, 9];
    let every = [&[2, 4, 5, 180, 1, 3, 3, 7, 4, 2, 5, 18], &block[..], &block].concat();
    let options = Options {
        max_segment_size: Some(1460),
        window_scale: Some(7),
        sack_permitted: true,
        sack: [Some((7, 9)), Some((7, 9)), None, None],
    };
    for (bytes, options) in [(vec![], Options::default()), (every, options)] {
        let ends = [at(1, 7), at(2, 8)];
        let mut built = Segment::bare(ends, [5, 6], Flags::SYN | Flags::URG, 99);
        built.urgent = 3;
        let packet = built.to_packet(&bytes, b"data");
        assert!(checksum::verify(&packet));
        let read = Segment::parse(&packet).expect("a segment");
        assert_eq!(read.options(&packet), options);
        assert_eq!(&packet[read.payload()], b"data");
        assert_eq!((read.source, read.destination), (built.source, built.destination));
        assert_eq!((read.seq, read.ack, read.flags), (built.seq, built.ack, built.flags));
        assert_eq!((read.window, read.urgent), (built.window, built.urgent));
    }
}

#[test]
fn each_byte_of_a_packet_belongs_to_a_field() {
    let bytes = bytes("S 0:2(2) win 9 <mss 1460>");
    let names = [0, 9, 15, 20, 27, 33, 40, 44, 45].map(|offset| field_at(&bytes, offset));
    let wanted = [
        "IPv4 version and header length",
        "IPv4 protocol",
        "IPv4 source address",
        "TCP source port",
        "TCP sequence number",
        "TCP flags",
        "TCP options",
        "payload byte 0",
        "payload byte 1",
    ];
    assert_eq!(names, wanted);
}
