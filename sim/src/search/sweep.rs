//! `sweep` runs a scenario with many seeds, at every point of its grid, over all cores, and hands
//! over what came of it in order: point by point, and within a point seed by seed.

mod runner;

use std::num::NonZeroUsize;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::outcome::Outcome;
use crate::scenario::{Choice, Scenario};
use crate::search::pool::{Pool, cores};
use crate::search::seeds::Seeds;
use crate::search::shard::Shard;
use crate::workload::Unreadable;
use runner::{Point, Runner};

/// Runs that a thread does at a time: fewer, where they move more than this.
const CHUNK: u64 = 64;
const CHUNK_BYTES: u64 = 4 << 20;

/// Points of a grid whose files are in memory at once: fewer, where they have more than this.
const BATCH: usize = 1_024;
const BATCH_BYTES: u64 = 64 << 20;
/// And fewer, where they hold so many files open: a process may have 256 on some systems.
const BATCH_OPEN: usize = 64;

/// A sweep that is about to be run.
#[derive(Clone, Debug)]
pub struct Sweep<'a> {
    scenario: &'a Scenario,
    seeds: Seeds,
    shard: Shard,
    jobs: NonZeroUsize,
    done: u64,
    most: u64,
}

/// One run of a sweep.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What was run: nothing of it is open any more.
    pub scenario: &'a Scenario,
    /// Which point of the grid it is.
    pub point: usize,
    /// What was chosen for each open key.
    pub choices: &'a [Choice],
    /// What it came to, its seed included.
    pub outcome: &'a Outcome,
}

/// Run `scenario` with each of these seeds, at every point of its grid; begun by
/// [`run`](Sweep::run), [`fold`](Sweep::fold) or `check`.
#[must_use]
pub fn sweep(scenario: &Scenario, seeds: impl Into<Seeds>) -> Sweep<'_> {
    Sweep {
        scenario,
        seeds: seeds.into(),
        shard: Shard::WHOLE,
        jobs: cores(),
        done: 0,
        most: u64::MAX,
    }
}

impl<'a> Sweep<'a> {
    /// On so many threads; without this, one for each core. It changes nothing of what is found.
    #[must_use]
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Self {
        self.jobs = jobs;
        self
    }

    /// Only this part of it.
    #[must_use]
    pub fn shard(mut self, shard: Shard) -> Self {
        self.shard = shard;
        self
    }

    /// Without the first `done` runs of its part, which have been run before.
    #[must_use]
    pub fn after(mut self, done: u64) -> Self {
        self.done = done;
        self
    }

    /// At most so many runs.
    #[must_use]
    pub fn most(mut self, runs: u64) -> Self {
        self.most = runs;
        self
    }

    /// What is swept.
    #[must_use]
    pub fn scenario(&self) -> &'a Scenario {
        self.scenario
    }

    /// The numbers of its runs in the whole: those of its part.
    ///
    /// # Errors
    /// There are 2^64 runs or more in the whole.
    pub fn rows(&self) -> Result<Range<u64>, TooMany> {
        let all = self.seeds.count().checked_mul(self.scenario.points() as u128);
        let all = all.and_then(|all| u64::try_from(all).ok()).ok_or(TooMany)?;
        Ok(self.shard.of(all))
    }

    /// The point and the seed of a run, by its number in the whole.
    ///
    /// # Panics
    /// If there is no such run.
    #[must_use]
    pub fn run_of(&self, row: u64) -> (usize, u64) {
        let (point, number) = self.place(row);
        (point, self.seeds.at(number))
    }

    /// The point of a run, and how many seeds it has before that.
    fn place(&self, row: u64) -> (usize, u64) {
        let seeds = self.seeds_of_a_point();
        (usize::try_from(row / seeds).expect("a point of the grid"), row % seeds)
    }

    fn seeds_of_a_point(&self) -> u64 {
        u64::try_from(self.seeds.count()).expect("all runs were counted")
    }

    /// Run it, and hand over every outcome in order, until `ready` breaks.
    ///
    /// # Errors
    /// A file of the scenario cannot be read or has changed meanwhile, or there are too many runs.
    pub fn run(
        &self,
        mut ready: impl FnMut(usize, &Outcome) -> ControlFlow<()>,
    ) -> Result<(), SweepError> {
        let keep = |all: &mut Vec<Outcome>, run: Run<'_>| all.push(run.outcome.clone());
        self.fold(&AtomicBool::new(false), keep, |point, outcomes: Vec<_>| {
            outcomes.iter().try_for_each(|outcome| ready(point, outcome))
        })
    }

    /// Run it in chunks of consecutive runs of one point: `add` makes of a chunk what is wanted of
    /// it, on the thread that runs it, and `ready` gets the chunks in order. Once `stop` is true no
    /// run is begun.
    ///
    /// # Errors
    /// A file of the scenario cannot be read or has changed meanwhile, or there are too many runs.
    pub fn fold<C: Default + Send>(
        &self,
        stop: &AtomicBool,
        add: impl Fn(&mut C, Run<'_>) + Sync,
        mut ready: impl FnMut(usize, C) -> ControlFlow<()>,
    ) -> Result<(), SweepError> {
        let rows = self.rows()?;
        let mut next = (rows.start + self.done).min(rows.end);
        let end = rows.end.min(next.saturating_add(self.most));
        let (mut over, mut changed) = (false, None);
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
            Pool { jobs: self.jobs, stop }.run(
                tasks,
                Runner::default,
                |runner, (point, numbers)| {
                    let seeds = numbers.map(|number| self.seeds.at(number));
                    runner.chunk(point, seeds, stop, &add)
                },
                |chunk| {
                    if let Err(unreadable) = chunk.read {
                        (over, changed) = (true, Some(unreadable));
                        return ControlFlow::Break(());
                    }
                    // What was run behind a gap is not handed over.
                    over |= ready(chunk.point, chunk.made).is_break() || !chunk.whole;
                    if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                },
            );
            over |= stop.load(Ordering::Relaxed);
        }
        changed.map_or(Ok(()), |unreadable| Err(unreadable.into()))
    }

    /// The first points of the grid that these runs meet: up to the one whose files make it `most`
    /// bytes, or too many that are open.
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

