//! `counterfactual` finds the packets that decided a run: it runs the scenario again with one packet's
//! fate changed to plain delivery, and compares the verdicts.

use crate::network::fate::Fate;
use crate::network::trace::Recording;
use crate::run::Finished;
use crate::scenario::Scenario;
use crate::verdict::Verdict;
use crate::workload::Workload;
use crate::world::World;

/// Runs that are made at most.
const RUNS_MAX: usize = 200;

/// A packet, or a fault of the scenario, without which the run has another verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decisive {
    /// The emission number of the packet; none for a fault that the scenario writes down.
    pub packet: Option<u64>,
    /// What happened to the packet, or the fault.
    pub what: String,
    /// The verdict had the packet been delivered.
    pub verdict: Verdict,
}

/// The packets that decided `finished`, the run of `scenario` with its seed; and how many packets or
/// faults were not asked about for want of time.
#[must_use]
pub fn decisive(
    scenario: &Scenario,
    workload: &Workload,
    finished: &Finished,
) -> (Vec<Decisive>, usize) {
    let (seed, verdict) = (finished.outcome.seed, finished.outcome.verdict);
    let mut found = Vec::new();
    let impaired: Vec<_> = finished
        .trace
        .packets()
        .filter(|(event, _)| event.fate != Fate::Deliver)
        .map(|(event, _)| (event.emission, event.fate.words().into_owned()))
        .collect();
    let asked = RUNS_MAX.min(impaired.len());
    if asked > 0 {
        let mut world = World::new(scenario, workload, seed, Recording::Digest);
        for (emission, what) in &impaired[..asked] {
            world.order(&[(*emission, Fate::Deliver)]);
            world.reset(seed, Recording::Digest);
            let end = world.run();
            let other = world.conclude(end).verdict;
            if other != verdict {
                let (packet, what) = (Some(*emission), what.clone());
                found.push(Decisive { packet, what, verdict: other });
            }
        }
    }
    for (index, fault) in scenario.faults.iter().enumerate().take(RUNS_MAX) {
        let mut without = scenario.clone();
        without.faults.remove(index);
        let mut world = World::new(&without, workload, seed, Recording::Digest);
        let end = world.run();
        let other = world.conclude(end).verdict;
        if other != verdict {
            let what = format!("fault {fault}");
            found.push(Decisive { packet: None, what, verdict: other });
        }
    }
    (found, impaired.len() - asked)
}
