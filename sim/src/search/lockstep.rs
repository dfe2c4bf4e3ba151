//! `lockstep` interleaves several worlds of one scenario, stage by stage: a whole turn executes several
//! times the machine code that the L1 instruction cache holds, a single stage does not. Each world
//! makes exactly the run that `World::run` would make.

use std::cell::Cell;

use crate::network::trace::Recording;
use crate::outcome::{End, Outcome};
use crate::scenario::Scenario;
use crate::search::limits::Stop;
use crate::search::pool::IfPanicking;
use crate::workload::Workload;
use crate::world::World;

/// The most worlds. More worlds do not fit into the processor's data caches, and fewer worlds wait
/// more often for machine code.
pub const MOST: usize = 5;
/// The most bytes for the ring buffers and files of all worlds. Larger worlds are fewer.
const BYTES: usize = 8 << 20;

/// Several worlds of one scenario.
pub struct Lockstep<'a> {
    worlds: Vec<World<'a>>,
    ends: Vec<End>,
    /// The indices of the worlds whose runs have not ended.
    running: Vec<usize>,
    /// The indices of the running worlds whose programs have something to do in the present turn.
    acting: Vec<usize>,
    outcome: Outcome,
}

impl<'a> Lockstep<'a> {
    /// Makes the worlds for about `runs` runs: one world for each eight runs, at most `MOST`, and
    /// at least one. The worlds record a digest (`Recording::Digest`).
    ///
    /// # Panics
    /// In the cases of `World::new`.
    #[must_use]
    pub fn new(scenario: &'a Scenario, workload: &'a Workload, runs: u64) -> Self {
        let each = scenario
            .ring_bytes()
            .saturating_add(usize::try_from(workload.bytes()).unwrap_or(usize::MAX));
        // A world that is made for a few runs costs more than it saves.
        let most = usize::try_from(runs / 8).unwrap_or(MOST).min(BYTES / each.max(1));
        let new = |_| World::new(scenario, workload, 0, Recording::Digest);
        let worlds: Vec<_> = (0..most.clamp(1, MOST)).map(new).collect();
        Self {
            ends: vec![End::Quiet; worlds.len()],
            worlds,
            running: Vec::new(),
            acting: Vec::new(),
            outcome: Outcome::default(),
        }
    }

    /// The number of worlds: the runs made at a time.
    #[must_use]
    pub fn width(&self) -> usize {
        self.worlds.len()
    }

    /// Calls `change` for each world.
    pub fn each(&mut self, change: impl FnMut(&mut World<'a>)) {
        self.worlds.iter_mut().for_each(change);
    }

    /// The first world, for a run outside the lockstep.
    pub fn first(&mut self) -> &mut World<'a> {
        &mut self.worlds[0]
    }

    /// Makes a run with each seed, and calls `done` with each outcome, in the order of the seeds.
    /// Once `stop` is set, no further run begins. Returns whether every run was made. `name` gives
    /// the name of a run, which is printed if the run panics.
    ///
    /// # Panics
    /// If `done` panics.
    pub fn run_seeds(
        &mut self,
        mut seeds: impl Iterator<Item = u64>,
        stop: &Stop<'_>,
        name: impl Fn(u64) -> String,
        mut done: impl FnMut(&Outcome),
    ) -> bool {
        let mut some = [0; MOST];
        loop {
            let mut count = 0;
            for (seed, place) in seeds.by_ref().take(self.width()).zip(&mut some) {
                *place = seed;
                count += 1;
            }
            if count == 0 || stop.is_set() {
                return count == 0;
            }
            self.run(
                count,
                |index, world| world.reset(some[index], Recording::Digest),
                |index| name(some[index]),
                |_, _, outcome| done(outcome),
            );
        }
    }

