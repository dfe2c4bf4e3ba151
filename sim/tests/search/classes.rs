//! Runs that are derived: the same outcomes, in the same order, as runs that are made; and a key that
//! forgets something is found.

use std::ops::ControlFlow;

use halfclose::internals::{DERIVED_IS_MADE, Forgotten};
use halfclose::{Made, Outcome, RunError, Scenario, sweep};

fn scenario(name: &str, settings: &str) -> Scenario {
    let mut scenario = Scenario::catalogue(name).expect("it is in the catalogue");
    scenario.vary(settings.split_whitespace()).expect("the settings are sound");
    scenario
}

fn outcomes(scenario: &Scenario, seeds: u64, jobs: usize, classes: bool) -> (Vec<Outcome>, Made) {
    let mut all = Vec::new();
    let made = sweep(scenario, 0..seeds).jobs(jobs).classes(classes).visit(|_, outcome| {
        all.push(outcome.clone());
        ControlFlow::Continue(())
    });
    (all, made.expect("it begins"))
}

#[test]
fn derived_runs_are_the_runs_that_would_have_been_made() {
    for (name, settings, derived) in [
        ("q123208", "", 980),
        ("q123208", "link.loss=1%", 800),
        ("q123208", "client.profile=tcpip32-3.11b link.loss=1%", 700),
        ("q123208", "link.loss=5% server.model=pure-ftpd-1.0.50", 100),
        ("q123208", "link.duplicate=1% link.reorder=1%", 500),
        ("q123208", "link.corrupt=1% client.mode=passive client.extended=false", 100),
        ("q123208", "link.loss=1%,0.1% do.size=1000,3000", 2_000),
        ("q123208", "link.gemodel=1%,50% client.mode=active client.extended=true", 1),
        ("q123208", "link.nat_timeout=1s link.loss=1%", 1),
        ("many-small", "client.count=3 link.loss=0.1%", 1),
        ("q123208", "server.habit=last-buffer-lost client.check_size=true link.loss=1%", 500),
        ("q123208", "link.rate=10mbit link.up.drop_above=1400 link.loss=1%", 1),
        ("q123208", "link.jitter=5ms", 0),
    ] {
        let scenario = scenario(name, settings);
        let (all, none) = outcomes(&scenario, 1_000, 1, false);
        assert_eq!((none.made, none.derived), (all.len() as u64, 0));
        for jobs in [1, 2] {
            let (some, made) = outcomes(&scenario, 1_000, jobs, true);
            assert_eq!(some.len(), all.len());
            for (some, all) in some.iter().zip(&all) {
                assert_eq!(some, all, "{name} {settings}");
            }
            assert_eq!(made.made + made.derived, all.len() as u64, "{name} {settings}");
            assert!(made.derived >= derived, "{name} {settings}: {made:?}");
            println!("{name} {settings}: {made:?}");
        }
    }
}

#[test]
fn a_key_that_forgets_something_is_found_by_name() {
    for (settings, forgotten) in [
        ("link.loss=2%", Forgotten::Fates),
        ("client.mode=active client.extended=false", Forgotten::Digits),
        ("server.model=ftp-srv-4.6.3 client.close=reset server.read_delay=50ms", Forgotten::Bits),
    ] {
        let scenario = scenario("q123208", settings);
        let sweep = sweep(&scenario, 0..100_000).forgetting(forgotten);
        let mut last = None;
        let error = sweep.visit(|_, outcome| {
            last = Some(outcome.seed);
            ControlFlow::Continue(())
        });
        let Err(RunError::Unlike(unlike)) = error else {
            panic!("{settings}: nothing is found: {error:?}");
        };
        assert!(unlike.to_string().contains(DERIVED_IS_MADE), "{unlike}");
        assert!(unlike.made.seed > unlike.first && last < Some(unlike.made.seed), "{unlike}");
        println!("{forgotten:?}: {unlike}");
    }
}
