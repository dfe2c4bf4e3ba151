//! `sweep::runner` runs consecutive seeds of one grid point on one thread, in lockstep where the seeds
//! share a scenario. `sweep::runner` does not know the seeds before and after.

use super::SweptRun;
use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::run::RunError;
use crate::scenario::{Pinned, Scenario};
use crate::search::classes::{ByClass, ClassId, ClassRunner, Made, Making};
use crate::search::coverage::{Pair, pairs};
use crate::search::limits::Stop;
use crate::search::pool::IfPanicking;
use crate::workload::{Unreadable, Workload};
use crate::world::World;

/// A grid point: the scenario and the files of all runs at the point.
pub(super) struct Point<'a> {
    pub(super) number: usize,
    /// If the scenario has draws, every seed gets its own scenario.
    open: Option<&'a Scenario>,
    pub(super) pinned: Pinned,
    pub(super) workload: Workload,
    /// With so many seeds.
    runs: u64,
}

impl<'a> Point<'a> {
    pub(super) fn new(
        scenario: &'a Scenario,
        number: usize,
        runs: u64,
    ) -> Result<Self, Unreadable> {
        let open = scenario.draws().then_some(scenario);
        let pinned = scenario.pin(number, 0);
        let workload = Workload::load(&pinned.scenario)?;
        Ok(Self { number, open, pinned, workload, runs })
    }
}

/// The results of consecutive runs at one point.
pub(super) struct Chunk<C> {
    pub(super) point: usize,
    pub(super) made: C,
    /// Whether all runs were made: no stop came between.
    pub(super) whole: bool,
    /// How many of them were made and how many derived.
    pub(super) runs: Made,
    /// The files of all of them could be read, and were the same all the time; and no derived run
    /// differs from the run that was made for the same seed.
    pub(super) sound: Result<(), RunError>,
}

/// Runs the seeds of a point, some side by side where they have worlds in common.
pub(super) struct Runner<'p, S> {
    making: Making,
    /// The runner of a point, and how many runners there were.
    runner: Option<(usize, ClassRunner<'p>)>,
    runners: u32,
    /// The state of the caller on this thread.
    state: S,
    outcome: Outcome,
    /// Whether the pairs of each run are found, and by which world.
    coverage: bool,
    covering: Option<Covering<'p>>,
}

/// The runner of a point, the caller's state, and the finder of pairs.
type RunnerParts<'r, 'p, S> = (&'r mut ClassRunner<'p>, &'r mut S, Option<&'r mut Covering<'p>>);

/// Makes runs of one point once more, with a record of the headers, to find the pairs of the runs.
struct Covering<'p> {
    world: World<'p>,
    known: ByClass<Vec<Pair>>,
    /// The pairs of the last run without a class.
    pairs: Vec<Pair>,
}

impl<S: Default> Runner<'_, S> {
    pub(super) fn new(making: Making, coverage: bool) -> Self {
        let (state, outcome) = (S::default(), Outcome::default());
        Self { making, runner: None, runners: 0, state, outcome, coverage, covering: None }
    }
}

