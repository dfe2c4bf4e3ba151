//! `sweep::runner` is what one thread of a sweep does: consecutive seeds of one point of the grid, some
//! side by side where they have worlds in common. It does not know what comes before or after them.

use super::SweptRun;
use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::run::RunError;
use crate::scenario::{Pinned, Scenario};
use crate::search::classes::{ClassRunner, Made, Making};
use crate::search::limits::Stop;
use crate::search::pool::IfPanicking;
use crate::workload::{Unreadable, Workload};
use crate::world::World;

/// A point of the grid: what all its runs have in common.
pub(super) struct Point<'a> {
    pub(super) number: usize,
    /// With draws in it, the scenario is another for every seed.
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

/// What came of consecutive runs of one point.
pub(super) struct Chunk<C> {
    pub(super) point: usize,
    pub(super) made: C,
    /// It was not stopped among them.
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
    /// What the caller keeps on this thread.
    state: S,
    outcome: Outcome,
}

impl<S: Default> Runner<'_, S> {
    pub(super) fn new(making: Making) -> Self {
        let (state, outcome) = (S::default(), Outcome::default());
        Self { making, runner: None, runners: 0, state, outcome }
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
            let (runner, state) = self.runner(point);
            let ran = runner.run_seeds(seeds, stop, named, |outcome, class| {
                let run = SweptRun { scenario, point: number, choices, outcome, class };
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

    /// The runner of `point`, and what the caller keeps.
    fn runner(&mut self, point: &'p Point<'_>) -> (&mut ClassRunner<'p>, &mut S) {
        if self.runner.as_ref().is_none_or(|(number, _)| *number != point.number) {
            self.runners += 1;
            let Point { pinned, workload, runs, .. } = point;
            let runner =
                ClassRunner::new(&pinned.scenario, workload, *runs, self.runners, self.making);
            self.runner = Some((point.number, runner));
        }
        let (_, runner) = self.runner.as_mut().expect("it was just made");
        (runner, &mut self.state)
    }

    /// A world of its own for each seed: its scenario is drawn.
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
        let (point, outcome) = (point.number, &self.outcome);
        let run = SweptRun { scenario: &scenario, point, choices: &choices, outcome, class: None };
        add(&mut self.state, run);
        own.as_ref().map_or(Ok(()), Workload::verify)
    }
}
