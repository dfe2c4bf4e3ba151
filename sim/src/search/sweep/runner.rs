//! `sweep::runner` is what one thread of a sweep does: consecutive seeds of one point of the grid, some
//! side by side where they have worlds in common. It does not know what comes before or after them.

use super::SweptRun;
use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::scenario::{Pinned, Scenario};
use crate::search::limits::Stop;
use crate::search::lockstep::Lockstep;
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
    /// The files of all of them could be read, and were the same all the time.
    pub(super) read: Result<(), Unreadable>,
}

/// Runs the seeds of a point, some side by side where they have worlds in common.
pub(super) struct Runner<'p> {
    lockstep: Option<(usize, Lockstep<'p>)>,
    outcome: Outcome,
}

impl Default for Runner<'_> {
    fn default() -> Self {
        Self { lockstep: None, outcome: Outcome::blank() }
    }
}

impl<'p> Runner<'p> {
    pub(super) fn chunk<C: Default>(
        &mut self,
        point: &'p Point<'_>,
        seeds: impl Iterator<Item = u64>,
        stop: &Stop<'_>,
        add: &impl Fn(&mut C, SweptRun<'_>),
    ) -> Chunk<C> {
        let mut chunk =
            Chunk { point: point.number, made: C::default(), whole: true, read: Ok(()) };
        let Pinned { scenario, choices } = &point.pinned;
        let named = |seed: u64| {
            let (name, number) = (&scenario.name, point.number);
            format!("it was the run of {name} with seed {seed}, at point {number} of its grid")
        };
        let Some(open) = point.open else {
            chunk.whole = self.lockstep(point).run_seeds(seeds, stop, named, |outcome| {
                add(&mut chunk.made, SweptRun { scenario, point: point.number, choices, outcome });
            });
            chunk.read = point.workload.verify();
            return chunk;
        };
        for seed in seeds {
            if stop.is_set() {
                chunk.whole = false;
                break;
            }
            let _named = IfPanicking(|| named(seed));
            chunk.read = self.run_drawn(open, point, seed, |run| add(&mut chunk.made, run));
            if chunk.read.is_err() {
                return chunk;
            }
        }
        chunk.read = point.workload.verify();
        chunk
    }

    /// The worlds of `point`.
    fn lockstep(&mut self, point: &'p Point<'_>) -> &mut Lockstep<'p> {
        if self.lockstep.as_ref().is_none_or(|(number, _)| *number != point.number) {
            let lockstep = Lockstep::new(&point.pinned.scenario, &point.workload, point.runs);
            self.lockstep = Some((point.number, lockstep));
        }
        let (_, lockstep) = self.lockstep.as_mut().expect("it was just made");
        lockstep
    }

    /// A world of its own for each seed: its scenario is drawn.
    #[cold]
    fn run_drawn(
        &mut self,
        open: &Scenario,
        point: &Point<'_>,
        seed: u64,
        add: impl FnOnce(SweptRun<'_>),
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
        add(SweptRun { scenario: &scenario, point, choices: &choices, outcome });
        own.as_ref().map_or(Ok(()), Workload::verify)
    }
}