impl<'p, S> Runner<'p, S> {
    pub(super) fn chunk<C: Default>(
        &mut self,
        point: &'p Point<'_>,
        seeds: impl Iterator<Item = u64>,
        stop: &Stop<'_>,
        add: &impl Fn(&mut S, &mut C, SweptRun<'_>),
    ) -> Chunk<C> {
        let mut chunk = Chunk {
            point: point.number,
            made: C::default(),
            whole: true,
            runs: Made::default(),
            sound: Ok(()),
        };
        let Pinned { scenario, choices } = &point.pinned;
        let named = |seed: u64| {
            let (name, number) = (&scenario.name, point.number);
            format!("it was the run of {name} with seed {seed}, at point {number} of its grid")
        };
        let Some(open) = point.open else {
            let number = point.number;
            let (runner, state, mut covering) = self.runner(point);
            let ran = runner.run_seeds(seeds, stop, named, |outcome, class| {
                let covering = covering.as_deref_mut();
                let pairs = covering.map_or(&[][..], |it| it.pairs(outcome.seed, class));
                let run = SweptRun { scenario, point: number, choices, outcome, class, pairs };
                add(state, &mut chunk.made, run);
            });
            chunk.runs = runner.take_made();
            let read = point.workload.verify().map_err(RunError::from);
            chunk.sound = read.and(ran.map(|whole| chunk.whole = whole).map_err(RunError::from));
            return chunk;
        };
        for seed in seeds {
            if stop.is_set() {
                chunk.whole = false;
                break;
            }
            let _named = IfPanicking(|| named(seed));
            let ran = self.run_drawn(open, point, seed, |state, run| {
                add(state, &mut chunk.made, run);
            });
            chunk.runs.made += 1;
            if let Err(unreadable) = ran {
                chunk.sound = Err(unreadable.into());
                return chunk;
            }
        }
        chunk.sound = point.workload.verify().map_err(RunError::from);
        chunk
    }

    /// The runner of `point`, the state of the caller, and the finder of pairs.
    fn runner(&mut self, point: &'p Point<'_>) -> RunnerParts<'_, 'p, S> {
        if self.runner.as_ref().is_none_or(|(number, _)| *number != point.number) {
            self.runners += 1;
            let Point { pinned, workload, runs, .. } = point;
            let runner =
                ClassRunner::new(&pinned.scenario, workload, *runs, self.runners, self.making);
            self.runner = Some((point.number, runner));
            self.covering = self.coverage.then(|| Covering::new(pinned, workload));
        }
        let (_, runner) = self.runner.as_mut().expect("it was just made");
        (runner, &mut self.state, self.covering.as_mut())
    }

    /// Makes a new world for each seed, because the scenario is drawn.
    #[cold]
    fn run_drawn(
        &mut self,
        open: &Scenario,
        point: &Point<'_>,
        seed: u64,
        add: impl FnOnce(&mut S, SweptRun<'_>),
    ) -> Result<(), Unreadable> {
        let Pinned { scenario, choices } = open.pin(point.number, seed);
        let there = &point.pinned.scenario;
        let same = scenario.tasks == there.tasks && scenario.client.count == there.client.count;
        let own = if same { None } else { Some(Workload::load(&scenario)?) };
        let workload = own.as_ref().unwrap_or(&point.workload);
        let mut world = World::new(&scenario, workload, seed, Recording::Digest);
        let end = world.run();
        world.conclude_into(end, &mut self.outcome);
        let found = if self.coverage { covered(&mut world, seed) } else { Vec::new() };
        let (point, outcome, pairs) = (point.number, &self.outcome, &*found);
        let (scenario, choices) = (&scenario, &*choices);
        let run = SweptRun { scenario, point, choices, outcome, class: None, pairs };
        add(&mut self.state, run);
        own.as_ref().map_or(Ok(()), Workload::verify)
    }
}

impl<'p> Covering<'p> {
    fn new(pinned: &'p Pinned, workload: &'p Workload) -> Self {
        let world = World::new(&pinned.scenario, workload, 0, Recording::Headers);
        Self { world, known: ByClass::default(), pairs: Vec::new() }
    }

    /// The pairs of the run with `seed`: all runs of a class reach the same pairs.
    fn pairs(&mut self, seed: u64, class: Option<ClassId>) -> &[Pair] {
        let Self { world, known, pairs } = self;
        match class {
            Some(class) => known.get_or_make(class, || covered(world, seed)),
            None => {
                *pairs = covered(world, seed);
                pairs
            }
        }
    }
}

/// Makes the run of `seed`, and finds the pairs of the run.
fn covered(world: &mut World<'_>, seed: u64) -> Vec<Pair> {
    world.reset(seed, Recording::Headers);
    let end = world.run();
    let outcome = world.conclude(end);
    pairs(world, &outcome)
}
