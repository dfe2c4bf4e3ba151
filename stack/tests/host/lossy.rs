//! Uploads over a link that loses packets: no upload hangs, and a stall of the stack ends as `Stalled`.

use std::ops::ControlFlow;
use std::time::Duration;

use halfclose_stack::{ClosePolicy, Config, Congestion, Ending, OldSegments};

use crate::pair::Pair;
use crate::script::config;

/// A seeded link that loses `per_mille` of the packets in each direction.
fn losing(per_mille: u64, seed: u64) -> impl FnMut(usize, &[u8]) -> bool {
    let mut draw = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |_, _| {
        draw ^= draw << 13;
        draw ^= draw >> 7;
        draw ^= draw << 17;
        draw % 1000 < per_mille
    }
}

/// Upload `len` bytes, close, read to the end, close. Returns the endings of both sides.
fn upload(congestion: Congestion, len: usize, per_mille: u64, seed: u64) -> (usize, Vec<Ending>) {
    // A host that keeps an early FIN draws no equal ACKs to the copy of the FIN.
    let old_segments = match congestion {
        Congestion::None => OldSegments::Drop,
        _ => OldSegments::Keep,
    };
    let policy = ClosePolicy { old_segments, ..ClosePolicy::linux() };
    let config = Config { congestion, policy, seed, ..config() };
    let mut pair = Pair::new(config, losing(per_mille, seed));
    let (client, server) = pair.open(None);
    pair.send(0, client, len);
    pair.hosts[0].close(pair.now, client);
    let mut received = 0;
    while let ControlFlow::Continue(some) =
        pair.hosts[1].receive(pair.now, server, usize::MAX, &mut |_| ())
    {
        received += some;
        assert!(pair.now < Duration::from_secs(3600), "seed {seed} never ends");
        // Only a lost RST of a stalled connection leaves the peer half-open.
        let alive = pair.step() || pair.endings().contains(&Ending::Stalled);
        assert!(alive, "seed {seed} hangs");
        if pair.hosts[1].status(server).ending.is_none() && !pair.busy() {
            break;
        }
    }
    pair.hosts[1].close(pair.now, server);
    while pair.step() {
        assert!(pair.now < Duration::from_secs(7200), "seed {seed} never ends");
    }
    (received, pair.endings())
}

#[test]
fn no_lossy_upload_stalls_with_reno() {
    let links = [(4096, 50), (16384, 200), (65536, 50), (16384, 10)];
    for (seed, (len, per_mille)) in (0..800).zip(links.into_iter().cycle()) {
        let (received, endings) = upload(Congestion::Reno, len, per_mille, seed);
        assert_eq!(received, len, "seed {seed}");
        assert!(!endings.contains(&Ending::Stalled), "seed {seed}: {endings:?}");
        assert_eq!(endings.len(), 2, "seed {seed}: {endings:?}");
    }
}

#[test]
fn without_congestion_control_uploads_stall_and_every_one_of_them_ends() {
    let stalled = (0..200)
        .map(|seed| upload(Congestion::None, 65536, 50, seed))
        .filter(|(_, endings)| endings.contains(&Ending::Stalled))
        .count();
    assert!(stalled > 0, "the FIN deadlock of smoltcp 0.14 is gone: look at the watchdog again");
}

#[test]
fn scaled_windows_and_large_rings_change_nothing() {
    let large = Config { receive_buffer: 300_000, send_buffer: 300_000, ..config() };
    let mut pair = Pair::new(large, losing(10, 3));
    let (client, server) = pair.open(None);
    pair.send(0, client, 250_000);
    pair.hosts[0].shutdown(pair.now, client);
    pair.run_for(Duration::from_secs(300));
    assert_eq!(pair.receive(1, server), 250_000);
    assert!(pair.hosts[1].status(server).peer_closed);
}

#[test]
fn the_same_seed_sends_the_same_packets() {
    let digest = || {
        let mut pair = Pair::new(Config { seed: 5, ..config() }, losing(100, 5));
        let (client, _) = pair.open(None);
        pair.send(0, client, 50_000);
        pair.hosts[0].close(pair.now, client);
        pair.run_for(Duration::from_secs(100));
        pair.digest
    };
    assert_eq!(digest(), digest());
}
