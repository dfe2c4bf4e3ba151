//! `fate_curve` asks at each packet of a run how the run could still have ended: the fates up to the
//! packet stay, every later packet draws anew, and many continuations are counted by verdict.

mod continuer;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::network::fate::Fate;
#[cfg(feature = "report")]
use crate::network::fate::Fates;
use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::run::{RunError, Unlike};
use crate::scenario::Scenario;
use crate::search::SearchProgress;
use crate::search::limits::{Limits, bounded, threaded};
use crate::search::pool::Pool;
#[cfg(feature = "report")]
use crate::seed::Purpose;
use crate::verdict::Verdict;
use crate::workload::Workload;
use crate::world::World;
use continuer::Continuer;

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
    /// A key of the scenario has a list or a range of values, a file of the scenario cannot be read
    /// or has changed meanwhile, or a continuation is not the one that was derived for it, which is a bug
    /// of this crate.
    pub fn run(&self) -> Result<FateCurve, RunError> {
        if let Some((key, values)) = self.scenario.open_keys().into_iter().next() {
            return Err(RunError::SeveralValues { key, values });
        }
        let workload = Workload::load(self.scenario)?;
        let base = Base::of(self.scenario, &workload, self.seed);
        let tasks = base.tasks();
        let stop = &self.limits.start();
        let (mut points, mut unlike) = (Vec::new(), None);
        let (mut queue, all) = (tasks.iter().copied(), tasks.len() as u64);
        Pool { jobs: self.limits.jobs(), stop }.run(
            || queue.next(),
            || Continuer::new(self, &workload),
            |continuer, task| continuer.point(&base, task, stop),
            |point: Result<Option<FatePoint>, Box<Unlike>>| {
                let point = point.unwrap_or_else(|difference| {
                    unlike = Some(difference);
                    None
                });
                let Some(point) = point else { return ControlFlow::Break(()) };
                points.push(point);
                let done = points.len() as u64;
                let runs = done * self.continuations;
                self.limits.report(SearchProgress { runs, resumed: 0, done, all, faults: 0 });
                ControlFlow::Continue(())
            },
        );
        workload.verify()?;
        if let Some(unlike) = unlike {
            return Err(unlike.into());
        }
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
