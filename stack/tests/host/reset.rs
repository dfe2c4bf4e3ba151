//! RST: the states that send a RST, the number of a RST, and the RSTs that a host believes.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use halfclose_stack::{ClosePolicy, Config, Divergence, Host, NoteKind, Segment};

use crate::endings::{ACCEPTED, accepted, accepted_with, connected};
use crate::script::{check, check_with, config, packet};

#[test]
fn abort_sends_what_the_window_admits_and_then_the_reset() {
    connected(
        "0.1 send 3000; abort
        > . 1:1461(1460) ack 1
        > . 1461:2921(1460) ack 1
        > P. 2921:3001(80) ack 1
        > R. 3001:3001(0) ack 1
        asleep",
    );
    check(
        "0 connect
        > S 0:0(0)
        < S. 0:0(0) ack 1 win 1000 <mss 1460>
        > . 1:1(0) ack 1
        send 3000; abort
        > . 1:1001(1000) ack 1
        > R. 1001:1001(0) ack 1",
    );
}

#[test]
fn shutdown_then_abort_sends_data_fin_and_reset() {
    connected(
        "0.1 send 10; shutdown; abort
        > F. 1:11(10) ack 1
        > R. 12:12(0) ack 1",
    );
}

#[test]
fn a_reset_after_a_timeout_stands_at_snd_max() {
    // The RTO of 1 s rewinds smoltcp's SND.NXT to 1; with Reno, SND.NXT returns only with the ACKs.
    let reno = Config { congestion: halfclose_stack::Congestion::Reno, ..config() };
    check_with(
        reno,
        "0 connect
        > S 0:0(0)
        < S. 0:0(0) ack 1 win 65535 <mss 1460>
        > . 1:1(0) ack 1
        send 2000
        > . 1:1461(1460) ack 1
        > P. 1461:2001(540) ack 1
        1 > . 1:1461(1460) ack 1
        1.5 abort
        > R. 2001:2001(0) ack 1
        note numbered SND.NXT",
    );
}

#[test]
fn a_refused_zero_window_probe_does_not_count() {
    check(
        "0 connect
        > S 0:0(0)
        < S. 0:0(0) ack 1 win 10 <mss 1460>
        > . 1:1(0) ack 1
        send 20
        > . 1:11(10) ack 1
        < . 1:1(0) ack 11 win 0
        1 > . 11:12(1) ack 1
        < . 1:1(0) ack 11 win 0
        1.5 abort
        > R. 11:11(0) ack 1",
    );
}

#[test]
fn no_reset_leaves_in_the_four_states_that_send_none() {
    check("0 connect\n > S 0:0(0)\n 0.1 abort\n > nothing\n asleep; note abort sends no reset");
    accepted(
        "0.1 < F. 1:1(0) ack 1
        > . 1:1(0) ack 2
        shutdown
        > F. 1:1(0) ack 2
        state LAST-ACK; abort
        > nothing
        asleep",
    );
    accepted(
        "0.1 shutdown
        > F. 1:1(0) ack 1
        < F. 1:1(0) ack 1
        > . 2:2(0) ack 2
        state CLOSING; abort
        > nothing
        asleep",
    );
    accepted(
        "0.1 shutdown
        > F. 1:1(0) ack 1
        < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        state TIME-WAIT; abort
        > nothing
        note ended: finished
        9 < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        20 asleep",
    );
    accepted_with(
        ClosePolicy::winsock(),
        "0.1 shutdown
        > F. 1:1(0) ack 1
        < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        state TIME-WAIT; abort
        > nothing
        asleep; note ended: finished",
    );
}

#[test]
fn a_reset_leaves_in_the_states_that_send_one() {
    accepted("0.1 < F. 1:1(0) ack 1\n > . 1:1(0) ack 2\n abort\n > R. 1:1(0) ack 2");
    accepted("0.1 shutdown\n > F. 1:1(0) ack 1\n abort\n > R. 2:2(0) ack 1");
    accepted("0.1 shutdown\n > F. 1:1(0) ack 1\n < . 1:1(0) ack 2\n abort\n > R. 2:2(0) ack 1");
}

#[test]
fn a_reset_beside_rcv_nxt_is_challenged_under_rfc_5961() {
    accepted_with(
        ClosePolicy::linux(),
        "0.1 < R 100:100(0)
        > . 1:1(0) ack 1 win 65535
        state ESTABLISHED; note not believed but challenged
        < R 101:101(0)
        > nothing
        1.2 < R 0:0(0)
        > nothing
        < R 65536:65536(0)
        > nothing
        < R 65535:65535(0)
        > . 1:1(0) ack 1
        state ESTABLISHED
        < R 1:1(0)
        ending reset",
    );
}

