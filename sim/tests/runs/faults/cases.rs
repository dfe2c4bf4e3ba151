//! The stall of smoltcp under a written list of faults, and the forged segments of RFC 5961.

use std::time::Duration;

use halfclose::Verdict;
use halfclose_stack::{Divergence, Ending};

use super::run::{ran, scenario};

const DEADLOCK: &str = "smoltcp-fin-deadlock";

#[test]
fn three_lost_packets_stall_smoltcp_and_the_watchdog_names_it() {
    for seed in 0..20 {
        let outcome = ran(&scenario(DEADLOCK, &[]), seed).outcome;
        let transfer = outcome.worst().expect("one transfer");
        assert_eq!(transfer.ending.client, Some(Ending::Stalled), "seed {seed}");
        assert_eq!(outcome.verdict, Verdict::FalseAlarm);
        assert!(outcome.divergences.contains(&Divergence::TimerLost));
        assert!(outcome.told_at > Duration::from_secs(120));
        assert_eq!((outcome.packets.dropped, outcome.unmatched_faults.len()), (3, 0));
    }
}

#[test]
fn the_stall_is_gone_with_reno_and_without_any_one_fault() {
    let faults = [
        "fault=drop client data DATA at 1 1",
        "fault=drop server data ACK at 1 1",
        "fault=drop server data ACK at 1 2",
    ];
    let without = |left_out: usize| {
        let mut settings = vec!["fault=none"];
        settings.extend((0..3).filter(|index| *index != left_out).map(|index| faults[index]));
        settings
    };
    let stalls = |settings: &[&str]| {
        let outcome = ran(&scenario(DEADLOCK, settings), 0).outcome;
        let stalled = outcome.worst().expect("one").ending.client == Some(Ending::Stalled);
        assert_eq!(outcome.verdict == Verdict::Intact, !stalled, "{settings:?}");
        stalled
    };
    assert!(stalls(&without(9)), "the three of them, as the file has them");
    for (left_out, fault) in faults.iter().enumerate() {
        assert!(!stalls(&without(left_out)), "without {fault}");
    }
    assert!(!stalls(&["fault=none"]));
    assert!(!stalls(&["tcp.congestion=reno"]));
    assert!(!stalls(&["tcp.congestion=cubic"]));
}

#[test]
fn uploads_that_stalled_with_reno_are_whole_and_told() {
    // Three equal ACKs met a lone FIN in these runs, by loss alone or by copies of ACKs.
    let by_loss = [2695, 9882, 18744].map(|seed| (seed, "link.duplicate=0%"));
    let by_copies = [60, 126, 129, 160, 170].map(|seed| (seed, "link.duplicate=30%"));
    for (seed, duplicate) in by_loss.into_iter().chain(by_copies) {
        let settings = ["fault=none", "do.size=64KiB", "link.loss=5%", "tcp.congestion=reno"];
        let outcome = ran(&scenario(DEADLOCK, &[&settings[..], &[duplicate]].concat()), seed);
        let outcome = outcome.outcome;
        assert_eq!(outcome.verdict, Verdict::Intact, "seed {seed}, {duplicate}");
        assert!(!outcome.divergences.contains(&Divergence::TimerLost), "seed {seed}, {duplicate}");
    }
}

#[test]
fn an_rfc_5961_host_survives_the_reset_that_kills_an_rfc_793_host() {
    let forged = |what: &str| format!("fault=inject {what} as client after client data DATA 3");
    for (what, rule, verdict) in [
        ("RST in-window", "rfc5961", Verdict::Intact),
        ("RST in-window", "rfc793", Verdict::Truncated),
        ("RST exact", "rfc5961", Verdict::Truncated),
        ("RST exact", "rfc793", Verdict::Truncated),
        ("RST out-of-window", "rfc5961", Verdict::Intact),
        ("RST out-of-window", "rfc793", Verdict::Intact),
        // A forged FIN ends the data like a real FIN.
        ("FIN exact", "rfc5961", Verdict::SilentTruncation),
        ("FIN out-of-window", "rfc5961", Verdict::Intact),
    ] {
        let fault = forged(what);
        let rule = format!("server.policy.reset_validation={rule}");
        let finished = ran(&scenario("foreign-rst", &["fault=none", &fault, &rule]), 0);
        assert_eq!(finished.outcome.verdict, verdict, "{what}, {rule}");
        assert_eq!(finished.outcome.unmatched_faults, [""; 0]);
    }
}

#[test]
fn either_side_can_be_forged_and_either_can_trigger_it() {
    // A reset in the name of the server ends the client, behind a packet of either side.
    for (fault, ending) in [
        ("inject RST as server after client data DATA 3", Some(Ending::Reset)),
        ("inject RST as server after server data ACK 2", Some(Ending::Reset)),
        ("inject RST as client after server data ACK 2", Some(Ending::Finished)),
    ] {
        let settings = ["fault=none", &format!("fault={fault}")];
        let outcome = ran(&scenario("foreign-rst", &settings), 0).outcome;
        let ended = outcome.worst().expect("one transfer").ending;
        let [hit, word] = if ending == Some(Ending::Reset) {
            [ended.client, Some(Ending::Reset)]
        } else {
            [ended.server, Some(Ending::Reset)]
        };
        assert_eq!(hit, word, "{fault}");
    }
}

#[test]
fn one_rule_of_a_host_can_change_alone() {
    // A disk of 200 KB/s leaves bytes unread, and the reset comes: Linux keeps them.
    let slow = ["server.store_rate=200KB/s"];
    assert_eq!(ran(&scenario("q123208", &slow), 0).outcome.verdict, Verdict::FalseAlarm);
    let flush = ["server.store_rate=200KB/s", "server.policy.received_at_reset=flush"];
    assert_eq!(ran(&scenario("q123208", &flush), 0).outcome.verdict, Verdict::Truncated);
}
