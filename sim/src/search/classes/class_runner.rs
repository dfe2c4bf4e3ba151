//! `class_runner` runs consecutive seeds of one scenario on one thread. `class_runner` derives a run where
//! possible, makes all further runs in lockstep, and hands over every outcome in the order of the
//! seeds.

use super::{Classes, Forgotten};
use crate::network::draws::Kept;
use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::run::Unlike;
use crate::scenario::Scenario;
use crate::search::limits::Stop;
use crate::search::lockstep::Lockstep;
use crate::workload::Workload;

/// The largest number of seeds that are looked up before the first outcome is handed over.
pub const WAITING: usize = 64;

/// The identity of a class: the outcomes of a class differ only in seed and digest. Different
/// classes of a runner, and classes of runners with different `number`, have different identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId {
    /// The number of the runner.
    pub runner: u32,
    /// The number of the class.
    pub class: u32,
}

/// The numbers of runs made and of runs derived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Runs made, packet by packet.
    pub made: u64,
    /// Runs derived from a run that was made. A derived run that was also made, for the comparison,
    /// counts as made.
    pub derived: u64,
}

impl Made {
    /// Adds the numbers of `other`.
    pub fn add(&mut self, other: Self) {
        self.made += other.made;
        self.derived += other.derived;
    }
}

/// How the runs of a search may be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Making {
    /// Make every run, and derive none.
    pub all: bool,
    /// The part of the key that is left out, for a test.
    pub forgotten: Option<Forgotten>,
}

/// Runs seeds of one scenario.
pub(crate) struct ClassRunner<'a> {
    number: u32,
    lockstep: Lockstep<'a>,
    classes: Option<Classes<'a>>,
    /// The draws that the worlds keep of each run.
    keeps: Kept,
    queue: Vec<Queued>,
    made: Made,
}

/// Whether seeds are left after a look-up.
enum Left {
    /// Further seeds may be left.
    Some,
    /// No further seed is left.
    None,
    /// The search was stopped: no further run may begin.
    Stopped,
}

/// A seed whose run is not handed over yet.
struct Queued {
    seed: u64,
    run: Queue,
}

enum Queue {
    /// The run is derived, from this class and with this digest.
    Derived(u32, u128),
    /// The run must be made; with a class, the run is also compared with the derived run.
    Made(Option<u32>),
}

impl<'a> ClassRunner<'a> {
    /// Makes a runner of `scenario` for about `runs` runs.
    ///
    /// # Panics
    /// In the cases of `World::new`.
    #[must_use]
    pub(crate) fn new(
        scenario: &'a Scenario,
        workload: &'a Workload,
        runs: u64,
        number: u32,
        making: Making,
    ) -> Self {
        let classes = if making.all { None } else { Classes::new(scenario, making.forgotten) };
        Self {
            number,
            lockstep: Lockstep::new(scenario, workload, runs),
            classes,
            keeps: Kept::default(),
            queue: Vec::new(),
            made: Made::default(),
        }
    }

    /// Returns the numbers of runs made and derived since the last call.
    pub(crate) fn take_made(&mut self) -> Made {
        std::mem::take(&mut self.made)
    }

    /// Makes or derives a run for each seed, and calls `done` with each outcome, in the order of
    /// the seeds, and with the class if there is a class. Once `stop` is set, no further run
    /// begins. Returns whether all runs were handed over. `name` gives the name of a run, which is
    /// printed if the run panics.
    ///
    /// # Errors
    /// A derived run differs from the run that was made for the same seed. No later run is handed
    /// over.
    ///
    /// # Panics
    /// If `done` panics.
    pub(crate) fn run_seeds(
        &mut self,
        mut seeds: impl Iterator<Item = u64>,
        stop: &Stop<'_>,
        name: impl Fn(u64) -> String,
        mut done: impl FnMut(&Outcome, Option<ClassId>),
    ) -> Result<bool, Box<Unlike>> {
        loop {
            if self.classes.as_mut().is_some_and(|classes| !classes.helps()) {
                self.classes = None;
            }
            if self.classes.is_none() {
                return Ok(self.make_all(seeds, stop, name, done));
            }
            let left = self.look_up(&mut seeds, stop, &mut done);
            self.make(&name, &mut done)?;
            match left {
                Left::Some => {}
                Left::None => return Ok(true),
                Left::Stopped => return Ok(false),
            }
        }
    }