#[test]
fn a_reset_anywhere_in_the_window_is_believed_under_rfc_793() {
    accepted_with(ClosePolicy::wfw311(), "0.1 < R 100:100(0)\n ending reset");
    accepted_with(ClosePolicy::wfw311(), "0.1 < R 0:0(0)\n state ESTABLISHED; ending none");
}

#[test]
fn rcv_nxt_counts_what_was_read_what_waits_and_the_fin() {
    accepted_with(
        ClosePolicy::winsock(),
        "0.1 < P. 1:11(10) ack 1
        > . 1:1(0) ack 11
        recv 4
        < R 1:1(0)
        > nothing
        < R 7:7(0)
        > nothing
        ending none
        < F. 11:11(0) ack 1
        > . 1:1(0) ack 12
        < R 11:11(0)
        ending none
        < R 12:12(0)
        ending reset",
    );
}

#[test]
fn a_reset_at_the_number_of_the_fin_counts_by_policy() {
    accepted(
        "0.1 < F. 1:11(10) ack 1
        > . 1:1(0) ack 12
        < R 11:11(0)
        ending reset; recv 10; recv finished",
    );
    accepted(
        "0.1 < P. 1:11(10) ack 1
        > . 1:1(0) ack 11
        < R 10:10(0)
        > nothing
        ending none",
    );
}

#[test]
fn an_exact_reset_that_smoltcp_ignores_still_ends_the_connection() {
    // Data fills the window and brings a FIN while the ACK is delayed: smoltcp's window is then
    // behind RCV.NXT, and a RST at RCV.NXT outside of it.
    let small =
        Config { receive_buffer: 64, ack_delay: Some(Duration::from_millis(10)), ..config() };
    check_with(
        small,
        "0 listen
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1 win 64
        < . 1:1(0) ack 1
        accept
        0.1 < F. 1:65(64) ack 1
        < R 66:66(0)
        note exactly at RCV.NXT; ending reset; unread 64; recv 64; recv finished
        > nothing",
    );
}

#[test]
fn a_syn_on_a_synchronized_connection_is_challenged() {
    accepted(
        "0.1 < S 500:500(0)
        > . 1:1(0) ack 1
        note a SYN on a synchronized connection
        0.2 < R 1:1(0)
        ending reset",
    );
}

#[test]
fn a_closed_port_answers_with_the_right_reset() {
    check("0 < S 0:0(0)\n > R. 0:0(0) ack 1");
    check("0 < . 5:5(0) ack 77\n > R 77:77(0)");
    check("0 < R 5:5(0)\n > nothing");
}

#[test]
fn a_connection_reset_before_accept_is_still_accepted() {
    check(
        "0 listen
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1
        < P. 1:11(10) ack 1
        > . 1:1(0) ack 11
        < R 11:11(0)
        accept; ready; established; ending reset; unread 10; recv 10; recv reset; close; accept none",
    );
}

#[test]
fn a_duplicate_syn_of_an_established_connection_does_not_reach_the_listener() {
    check(&[ACCEPTED, "0.1 < S 0:0(0)\n > . 1:1(0) ack 1\n state ESTABLISHED"].concat());
}

#[test]
fn the_window_of_the_syn_holds_until_the_first_ack_leaves() {
    let [host, peer] = [([10, 0, 0, 1], 5), ([10, 0, 0, 2], 21)]
        .map(|(ip, port)| SocketAddrV4::new(Ipv4Addr::from(ip), port));
    let mut under_test = Host::new(config());
    under_test.connect(Duration::ZERO, Some(5), peer).expect("free");
    let syn = under_test.poll_transmit(Duration::ZERO).expect("a SYN");
    let isn = Segment::parse(&syn).expect("a SYN").seq;
    for text in ["S. 0:0(0) ack 1", "R 100:100(0)"] {
        under_test.handle_packet(Duration::ZERO, &packet(text, [peer, host], [900, isn]));
    }
    let notes: Vec<_> =
        std::iter::from_fn(|| under_test.poll_note()).map(|note| note.kind).collect();
    assert!(notes.contains(&NoteKind::Divergence(Divergence::ResetInWindow)), "{notes:?}");
}