    /// Makes `count` runs, each in its own world. `begin` prepares the world (by `World::reset`),
    /// and `done` gets each outcome, in the order of the runs. `name` gives the name of a run,
    /// which is printed if the run panics.
    ///
    /// # Panics
    /// If there are fewer worlds than runs, or if `begin` or `done` panics.
    pub fn run(
        &mut self,
        count: usize,
        mut begin: impl FnMut(usize, &mut World<'a>),
        name: impl Fn(usize) -> String,
        mut done: impl FnMut(usize, &World<'a>, &Outcome),
    ) {
        let Self { worlds, ends, running, acting, outcome } = self;
        let at = &Cell::new(0);
        let _named = IfPanicking(|| name(at.get()));
        for index in 0..count {
            begin(index, pick(worlds, index, at));
        }
        running.clear();
        running.extend(0..count);
        while !running.is_empty() {
            running.retain(|&index| match pick(worlds, index, at).arrive() {
                None => true,
                Some(end) => {
                    ends[index] = end;
                    false
                }
            });
            acting.clone_from(running);
            while !acting.is_empty() {
                for &index in &*acting {
                    pick(worlds, index, at).act();
                }
                acting.retain(|&index| pick(worlds, index, at).say());
            }
            for &index in &*running {
                pick(worlds, index, at).look();
            }
        }
        for (index, end) in ends[..count].iter().enumerate() {
            let world = pick(worlds, index, at);
            world.conclude_into(*end, outcome);
            done(index, world, outcome);
        }
    }
}

/// Returns the world `index`, and notes in `at` that this world works now.
#[inline]
fn pick<'w, 'a>(worlds: &'w mut [World<'a>], index: usize, at: &Cell<usize>) -> &'w mut World<'a> {
    at.set(index);
    &mut worlds[index]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::run_loaded;

    /// Runs of different lengths, and runs that end, stall or reach a limit.
    #[test]
    fn side_by_side_is_as_one_after_another() {
        for (name, settings) in [
            ("q123208", "link.loss=5% server.on_reset=as-eof"),
            ("q123208", "link.loss=20% link.delay=1ms link.jitter=3ms limit.time=20s"),
            ("smoltcp-fin-deadlock", "fault=none do.size=64KiB link.loss=5%"),
            ("many-small", "client.count=3 link.loss=2% limit.packets=300"),
        ] {
            let mut scenario = Scenario::catalogue(name).expect("it is in the catalogue");
            scenario.vary(settings.split_whitespace()).expect("the settings are sound");
            let workload = Workload::load(&scenario).expect("generated bytes need no file");
            let alone = |seed| run_loaded(&scenario, &workload, seed, Recording::Digest).outcome;
            let mut lockstep = Lockstep::new(&scenario, &workload, u64::MAX);
            let most = lockstep.width();
            assert!(most > 1, "{name} {settings}");
            let (mut packets, mut first) = (Vec::new(), 0);
            // Not always as many as there are worlds.
            for count in [most, most - 1, 1, most] {
                let seed = |index: usize| first + index as u64;
                lockstep.run(
                    count,
                    |index, world| world.reset(seed(index), Recording::Digest),
                    |index| format!("{name} {settings}, seed {}", seed(index)),
                    |index, _, outcome| {
                        assert_eq!(*outcome, alone(seed(index)), "{name} {settings}");
                        packets.push(outcome.packets.client + outcome.packets.server);
                    },
                );
                first += count as u64;
            }
            packets.sort_unstable();
            assert!(packets[0] < packets[packets.len() - 1], "{name} {settings}: they differ");
        }
    }

    #[test]
    fn large_worlds_are_fewer() {
        let count = |settings: &str, runs| {
            let mut scenario = Scenario::default();
            scenario.vary(settings.split_whitespace()).expect("the settings are sound");
            let workload = Workload::load(&scenario).expect("generated bytes need no file");
            Lockstep::new(&scenario, &workload, runs).width()
        };
        assert_eq!(count("do.size=4096", u64::MAX), MOST);
        assert_eq!(count("do.size=4096", 20), 2, "a world for eight runs");
        assert_eq!(count("do.size=4096", 1), 1);
        assert_eq!(count("do.size=4MiB", u64::MAX), 1);
        assert_eq!(count("do.size=4096 client.count=1000", u64::MAX), 1);
    }
}
