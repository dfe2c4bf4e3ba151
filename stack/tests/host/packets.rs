//! Packets that are not segments for the host, and checksums.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use halfclose_stack::{Config, Host, Packet, State, checksum};

use crate::pair::Pair;
use crate::script::{config, packet};

const ZERO: Duration = Duration::ZERO;

fn syn() -> Packet {
    let between = [([10, 0, 0, 2], 9), ([10, 0, 0, 1], 21)]
        .map(|(ip, port)| SocketAddrV4::new(Ipv4Addr::from(ip), port));
    packet("S 0:0(0) win 65535 <mss 1460>", between, [0, 0])
}

fn answers(config: Config, bytes: &[u8]) -> bool {
    let mut host = Host::new(config);
    host.handle_packet(ZERO, bytes);
    host.poll_transmit(ZERO).is_some()
}

#[test]
fn malformed_packets_are_dropped() {
    assert!(answers(config(), &syn()));
    for len in 0..syn().len() {
        assert!(!answers(config(), &syn()[..len]), "cut to {len}");
    }
    for (at, byte) in [(0, 0x65), (0, 0x41), (6, 0x20), (9, 17), (19, 9), (32, 0x10), (41, 0)] {
        let mut bytes = syn();
        bytes[at] = byte;
        assert!(!answers(config(), &bytes), "byte {at} = {byte}");
    }
}

#[test]
fn a_wrong_checksum_is_dropped_if_checksums_are_on() {
    let on = Config { checksums: true, ..config() };
    assert!(answers(on, &syn()));
    for bit in 0..syn().len() * 8 {
        let mut bytes = syn();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(!answers(on, &bytes), "bit {bit}");
    }
}

#[test]
fn every_packet_of_a_host_with_checksums_has_right_ones() {
    let on = Config { checksums: true, ..config() };
    let mut pair = Pair::new(on, |_, packet| {
        assert!(checksum::verify(packet));
        false
    });
    let (client, server) = pair.open(None);
    pair.send(0, client, 5000);
    pair.hosts[0].urgent(pair.now, client);
    pair.run_for(Duration::from_secs(3));
    assert_eq!(pair.receive(1, server), 5000);
    pair.send(0, client, 50);
    // Unread bytes: a RST, and a RST more for each late segment.
    pair.run_for(Duration::from_secs(3));
    pair.hosts[1].close(pair.now, server);
    pair.run_for(Duration::from_secs(3));
    assert_eq!(pair.hosts[0].status(client).state, State::Closed);
}

#[test]
fn arbitrary_bytes_never_panic() {
    let mut draw = 1_u64;
    let mut random = move || {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(draw >> 32).unwrap_or(0)
    };
    for round in 0..600 {
        let mut pair = Pair::new(config(), |_, _| false);
        let (client, server) = pair.open(Some(20));
        pair.send(0, client, 3000);
        let seen = std::mem::take(&mut pair.in_flight[0]);
        for step in 0..60 {
            let mut bytes = match seen.front() {
                Some((_, bytes)) if step % 3 > 0 => bytes.to_vec(),
                _ => (0..random() % 80).map(|_| random().to_le_bytes()[0]).collect(),
            };
            for _ in 0..random() % 4 {
                // Only header bytes are changed: flags, sequence numbers, lengths.
                let at = (random() as usize % 44).min(bytes.len().saturating_sub(1));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random().to_le_bytes()[0];
                }
            }
            pair.hosts[1].handle_packet(pair.now, &bytes);
            if step == 30 && round % 2 == 0 {
                pair.hosts[1].shutdown(pair.now, server);
            }
            pair.flush();
            pair.in_flight[1].clear();
        }
    }
}

#[test]
fn a_reset_host_is_a_new_host() {
    let run = |host: Host| {
        let mut pair = Pair::new(config(), |number, _| number % 7 == 6);
        pair.hosts[0] = host;
        let (client, server) = pair.open(None);
        pair.send(0, client, 30_000);
        pair.hosts[0].shutdown(pair.now, client);
        pair.run_for(Duration::from_secs(60));
        assert_eq!(pair.receive(1, server), 30_000);
        let [host, _] = pair.hosts;
        (pair.digest, client, host)
    };
    let (digest, id, used) = run(Host::new(config()));
    let mut again = used;
    again.reset(Config { address: Ipv4Addr::new(1, 2, 3, 4), mtu: 576, ..config() });
    again.reset(config());
    let (second, second_id, _) = run(again);
    assert_eq!((digest, id), (second, second_id));
}
