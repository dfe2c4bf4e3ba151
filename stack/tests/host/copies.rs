//! `copies.rs` proves that a host goes on from a copy of an earlier moment as from that moment.

use std::ops::ControlFlow;
use std::time::Duration;

use halfclose_stack::{Config, ConnId};

use crate::pair::Pair;

/// Run to the end and read. Returns the digest, the number of notes, and the bytes read by each host.
fn finish(pair: &mut Pair, ends: [ConnId; 2]) -> (u64, usize, [Vec<u8>; 2]) {
    while pair.step() {}
    let mut read = [Vec::new(), Vec::new()];
    for ((host, bytes), on) in pair.hosts.iter_mut().zip(&mut read).zip(ends) {
        let _ = host.receive(pair.now, on, usize::MAX, &mut |piece| bytes.extend(piece));
    }
    (pair.digest, pair.notes.len(), read)
}

/// A transfer in both directions with lost packets, so that rings hold bytes in and out of order. The
/// client has closed its side.
fn begin(config: Config) -> (Pair, [ConnId; 2]) {
    let mut pair = Pair::new(config, |number, _| number % 5 == 3);
    let (client, server) = pair.open(None);
    for (host, on) in [(0, client), (1, server)] {
        let sent = pair.hosts[host].send(pair.now, on, &mut |piece| {
            piece.iter_mut().zip(b'a'..=b'z').for_each(|(byte, letter)| *byte = letter);
            piece.len()
        });
        assert!(sent.is_continue());
    }
    pair.hosts[0].shutdown(pair.now, client);
    pair.flush();
    (pair, [client, server])
}

/// After each event of a run: a copy, the rest of the run, a second connection in the same slots, and
/// the rest of the run again from the copy. In the last round the copies themselves go on.
#[test]
fn a_run_goes_on_from_a_copy() {
    let buffers = Config { receive_buffer: 4096, send_buffer: 3000, ..Config::default() };
    let config = Config { mtu: 300, ..buffers };
    let (mut pair, ends) = begin(config);
    let expected = finish(&mut pair, ends);
    let mut copies = Pair::new(config, |_, _| false).hosts;
    for events in 0.. {
        let (mut pair, ends) = begin(config);
        if (0..events).any(|_| !pair.step()) {
            assert!(events > 10, "only {events} events");
            break;
        }
        copies.iter_mut().zip(&pair.hosts).for_each(|(copy, host)| copy.copy_from(host));
        let (now, sent, digest) = (pair.now, pair.sent, pair.digest);
        let (in_flight, notes) = (pair.in_flight.clone(), pair.notes.clone());
        for round in 0..3 {
            assert_eq!(finish(&mut pair, ends), expected, "{events} events, round {round}");
            for (host, on) in [1, 0].map(|host| (host, ends[host])) {
                let now = pair.now;
                pair.hosts[host].close(now, on);
            }
            while pair.step() {}
            let (again, _) = pair.open(None);
            pair.send(0, again, 4_000);
            while pair.step() {}
            copies.iter().zip(&mut pair.hosts).for_each(|(copy, host)| host.copy_from(copy));
            if round == 1 {
                std::mem::swap(&mut pair.hosts, &mut copies);
            }
            (pair.now, pair.sent, pair.digest) = (now, sent, digest);
            (pair.in_flight, pair.notes) = (in_flight.clone(), notes.clone());
        }
    }
}

/// smoltcp arms the timer of a closed window by the start of the run, not by the present, so the same call at a later
/// time makes a different socket. Debug builds compare the hash with the fields.
#[test]
fn a_send_at_a_closed_window_is_hashed_with_its_time() {
    let config = Config { receive_buffer: 256, ..Config::default() };
    for start in [0, 3] {
        let mut pair = Pair::new(config, |_, _| false);
        pair.now = Duration::from_secs(start);
        let (client, _) = pair.open(None);
        pair.send(0, client, 256);
        pair.run_for(Duration::from_millis(500));
        pair.hosts[0].hash_sockets();
        let sent = pair.hosts[0].send(pair.now, client, &mut |_| 1);
        assert_eq!(sent, ControlFlow::Continue(1));
        pair.hosts[0].hash_sockets();
    }
}
