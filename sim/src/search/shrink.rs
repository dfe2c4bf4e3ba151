//! `shrink` cuts a run down to the fewest faults that still come to the same: the same verdict, the
//! same endings of its data connections, the same broken laws. First all that chance and the scenario
//! did to its packets is written out as faults, by the names of the packets; what chance decides
//! beside fates is pinned by the seed, which the scenario then says itself.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::network::fate::{Changes, Fate, Moved};
use crate::network::trace::{Event, PacketEvent, Recording};
use crate::outcome::{Endings, Outcome};
use crate::run::{Finished, run};
use crate::scenario::fault::{Action, Fault, PacketName, Which};
use crate::scenario::{Expect, LinkConfig, Scenario};
use crate::search::ddmin;
use crate::search::schedule::Names;
use crate::side::Side;
use crate::verdict::Verdict;
use crate::workload::{Unreadable, Workload};
use crate::world::World;

/// What is left of a run.
pub struct Shrunk {
    /// A scenario that comes to it without any chance, whatever is called its seed.
    pub scenario: Scenario,
    /// Faults that the run had.
    pub before: usize,
    /// Runs that it took.
    pub runs: u64,
    /// No smaller set of the run's faults comes to the same: all were tried. Else none that is
    /// smaller by one does.
    pub fewest: bool,
    /// It was told to stop: a smaller set may come to the same.
    pub cut_short: bool,
    /// Whether it is anything else than what was to be shrunk.
    pub changed: bool,
    /// The run that is left, recorded with the headers of its packets.
    pub finished: Finished,
}

/// A run could not be shrunk.
#[derive(Debug, thiserror::Error)]
pub enum ShrinkError {
    /// A file of the scenario cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Written out as faults, the run is another one: a fault of this program.
    #[error("the run of seed {0} cannot be written out as faults: please report this")]
    NotTheSame(u64),
}

/// What a run is shrunk by: a smaller one must come to this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The verdict.
    pub verdict: Verdict,
    /// How the data connection of each transfer ended.
    pub endings: Vec<Endings>,
    /// The laws that were broken without an excuse.
    pub broken_laws: Vec<&'static str>,
}

impl Shape {
    /// Of a run.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        Self {
            verdict: outcome.verdict,
            endings: outcome.transfers.iter().map(|transfer| transfer.ending).collect(),
            broken_laws: outcome.broken_laws.iter().map(|law| law.name).collect(),
        }
    }
}

/// Shrink the run of `scenario` with `seed`; `tried` is told how many runs it took so far, and how
/// many faults the last part had. Once `stop` is true, what was found so far is what is left.
///
/// # Errors
/// A file of the scenario cannot be read.
///
/// # Panics
/// If a key of the scenario has a list of values.
pub fn shrink(
    scenario: &Scenario,
    seed: u64,
    stop: &AtomicBool,
    mut tried: impl FnMut(u64, usize),
) -> Result<Shrunk, ShrinkError> {
    let original = scenario.pin(0, seed).scenario;
    let workload = Workload::load(&original)?;
    let first = run(&original, &workload, seed, Recording::Headers);
    let shape = Shape::of(&first.outcome);
    let faults = written_out(&original, &first);
    let base = without_chance(&original, seed);
    let mut runs = 1;
    let does_it = |part: &[Fault]| {
        runs += 1;
        tried(runs, part.len());
        let scenario = Scenario { faults: part.to_vec(), ..base.clone() };
        let mut world = World::new(&scenario, &workload, seed, Recording::Digest);
        let end = world.run();
        let outcome = world.conclude(end);
        (Shape::of(&outcome) == shape).then(|| matched(part, &outcome))
    };
    let mut does_it = does_it;
    let same = does_it(&faults);
    workload.verify()?;
    if same.is_none() {
        return Err(ShrinkError::NotTheSame(seed));
    }
    let least = ddmin::least(&faults, stop, &mut does_it);
    let mut left = Scenario { faults: least.list, ..base };
    // By the names that they have in the run that is left.
    left.faults = written_out(&left, &run(&left, &workload, seed, Recording::Headers));
    let finished = run(&left, &workload, seed, Recording::Headers);
    workload.verify()?;
    if Shape::of(&finished.outcome) != shape {
        return Err(ShrinkError::NotTheSame(seed));
    }
    left.expect = expected(&finished.outcome);
    let as_it_was = Scenario { expect: left.expect.clone(), arms: Vec::new(), ..original };
    let (before, fewest, changed) = (faults.len(), least.proven, as_it_was != left);
    let cut_short = !fewest && stop.load(Ordering::Relaxed);
    Ok(Shrunk { scenario: left, before, runs, fewest, cut_short, changed, finished })
}

