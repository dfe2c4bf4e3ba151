//! Passive OPEN: backlog, accept, unlisten, ports.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use halfclose_stack::{ConnectError, Host, ListenError, TIME_WAIT};

use crate::script::{check, config};

const ZERO: Duration = Duration::ZERO;
const PEER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 21);

#[test]
fn a_syn_beyond_the_backlog_is_dropped_silently_until_accept() {
    check(
        "0 listen 2
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        peer 40001
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1
        peer 40002
        < S 0:0(0) win 65535 <mss 1460>
        > nothing
        accept
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1",
    );
}

#[test]
fn a_connection_reset_in_syn_received_gives_its_place_back() {
    check(
        "0 listen 1
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1
        < R 1:1(0)
        accept none; note ended: reset
        peer 40001
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1",
    );
}

#[test]
fn nothing_is_accepted_before_the_handshake_is_complete() {
    check(
        "0 listen
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1
        accept none; quiet
        < . 1:1(0) ack 1
        accept; ready; established; state ESTABLISHED",
    );
}

#[test]
fn unlisten_resets_what_was_not_accepted_and_frees_the_port() {
    check(
        "0 listen
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        unlisten
        > R. 1:1(0) ack 1
        asleep
        < S 0:0(0)
        > R. 0:0(0) ack 1
        listen
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1",
    );
}

#[test]
fn unlisten_does_not_reset_whom_it_never_answered() {
    let between = [([10, 0, 0, 2], 9), ([10, 0, 0, 1], 21)]
        .map(|(ip, port)| SocketAddrV4::new(Ipv4Addr::from(ip), port));
    let mut host = Host::new(config());
    let (listener, _) = host.listen(21, 1).expect("free");
    host.handle_packet(ZERO, &crate::script::packet("S 0:0(0)", between, [5, 0]));
    host.unlisten(ZERO, listener);
    assert_eq!(host.poll_transmit(ZERO), None);
    assert_eq!(host.next_wakeup(), None);
}

#[test]
fn a_port_is_listened_on_once_and_any_port_is_ephemeral() {
    let mut host = Host::new(config());
    let (first, port) = host.listen(0, 1).expect("free");
    assert!(port >= 49152);
    assert_eq!(host.listen(port, 1), Err(ListenError::InUse));
    assert_ne!(host.listen(0, 1).expect("free").1, port);
    host.unlisten(ZERO, first);
    assert!(host.listen(port, 1).is_ok());
}

#[test]
fn ephemeral_ports_are_all_used_before_one_is_refused() {
    let mut host =
        Host::new(halfclose_stack::Config { receive_buffer: 16, send_buffer: 16, ..config() });
    let mut ports: Vec<_> = (0..16384)
        .map(|_| {
            let conn = host.connect(ZERO, None, PEER).expect("free");
            host.status(conn).local.port()
        })
        .collect();
    ports.sort_unstable();
    assert_eq!(ports, (49152..=65535).collect::<Vec<u16>>());
    assert_eq!(host.connect(ZERO, None, PEER), Err(ConnectError::NoPort));
    let other = SocketAddrV4::new(*PEER.ip(), 22);
    assert!(host.connect(ZERO, None, other).is_ok(), "another 4-tuple");
}

#[test]
fn a_4_tuple_in_time_wait_is_not_used_again_until_it_is_over() {
    let mut pair = crate::pair::Pair::new(config(), |_, _| false);
    let (client, server) = pair.open(Some(20));
    pair.hosts[0].close(pair.now, client);
    pair.hosts[1].close(pair.now, server);
    pair.run_for(Duration::from_secs(1));
    let to = pair.server_address();
    let refused = pair.hosts[0].connect(pair.now, Some(20), to);
    assert_eq!(refused, Err(ConnectError::InUse));
    pair.run_for(TIME_WAIT);
    assert!(pair.hosts[0].connect(pair.now, Some(20), to).is_ok());
}

#[test]
fn the_initial_sequence_number_depends_on_the_4_tuple_and_not_on_the_order() {
    let isn_of = |ports: &[u16], wanted: u16| {
        let mut host = Host::new(config());
        for &port in ports {
            host.connect(ZERO, Some(port), PEER).expect("free");
        }
        std::iter::from_fn(|| host.poll_transmit(ZERO))
            .map(|packet| halfclose_stack::Segment::parse(&packet).expect("a SYN"))
            .find(|segment| segment.source.port() == wanted)
            .map(|segment| segment.seq)
    };
    assert_eq!(isn_of(&[5, 6, 7], 6), isn_of(&[7, 6], 6));
    assert_ne!(isn_of(&[5, 6, 7], 6), isn_of(&[5, 6, 7], 5));
}

#[test]
fn the_next_incarnation_of_a_4_tuple_begins_elsewhere() {
    let mut host = Host::new(config());
    let mut isns = Vec::new();
    for _ in 0..3 {
        let conn = host.connect(ZERO, Some(5), PEER).expect("free");
        let packet = host.poll_transmit(ZERO).expect("a SYN");
        isns.push(halfclose_stack::Segment::parse(&packet).expect("a SYN").seq);
        host.abort(ZERO, conn);
    }
    isns.sort_unstable();
    isns.dedup();
    assert_eq!(isns.len(), 3);
}
