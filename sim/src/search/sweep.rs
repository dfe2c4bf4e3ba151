//! `sweep` runs a scenario with many seeds, at every point of its grid, on all cores, and hands over the
//! outcomes in order: point by point, and within a point seed by seed.

#[cfg(feature = "results")]
mod record;
mod runner;
#[cfg(test)]
mod sweep_tests;

use std::ops::{ControlFlow, Range};
use std::path::Path;

use crate::judge::expectation::{lawful, unmet};
use crate::outcome::Outcome;
use crate::run::RunError;
use crate::scenario::{Choice, Expect, Scenario};
use crate::search::classes::{ByClass, ClassId, Forgotten, Made, Making};
use crate::search::coverage::Pair;
use crate::search::limits::{Limits, SearchProgress, bounded, threaded};
use crate::search::pool::Pool;
use crate::search::seeds::Seeds;
use crate::search::shard::Shard;
use crate::search::tally::shares::{ShareBound, share_bounded};
use crate::search::tally::{Counted, Swept, Tally};
use crate::verdict::Verdict;
use crate::workload::Unreadable;
#[cfg(feature = "results")]
pub(crate) use record::quoted;
#[cfg(feature = "cli")]
pub(crate) use record::reproduce;
#[cfg(feature = "results")]
pub use record::{Record, Rows};
use runner::{Point, Runner};

/// The largest number of runs in a chunk.
const CHUNK: u64 = 64;
/// The largest number of bytes that the runs of a chunk move.
const CHUNK_BYTES: u64 = 4 << 20;

/// The largest number of grid points whose files are in memory at once.
const BATCH: usize = 1_024;
/// The largest number of bytes of such files.
const BATCH_BYTES: u64 = 64 << 20;
/// The largest number of such files that are held open: a process may have 256 on some systems.
const BATCH_OPEN: usize = 64;

/// A sweep that has not begun: a scenario, the seeds, and the options of [`sweep`].
#[derive(Clone, Debug)]
pub struct Sweep<'a> {
    scenario: &'a Scenario,
    seeds: Seeds,
    shard: Shard,
    laws_alone: bool,
    skipped: u64,
    max_runs: u64,
    making: Making,
    coverage: bool,
    pub(crate) bounds: Vec<ShareBound>,
    pub(crate) corpus: Option<&'a Path>,
    pub(super) limits: Limits<'a>,
}

/// One run of a sweep.
#[derive(Clone, Copy, Debug)]
pub struct SweptRun<'a> {
    /// The scenario of the run, with one value for each key.
    pub scenario: &'a Scenario,
    /// The number of the grid's point, from 0.
    pub point: usize,
    /// The value of each key that the sweep's scenario leaves open.
    pub choices: &'a [Choice],
    /// What the run came to, with its seed.
    pub outcome: &'a Outcome,
    /// The class of the run on this thread: the outcomes of one class differ in seed and digest
    /// alone. `None`: the run stands for itself.
    pub class: Option<ClassId>,
    /// The pairs that the run reached; empty unless the sweep was asked for its coverage.
    pub pairs: &'a [Pair],
}

/// Prepares runs of `scenario` with each of these seeds, at every point of its grid.
///
/// [`run`](Sweep::run) makes the runs and counts their verdicts; [`visit`](Sweep::visit) hands over
/// each outcome; [`fold`](Sweep::fold) collects on the threads that make the runs.
#[must_use]
pub fn sweep(scenario: &Scenario, seeds: impl Into<Seeds>) -> Sweep<'_> {
    Sweep {
        scenario,
        seeds: seeds.into(),
        shard: Shard::WHOLE,
        laws_alone: false,
        skipped: 0,
        max_runs: u64::MAX,
        making: Making::default(),
        coverage: false,
        bounds: Vec::new(),
        corpus: None,
        limits: Limits::default(),
    }
}

bounded!(Sweep);
threaded!(Sweep);
share_bounded!(Sweep);

impl<'a> Sweep<'a> {
    /// Makes only the runs of one shard.
    #[must_use]
    pub fn shard(mut self, shard: Shard) -> Self {
        self.shard = shard;
        self
    }

    /// Makes at most this many runs, the first ones.
    #[must_use]
    pub fn max_runs(mut self, runs: u64) -> Self {
        self.max_runs = runs;
        self
    }

    /// Lets a check run the seeds in this corpus file first, and add the seed of a failure to the
    /// file. A line of the file is the name of a scenario and a seed; a missing file is an empty
    /// corpus.
    #[must_use]
    pub fn corpus(mut self, path: &'a Path) -> Self {
        self.corpus = Some(path);
        self
    }

