//! `shrink` cuts a run down to the fewest faults with the same verdict, the same endings of the data
//! connections and the same broken laws. First, every fate from chance or from the scenario is
//! written out as a fault with the name of the packet. The scenario then names the seed, which
//! decides all remaining draws.

mod fault_lists;
mod known_runs;
mod part_runs;
mod weaken;

use std::collections::BTreeSet;

use crate::network::faults::actions_of;
use crate::network::trace::{Event, Recording};
use crate::outcome::{Endings, Outcome};
use crate::run::{Finished, RunError, one_point, run_loaded};
use crate::scenario::fault::{Action, Fault, PacketName, Which};
use crate::scenario::{Expect, LinkConfig, Scenario};
use crate::search::ddmin;
use crate::search::limits::{Limits, SearchProgress, Stop, bounded};
use crate::search::schedule::Names;
use crate::verdict::Verdict;
use crate::workload::Workload;
use fault_lists::{Candidates, FaultLists};

/// A shrink that has not begun: a scenario, a seed, and the options of [`shrink`].
#[derive(Clone, Debug)]
pub struct Shrink<'a> {
    scenario: &'a Scenario,
    seed: u64,
    max_runs: Option<u64>,
    weaken: bool,
    pub(super) limits: Limits<'a>,
}

/// A fault that need only make a packet late, or less late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weakened {
    /// The fault that is left of the run.
    pub fault: Fault,
    /// The mildest fault of the same packet that leads to the same.
    pub milder: Fault,
}

/// What is left of a run.
pub struct Shrunk {
    /// A scenario that leads to the same [`Shape`] without any chance, whichever seed is named.
    pub scenario: Scenario,
    /// The number of faults before.
    pub before: usize,
    /// The number of runs that the shrink made.
    pub runs: u64,
    /// Whether every smaller set of the run's faults was tried, and none leads to the same. If
    /// false, no set with one fault less does.
    pub fewest: bool,
    /// Whether the shrink was stopped early: a smaller set may lead to the same.
    pub cut_short: bool,
    /// Whether the scenario differs from the scenario that was given.
    pub changed: bool,
    /// The faults that have a milder fault in their place, all milder faults together. Empty also
    /// with more than a dozen faults.
    pub late: Vec<Weakened>,
    /// The run that is left, recorded with the headers of its packets.
    pub finished: Finished,
}

/// What a smaller run must lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The verdict of the run.
    pub verdict: Verdict,
    /// How the data connection of each transfer ended.
    pub endings: Vec<Endings>,
    /// The laws that were broken without a waiver.
    pub broken_laws: Vec<&'static str>,
}

impl Shape {
    /// The shape of a run.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        Self {
            verdict: outcome.verdict,
            endings: outcome.transfers.iter().map(|transfer| transfer.ending).collect(),
            broken_laws: outcome.broken_laws.iter().map(|law| law.name).collect(),
        }
    }
}

/// Prepares to reduce the run of `scenario` with `seed` to the fewest faults that lead to the same
/// verdict, endings and broken laws; [`run`](Shrink::run) does so.
#[must_use]
pub fn shrink(scenario: &Scenario, seed: u64) -> Shrink<'_> {
    Shrink { scenario, seed, max_runs: None, weaken: false, limits: Limits::default() }
}

bounded!(Shrink);

