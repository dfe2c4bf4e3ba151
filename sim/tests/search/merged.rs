//! Explorations that merge equal states, beside explorations that make every run.

use halfclose::{Explored, Merging, Scenario, Scope, explore};

fn case(name: &str, settings: &[&str]) -> Scenario {
    let mut scenario = Scenario::catalogue(name).expect("it is in the catalogue");
    scenario.vary(settings.iter().copied()).expect("the settings are sound");
    scenario
}

/// Merging changes no count, no least list and no order. Returns what was merged.
#[track_caller]
fn same(scenario: &Scenario, faults: usize, scope: Scope) -> Merging {
    let exploration = explore(scenario, faults).scope(scope);
    let merged = exploration.merged().expect("the scenario is of one point");
    let figures = merged.merged.expect("equal states were merged");
    let plain = exploration.clone().classes(false).run().expect("the scenario is of one point");
    assert_eq!(Explored { merged: None, made: plain.made, ..merged }, plain);
    let known = exploration.run().expect("the scenario is of one point");
    assert_eq!(Explored { made: plain.made, ..known }, plain);
    assert!(!figures.full, "{figures:?}");
    figures
}

#[test]
fn counts_are_those_of_every_run() {
    let Merging { merged, checked, .. } =
        same(&case("q123208", &["server.on_reset=as-eof"]), 2, Scope::Data);
    // One in four goes on in a debug build, one in 64 in a release build.
    let least = if cfg!(debug_assertions) { 100 } else { 10 };
    assert!(
        merged >= 500 && checked >= least,
        "{merged} runs came to a known state, {checked} went on"
    );
    same(&case("q123208", &["client.profile=tcpip32-3.11b"]), 2, Scope::Data);
    same(&case("lost-fin", &[]), 1, Scope::Data);
    same(&case("smoltcp-fin-deadlock", &[]), 1, Scope::Data);
}

#[test]
fn packets_before_the_first_event_have_faults_too() {
    same(&case("q123208", &[]), 1, Scope::Both);
    same(&case("lost-fin", &[]), 1, Scope::Control);
}

#[test]
fn chance_and_faults_of_the_scenario_are_part_of_a_state() {
    same(&case("q123208", &["link.loss=3%", "link.rate=10mbit"]), 1, Scope::Data);
    let faults = ["fault=drop server data ACK 2", "link.nat_timeout=1s"];
    same(&case("q123208", &faults), 1, Scope::Data);
    same(&case("q123208", &["fault=drop packet 20", "limit.packets=60"]), 1, Scope::Data);
}

/// A client that waits for 1.1 s gives up where a reply is lost behind a delay: the same faults in states
/// at different times.
#[test]
fn states_at_different_times_are_equal_by_their_deadlines() {
    let hasty = ["client.profile=tcpip32-3.11b", "client.reply_timeout=1100ms"];
    let Merging { merged, .. } = same(&case("q123208", &hasty), 2, Scope::Control);
    assert!(merged >= 500, "{merged} runs came to a known state");
}

/// Longer lists, in a release build: `HALFCLOSE_MERGED_FAULTS=3 cargo test --release -p halfclose --test search
/// merged`.
#[test]
#[expect(clippy::disallowed_methods, reason = "the length of a long search is not part of a run")]
fn counts_of_longer_lists_are_those_of_every_run() {
    let Ok(faults) = std::env::var("HALFCLOSE_MERGED_FAULTS") else { return };
    let faults = faults.parse().expect("a number of faults");
    for (name, settings) in [
        ("q123208", &["server.on_reset=as-eof"][..]),
        ("q123208", &["client.profile=tcpip32-3.11b"]),
        ("lost-fin", &[]),
        ("smoltcp-fin-deadlock", &[]),
    ] {
        let figures = same(&case(name, settings), faults, Scope::Data);
        println!("{name} {settings:?} {faults}: {figures:?}");
    }
}

/// The lists whose run comes to the state of an earlier run are not run on, with one thread or several, and
/// nothing but the number of made runs changes.
#[test]
fn derived_lists_are_the_lists_that_were_run() {
    for (name, settings, faults) in [
        ("q123208", &["client.profile=tcpip32-3.11b"][..], 3),
        ("q123208", &["server.on_reset=as-eof"], 2),
        ("q123208", &["limit.packets=48"], 2),
        ("q123208", &["limit.time=300ms"], 2),
    ] {
        let scenario = case(name, settings);
        let run = |classes: bool, jobs: usize| {
            let exploration = explore(&scenario, faults).classes(classes).jobs(jobs);
            exploration.run().expect("the scenario is of one point")
        };
        let every = run(false, 2);
        let made = every.made.expect("the runs are counted");
        assert_eq!((made.made, made.derived), (every.runs(), 0));
        for jobs in [1, 2] {
            let known = run(true, jobs);
            let some = known.made.expect("the runs are counted");
            assert_eq!(some.made + some.derived, every.runs(), "{name} {settings:?}");
            assert!(faults < 3 || some.derived > every.runs() / 20, "{some:?} of {made:?}");
            assert_eq!(Explored { made: every.made, ..known }, every, "{name} {settings:?}");
        }
    }
}
