//! CLOSE: a RST in place of the FIN, data after the FIN, and a FIN that waits.

use std::time::Duration;

use halfclose_stack::{ClosePolicy, Config};

use crate::endings::{ACCEPTED, accepted, accepted_with, connected};
use crate::script::{check, check_with, config};

#[test]
fn close_in_syn_received_waits_for_established() {
    check(
        "0 connect
        > S 0:0(0)
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1
        0.1 close
        > nothing
        note close in SYN-RECEIVED
        < . 1:1(0) ack 1
        > F. 1:1(0) ack 1
        < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        note ended: finished",
    );
}

#[test]
fn close_in_syn_sent_is_silent() {
    check("0 connect\n > S 0:0(0)\n 0.1 close\n > nothing\n asleep");
}

#[test]
fn shutdown_in_syn_sent_sends_its_fin_once_established() {
    check(
        "0 connect; shutdown
        > S 0:0(0)
        < S. 0:0(0) ack 1 win 65535 <mss 1460>
        > F. 1:1(0) ack 1
        state FIN-WAIT-1",
    );
}

#[test]
fn close_with_unread_bytes_resets_or_not_by_policy() {
    accepted_with(
        ClosePolicy::linux(),
        "0.1 < P. 1:11(10) ack 1
        > . 1:1(0) ack 11
        close
        > R. 1:1(0) ack 11
        note ended: aborted; asleep",
    );
    accepted_with(
        ClosePolicy::smoltcp(),
        "0.1 < P. 1:11(10) ack 1
        > . 1:1(0) ack 11
        close
        > F. 1:1(0) ack 11",
    );
}

#[test]
fn data_after_close_resets_or_not_by_policy() {
    accepted_with(
        ClosePolicy::linux(),
        "0.1 close
        > F. 1:1(0) ack 1
        < . 1:1(0) ack 2
        0.2 < P. 1:11(10) ack 2
        > R 2:2(0)
        note ended: aborted; asleep",
    );
    accepted_with(
        ClosePolicy::winsock(),
        "0.1 close
        > F. 1:1(0) ack 1
        < . 1:1(0) ack 2
        0.2 < P. 1:11(10) ack 2
        > R. 2:2(0) ack 1
        note ended: aborted; asleep",
    );
    accepted_with(
        ClosePolicy::smoltcp(),
        "0.1 close
        > F. 1:1(0) ack 1
        < P. 1:11(10) ack 2
        > . 2:2(0) ack 11",
    );
}

#[test]
fn an_old_duplicate_after_close_does_not_reset() {
    accepted(
        "0.1 < P. 1:11(10) ack 1
        > . 1:1(0) ack 11
        recv 10; close
        > F. 1:1(0) ack 11
        0.2 < P. 1:11(10) ack 1
        > . 2:2(0) ack 11
        0.3 < F. 11:11(0) ack 2
        > . 2:2(0) ack 12",
    );
}

#[test]
fn a_fin_rides_on_the_last_byte() {
    connected("0.1 send 10; close\n > F. 1:11(10) ack 1");
}

#[test]
fn a_command_read_and_its_reply_leave_as_one_segment() {
    let delaying = Config { ack_delay: Some(Duration::from_millis(10)), ..config() };
    check_with(
        delaying,
        &[ACCEPTED, "0.1 < P. 1:11(10) ack 1\n recv 10; send 20\n > P. 1:21(20) ack 11"].concat(),
    );
}

#[test]
fn a_fin_cut_off_by_the_window_is_not_taken() {
    let small = Config { receive_buffer: 64, ..config() };
    check_with(
        small,
        "0 listen
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1 win 64
        < . 1:1(0) ack 1
        accept
        0.1 < F. 1:101(100) ack 1
        note cut by the window; unread 0; state ESTABLISHED",
    );
}