    /// Every run, without classes.
    fn make_all(
        &mut self,
        seeds: impl Iterator<Item = u64>,
        stop: &Stop<'_>,
        name: impl Fn(u64) -> String,
        mut done: impl FnMut(&Outcome, Option<ClassId>),
    ) -> bool {
        self.keep(Kept::default());
        let Self { lockstep, made, .. } = self;
        lockstep.run_seeds(seeds, stop, name, |outcome| {
            made.made += 1;
            done(outcome, None);
        })
    }

    fn keep(&mut self, keeps: Kept) {
        if self.keeps != keeps {
            self.keeps = keeps;
            let prepare = |world: &mut crate::world::World<'a>| match &self.classes {
                Some(classes) => classes.prepare(world),
                None => world.keep_draws(keeps, 0),
            };
            self.lockstep.each(prepare);
        }
    }

    /// Looks up the next seeds. Derived runs are handed over at once, until a run must be made.
    /// This run and all later runs enter the queue.
    fn look_up(
        &mut self,
        seeds: &mut impl Iterator<Item = u64>,
        stop: &Stop<'_>,
        done: &mut impl FnMut(&Outcome, Option<ClassId>),
    ) -> Left {
        let Self { number, classes, queue, made, lockstep, .. } = self;
        let Some(classes) = classes else { return Left::Some };
        queue.clear();
        // The first runs are nearly always of one class.
        let most = lockstep.width().min(classes.classes.len() + 1);
        let mut to_make = 0;
        while to_make < most && queue.len() < WAITING {
            if stop.is_set() {
                return Left::Stopped;
            }
            let Some(seed) = seeds.next() else { return Left::None };
            let found = classes.find(seed);
            let checked = found.filter(|_| Classes::is_checked(seed));
            let derived = found.filter(|_| checked.is_none());
            let derived = derived.and_then(|class| Some((class, classes.derive(class, seed)?)));
            let Some((class, digest)) = derived else {
                queue.push(Queued { seed, run: Queue::Made(checked) });
                (to_make, made.made) = (to_make + 1, made.made + 1);
                continue;
            };
            made.derived += 1;
            if queue.is_empty() {
                let id = ClassId { runner: *number, class };
                done(classes.outcome(class, seed, digest), Some(id));
            } else {
                queue.push(Queued { seed, run: Queue::Derived(class, digest) });
            }
        }
        Left::Some
    }

    /// Makes the queued runs that are not derived, and hands over the whole queue in order.
    fn make(
        &mut self,
        name: &impl Fn(u64) -> String,
        done: &mut impl FnMut(&Outcome, Option<ClassId>),
    ) -> Result<(), Box<Unlike>> {
        let Some(keeps) = self.classes.as_ref().map(|classes| classes.keeps) else { return Ok(()) };
        self.keep(keeps);
        let Self { number, lockstep, classes, queue, .. } = self;
        let Some(classes) = classes else { return Ok(()) };
        let seeds: Vec<_> =
            queue.iter().filter(|queued| queued.is_made()).map(|it| it.seed).collect();
        let mut waiting = queue.iter();
        let mut unlike = None;
        lockstep.run(
            seeds.len(),
            |index, world| world.reset(seeds[index], Recording::Digest),
            |index| name(seeds[index]),
            |_, world, outcome| {
                if unlike.is_some() {
                    return;
                }
                for queued in waiting.by_ref() {
                    let class = match queued.run {
                        Queue::Derived(class, digest) => {
                            let id = ClassId { runner: *number, class };
                            done(classes.outcome(class, queued.seed, digest), Some(id));
                            continue;
                        }
                        Queue::Made(Some(class)) => match classes.check(class, world, outcome) {
                            Ok(()) => Some(class),
                            Err(difference) => {
                                unlike = Some(difference);
                                return;
                            }
                        },
                        Queue::Made(None) => classes.learn(world, outcome),
                    };
                    done(outcome, class.map(|class| ClassId { runner: *number, class }));
                    return;
                }
            },
        );
        if let Some(unlike) = unlike {
            return Err(unlike);
        }
        for queued in waiting {
            if let Queue::Derived(class, digest) = queued.run {
                let id = ClassId { runner: *number, class };
                done(classes.outcome(class, queued.seed, digest), Some(id));
            }
        }
        Ok(())
    }
}

impl Queued {
    fn is_made(&self) -> bool {
        matches!(self.run, Queue::Made(_))
    }
}
