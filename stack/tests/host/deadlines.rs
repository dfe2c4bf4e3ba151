//! Deadlines of the host, and the watchdog for lost timers.

use std::time::Duration;

use halfclose_stack::{ClosePolicy, Config, Congestion, Deadlines};

use crate::endings::{ACCEPTED, CONNECTED, accepted};
use crate::script::{check, check_with, config};

fn deadlines(change: impl FnOnce(&mut Deadlines)) -> Config {
    let mut config = config();
    change(&mut config.deadlines);
    config
}

#[test]
fn syn_sent_times_out_silently() {
    check_with(
        deadlines(|limits| limits.syn_sent = Duration::from_secs(5)),
        "0 connect
        > S 0:0(0)
        1 > S 0:0(0)
        3 > S 0:0(0)
        4.9 ending none
        5 ending timed out; recv timed-out; ready; close; asleep",
    );
}

#[test]
fn syn_received_times_out_with_a_reset() {
    check_with(
        deadlines(|limits| limits.syn_received = Duration::from_millis(900)),
        "0 listen
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1
        0.9 > R. 1:1(0) ack 1
        note ended: timed out; asleep; accept none",
    );
}

#[test]
fn unacknowledged_data_times_out_with_a_reset() {
    check_with(
        deadlines(|limits| limits.user_timeout = Duration::from_millis(1500)),
        &[
            CONNECTED,
            "100 send 10
            > P. 1:11(10) ack 1
            101 > P. 1:11(10) ack 1
            101.5 > R. 11:11(0) ack 1
            ending timed out; ready",
        ]
        .concat(),
    );
}

#[test]
fn an_idle_connection_does_not_time_out_by_itself() {
    accepted("86400 ending none; state ESTABLISHED");
}

#[test]
fn a_peer_that_answers_probes_of_its_closed_window_is_not_timed_out() {
    check_with(
        deadlines(|limits| limits.user_timeout = Duration::from_millis(2500)),
        "0 connect
            > S 0:0(0)
            < S. 0:0(0) ack 1 win 0 <mss 1460>
            > . 1:1(0) ack 1
            0.1 send 10
            1 > . 1:2(1) ack 1
            < . 1:1(0) ack 1 win 0
            3 > . 1:2(1) ack 1
            < . 1:1(0) ack 1 win 0
            5.4 ending none
            5.5 > R. 1:1(0) ack 1
            ending timed out",
    );
}

#[test]
fn an_idle_deadline_ends_an_idle_connection() {
    check_with(
        deadlines(|limits| limits.idle = Some(Duration::from_secs(30))),
        &[
            ACCEPTED,
            "10 < P. 1:11(10) ack 1
            10 > . 1:1(0) ack 11
            39.9 ending none
            40 > R. 1:1(0) ack 11
            ending timed out",
        ]
        .concat(),
    );
}

#[test]
fn fin_wait_2_of_an_orphan_ends_silently() {
    accepted(
        "0 close
        > F. 1:1(0) ack 1
        0.5 < . 1:1(0) ack 2
        60.4 no-note ended
        60.5 note ended: timed out
        > nothing
        asleep
        62 < F. 1:1(0) ack 2
        > R 2:2(0)",
    );
    check_with(
        Config { policy: ClosePolicy::smoltcp(), ..config() },
        &[
            ACCEPTED,
            "0 close\n > F. 1:1(0) ack 1\n 0.5 < . 1:1(0) ack 2\n 9999 no-note ended; asleep",
        ]
        .concat(),
    );
}

#[test]
fn fin_wait_2_of_a_user_who_waits_does_not_end() {
    accepted(
        "0 shutdown\n > F. 1:1(0) ack 1\n < . 1:1(0) ack 2\n 9999 state FIN-WAIT-2; ending none",
    );
}

#[test]
fn linger_resets_an_orphan_that_is_not_acknowledged() {
    let policy = ClosePolicy { linger: Some(Duration::from_millis(900)), ..ClosePolicy::linux() };
    check_with(
        Config { policy, ..config() },
        &[ACCEPTED, "1 send 10; close\n > F. 1:11(10) ack 1\n 1.9 > R. 12:12(0) ack 1\n asleep"]
            .concat(),
    );
}