#[test]
fn data_beyond_the_peers_fin_is_ignored() {
    accepted(
        "0.1 < F. 1:11(10) ack 1
        > . 1:1(0) ack 12
        < P. 12:22(10) ack 1
        unread 10; recv 10; recv finished; note data after the peer's FIN",
    );
}

#[test]
fn a_fin_that_smoltcp_loses_is_reported() {
    accepted_with(
        ClosePolicy::smoltcp(),
        "0.1 < F. 11:11(0) ack 1
        note arrived before the data; state ESTABLISHED",
    );
    accepted_with(
        ClosePolicy::smoltcp(),
        "0.1 < P. 1:11(10) ack 1
        > . 1:1(0) ack 11
        0.2 < F. 1:11(10) ack 1
        > . 1:1(0) ack 11
        note on a repeated segment; state ESTABLISHED",
    );
}

#[test]
fn a_fin_before_its_turn_is_kept() {
    accepted(
        "0.1 < F. 11:11(0) ack 1
        > . 1:1(0) ack 1
        no-note arrived before the data; state ESTABLISHED
        0.2 < P. 1:11(10) ack 1
        > . 1:1(0) ack 12
        state CLOSE-WAIT; recv 10; recv finished",
    );
    accepted(
        "0.1 < F. 11:21(10) ack 1
        > . 1:1(0) ack 1
        0.2 < P. 1:11(10) ack 1
        > . 1:1(0) ack 22
        state CLOSE-WAIT; recv 20; recv finished",
    );
}

#[test]
fn news_on_an_old_segment_counts() {
    // A FIN on data that has arrived, an ACK on a copy of a FIN, and data on a segment with an old ACK.
    accepted(
        "0.1 < P. 1:11(10) ack 1
        > . 1:1(0) ack 11
        0.2 < F. 1:11(10) ack 1
        > . 1:1(0) ack 12
        state CLOSE-WAIT",
    );
    accepted(
        "0.1 < F. 1:1(0) ack 1
        > . 1:1(0) ack 2
        shutdown
        > F. 1:1(0) ack 2
        < F. 1:1(0) ack 2
        > nothing
        ending finished",
    );
    accepted(
        "0.1 send 10
        > P. 1:11(10) ack 1
        < . 1:1(0) ack 11
        < P. 1:11(10) ack 1
        > . 11:11(0) ack 11
        no-note with an old ACK; unread 10",
    );
}

#[test]
fn each_copy_of_a_fin_is_acknowledged() {
    accepted(
        "0.1 < F. 1:1(0) ack 1
        > . 1:1(0) ack 2
        < F. 1:1(0) ack 1
        > . 1:1(0) ack 2
        < F. 1:1(0) ack 1
        > . 1:1(0) ack 2
        state CLOSE-WAIT; unread 0",
    );
}

#[test]
fn close_with_unread_bytes_resets_in_last_ack_and_closing_too() {
    accepted(
        "0.1 < F. 1:11(10) ack 1
        > . 1:1(0) ack 12
        shutdown
        > F. 1:1(0) ack 12
        state LAST-ACK; close
        > R. 2:2(0) ack 12
        asleep",
    );
    accepted(
        "0.1 shutdown
        > F. 1:1(0) ack 1
        < F. 1:11(10) ack 1
        > . 2:2(0) ack 12
        state CLOSING; abort
        > R. 2:2(0) ack 12
        asleep",
    );
}

#[test]
fn a_copy_of_the_syn_draws_the_syn_ack_again() {
    check(
        "0 listen
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1 win 65535 <mss 1460>
        0.5 < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1 win 65535 <mss 1460>
        < . 1:1(0) ack 1
        accept; state ESTABLISHED",
    );
}

#[test]
fn data_that_smoltcp_drops_for_its_old_ack_is_reported() {
    accepted_with(
        ClosePolicy::smoltcp(),
        "0.1 send 10
        > P. 1:11(10) ack 1
        < . 1:1(0) ack 11
        < P. 1:11(10) ack 1
        note with an old ACK; unread 0",
    );
}
