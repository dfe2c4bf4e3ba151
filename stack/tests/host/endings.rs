//! Endings: the host tells apart the ways in which a connection ends. smoltcp shows CLOSED for each.

use halfclose_stack::{ClosePolicy, Config, ReceivedAtReset, ResetTold};

use crate::script::{check, check_with, config};

/// A server with one accepted connection.
pub(crate) const ACCEPTED: &str = "
    0 listen
    < S 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1 win 65535
    < . 1:1(0) ack 1
    accept
";

/// A client with an established connection.
pub(crate) const CONNECTED: &str = "
    0 connect
    > S 0:0(0) win 65535 <mss 1460,sackOK,wscale 0>
    < S. 0:0(0) ack 1 win 65535 <mss 1460>
    > . 1:1(0) ack 1
";

pub(crate) fn accepted(script: &str) {
    check(&[ACCEPTED, script].concat());
}

pub(crate) fn connected(script: &str) {
    check(&[CONNECTED, script].concat());
}

pub(crate) fn accepted_with(policy: ClosePolicy, script: &str) {
    check_with(Config { policy, ..config() }, &[ACCEPTED, script].concat());
}

#[test]
fn fin_both_ways_is_finished() {
    accepted(
        "0.1 < F. 1:1(0) ack 1
        recv finished; state CLOSE-WAIT; ending none
        > . 1:1(0) ack 2
        shutdown
        > F. 1:1(0) ack 2
        ending none
        < . 2:2(0) ack 2
        ending finished; note ended: finished; state CLOSED; close; asleep",
    );
}

#[test]
fn the_active_closer_is_finished_in_time_wait() {
    accepted(
        "0.1 shutdown
        > F. 1:1(0) ack 1
        < . 1:1(0) ack 2
        state FIN-WAIT-2; ending none
        < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        state TIME-WAIT; ending finished; recv finished; close
        11 asleep; note TIME-WAIT -> CLOSED",
    );
}

#[test]
fn reset_in_established_is_told_once_or_always_by_policy() {
    accepted(
        "0.1 < R. 1:1(0) ack 1\n ending reset; recv reset; send-fails finished; note ended: reset",
    );
    accepted(
        "0.1 < R. 1:1(0) ack 1\n send-fails reset; recv finished; send-fails finished; ending reset",
    );
    accepted_with(
        ClosePolicy::winsock(),
        "0.1 < R. 1:1(0) ack 1\n ending reset; recv reset; send-fails reset; note ended: reset",
    );
}

#[test]
fn reset_of_our_syn_is_refused() {
    check(
        "0 connect\n > S 0:0(0)\n < R. 0:0(0) ack 1\n ending refused; recv refused; close; asleep",
    );
}

#[test]
fn reset_in_simultaneous_open_is_refused() {
    check(
        "0 connect
        > S 0:0(0)
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1
        state SYN-RECEIVED
        < R. 1:1(0) ack 1
        ending refused",
    );
}

#[test]
fn reset_after_fin_is_finished_for_the_reader_and_by_policy_for_the_sender() {
    let script = |told: &str| {
        [
            "0.1 < F. 1:11(10) ack 1
        > . 1:1(0) ack 12
        < R. 12:12(0) ack 1
        unread 10; recv 10; recv finished; ending reset; send-fails ",
            told,
        ]
        .concat()
    };
    accepted(&script("finished"));
    let always = ClosePolicy { reset_told: ResetTold::Always, ..ClosePolicy::linux() };
    accepted_with(always, &script("reset"));
}

#[test]
fn reset_in_last_ack_closing_and_time_wait_is_finished() {
    accepted(
        "0.1 < F. 1:1(0) ack 1
        > . 1:1(0) ack 2
        shutdown
        > F. 1:1(0) ack 2
        < R. 2:2(0) ack 1
        ending finished",
    );
    accepted(
        "0.1 shutdown
        > F. 1:1(0) ack 1
        < F. 1:1(0) ack 1
        > . 2:2(0) ack 2
        state CLOSING
        < R. 2:2(0) ack 1
        ending finished",
    );
    accepted(
        "0.1 shutdown
        > F. 1:1(0) ack 1
        < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        < R. 2:2(0) ack 2
        ending finished; state CLOSED",
    );
}

#[test]
fn abort_is_aborted() {
    accepted("0.1 abort\n > R. 1:1(0) ack 1\n note ended: aborted; asleep");
}

#[test]
fn received_bytes_survive_a_reset_under_keep() {
    accepted_with(
        ClosePolicy::linux(),
        "0.1 < P. 1:11(10) ack 1
        > . 1:1(0) ack 11
        < R. 11:11(0) ack 1
        unread 10; recv 10; recv reset",
    );
}

#[test]
fn received_bytes_die_with_a_reset_under_flush() {
    accepted_with(
        ClosePolicy::winsock(),
        "0.1 < P. 1:11(10) ack 1
        > . 1:1(0) ack 11
        unread 10
        < R. 11:11(0) ack 1
        unread 0; recv reset",
    );
    accepted_with(
        ClosePolicy::winsock(),
        "0.1 < F. 1:11(10) ack 1
        > . 1:1(0) ack 12
        < R. 12:12(0) ack 1
        unread 0; recv reset",
    );
}

#[test]
fn bytes_unread_outlive_time_wait() {
    accepted(
        "0.1 shutdown
        > F. 1:1(0) ack 1
        < F. 1:11(10) ack 2
        > . 2:2(0) ack 12
        state TIME-WAIT
        60 unread 10; recv 10; note bytes unread at the end of TIME-WAIT
        state CLOSED; recv finished; close; asleep",
    );
}

#[test]
fn a_reset_behind_a_fin_is_told_if_the_reset_takes_bytes() {
    let takes = ClosePolicy { received_at_reset: ReceivedAtReset::Flush, ..ClosePolicy::linux() };
    let script = "0.1 < P. 1:11(10) ack 1
        > . 1:1(0) ack 11
        < F. 11:11(0) ack 1
        > . 1:1(0) ack 12
        < R. 12:12(0) ack 1
        recv reset; recv finished";
    accepted_with(takes, script);
    accepted_with(ClosePolicy::linux(), &script.replace("recv reset", "recv 10"));
}
