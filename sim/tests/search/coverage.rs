//! The coverage of a sweep: the pairs that runs reach, the same however the runs are made.

use halfclose::{Coverage, Scenario, Shard, sweep};

fn scenario(settings: &str) -> Scenario {
    let mut scenario = Scenario::catalogue("q123208").expect("it is in the catalogue");
    scenario.vary(settings.split_whitespace()).expect("the settings are sound");
    scenario
}

fn with_fault(settings: &str, fault: &str) -> Scenario {
    let mut scenario = scenario(settings);
    scenario.vary([&*format!("fault={fault}")]).expect("the fault is sound");
    scenario
}

fn coverage(scenario: &Scenario, seeds: u64, jobs: usize, classes: bool) -> Coverage {
    let sweep = sweep(scenario, 0..seeds).jobs(jobs).classes(classes).coverage(true);
    sweep.run().expect("it runs").total().coverage
}

fn names(coverage: &Coverage) -> Vec<String> {
    coverage.runs.keys().map(ToString::to_string).collect()
}

/// One upload that both sides end with a FIN.
const ORDERLY: [&str; 15] = [
    "OPEN in CLOSED",
    "CLOSE in ESTABLISHED",
    "CLOSE in CLOSE-WAIT",
    "SYN in LISTEN",
    "SYN-ACK in SYN-SENT",
    "ACK in SYN-RECEIVED",
    "ACK in ESTABLISHED",
    "ACK in FIN-WAIT-1",
    "ACK in LAST-ACK",
    "DATA in ESTABLISHED",
    "FIN in ESTABLISHED",
    "FIN in FIN-WAIT-1",
    "TIMEOUT in TIME-WAIT",
    "STOR, client finished",
    "STOR, server finished",
];

#[test]
fn a_run_reaches_the_pairs_of_its_own_events() {
    let clean = coverage(&scenario("client.close=fin"), 1, 1, true);
    let mut found = names(&clean);
    let mut wanted = ORDERLY.map(str::to_owned).to_vec();
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    for (settings, fault, pair) in [
        ("client.close=fin", "drop client data FIN", "RESENT in FIN-WAIT-1"),
        ("client.close=fin", "drop server data SYN", "RESENT in SYN-SENT"),
        ("client.close=fin", "drop client data SYN-ACK", "RESENT in SYN-RECEIVED"),
        ("client.close=fin", "duplicate client data FIN", "FIN in LAST-ACK"),
        ("client.close=reset", "none", "RST in ESTABLISHED"),
        ("client.close=reset", "none", "ABORT in ESTABLISHED"),
        ("client.close=reset", "none", "STOR, client aborted"),
        ("do.put=none do.get=a.bin client.close=fin", "none", "RETR, server finished"),
    ] {
        let found = names(&coverage(&with_fault(settings, fault), 1, 1, true));
        assert!(found.iter().any(|name| name == pair), "{settings} {fault}: {pair} of {found:?}");
        assert!(!ORDERLY.contains(&pair), "{pair} needs no fault");
    }
}

/// Counts of pairs depend neither on classes nor on threads nor on shards.
#[test]
fn coverage_is_the_same_for_runs_made_and_derived() {
    for settings in ["link.loss=2%", "link.loss=1%,5% client.close=fin", "link.delay=1ms..9ms"] {
        let scenario = scenario(settings);
        let made = coverage(&scenario, 120, 1, false);
        assert!(made.runs.len() >= ORDERLY.len(), "{settings}: {made:?}");
        for (jobs, classes) in [(1, true), (2, true), (2, false)] {
            assert_eq!(coverage(&scenario, 120, jobs, classes), made, "{settings}");
        }
        let mut merged = Coverage::default();
        for number in 1..=3 {
            let shard = Shard::new(number, 3).expect("one of three");
            let part = sweep(&scenario, 0..120).shard(shard).coverage(true).run();
            merged.merge(&part.expect("it runs").total().coverage);
        }
        assert_eq!(merged, made, "{settings}");
    }
    let without = sweep(&scenario("link.loss=2%"), 0..10).run().expect("it runs");
    assert!(without.total().coverage.is_empty(), "not asked for");
}
