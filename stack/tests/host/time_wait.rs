//! TIME-WAIT as a few numbers answers arbitrary segments like smoltcp's socket in TIME-WAIT. The socket
//! is still there when the user has shut the sending side and not closed.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use halfclose_stack::{ClosePolicy, Config, Divergence, Flags, Host, NoteKind, Segment, State};

use crate::script::{config, packet};

const PEER_ISN: u32 = u32::MAX - 9;

fn ends() -> [SocketAddrV4; 2] {
    [(2, 40_000), (1, 21)]
        .map(|(last, port)| SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, last), port))
}

/// A host with a connection in TIME-WAIT, the time of entry, and the ISN of the connection. The user has
/// closed if `closes`, and has only shut the sending side otherwise.
fn in_time_wait(config: Config, closes: bool) -> (Host, Duration, u32) {
    let mut host = Host::new(config);
    let (listener, _) = host.listen(21, 8).expect("the port is free");
    let at = |ms| Duration::from_millis(ms);
    let mut isn = 0;
    let mut give = |host: &mut Host, ms, text| {
        host.handle_packet(at(ms), &packet(text, ends(), [PEER_ISN, isn]));
        while let Some(left) = host.poll_transmit(at(ms)) {
            let segment = Segment::parse(&left).expect("a host sends segments");
            isn = if segment.flags.has(Flags::SYN) { segment.seq } else { isn };
        }
        isn
    };
    give(&mut host, 1, "S 0:0(0) win 65535 <mss 1460>");
    give(&mut host, 2, ". 1:1(0) ack 1");
    let conn = host.accept(listener).expect("the handshake is complete");
    if closes {
        host.close(at(3), conn);
    } else {
        host.shutdown(at(3), conn);
    }
    give(&mut host, 3, ". 1:1(0) ack 1");
    give(&mut host, 4, ". 1:1(0) ack 2");
    let isn = give(&mut host, 5, "F. 1:1(0) ack 2");
    (host, at(5), isn)
}

/// The packets that leave at `now`, and the notes.
fn seen(host: &mut Host, now: Duration) -> (Vec<Vec<u8>>, Vec<NoteKind>) {
    let packets = std::iter::from_fn(|| host.poll_transmit(now).map(|packet| packet.to_vec()));
    let packets = packets.collect();
    let notes = std::iter::from_fn(|| host.poll_note()).map(|note| note.kind);
    // TIME-WAIT expects no data, so lost data does not count; and TIME-WAIT ends without a reset.
    let missed = [NoteKind::Divergence(Divergence::DataWithOldAck), NoteKind::Unchallenged];
    (packets, notes.filter(|kind| !missed.contains(kind)).collect())
}

/// A value of `of`, drawn by a simple generator.
fn draw<T: Copy>(state: &mut u64, of: &[T]) -> T {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let at = usize::try_from(*state >> 33).expect("31 bits") % of.len();
    of[at]
}

#[test]
fn time_wait_without_the_rules_of_linux_answers_any_segment_as_smoltcp_does() {
    let (mut answered, mut ended) = (0, 0);
    for seed in 0..4_000_u64 {
        let policy = if seed % 2 == 0 { ClosePolicy::winsock() } else { ClosePolicy::wfw311() };
        let config = Config { policy, ..config() };
        let (mut ours, mut now, isn) = in_time_wait(config, true);
        let (mut theirs, ..) = in_time_wait(config, false);
        for host in [&mut ours, &mut theirs] {
            seen(host, now);
        }
        let mut state = seed;
        for _ in 0..6 {
            now += Duration::from_millis(draw(&mut state, &[0, 3, 400, 1_100, 4_000]));
            let [one, other] = [&mut ours, &mut theirs].map(|host| {
                host.handle_timeout(now);
                seen(host, now)
            });
            assert_eq!(one, other, "seed {seed}: at {now:?}");
            let flags = draw(&mut state, &["F.", ".", "P.", "R.", "R", "S", "S.", "-"]);
            let first = draw(&mut state, &[0, 1, 2, 3, 1_000, 65_536, 70_000]);
            let len = draw(&mut state, &[0, 0, 1, 2]);
            let ack = draw(&mut state, &[1, 2, 2, 2, 3]);
            let text = format!("{flags} {first}:{}({len}) ack {ack} win 100", first + len);
            let bytes = packet(&text, ends(), [PEER_ISN, isn]);
            for host in [&mut ours, &mut theirs] {
                host.handle_packet(now, &bytes);
            }
            let [one, other] = [&mut ours, &mut theirs].map(|host| seen(host, now));
            assert_eq!(one, other, "seed {seed}: {text} at {now:?}");
            assert_eq!(ours.next_wakeup(), theirs.next_wakeup(), "seed {seed}: {text} at {now:?}");
            answered += one.0.len();
            ended += one.1.iter().filter(|kind| matches!(kind, NoteKind::State { .. })).count();
        }
    }
    assert!(answered > 1_000 && ended > 100, "{answered} answers, {ended} ends: too tame");
}

#[test]
fn time_wait_ends_by_itself_and_the_tuple_is_free_again() {
    let (mut host, now, _) = in_time_wait(config(), true);
    assert_eq!(host.audit().connections, 1);
    let to = ends()[0];
    assert!(host.connect(now, Some(21), to).is_err(), "TIME-WAIT holds the 4-tuple");
    seen(&mut host, now);
    let end = host.next_wakeup().expect("TIME-WAIT ends");
    assert_eq!(end, now + halfclose_stack::TIME_WAIT);
    host.handle_timeout(end);
    let closed = NoteKind::State { from: State::TimeWait, to: State::Closed };
    assert_eq!(seen(&mut host, end), (vec![], vec![closed]));
    assert_eq!(host.audit().connections, 0);
    assert_eq!(host.next_wakeup(), None);
    assert!(host.connect(end, Some(21), to).is_ok());
}
