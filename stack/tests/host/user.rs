//! SEND, RECEIVE, STATUS, readiness and urgent data.

use halfclose_stack::{ClosePolicy, Config};

use crate::endings::{accepted, connected};
use crate::script::{check, check_with, config};

#[test]
fn status_counts_unsent_and_unacknowledged_bytes() {
    check(
        "0 connect
        > S 0:0(0)
        < S. 0:0(0) ack 1 win 1000 <mss 1460>
        > . 1:1(0) ack 1
        send 3000; unsent 3000; unacked 3000
        > . 1:1001(1000) ack 1
        unsent 2000; unacked 3000
        < . 1:1(0) ack 1001 win 65535
        > . 1001:2461(1460) ack 1
        > P. 2461:3001(540) ack 1
        unsent 0; unacked 2000",
    );
}

#[test]
fn unsent_bytes_stay_transmitted_after_a_timeout() {
    connected(
        "0.1 send 10
        > P. 1:11(10) ack 1
        unsent 0
        1.1 > P. 1:11(10) ack 1
        unsent 0; unacked 10",
    );
}

#[test]
fn ready_says_that_all_has_left_to_who_has_asked() {
    connected(
        "0.1 ready; quiet
        send 10; unsent 10
        > P. 1:11(10) ack 1
        ready; quiet; unsent 0",
    );
}

#[test]
fn ready_says_each_change_once() {
    connected(
        "0.1 ready; quiet
        send 10
        > P. 1:11(10) ack 1
        quiet
        < . 1:1(0) ack 11
        ready; quiet
        < P. 1:11(10) ack 11
        > . 11:11(0) ack 11
        < P. 11:21(10) ack 11
        > . 11:11(0) ack 21
        ready; quiet; recv 20
        quiet
        < F. 21:21(0) ack 11
        > . 11:11(0) ack 22
        ready; quiet
        < . 22:22(0) ack 11
        quiet",
    );
}

#[test]
fn receive_takes_no_more_than_its_limit() {
    accepted("0.1 < P. 1:11(10) ack 1\n > . 1:1(0) ack 11\n recv 4; unread 6; recv 6; recv none");
}

#[test]
fn a_window_that_was_closed_is_announced_when_it_opens() {
    let small = Config { receive_buffer: 100, ..config() };
    check_with(
        small,
        "0 listen
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1 win 100
        < . 1:1(0) ack 1
        accept
        < P. 1:101(100) ack 1
        > . 1:1(0) ack 101 win 0
        recv 10
        > . 1:1(0) ack 101 win 10
        recv 5
        > nothing
        recv 85
        > . 1:1(0) ack 101 win 100",
    );
}

#[test]
fn presets_have_names_and_a_host_may_change_threads() {
    fn may_change_threads<T: Send>() {}
    may_change_threads::<halfclose_stack::Host>();
    for name in ["linux", "winsock", "wfw311", "smoltcp"] {
        assert!(ClosePolicy::by_name(name).is_some(), "{name}");
    }
    assert_eq!(ClosePolicy::by_name("windows"), None);
}

#[test]
fn a_full_send_buffer_takes_no_more() {
    let small = Config { send_buffer: 100, ..config() };
    check_with(
        small,
        "0 connect
        > S 0:0(0)
        < S. 0:0(0) ack 1 win 65535 <mss 1460>
        > . 1:1(0) ack 1
        send 100; send 0
        > P. 1:101(100) ack 1",
    );
}

#[test]
fn urgent_marks_the_byte_sent_last() {
    connected(
        "0.1 send 3; urgent
        > PU. 1:4(3) ack 1 win 65535 urg 3
        < . 1:1(0) ack 4
        send 2
        > P. 4:6(2) ack 1",
    );
}

#[test]
fn an_urgent_mark_received_is_ahead_until_it_is_read() {
    accepted(
        "0.1 urgent-ahead none
        < PU. 1:11(10) ack 1 urg 4
        > . 1:1(0) ack 11
        urgent-ahead 4; recv 3; urgent-ahead 1; recv 1; urgent-ahead none; recv 6",
    );
}

#[test]
#[should_panic(expected = "its user must not use it again")]
fn a_closed_connection_is_not_used_again() {
    accepted("0.1 close; state ESTABLISHED");
}