/// Data arrives, the ACKs and the lone FIN are lost, everything is sent again, and five equal ACKs
/// answer: smoltcp starts a fast retransmission without data to send and without a timer.
const FIN_DEADLOCK: &str = "
    0.1 send 7300
    > . 1:1461(1460) ack 1
    > . 1461:2921(1460) ack 1
    > . 2921:4381(1460) ack 1
    > . 4381:5841(1460) ack 1
    > P. 5841:7301(1460) ack 1
    shutdown
    > F. 7301:7301(0) ack 1
    1.1 > . 1:1461(1460) ack 1
    > . 1461:2921(1460) ack 1
    > . 2921:4381(1460) ack 1
    > . 4381:5841(1460) ack 1
    > F. 5841:7301(1460) ack 1
    < . 1:1(0) ack 7301
    < . 1:1(0) ack 7301
    < . 1:1(0) ack 7301
    < . 1:1(0) ack 7301
    < . 1:1(0) ack 7301
    unacked 0; state FIN-WAIT-1
";

#[test]
fn the_fin_deadlock_is_ended_as_stalled_after_120_seconds() {
    check(
        &[
            CONNECTED,
            FIN_DEADLOCK,
            "121 ending none
        121.1 > R. 7302:7302(0) ack 1
        ending stalled; recv stalled; note no timer repeats it; ready; close; asleep",
        ]
        .concat(),
    );
}

#[test]
fn the_fin_deadlock_is_ended_at_once_when_nothing_else_will_happen() {
    check(
        &[CONNECTED, FIN_DEADLOCK, "2 silence\n > R. 7302:7302(0) ack 1\n ending stalled"].concat(),
    );
}

#[test]
fn the_watchdog_spares_a_connection_that_the_peer_still_moves() {
    check(
        &[CONNECTED, FIN_DEADLOCK, "2 < . 1:1(0) ack 7302\n state FIN-WAIT-2\n 999 ending none"]
            .concat(),
    );
}

#[test]
fn the_watchdog_spares_a_timeout_at_a_stale_closed_window() {
    // smoltcp takes windows from old segments (no SND.WL1) and then loses its timer.
    check(
        &[
            CONNECTED,
            "0.1 send 10
            > P. 1:11(10) ack 1
            0.2 < . 1:1(0) ack 1 win 0
            50 > nothing
            ending none
            < . 1:1(0) ack 1 win 100
            > P. 1:11(10) ack 1
            < . 1:1(0) ack 11 win 100
            999 ending none",
        ]
        .concat(),
    );
}

/// With congestion control, smoltcp does not see the segments that would stop its timer.
fn check_with_reno(script: &str) {
    let config = Config { congestion: Congestion::Reno, ..config() };
    check_with(config, &[CONNECTED, script].concat());
}

#[test]
fn with_reno_equal_acks_leave_the_timer_of_a_lone_fin_alone() {
    check_with_reno(
        "0.1 send 1000; shutdown
        > F. 1:1001(1000) ack 1
        0.2 < . 1:1(0) ack 1001
        < . 1:1(0) ack 1001
        < . 1:1(0) ack 1001
        < . 1:1(0) ack 1001
        < . 1:1(0) ack 1001
        unacked 0; state FIN-WAIT-1
        > nothing
        1.2 > F. 1001:1001(0) ack 1
        1.3 < . 1:1(0) ack 1002
        state FIN-WAIT-2",
    );
    check_with_reno(
        "0.1 shutdown
        > F. 1:1(0) ack 1
        < F. 1:1(0) ack 1
        > . 2:2(0) ack 2
        state CLOSING
        < . 2:2(0) ack 1
        < . 2:2(0) ack 1
        < . 2:2(0) ack 1
        > nothing
        1.1 > F. 1:1(0) ack 2
        1.2 < . 2:2(0) ack 2
        state TIME-WAIT",
    );
}

#[test]
fn with_reno_a_closed_window_of_an_old_segment_does_not_stop_the_timer() {
    check_with_reno(
        "0.1 send 10
        > P. 1:11(10) ack 1
        0.2 < . 1:1(0) ack 1 win 0
        1.1 > P. 1:11(10) ack 1
        < . 1:1(0) ack 11",
    );
}

#[test]
fn with_reno_a_window_that_closes_at_its_end_is_still_probed() {
    let config = Config { congestion: Congestion::Reno, ..config() };
    check_with(
        config,
        "0 connect
        > S 0:0(0)
        < S. 0:0(0) ack 1 win 100
        > . 1:1(0) ack 1
        0.1 send 110
        > . 1:101(100) ack 1
        0.2 < . 1:1(0) ack 101 win 0
        1.2 > . 101:102(1) ack 1
        < . 1:1(0) ack 101 win 0
        3.2 > . 101:102(1) ack 1",
    );
}

#[test]
fn silence_ends_no_connection_that_merely_waits() {
    accepted("1 silence\n ending none; state ESTABLISHED");
    accepted("1 send 10\n > P. 1:11(10) ack 1\n silence\n ending none\n 2 > P. 1:11(10) ack 1");
}
