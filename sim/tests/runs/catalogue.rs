//! The catalogue is a regression suite: every arm of every case behaves as written, every mutant
//! fails the expectation of its case, and the trace has each packet of the story.

use halfclose::internals::{Workload, ladder, run_loaded, unmet};
use halfclose::{Finished, Outcome, Recording, Scenario};

fn ran(scenario: &Scenario, seed: u64) -> Finished {
    let workload = Workload::load(scenario).expect("generated");
    run_loaded(scenario, &workload, seed, Recording::Packets)
}

/// A case of the catalogue, or an arm of the case.
fn arm(name: &str, arm: &str) -> Scenario {
    let mut scenario = Scenario::catalogue(name).expect(name);
    if !arm.is_empty() {
        scenario.take_arm(arm).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    scenario
}

#[track_caller]
fn assert_met(scenario: &Scenario, outcome: &Outcome, what: &str) {
    let unmet = unmet(&scenario.expect, outcome);
    assert!(unmet.is_empty(), "{what}, seed {}: {unmet:?}", outcome.seed);
}

#[test]
fn every_arm_behaves_as_written() {
    for name in Scenario::catalogue_names() {
        let main = arm(name, "");
        assert!(!main.expect.said().is_empty(), "{name} expects something");
        let names: Vec<_> = main.arms.iter().map(|arm| &*arm.name).collect();
        assert!(names.contains(&"fix") && names.contains(&"mutant"), "{name} has {names:?}");
        for seed in 0..3 {
            let outcome = ran(&main, seed).outcome;
            assert_met(&main, &outcome, name);
            assert_eq!(outcome.unmatched_faults, [""; 0], "{name}");
            for other in &names {
                let scenario = arm(name, other);
                assert!(!scenario.expect.said().is_empty(), "{name} {other} expects something");
                let outcome = ran(&scenario, seed).outcome;
                assert_met(&scenario, &outcome, &format!("{name} --arm {other}"));
                if other.starts_with("mutant") {
                    let unmet = unmet(&main.expect, &outcome);
                    assert!(!unmet.is_empty(), "{name} --arm {other} is caught by no expectation");
                }
            }
        }
    }
}

/// A case, an arm (or none), and a line of the trace that the story mentions: these words, in this
/// order, somewhere in a line.
const CLAIMS: &[(&str, &str, &str)] = &[
    ("q123208", "", "data R. 10001:10001(0) ack 1"),
    ("q123208", "fix", "data F. 9937:10001(64) ack 1"),
    ("foreign-rst", "", "data R. 4382:4382(0) ack 1 win 65535 ==> (forged"),
    ("foreign-rst", "foreign-fin", "data F. 4381:4381(0) ack 1 win 65535 ==> (forged"),
    ("smoltcp-fin-deadlock", "", "data [ended: stalled]"),
    ("unread-upload", "", "data <-- P. 1:101(100) ack 1"),
    ("unread-upload", "", "data R. 199526:199526(0) ack 101"),
    ("unread-upload", "fix", "data F. 199526:200001(475) ack 101"),
    ("early-226", "", "data F. 1:1(0) ack 56069"),
    ("lost-fin", "", "0.210000 31 data F. 9937:10001(64) ack 1 win 65535 --x (dropped: fault)"),
    ("lost-fin", "", "1.230000 33 data F. 9937:10001(64) ack 1 win 65535 -->"),
    ("lost-fin", "server-fin", "data x-- F. 1:1(0) ack 10002"),
    ("fin-before-hole", "", "data <-- . 1:1(0) ack 8477 win 65535 <sack 9937:10001>"),
    ("fin-before-hole", "", "data <-- F. 1:1(0) ack 10002"),
    ("fin-before-hole", "forgetful", "data F. 10001:10001(0) ack 1"),
    ("fin-before-hole", "mutant", "data F. 8477:8477(0) ack 1 win 65535 ==> (forged"),
    ("silent-midway-fin", "", "data F. 1461:2001(540) ack 1"),
    ("silent-midway-fin", "", "control F. 60:60(0) ack 205 win 65535 --> (delayed by 50ms)"),
    ("simultaneous-close", "", "0.170000 data [FIN-WAIT-1 => CLOSING]"),
    ("simultaneous-close", "", "0.175000 data [FIN-WAIT-1 => CLOSING]"),
    ("simultaneous-close", "late", "1.150000 25 data <-- F. 1:1(0) ack 2"),
    ("simultaneous-close", "mutant", "data R 2:2(0)"),
    ("lastack-stale-ack", "", "data . 1:1(0) ack 1 win 65535 --> (delayed by 75ms)"),
    ("lastack-stale-ack", "", "data x-- F. 1:1(0) ack 10002"),
    ("lastack-stale-ack", "", "1.220000 39 data <-- F. 1:1(0) ack 10002"),
    ("timewait-port-reuse", "", "data [FIN-WAIT-1 => TIME-WAIT]"),
    ("timewait-port-reuse", "upload", "data 2 [smoltcp: a SYN on a synchronized connection"),
    ("timewait-port-reuse", "upload", "1.260000 42 data 2 <-- S 0:0(0)"),
    ("abor-crossing", "", "control <-- P. 205:229(24) ack 60 win 65535 (delayed by 40ms)"),
    ("abor-crossing", "", "control PU. 60:70(10) ack 205 win 65535 urg 4"),
    ("half-close", "", "0.350000 26 data <-- . 1461:2049(588) ack 4002"),
    ("half-close", "", "0.360000 28 data . 4002:4002(0) ack 2049"),
    ("half-close", "", "0.370000 29 data <-- F. 2049:3001(952) ack 4002"),
    ("half-close", "mutant", "0.360000 28 data R 4002:4002(0)"),
    ("three-closes", "", "0.180000 31 data . 2921:4381(1460) ack 1"),
    ("three-closes", "", "1.650000 35 data <-- F. 2921:3001(80) ack 10002"),
    ("three-closes", "fin", "1.660000 37 data R 10002:10002(0)"),
    ("three-closes", "mutant", "0.160000 25 data R. 10001:10001(0) ack 1"),
    ("old-duplicate", "", "data . 1:1461(1460) ack 1 win 65535 --> (delayed by 130ms)"),
    ("old-duplicate", "", "0.280000 data 2 [TIME-WAIT => CLOSED]"),
    ("old-duplicate", "mutant", "0.260000 37 data R. 9001:9001(0) ack 1"),
    ("zero-window-close", "", "0.160000 data [ESTABLISHED => FIN-WAIT-1]"),
    ("zero-window-close", "", "data <-- . 1:1(0) ack 5557 win 0"),
    ("zero-window-close", "", "13.928000 61 data F. 19305:20001(696)"),
    ("finwait2-flood", "", "data R. 1:1(0) ack 100576"),
    ("finwait2-flood", "mutant", "data . 2:2(0) ack 165536 win 0"),
    ("halfclose-standoff", "", "0.230000 data [FIN-WAIT-1 => FIN-WAIT-2]"),
    ("halfclose-standoff", "", "300.220000 33 data <-- R. 1:1(0) ack 10002"),
    (
        "226-lost-nat",
        "",
        "control x-- P. 205:229(24) ack 60 win 65535 (dropped: forgotten by the NAT)",
    ),
    ("bulk-loss-p", "", "(dropped: loss)"),
    ("many-small", "", "data 9 F. 1:1025(1024) ack 1 win 65535 --x (dropped: queue full)"),
    ("many-small", "", "31.392432 4257 data 256 S 0:0(0)"),
    ("many-small", "", "41.453542 data 256 [TIME-WAIT => CLOSED]"),
    ("many-small", "mutant", "data 9 R. 1025:1025(0) ack 1"),
    ("many-small", "mutant-port", "control 64 S 0:0(0)"),
];

#[test]
fn a_story_is_seen_in_its_trace() {
    for (name, other, words) in CLAIMS {
        let finished = ran(&arm(name, other), 0);
        let tidy = |line: String| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<_> = ladder::lines(&finished.trace).into_iter().map(tidy).collect();
        let said = lines.iter().any(|line| line.contains(words));
        assert!(said, "{name} {other}: `{words}` is not in\n{}", lines.join("\n"));
    }
    for name in Scenario::catalogue_names() {
        assert!(CLAIMS.iter().any(|(claimed, ..)| *claimed == name), "{name} claims nothing");
    }
}

#[test]
fn every_law_may_be_expected_to_break() {
    let names: Vec<_> = halfclose::internals::LAWS.iter().map(|law| law.name).collect();
    let mut scenario = Scenario::default();
    scenario.set("expect.broken_laws", &names.join(",")).expect("each is known by name");
    assert_eq!(scenario.get("expect.broken_laws"), Ok(names.join(",")));
}
