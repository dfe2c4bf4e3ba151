//! `fate_curve` asks at each packet of a run how the run could still have ended: the fates up to the
//! packet stay, every later packet draws anew, and many continuations are counted by verdict.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::network::fate::Fate;
#[cfg(feature = "report")]
use crate::network::fate::Fates;
use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::run::RunError;
use crate::scenario::Scenario;
use crate::search::SearchProgress;
use crate::search::limits::{Limits, Stop, bounded, threaded};
use crate::search::pool::Pool;
#[cfg(feature = "report")]
use crate::seed::Purpose;
use crate::verdict::Verdict;
use crate::workload::Workload;
use crate::world::World;

/// Continuations of each point, unless the caller wants another number.
const CONTINUATIONS: u64 = 1000;

/// Points of a curve; a longer run has fewer points than packets.
const POINTS: usize = 256;

/// A point is decisive if the shares of the verdicts change by this much in sum, in halves.
const DECISIVE: f64 = 0.25;

/// The shares of the verdicts at one packet of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FatePoint {
    /// The emission number of the last packet whose fate is given; `None`: nothing is given yet.
    pub packet: Option<u64>,
    /// The fate of that packet in the run.
    pub fate: Fate,
    /// When that packet left, in virtual time.
    pub at: Duration,
    /// How many continuations came to each verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
}

impl FatePoint {
    /// The share of the continuations that came to `verdict`, from 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share has three digits")]
    pub fn share(&self, verdict: Verdict) -> f64 {
        let all: u64 = self.verdicts.values().sum();
        let count = self.verdicts.get(&verdict).copied().unwrap_or(0);
        if all == 0 { 0.0 } else { count as f64 / all as f64 }
    }

    /// How far the shares of `other` are from the shares here: 0 for equal shares, 1 for shares
    /// without a common verdict (the total variation distance).
    #[must_use]
    pub fn distance(&self, other: &Self) -> f64 {
        let differs = |verdict| (self.share(verdict) - other.share(verdict)).abs();
        Verdict::ALL.into_iter().map(differs).sum::<f64>() / 2.0
    }
}

/// How the end of a run became certain.
#[derive(Clone, Debug)]
pub struct FateCurve {
    /// The outcome of the run itself.
    pub outcome: Outcome,
    /// The points in the order of the packets; the first has no packet.
    pub points: Vec<FatePoint>,
    /// Continuations of each point.
    pub continuations: u64,
    /// Packets of the run. Points stand for all of them, or for the lost and changed ones and some
    /// between.
    pub packets: u64,
    /// Whether every point was measured before the search ended.
    pub whole: bool,
}

impl FateCurve {
    /// The points at which the shares of the verdicts change by a quarter or more.
    pub fn decisive(&self) -> impl Iterator<Item = &FatePoint> {
        let pairs = self.points.windows(2);
        pairs.filter(|pair| pair[0].distance(&pair[1]) >= DECISIVE).map(|pair| &pair[1])
    }
}

/// Whether the links of `scenario` draw anything: if not, a run could have ended in one way only.
#[cfg(feature = "report")]
pub(crate) fn draws(scenario: &Scenario) -> bool {
    let links = [(&scenario.up, Purpose::FatesUp), (&scenario.down, Purpose::FatesDown)];
    links.iter().any(|(link, purpose)| !Fates::new(link, 0, *purpose).always_deliver())
}

/// A fate curve that has not been measured: a scenario, a seed, and the options of [`fate`].
#[derive(Clone, Debug)]
pub struct FateSearch<'a> {
    scenario: &'a Scenario,
    seed: u64,
    continuations: u64,
    limits: Limits<'a>,
}

/// Prepares the fate curve of the run of `scenario` with `seed`.
///
/// [`run`](FateSearch::run) makes 1,000 continuations of each packet, unless
/// [`continuations`](FateSearch::continuations) says otherwise.
#[must_use]
pub fn fate(scenario: &Scenario, seed: u64) -> FateSearch<'_> {
    FateSearch { scenario, seed, continuations: CONTINUATIONS, limits: Limits::default() }
}

