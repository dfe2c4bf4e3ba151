//! Choices of a configuration by which a host is nearer to Linux: times of the SYN, the first flight,
//! Minshall's form of Nagle's algorithm, and the length of TIME-WAIT.

use std::time::Duration;

use halfclose_stack::{Config, Congestion, SynRetries};

use crate::endings::{ACCEPTED, CONNECTED};
use crate::script::{check, check_with, config};

#[test]
fn a_syn_is_repeated_after_doubling_pauses() {
    check(
        "0 connect
        > S 0:0(0)
        1 > S 0:0(0)
        3 > S 0:0(0)
        7 > S 0:0(0)
        15 > S 0:0(0)
        31 > S 0:0(0)
        63 > S 0:0(0)
        123 > S 0:0(0)
        126.9 ending none
        127 ending timed out; recv timed-out; close; asleep",
    );
}

#[test]
fn a_syn_is_repeated_when_linux_repeats_it() {
    check_with(
        Config { syn_retries: SynRetries::Linux, ..config() },
        "0 connect
        > S 0:0(0) win 65535 <mss 1460,sackOK,wscale 0>
        1 > S 0:0(0) win 65535 <mss 1460,sackOK,wscale 0>
        2 > S 0:0(0)
        3 > S 0:0(0)
        4 > S 0:0(0)
        5 > S 0:0(0)
        7 > S 0:0(0)
        11 > S 0:0(0)
        19 > S 0:0(0)
        35 > S 0:0(0)
        67 > S 0:0(0)
        127 > S 0:0(0)
        130.9 ending none
        131 ending timed out; recv timed-out; close; asleep",
    );
}

#[test]
fn a_connection_opens_after_a_syn_that_smoltcp_would_not_have_sent() {
    check_with(
        Config { syn_retries: SynRetries::Linux, ..config() },
        "0 connect
        > S 0:0(0)
        1 > S 0:0(0)
        2 > S 0:0(0)
        2.05 < S. 0:0(0) ack 1 win 65535 <mss 1460>
        > . 1:1(0) ack 1
        send 10
        > P. 1:11(10) ack 1
        3.05 > P. 1:11(10) ack 1
        < . 1:1(0) ack 11
        900 state ESTABLISHED; unacked 0; ending none",
    );
}

/// A user of a host with an imposed window of three segments sends 20,000 bytes.
const FLIGHTS: &str = "
    0.1 send 20000
    > . 1:1461(1460) ack 1
    > . 1461:2921(1460) ack 1
    > . 2921:4381(1460) ack 1
    0.2 < . 1:1(0) ack 1461
    > . 4381:5841(1460) ack 1
    > . 5841:7301(1460) ack 1
    < . 1:1(0) ack 4381
    > . 7301:8761(1460) ack 1
    > . 8761:10221(1460) ack 1
    > . 10221:11681(1460) ack 1
    > . 11681:13141(1460) ack 1
";

#[test]
fn an_imposed_window_begins_with_its_segments_and_doubles() {
    let imposed = Config { initial_window: Some(3), ..config() };
    for opens in [CONNECTED, ACCEPTED] {
        check_with(imposed, &[opens, FLIGHTS].concat());
    }
    // A window of the peer below the imposed window counts.
    let small = CONNECTED.replace("ack 1 win 65535", "ack 1 win 1000");
    check_with(imposed, &[&small, "0.1 send 2000\n > . 1:1001(1000) ack 1"].concat());
}

#[test]
fn a_short_segment_waits_for_a_short_segment_alone_with_minshall() {
    let nagle = Config { nagle: true, congestion: Congestion::None, ..config() };
    let minshall = Config { minshall: true, ..nagle };
    let tail = "0.1 send 1500\n > . 1:1461(1460) ack 1";
    check_with(
        minshall,
        &[
            CONNECTED,
            tail,
            "
            > P. 1461:1501(40) ack 1
            0.2 send 10
            > nothing
            < . 1:1(0) ack 1461
            > nothing
            send 1460
            > . 1501:2961(1460) ack 1
            < . 1:1(0) ack 1501
            > P. 2961:2971(10) ack 1",
        ]
        .concat(),
    );
    check_with(
        nagle,
        &[CONNECTED, tail, "\n 0.2 < . 1:1(0) ack 1461\n > P. 1461:1501(40) ack 1"].concat(),
    );
}

#[test]
fn time_wait_lasts_as_long_as_the_configuration_says() {
    for (time_wait, last, end) in [(10, "10.1", "10.2"), (60, "60.1", "60.2"), (1, "1.1", "1.2")] {
        let time_wait = Duration::from_secs(time_wait);
        let script = [
            ACCEPTED,
            "0.1 close
            > F. 1:1(0) ack 1
            < . 1:1(0) ack 2
            0.2 < F. 1:1(0) ack 2
            > . 2:2(0) ack 2\n",
            last,
            " no-note TIME-WAIT -> CLOSED\n",
            end,
            " note TIME-WAIT -> CLOSED; asleep",
        ]
        .concat();
        check_with(Config { time_wait, ..config() }, &script);
    }
}

#[test]
fn a_copy_of_the_fin_restarts_time_wait_of_any_length() {
    let script = [
        ACCEPTED,
        "0.1 close
        > F. 1:1(0) ack 1
        < . 1:1(0) ack 2
        0.2 < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        30 < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        89.9 no-note TIME-WAIT -> CLOSED
        90 note TIME-WAIT -> CLOSED; asleep",
    ]
    .concat();
    check_with(Config { time_wait: Duration::from_secs(60), ..config() }, &script);
}
