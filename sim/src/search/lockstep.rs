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

/// Worlds side by side: with more of them their memory, with fewer the code comes from further away.
pub const MOST: usize = 5;
/// Memory that they may have for their rings and files: fewer of them, where they need more.
const BYTES: usize = 8 << 20;

/// Several worlds of one scenario.
pub struct Lockstep<'a> {
    worlds: Vec<World<'a>>,
    ends: Vec<End>,
    /// Those that have not come to their end, and those of them whose programs have something to do.
    running: Vec<usize>,
    acting: Vec<usize>,
    outcome: Outcome,
}

impl<'a> Lockstep<'a> {
    /// As many worlds as are worth it for so many runs. `Recording::Digest` is what they keep, unless
    /// they are told otherwise.
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

    /// Do this with each world.
    pub fn each(&mut self, change: impl FnMut(&mut World<'a>)) {
        self.worlds.iter_mut().for_each(change);
    }

    /// The first world, for a run outside the lockstep.
    pub fn first(&mut self) -> &mut World<'a> {
        &mut self.worlds[0]
    }

    /// Run with each of these seeds, and hand over to `done` what each came to, in their order. Once
    /// `stop` is true no more of them are begun. True if all were. `name` says which it was, if
    /// anything panics.
    ///
    /// # Panics
    /// If `done` does.
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

    /// Do `count` runs, which `begin` prepares (by `World::reset`), and hand over to `done` what each
    /// came to, in their order. `name` says which run it was, if anything panics.
    ///
    /// # Panics
    /// If there are fewer worlds, or if `begin` or `done` does.
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

/// The world that is `at` work now.
#[inline]
fn pick<'w, 'a>(worlds: &'w mut [World<'a>], index: usize, at: &Cell<usize>) -> &'w mut World<'a> {
    at.set(index);
    &mut worlds[index]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::run_loaded;

    /// However differently long they are, and whether they end, stall or spin out of time.
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