bounded!(FateSearch);
threaded!(FateSearch);

/// A point to measure: the turn of the run in which the packet leaves, the first packet of the turn,
/// and the packet.
#[derive(Clone, Copy)]
struct Task {
    /// `None`: before the first turn, when the program of the client connects.
    turn: Option<usize>,
    first: u64,
    packet: Option<u64>,
}

impl FateSearch<'_> {
    /// Makes this many continuations of each point.
    #[must_use]
    pub fn continuations(mut self, continuations: u64) -> Self {
        self.continuations = continuations.max(1);
        self
    }

    /// Makes the run and the continuations.
    ///
    /// # Errors
    /// A key of the scenario has a list or a range of values, or a file of the scenario cannot be read
    /// or has changed meanwhile.
    pub fn run(&self) -> Result<FateCurve, RunError> {
        if let Some((key, values)) = self.scenario.open_keys().into_iter().next() {
            return Err(RunError::SeveralValues { key, values });
        }
        let workload = Workload::load(self.scenario)?;
        let base = Base::of(self.scenario, &workload, self.seed);
        let tasks = base.tasks();
        let stop = &self.limits.start();
        let mut points = Vec::new();
        let (mut queue, all) = (tasks.iter().copied(), tasks.len() as u64);
        Pool { jobs: self.limits.jobs(), stop }.run(
            || queue.next(),
            || Continuer::new(self, &workload),
            |continuer, task| continuer.point(&base, task, stop),
            |point: Option<FatePoint>| {
                let Some(point) = point else { return ControlFlow::Break(()) };
                points.push(point);
                let done = points.len() as u64;
                let runs = done * self.continuations;
                self.limits.report(SearchProgress { runs, resumed: 0, done, all, faults: 0 });
                ControlFlow::Continue(())
            },
        );
        workload.verify()?;
        let whole = points.len() == tasks.len();
        let packets = base.fates.len() as u64;
        let continuations = self.continuations;
        Ok(FateCurve { outcome: base.outcome, points, continuations, packets, whole })
    }
}

/// The run whose fates the continuations share.
struct Base {
    outcome: Outcome,
    /// Fate and time of each packet.
    fates: Vec<(Fate, Duration)>,
    /// The first packet of each turn.
    turns: Vec<u64>,
}

impl Base {
    fn of(scenario: &Scenario, workload: &Workload, seed: u64) -> Self {
        let mut world = World::new(scenario, workload, seed, Recording::Headers);
        let mut turns = Vec::new();
        let end = loop {
            turns.push(world.trace().next_emission());
            if let Some(end) = world.step() {
                break end;
            }
        };
        let outcome = world.conclude(end);
        let fates = world.trace().packets().map(|(event, _)| (event.fate, event.at)).collect();
        Self { outcome, fates, turns }
    }

    /// The points to measure, in the order of the packets.
    fn tasks(&self) -> Vec<Task> {
        let count = self.fates.len();
        let every = count.div_ceil(POINTS / 2).max(1);
        let changed = |at: usize| self.fates[at].0 != Fate::Deliver;
        let room = POINTS / 2;
        let changed: Vec<usize> = (0..count).filter(|at| changed(*at)).take(room).collect();
        let chosen = |at: &usize| {
            count <= POINTS || at.is_multiple_of(every) || changed.binary_search(at).is_ok()
        };
        let mut tasks = vec![Task { turn: None, first: 0, packet: None }];
        tasks.extend((0..count).filter(chosen).map(|at| {
            let packet = at as u64;
            let turn = self.turns.partition_point(|first| *first <= packet).checked_sub(1);
            let first = turn.map_or(0, |turn| self.turns[turn]);
            Task { turn, first, packet: Some(packet) }
        }));
        tasks
    }
}

/// Measures points one behind the other.
struct Continuer<'t> {
    world: World<'t>,
    /// Keeps the state of the run before the turn of the point.
    copy: World<'t>,
    turn: Option<usize>,
    seed: u64,
    continuations: u64,
    outcome: Outcome,
}

