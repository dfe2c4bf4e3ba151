//! `counterfactual` finds the packets that decided a run: it runs the scenario again with one packet's
//! fate changed to plain delivery, and compares the verdicts.

use crate::network::fate::Fate;
use crate::network::trace::Recording;
use crate::run::Finished;
use crate::scenario::Scenario;
use crate::verdict::Verdict;
use crate::workload::Workload;
use crate::world::World;

/// Packets and faults that are asked about, at most: so many runs are made.
const RUNS_MAX: usize = 200;
/// Packets in all these runs, at most. A run about a packet begins shortly before the packet leaves, so
/// that the last packets of a long run cost little.
const PACKETS_MAX: u64 = 300_000;

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

/// The answers of runs without a fate, and the number of questions that were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Each packet and each fault that was asked about, packets first.
    pub asked: Vec<Decisive>,
    /// The number of lost and changed packets that were not asked about, the first ones of the run.
    pub unasked_packets: usize,
    /// The number of faults of the scenario that were not asked about, the last ones of the list.
    pub unasked_faults: usize,
}

/// The packets and faults that decided `finished`, the run of `scenario` with its seed.
#[must_use]
pub fn decisive(scenario: &Scenario, workload: &Workload, finished: &Finished) -> Answers {
    let mut answers = without_each(scenario, workload, finished);
    answers.asked.retain(|one| one.verdict != finished.outcome.verdict);
    answers
}

/// Every lost or changed packet of `finished` and every fault of `scenario`, each with the verdict of a
/// run without it. A packet that a full queue, a blackout, a NAT or a fault of `scenario` stopped is left
/// out: delivering such a packet would need another link or another scenario. Of a long run, only the last
/// packets and the first faults are asked about: at most 200 of each kind, and 300,000 packets in all runs
/// of each kind.
#[must_use]
pub fn without_each(scenario: &Scenario, workload: &Workload, finished: &Finished) -> Answers {
    let seed = finished.outcome.seed;
    let counts = finished.outcome.packets;
    let all = (counts.client + counts.server).max(1);
    let (mut asked, unasked_packets) = without_packets(scenario, workload, finished, all);
    let most = usize::try_from(PACKETS_MAX / all).unwrap_or(RUNS_MAX).clamp(1, RUNS_MAX);
    for (index, fault) in scenario.faults.iter().enumerate().take(most) {
        let mut without = scenario.clone();
        without.faults.remove(index);
        let mut world = World::new(&without, workload, seed, Recording::Digest);
        let end = world.run();
        let verdict = world.conclude(end).verdict;
        asked.push(Decisive { packet: None, what: format!("fault {fault}"), verdict });
    }
    let unasked_faults = scenario.faults.len().saturating_sub(most);
    Answers { asked, unasked_packets, unasked_faults }
}

/// The packets of a run of `all` packets, each with the verdict had the packet been delivered, and the
/// number of packets that were not asked about. Each run begins at a copy of the state shortly before the
/// packet leaves.
fn without_packets(
    scenario: &Scenario,
    workload: &Workload,
    finished: &Finished,
    all: u64,
) -> (Vec<Decisive>, usize) {
    let seed = finished.outcome.seed;
    let mut impaired: Vec<_> = finished
        .trace
        .packets()
        .filter(|(event, _)| event.fate != Fate::Deliver)
        .map(|(event, _)| (event.emission, event.at, event.fate.words()))
        .collect();
    let mut packets = 0;
    let affordable = impaired.iter().rev().take(RUNS_MAX).take_while(|(emission, ..)| {
        packets += all.saturating_sub(*emission);
        packets <= PACKETS_MAX
    });
    // The last packet is asked about in any case.
    let unasked = impaired.len().saturating_sub(affordable.count().max(1));
    impaired.drain(..unasked);
    let mut found = Vec::new();
    if impaired.is_empty() {
        return (found, unasked);
    }
    let [mut world, mut copy] =
        [(); 2].map(|()| World::new(scenario, workload, seed, Recording::Digest));
    world.count(true);
    world.reset(seed, Recording::Digest);
    let (begun, mut copied) = (world.trace().next_emission(), false);
    for (emission, at, what) in impaired {
        if emission < begun {
            // The packet leaves while the world begins, before the first event.
            world.order(&[(emission, Fate::Deliver)]);
            world.reset(seed, Recording::Digest);
            world.order(&[]);
        } else {
            match copied {
                true => world.copy_from(&copy),
                false => world.reset(seed, Recording::Digest),
            }
            world.run_until(at);
            copy.copy_from(&world);
            copied = true;
            world.order_one_more(emission, Fate::Deliver);
        }
        let end = world.run();
        let verdict = world.conclude(end).verdict;
        // A full queue, a blackout, a NAT and a fault by name stand above an ordered fate.
        let place = usize::try_from(emission).expect("packets are counted in memory");
        if world.census().get(place).is_none_or(|passed| passed.fate != Fate::Deliver) {
            continue;
        }
        found.push(Decisive { packet: Some(emission), what: what.into_owned(), verdict });
    }
    (found, unasked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::run_loaded;

    /// The verdict of a run from the beginning in which one packet is delivered.
    fn plain(scenario: &Scenario, workload: &Workload, seed: u64, emission: u64) -> Verdict {
        let mut world = World::new(scenario, workload, seed, Recording::Digest);
        world.order(&[(emission, Fate::Deliver)]);
        world.reset(seed, Recording::Digest);
        let end = world.run();
        world.conclude(end).verdict
    }

    #[test]
    fn a_run_from_a_copy_is_the_run_from_the_beginning() {
        let mut compared = 0;
        for settings in
            [&["link.loss=20%"][..], &["link.loss=5%", "link.jitter=3ms", "do.size=40KB"]]
        {
            let mut scenario = Scenario::catalogue("q123208").expect("a name of the catalogue");
            scenario.vary(settings.iter().copied()).expect("sound settings");
            let workload = Workload::load(&scenario).expect("nothing is read");
            for seed in 0..6 {
                let finished = run_loaded(&scenario, &workload, seed, Recording::Headers);
                let answers = without_each(&scenario, &workload, &finished);
                assert_eq!((answers.unasked_packets, answers.unasked_faults), (0, 0));
                for one in answers.asked {
                    let emission = one.packet.expect("there is no fault");
                    assert_eq!(one.verdict, plain(&scenario, &workload, seed, emission), "{one:?}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 100, "{compared} packets");
    }

    #[test]
    fn what_was_not_asked_about_is_counted() {
        let mut scenario = Scenario::catalogue("q123208").expect("a name of the catalogue");
        let faults = 1..=RUNS_MAX + 3;
        let mut settings: Vec<_> =
            faults.map(|nth| format!("fault=delay 1ms client data DATA {nth}")).collect();
        settings.push("do.size=400KB".to_owned());
        scenario.vary(settings.iter().map(String::as_str)).expect("sound settings");
        let workload = Workload::load(&scenario).expect("nothing is read");
        let finished = run_loaded(&scenario, &workload, 1, Recording::Headers);
        let answers = without_each(&scenario, &workload, &finished);
        let faults = answers.asked.iter().filter(|one| one.packet.is_none()).count();
        assert_eq!((faults + answers.unasked_faults, faults <= RUNS_MAX), (RUNS_MAX + 3, true));
        assert!(answers.unasked_faults >= 3, "{} faults", answers.unasked_faults);
    }
}