/// There are more runs than 64 bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are 2^64 runs or more in this sweep: name fewer seeds")]
pub struct TooMany;

/// A sweep could not begin, or not go on.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// Too many runs.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// A file of the scenario cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn scenario(settings: &[&str]) -> Scenario {
        let mut scenario = catalogue::find("q123208").expect("it is in the catalogue");
        scenario.vary(settings.iter().copied()).expect("the settings are sound");
        scenario
    }

    #[test]
    fn not_all_files_of_a_grid_are_in_memory() {
        let scenario = scenario(&["do.size=300KiB,310KiB,320KiB,330KiB"]);
        let sweep = sweep(&scenario, 0..10);
        let numbers = |rows: Range<u64>| -> Vec<_> {
            let points = sweep.batch(rows, 640 << 10).expect("generated bytes need no file");
            points.iter().map(|point| point.number).collect()
        };
        assert_eq!(numbers(5..40), [0, 1, 2], "until they have 640 KiB");
        assert_eq!(numbers(30..40), [3]);
        assert_eq!(numbers(15..16), [1]);
    }

    #[test]
    fn not_all_files_of_a_grid_are_open() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        file.as_file().set_len(2 << 20).expect("2 MiB");
        let delays: Vec<_> = (1..=200).map(|ms| format!("{ms}ms")).collect();
        let delays = format!("link.delay={}", delays.join(","));
        let path = format!("do.file={}", file.path().display());
        let scenario = scenario(&[&path, &delays]);
        let points = sweep(&scenario, 0..1).batch(0..200, BATCH_BYTES).expect("it is there");
        assert_eq!(points.len(), BATCH_OPEN);
        assert_eq!(points[0].workload.held(), 0);
    }

    /// From one batch to the next nothing is left out, and a stop and a break are kept.
    #[test]
    fn batches_are_the_whole() {
        let list = |all: Range<u32>, unit: &str| {
            let all: Vec<_> = all.map(|one| format!("{one}{unit}")).collect();
            all.join(",")
        };
        let delays = format!("link.delay={}", list(1..41, "ms"));
        let losses = format!("link.loss={}", list(0..30, "%"));
        let scenario = scenario(&[&delays, &losses, "do.size=1"]);
        let rows: Vec<_> = (0..1_200).flat_map(|point| [(point, 3), (point, 4)]).collect();
        let sweep = sweep(&scenario, 3..5);
        let run = |most: usize| {
            let mut got = Vec::new();
            let ran = sweep.run(|point, outcome| {
                got.push((point, outcome.seed));
                if got.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            ran.expect("it begins");
            got
        };
        assert_eq!(run(usize::MAX), rows);
        assert_eq!(run(2 * BATCH), rows[..2 * BATCH]);
        let (stop, mut got) = (AtomicBool::new(false), 0);
        let ready = |_, runs: u64| {
            got += runs;
            stop.store(true, Ordering::Relaxed);
            ControlFlow::Continue(())
        };
        sweep.fold(&stop, |runs: &mut u64, _| *runs += 1, ready).expect("it begins");
        assert!(0 < got && got < 1_000, "{got}");
    }
}