/// The same scenario without faults, where nothing is left to chance but what its seed pins.
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

/// What must come of a scenario that was shrunk: what came of it.
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

/// The faults of a part that met a packet.
fn matched(part: &[Fault], outcome: &Outcome) -> Vec<Fault> {
    part.iter().filter(|fault| !idle(&fault.to_string(), outcome)).cloned().collect()
}

/// Whether a fault of this line met no packet, or none that was left for it.
#[must_use]
pub fn idle(line: &str, outcome: &Outcome) -> bool {
    let also = format!("{line} (");
    outcome.unmatched_faults.iter().any(|idle| *idle == line || idle.starts_with(&also))
}

/// All that became of a recorded run's packets by chance or by a fault, in their order, as faults by
/// the names of the packets: `without_chance` and with these faults, the scenario makes the same run.
#[must_use]
pub fn written_out(scenario: &Scenario, finished: &Finished) -> Vec<Fault> {
    let names = Names::of(&finished.trace);
    let named = |emission, action| Fault { packet: Which::Named(names.name(emission)), action };
    let mut faults: Vec<(u64, Fault)> = Vec::new();
    for event in finished.trace.events() {
        if let Event::Packet(packet) = event {
            let actions = actions(scenario, packet);
            let of = |action| (packet.emission, named(packet.emission, action));
            faults.extend(actions.into_iter().map(of));
        }
    }
    // A forged segment is behind a packet that has its fate by itself.
    for fault in &scenario.faults {
        let Action::Inject(_) = fault.action else { continue };
        let emission = match &fault.packet {
            Which::Emission(emission) => (*emission < names.len() as u64).then_some(*emission),
            Which::Named(name) => find(&names, name),
        };
        faults.extend(emission.map(|it| (it, named(it, fault.action.clone()))));
    }
    faults.sort_by_key(|(emission, _)| *emission);
    faults.into_iter().map(|(_, fault)| fault).collect()
}

/// What a fault must do to a packet for the fate that it met. What follows from the link (a full
/// queue, a dark stretch, a NAT) follows from it again.
fn actions(scenario: &Scenario, packet: &PacketEvent) -> Vec<Action> {
    let micros = std::time::Duration::from_micros;
    let changes = match packet.fate {
        Fate::Lost | Fate::BurstLost | Fate::Dropped => return vec![Action::Drop],
        Fate::Changed(changes) => changes,
        Fate::Deliver | Fate::QueueFull | Fate::Blackout | Fate::Forgotten | Fate::Forged => {
            return Vec::new();
        }
    };
    let Changes { duplicated, corrupted, moved } = changes;
    let delay = match packet.from {
        Side::Client => scenario.up.delay,
        Side::Server => scenario.down.delay,
    };
    let moved = match moved {
        Moved::InTurn | Moved::Jitter(0) => None,
        Moved::Jitter(us) if us < 0 => Some(Action::Early(micros(us.unsigned_abs()))),
        Moved::Jitter(us) => Some(Action::Delay(micros(us.unsigned_abs()))),
        Moved::AtOnce => (!delay.is_zero()).then_some(Action::Early(delay)),
        Moved::Late(by) => Some(Action::Delay(by)),
        Moved::Held => Some(Action::Hold),
    };
    let corrupted = corrupted.map(|bit| Action::Corrupt { bit: Some(bit) });
    let duplicated = duplicated.then_some(Action::Duplicate);
    [duplicated, corrupted, moved].into_iter().flatten().collect()
}

/// The packet that a name, which may leave parts out, means.
fn find(names: &Names, name: &PacketName) -> Option<u64> {
    let fits = |emission: &u64| {
        let exact = names.name(*emission);
        let of = |part: Option<u32>, other: Option<u32>| part.is_none() || part == other;
        name.from == exact.from
            && name.channel.covers(exact.channel)
            && (name.segment.is_none() || name.segment == exact.segment)
            && of(name.at, exact.at)
    };
    let nth = usize::try_from(name.nth - 1).ok()?;
    (0..names.len() as u64).filter(fits).nth(nth)
}
