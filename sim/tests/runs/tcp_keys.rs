//! The keys by which both TCPs are nearer to Linux: the SYN's times, the first flight, Minshall's form
//! of Nagle's algorithm, and the length of TIME-WAIT.

use std::time::Duration;

use halfclose::{Scenario, Verdict, run};

fn scenario(settings: &[&str]) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.vary(settings.iter().copied()).expect("the settings are sound");
    scenario
}

#[test]
fn a_default_written_out_moves_no_digest() {
    let plain = run(&scenario(&["link.loss=5%"]), 3).expect("no file is read").digest;
    for setting in [
        "tcp.minshall=false",
        "tcp.initial_window=none",
        "tcp.syn_retries=doubling",
        "tcp.time_wait=10s",
    ] {
        let same = run(&scenario(&["link.loss=5%", setting]), 3).expect("no file is read").digest;
        assert_eq!(same, plain, "{setting}");
    }
}

#[test]
fn lost_syns_are_made_up_sooner_with_the_times_of_linux() {
    let faults = "fault=drop client control SYN 1; drop client control SYN 2; \
                  drop client control SYN 3";
    let told = |retries: &str| {
        let outcome = run(&scenario(&[faults, retries]), 0).expect("no file is read");
        assert_eq!(outcome.verdict, Verdict::Intact);
        outcome.told_at
    };
    let earlier = told("tcp.syn_retries=doubling") - told("tcp.syn_retries=linux");
    // The fourth SYN leaves after 7 s, and after 3 s on Linux.
    assert_eq!(earlier, Duration::from_secs(4));
}

#[test]
fn an_upload_that_is_reset_at_once_stores_the_first_flight() {
    let stored = |settings: &[&str]| {
        let both = [&["client.close=reset", "tcp.congestion=none"], settings].concat();
        run(&scenario(&both), 0).expect("no file is read").transfers[0].stored
    };
    // The client writes 40,000 bytes and resets: 27 segments of 1,460 bytes leave, or ten.
    assert_eq!(stored(&["do.size=40000"]), 39_420);
    assert_eq!(stored(&["do.size=40000", "tcp.initial_window=10"]), 14_600);
    // Nagle's algorithm holds the short tail back. On Linux 10,000 bytes leave at once.
    assert_eq!(stored(&["do.size=10000", "tcp.initial_window=10"]), 8_760);
    assert_eq!(stored(&["do.size=10000", "tcp.initial_window=10", "tcp.minshall=true"]), 10_000);
}

#[test]
fn time_wait_of_sixty_seconds_ends_a_run_fifty_seconds_later() {
    let ended = |setting: &str| {
        let scenario = scenario(&[setting]);
        run(&scenario, 0).expect("no file is read").quiet_at
    };
    let later = ended("tcp.time_wait=60s") - ended("tcp.time_wait=10s");
    assert_eq!(later, Duration::from_secs(50));
}