    /// Counts a run as unexpected only if the run breaks a law. The rest of the expectation does
    /// not count.
    #[must_use]
    pub fn laws_alone(mut self, laws_alone: bool) -> Self {
        self.laws_alone = laws_alone;
        self
    }

    /// Whether the sweep makes one run of each class of seeds and derives the others, as it does by
    /// default, or makes every run. The choice changes no result.
    #[must_use]
    pub fn classes(mut self, classes: bool) -> Self {
        self.making.all = !classes;
        self
    }

    /// Whether the sweep finds the pairs that each run reaches (`Tally::coverage`). A run that was
    /// made is then made once more with a record of the headers.
    #[must_use]
    pub fn coverage(mut self, coverage: bool) -> Self {
        self.coverage = coverage;
        self
    }

    /// Leaves a part out of the key of the classes, for a test of the comparison.
    #[doc(hidden)]
    #[must_use]
    pub fn forgetting(mut self, forgotten: Forgotten) -> Self {
        self.making.forgotten = Some(forgotten);
        self
    }

    /// Leaves out the first runs of the shard, which an earlier sweep has made.
    #[cfg(feature = "results")]
    #[must_use]
    pub(crate) fn skip(mut self, runs: u64) -> Self {
        self.skipped = runs;
        self
    }

    /// The same sweep of one seed alone, at every point of the grid.
    pub(crate) fn only(&self, seed: u64) -> Self {
        let (shard, max_runs) = (Shard::WHOLE, u64::MAX);
        Self { seeds: (seed..=seed).into(), shard, max_runs, ..self.clone() }
    }