impl Shrink<'_> {
    /// Makes at most this many runs; the result is the smallest set of faults found so far.
    #[must_use]
    pub fn max_runs(mut self, runs: u64) -> Self {
        self.max_runs = Some(runs);
        self
    }

    /// Puts milder faults into the scenario that is left: a packet is late instead of lost where
    /// this leads to the same.
    #[must_use]
    pub fn weaken(mut self, weaken: bool) -> Self {
        self.weaken = weaken;
        self
    }

    /// Makes runs with ever fewer faults.
    ///
    /// # Errors
    /// A key of the scenario has several values, a file of the scenario cannot be read or has
    /// changed meanwhile, or the run cannot be written out as faults, which is a bug of this crate.
    pub fn run(&self) -> Result<Shrunk, RunError> {
        let (seed, stop) = (self.seed, &self.limits.start());
        let original = one_point(self.scenario, seed)?;
        let workload = Workload::load(&original)?;
        let first = run_loaded(&original, &workload, seed, Recording::Headers);
        let shape = Shape::of(&first.outcome);
        let faults = written_out(&original, &first);
        let base = without_chance(&original, seed);
        let lists = FaultLists::new(&base, faults.clone());
        let mut candidates = Candidates::new(&lists, &workload, (seed, &shape));
        let mut trials = Trials { shrink: self, stop, runs: 1, failed: None };
        let all: Vec<usize> = (0..faults.len()).collect();
        let same = trials.run(&mut candidates, &all);
        workload.verify()?;
        if same.is_none() {
            return Err(trials.failed.unwrap_or(RunError::NotTheSame(seed)));
        }
        let least = ddmin::least(&all, stop, |part| trials.run(&mut candidates, part));
        drop(candidates);
        let cut_short = !least.proven && stop.is_set();
        // Runs for milder faults are not counted: the faults are left already.
        let runs = trials.runs;
        let list: Vec<_> = least.list.iter().map(|place| faults[*place]).collect();
        let lists = FaultLists::new(&base, weaken::with_milder(&list));
        let milder = trials.weaken(&list, Candidates::new(&lists, &workload, (seed, &shape)));
        if let Some(failed) = trials.failed {
            return Err(failed);
        }
        let pairs = list.iter().zip(&milder).filter(|(fault, milder)| fault != milder);
        let late =
            pairs.map(|(fault, milder)| Weakened { fault: *fault, milder: *milder }).collect();
        let list = if self.weaken { milder } else { list };
        let mut left = Scenario { faults: list, ..base };
        // By the names that the packets have in the run that is left.
        left.faults = written_out(&left, &run_loaded(&left, &workload, seed, Recording::Headers));
        let finished = run_loaded(&left, &workload, seed, Recording::Headers);
        workload.verify()?;
        if Shape::of(&finished.outcome) != shape {
            return Err(RunError::NotTheSame(seed));
        }
        left.expect = expected(&finished.outcome);
        let as_it_was = Scenario { expect: left.expect.clone(), arms: Vec::new(), ..original };
        let (before, fewest, changed) = (faults.len(), least.proven, as_it_was != left);
        let scenario = left;
        Ok(Shrunk { scenario, before, runs, fewest, cut_short, changed, late, finished })
    }
}

/// Counts the candidates of a shrink, and stops at the first error.
struct Trials<'s> {
    shrink: &'s Shrink<'s>,
    stop: &'s Stop<'s>,
    /// The runs of the shrink: an equal run of an earlier candidate counts once more.
    runs: u64,
    failed: Option<RunError>,
}

impl Trials<'_> {
    /// Runs a part of the faults. Returns the faults with an effect if the run leads to the shape.
    fn run(&mut self, candidates: &mut Candidates<'_>, part: &[usize]) -> Option<Vec<usize>> {
        self.runs += 1;
        let (runs, faults) = (self.runs, part.len());
        if self.shrink.max_runs.is_some_and(|most| runs >= most) {
            self.stop.end();
        }
        let progress = SearchProgress { runs, faults, resumed: 0, done: 0, all: 0 };
        self.shrink.limits.report(progress);
        candidates.run(part).unwrap_or_else(|error| {
            self.failed = Some(error);
            self.stop.end();
            None
        })
    }

    /// The faults of `list`, as mild as the shape permits. The candidates are parts of the faults
    /// and all milder faults.
    fn weaken(&mut self, list: &[Fault], mut candidates: Candidates<'_>) -> Vec<Fault> {
        let with_milder = weaken::with_milder(list);
        let place = |fault: &Fault| {
            let place = with_milder.iter().position(|known| known == fault);
            place.expect("every milder fault is among them")
        };
        weaken::weaken(list, self.stop, &mut |tried: &[Fault]| {
            let part: Vec<_> = tried.iter().map(place).collect();
            let met = self.run(&mut candidates, &part)?;
            Some(met.into_iter().map(|place| with_milder[place]).collect())
        })
    }
}