impl<'t> Continuer<'t> {
    fn new(search: &'t FateSearch<'_>, workload: &'t Workload) -> Self {
        let FateSearch { scenario, seed, continuations, .. } = *search;
        let new = || World::new(scenario, workload, seed, Recording::Digest);
        let outcome = Outcome::default();
        Self { world: new(), copy: new(), turn: None, seed, continuations, outcome }
    }

    /// Measures the point of `task`. `None` if the search is stopped before the last continuation.
    fn point(&mut self, base: &Base, task: Task, stop: &Stop<'_>) -> Option<FatePoint> {
        let given = task.packet.into_iter().flat_map(|packet| task.first..=packet);
        let orders: Vec<(u64, Fate)> = given
            .filter_map(|emission| Some((emission, base.fates[usize::try_from(emission).ok()?].0)))
            .collect();
        if let Some(turn) = task.turn {
            self.go_to(turn);
        } else {
            self.world.order(&orders);
        }
        let mut verdicts = BTreeMap::new();
        for continuation in 0..self.continuations {
            if stop.is_set() {
                return None;
            }
            if task.turn.is_some() {
                self.world.copy_from(&self.copy);
                self.world.redraw(continuation);
                for &(emission, fate) in &orders {
                    self.world.order_one_more(emission, fate);
                }
            } else {
                self.world.reset(continuation, Recording::Digest);
            }
            let end = self.world.run();
            self.world.conclude_into(end, &mut self.outcome);
            *verdicts.entry(self.outcome.verdict).or_insert(0) += 1;
        }
        let given = task.packet.and_then(|packet| usize::try_from(packet).ok());
        let (fate, at) = given.map_or((Fate::Deliver, Duration::ZERO), |at| base.fates[at]);
        Some(FatePoint { packet: task.packet, fate, at, verdicts })
    }

    /// Takes the run, with its own fates, to the beginning of `turn`.
    fn go_to(&mut self, turn: usize) {
        let from = match self.turn.filter(|own| *own <= turn) {
            Some(own) => {
                self.world.copy_from(&self.copy);
                own
            }
            None => {
                self.world.order(&[]);
                self.world.reset(self.seed, Recording::Digest);
                0
            }
        };
        for _ in from..turn {
            let end = self.world.step();
            assert!(end.is_none(), "the run has the turn");
        }
        self.turn = Some(turn);
        self.copy.copy_from(&self.world);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::sweep;

    fn lossy() -> Scenario {
        let mut scenario = Scenario::catalogue("q123208").expect("it is in the catalogue");
        scenario.vary(["link.loss=5%"]).expect("a sound setting");
        scenario
    }

    #[test]
    fn the_curve_begins_with_the_shares_of_a_sweep_and_ends_with_the_verdict() {
        let scenario = lossy();
        let curve = fate(&scenario, 264).continuations(60).run().expect("nothing is read");
        let swept = sweep(&scenario, 0..60).run().expect("nothing is read");
        let before = &curve.points[0];
        for verdict in Verdict::ALL {
            let difference = (before.share(verdict) - swept.share(verdict)).abs();
            assert!(difference < 1e-9, "{verdict}: {difference}");
        }
        let last = curve.points.last().expect("points");
        assert!((last.share(curve.outcome.verdict) - 1.0).abs() < 1e-9);
        assert_eq!(curve.points.len() as u64, curve.packets + 1);
    }

    #[test]
    fn the_curve_jumps_at_a_lost_packet() {
        let curve = fate(&lossy(), 264).continuations(40).run().expect("nothing is read");
        assert_eq!(curve.outcome.verdict, Verdict::Truncated);
        let decisive: Vec<_> = curve.decisive().collect();
        assert!(decisive.iter().any(|point| !point.fate.arrives()), "{decisive:?}");
    }

    #[test]
    fn threads_change_no_point() {
        let scenario = lossy();
        let points = |jobs| {
            fate(&scenario, 264).continuations(5).jobs(jobs).run().expect("nothing is read").points
        };
        assert_eq!(points(1), points(3));
    }
}