    /// The scenario that is swept.
    #[must_use]
    pub(crate) fn scenario(&self) -> &'a Scenario {
        self.scenario
    }

    /// Whether a run came to what the scenario expects.
    pub(crate) fn is_expected(&self, outcome: &Outcome) -> bool {
        let expect = &self.scenario.expect;
        match self.laws_alone || *expect == Expect::default() {
            true => lawful(expect, outcome),
            false => unmet(expect, outcome).is_empty(),
        }
    }

    /// The numbers of the shard's runs, counted over the whole sweep.
    ///
    /// # Errors
    /// The whole sweep has 2^64 runs or more.
    pub(crate) fn rows(&self) -> Result<Range<u64>, RunError> {
        let all = self.seeds.count().checked_mul(self.scenario.points() as u128);
        let all = all.and_then(|all| u64::try_from(all).ok()).ok_or(RunError::TooMany)?;
        Ok(self.shard.of(all))
    }

    /// The number of runs that the sweep is to make of these rows.
    pub(crate) fn wanted(&self, rows: &Range<u64>) -> u64 {
        (rows.end - rows.start).min(self.max_runs)
    }

    /// The point and the seed of a run, by the run's number in the whole sweep.
    ///
    /// # Panics
    /// If there is no such run.
    pub(crate) fn run_of(&self, row: u64) -> (usize, u64) {
        let (point, number) = self.place(row);
        (point, self.seeds.at(number))
    }

    /// The point of a run, and the number of the point's seeds before the run's seed.
    fn place(&self, row: u64) -> (usize, u64) {
        let seeds = self.seeds_of_a_point();
        (usize::try_from(row / seeds).expect("a point of the grid"), row % seeds)
    }

    fn seeds_of_a_point(&self) -> u64 {
        u64::try_from(self.seeds.count()).expect("all runs were counted")
    }

    /// Makes the runs and counts what they came to.
    ///
    /// # Errors
    /// A file of the scenario cannot be read or has changed meanwhile, there are 2^64 runs or more,
    /// or a derived run is not the run of its seed.
    pub fn run(&self) -> Result<Swept, RunError> {
        let rows = self.rows()?;
        let mut swept = Swept::new(self.wanted(&rows));
        let count = |run: SweptRun<'_>| self.counted(run);
        let add = |known: &mut ByClass<Counted>, tally: &mut Tally, run: SweptRun<'_>| {
            let Some(class) = run.class else { return tally.add(&count(run)) };
            let counted = known.get_or_make(class, || count(run));
            counted.seed = run.outcome.seed;
            tally.add(counted);
        };
        let ready = |point, tally: Tally| {
            swept.merge(point, &tally);
            self.report(&swept);
            ControlFlow::Continue(())
        };
        swept.made = self.fold_with(add, ready)?;
        Ok(swept)
    }

    /// What counts of a run.
    fn counted(&self, run: SweptRun<'_>) -> Counted {
        let counted = Counted::of(run.outcome, self.is_expected(run.outcome));
        Counted { pairs: run.pairs.to_vec(), ..counted }
    }

    /// Tells the listener how many runs are done.
    fn report(&self, swept: &Swept) {
        let (runs, all, resumed) = (swept.runs(), swept.wanted, swept.resumed);
        self.limits.report(SearchProgress { runs, resumed, done: runs, all, faults: 0 });
    }

    /// Makes the runs and hands over every outcome in order, with the number of its grid point,
    /// until `visit` breaks. Returns how many runs were made and how many derived.
    ///
    /// # Errors
    /// A file of the scenario cannot be read or has changed meanwhile, there are 2^64 runs or more,
    /// or a derived run is not the run of its seed.
    pub fn visit(
        &self,
        mut visit: impl FnMut(usize, &Outcome) -> ControlFlow<()>,
    ) -> Result<Made, RunError> {
        let keep = |all: &mut Vec<Outcome>, run: SweptRun<'_>| all.push(run.outcome.clone());
        self.fold(keep, |point, outcomes: Vec<_>| {
            outcomes.iter().try_for_each(|outcome| visit(point, outcome))
        })
    }

    /// Makes the runs in chunks of consecutive seeds of one grid point. `add` puts a run into its
    /// chunk on the thread that makes the run; `ready` gets the chunks in order, each with the
    /// number of its grid point, until `ready` breaks. The caller's threads share no memory but
    /// what `add` reads. Returns how many runs were made and how many derived.
    ///
    /// # Errors
    /// A file of the scenario cannot be read or has changed meanwhile, there are 2^64 runs or more,
    /// or a derived run is not the run of its seed.
    pub fn fold<C: Default + Send>(
        &self,
        add: impl Fn(&mut C, SweptRun<'_>) + Sync,
        ready: impl FnMut(usize, C) -> ControlFlow<()>,
    ) -> Result<Made, RunError> {
        self.fold_with(|(): &mut (), chunk: &mut C, run: SweptRun<'_>| add(chunk, run), ready)
    }

    /// The same, where `add` also has a state that stays on its thread from run to run.
    ///
    /// # Errors
    /// As [`fold`](Sweep::fold).
    pub fn fold_with<S: Default, C: Default + Send>(
        &self,
        add: impl Fn(&mut S, &mut C, SweptRun<'_>) + Sync,
        mut ready: impl FnMut(usize, C) -> ControlFlow<()>,
    ) -> Result<Made, RunError> {
        let rows = self.rows()?;
        let stop = &self.limits.start();
        let mut next = (rows.start + self.skipped).min(rows.end);
        let end = rows.end.min(next.saturating_add(self.max_runs));
        let (mut over, mut unsound, mut made) = (false, None, Made::default());
        while next < end && !over {
            let points = self.batch(next..end, BATCH_BYTES)?;
            let (first, behind) = (points[0].number, points[0].number + points.len());
            let seeds = self.seeds_of_a_point();
            let until = (behind as u64).checked_mul(seeds).map_or(end, |rows| rows.min(end));
            let tasks = || {
                let (number, at) = (next < until).then(|| self.place(next))?;
                let point = &points[number - first];
                let chunk = (CHUNK_BYTES / point.workload.bytes().max(1)).clamp(1, CHUNK);
                let runs = chunk.min(seeds - at).min(until - next);
                next += runs;
                Some((point, at..at + runs))
            };
            Pool { jobs: self.limits.jobs(), stop }.run(
                tasks,
                || Runner::new(self.making, self.coverage),
                |runner, (point, numbers)| {
                    let seeds = numbers.map(|number| self.seeds.at(number));
                    runner.chunk(point, seeds, stop, &add)
                },
                |chunk| {
                    made.add(chunk.runs);
                    if let Err(error) = chunk.sound {
                        (over, unsound) = (true, Some(error));
                        return ControlFlow::Break(());
                    }
                    // Runs behind a gap are not handed over.
                    over |= ready(chunk.point, chunk.made).is_break() || !chunk.whole;
                    if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                },
            );
            over |= stop.is_set();
        }
        unsound.map_or(Ok(made), Err)
    }

    /// The first grid points of these runs, until their files take `most` bytes of memory or too
    /// many files are open.
    fn batch(&self, rows: Range<u64>, most: u64) -> Result<Vec<Point<'a>>, Unreadable> {
        let (first, last) = (self.run_of(rows.start).0, self.run_of(rows.end - 1).0);
        let (mut points, mut bytes, mut open) = (Vec::new(), 0, 0);
        for number in first..=last {
            if bytes >= most || open >= BATCH_OPEN || points.len() == BATCH {
                break;
            }
            let point = Point::new(self.scenario, number, self.seeds_of_a_point())?;
            bytes += point.workload.held();
            open += point.workload.open();
            points.push(point);
        }
        Ok(points)
    }
}