/// The same scenario without faults, without random fates, and with `seed` for all remaining draws.
#[must_use]
pub fn without_chance(scenario: &Scenario, seed: u64) -> Scenario {
    let calm = |link: &LinkConfig| LinkConfig {
        jitter: std::time::Duration::ZERO,
        loss_ppm: 0,
        burst: None,
        duplicate_ppm: 0,
        corrupt_ppm: 0,
        reorder_ppm: 0,
        reorder_correlation_ppm: 0,
        ..link.clone()
    };
    Scenario {
        up: calm(&scenario.up),
        down: calm(&scenario.down),
        seed: Some(seed),
        faults: Vec::new(),
        arms: Vec::new(),
        ..scenario.clone()
    }
}

/// The expectation of a shrunk scenario: the outcome of the last run.
fn expected(outcome: &Outcome) -> Expect {
    let worst = outcome.worst();
    Expect {
        verdict: vec![outcome.verdict],
        file: worst.map(|worst| worst.file).into_iter().collect(),
        told: worst.map(|worst| worst.told).into_iter().collect(),
        broken_laws: outcome.broken_laws.iter().map(|law| law.name).collect(),
        ..Expect::default()
    }
}

/// The faults of a part that met a packet, by their places.
fn matched(part: impl Iterator<Item = (usize, Fault)>, outcome: &Outcome) -> Vec<usize> {
    let lines = outcome.unmatched_faults.iter();
    let lines = lines.map(|line| line.split_once(" (").map_or(&**line, |(fault, _)| fault));
    let idle: BTreeSet<&str> = lines.collect();
    let acted =
        |(place, fault): (usize, Fault)| (!idle.contains(&*fault.to_string())).then_some(place);
    part.filter_map(acted).collect()
}

/// Whether the fault with this line met no packet, or only packets that had a fate already.
#[must_use]
pub fn idle(line: &str, outcome: &Outcome) -> bool {
    let also = format!("{line} (");
    outcome.unmatched_faults.iter().any(|idle| *idle == line || idle.starts_with(&also))
}

/// Every fate of a recorded run that is not a plain delivery, as a fault with the name of the
/// packet, in the order of the packets. `without_chance`, the scenario makes the same run with
/// these faults.
#[must_use]
pub fn written_out(scenario: &Scenario, finished: &Finished) -> Vec<Fault> {
    let names = Names::of(&finished.trace);
    let named = |emission, action| Fault { packet: Which::Named(names.name(emission)), action };
    let mut faults: Vec<(u64, Fault)> = Vec::new();
    for event in finished.trace.events() {
        if let Event::Packet(packet) = event {
            let actions = actions_of(packet.fate, scenario.link(packet.from).delay);
            let of = |action| (packet.emission, named(packet.emission, action));
            faults.extend(actions.into_iter().map(of));
        }
    }
    // A forged segment is behind a packet that has its fate by itself.
    for fault in &scenario.faults {
        let Action::Inject(_) = fault.action else { continue };
        let emissions = match &fault.packet {
            Which::Emission(emission) => {
                (*emission < names.len() as u64).then_some(*emission).into_iter().collect()
            }
            Which::Named(name) => find(&names, name),
        };
        faults.extend(emissions.into_iter().map(|it| (it, named(it, fault.action))));
    }
    faults.sort_by_key(|(emission, _)| *emission);
    faults.into_iter().map(|(_, fault)| fault).collect()
}

/// The emission numbers of all packets with this name. A name may leave parts out.
fn find(names: &Names, name: &PacketName) -> Vec<u64> {
    let fits = |emission: &u64| name.fits(&names.name(*emission));
    let fitting = (0..names.len() as u64).filter(fits);
    match name.nth.checked_sub(1) {
        None => fitting.collect(),
        Some(before) => {
            let before = usize::try_from(before).unwrap_or(usize::MAX);
            fitting.skip(before).take(1).collect()
        }
    }
}
