//! The decoded view of a segment and its notation.

use std::net::{Ipv4Addr, SocketAddrV4};

use halfclose_stack::{Kind, Segment};

use crate::script::packet;

fn bytes(text: &str) -> Vec<u8> {
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
