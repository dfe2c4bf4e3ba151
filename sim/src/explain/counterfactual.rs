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

/// A packet, or a fault of the scenario, and the verdict of the run without the fate of the packet.
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
    let (mut all, unasked) = without_each(scenario, workload, finished, RUNS_MAX);
    all.retain(|one| one.verdict != finished.outcome.verdict);
    (all, unasked)
}

/// Every lost or changed packet of `finished` and every fault of `scenario`, each with the verdict of a
/// run without it; and how many packets were not asked about. At most `most` packets are asked about, the
/// last ones. A packet that a full queue, a blackout, a NAT or a fault of `scenario` stopped is left out:
/// delivering such a packet would need another link or another scenario.
#[must_use]
pub fn without_each(
    scenario: &Scenario,
    workload: &Workload,
    finished: &Finished,
    most: usize,
) -> (Vec<Decisive>, usize) {
    let seed = finished.outcome.seed;
    let mut found = Vec::new();
    let impaired: Vec<_> = finished
        .trace
        .packets()
        .filter(|(event, _)| event.fate != Fate::Deliver)
        .map(|(event, _)| (event.emission, event.fate.words().into_owned()))
        .collect();
    let unasked = impaired.len().saturating_sub(most);
    if impaired.len() > unasked {
        let mut world = World::new(scenario, workload, seed, Recording::Digest);
        world.count(true);
        for (emission, what) in &impaired[unasked..] {
            world.order(&[(*emission, Fate::Deliver)]);
            world.reset(seed, Recording::Digest);
            let end = world.run();
            let verdict = world.conclude(end).verdict;
            // A full queue, a blackout, a NAT and a fault by name stand above an ordered fate.
            let place = usize::try_from(*emission).expect("packets are counted in memory");
            if world.census().get(place).is_none_or(|passed| passed.fate != Fate::Deliver) {
                continue;
            }
            found.push(Decisive { packet: Some(*emission), what: what.clone(), verdict });
        }
    }
    for (index, fault) in scenario.faults.iter().enumerate().take(most) {
        let mut without = scenario.clone();
        without.faults.remove(index);
        let mut world = World::new(&without, workload, seed, Recording::Digest);
        let end = world.run();
        let verdict = world.conclude(end).verdict;
        found.push(Decisive { packet: None, what: format!("fault {fault}"), verdict });
    }
    (found, unasked)
}
