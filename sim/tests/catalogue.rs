//! The catalogue is a regression suite: every arm of every scenario behaves as it is written, every
//! mutant fails what its scenario expects, and what a story says of a packet is in its trace.

use halfclose::catalogue;
use halfclose::outcome::Outcome;
use halfclose::report::ladder;
use halfclose::run::{Finished, run};
use halfclose::scenario::Scenario;
use halfclose::trace::Recording;
use halfclose::workload::Workload;

fn ran(scenario: &Scenario, seed: u64) -> Finished {
    let workload = Workload::load(scenario).expect("generated");
    run(scenario, &workload, seed, Recording::Packets)
}

/// The scenario, or one of its arms.
fn arm(name: &str, arm: &str) -> Scenario {
    let mut scenario = catalogue::find(name).expect(name);
    if !arm.is_empty() {
        scenario.take_arm(arm).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    scenario
}

#[track_caller]
fn assert_met(scenario: &Scenario, outcome: &Outcome, what: &str) {
    let unmet = scenario.expect.unmet(outcome);
    assert!(unmet.is_empty(), "{what}, seed {}: {unmet:?}", outcome.seed);
}

#[test]
fn every_arm_behaves_as_written() {
    for name in catalogue::names() {
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
                    let unmet = main.expect.unmet(&outcome);
                    assert!(!unmet.is_empty(), "{name} --arm {other} is caught by no expectation");
                }
            }
        }
    }
}

/// A scenario, an arm (or none), and a line of its trace that its story is about: these words, in
/// this order, somewhere in one line.
const CLAIMS: &[(&str, &str, &str)] = &[
    ("q123208", "", "data R. 10001:10001(0) ack 1"),
    ("q123208", "fix", "data F. 9937:10001(64) ack 1"),
    ("foreign-rst", "", "data R. 4382:4382(0) ack 1 win 65535 ==> (forged"),
    ("foreign-rst", "foreign-fin", "data F. 4381:4381(0) ack 1 win 65535 ==> (forged"),
    ("smoltcp-fin-deadlock", "", "data [ended: stalled]"),
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
    for name in catalogue::names() {
        assert!(CLAIMS.iter().any(|(claimed, ..)| *claimed == name), "{name} claims nothing");
    }
}
