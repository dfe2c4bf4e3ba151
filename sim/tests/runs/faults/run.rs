//! Runs of a scenario under settings, for the tests beside this file.

use halfclose::internals::{Workload, ladder, run_loaded};
use halfclose::{Finished, Recording, Scenario};

/// The default scenario, or a case of the catalogue, with these settings.
pub(crate) fn scenario(name: &str, settings: &[&str]) -> Scenario {
    let mut scenario = match name {
        "" => Scenario::default(),
        name => Scenario::catalogue(name).expect(name),
    };
    scenario.vary(settings.iter().copied()).unwrap_or_else(|error| panic!("{error}"));
    scenario
}

/// A run with every packet kept.
pub(crate) fn ran(scenario: &Scenario, seed: u64) -> Finished {
    let workload = Workload::load(scenario).expect("generated");
    run_loaded(scenario, &workload, seed, Recording::Packets)
}

/// The lines of the trace: each packet and the fate of the packet.
pub(crate) fn lines(finished: &Finished) -> Vec<String> {
    let lines = ladder::lines(&finished.trace);
    let tidy = |line: &String| line.split_whitespace().collect::<Vec<_>>().join(" ");
    lines.iter().map(tidy).collect()
}
