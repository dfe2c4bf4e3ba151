//! `class_runner` runs consecutive seeds of one scenario on one thread: it derives the runs that it
//! can derive, makes the others side by side, and hands all over in the order of their seeds.

use super::{Classes, Forgotten};
use crate::network::draws::Kept;
use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::run::Unlike;
use crate::scenario::Scenario;
use crate::search::limits::Stop;
use crate::search::lockstep::Lockstep;
use crate::workload::Workload;

/// The largest number of seeds that are looked up before one of them is handed over.
pub const WAITING: usize = 64;

/// A class of one runner: its runs differ in their seed and in what follows from that alone, the
/// digest. No two classes of a runner, nor of runners of different `number`, are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId {
    /// The number of the runner.
    pub runner: u32,
    /// The number of the class.
    pub class: u32,
}

/// How many runs were made, and how many derived from those.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Runs made, packet by packet.
    pub made: u64,
    /// Runs derived from a run that was made; those that were made as well to compare them are not
    /// counted here.
    pub derived: u64,
}

impl Made {
    /// Count what another has counted.
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
    /// What the worlds keep of their runs.
    keeps: Kept,
    queue: Vec<Queued>,
    made: Made,
}

/// What is left of the seeds.
enum Left {
    /// There may be more.
    Some,
    /// There are no more.
    None,
    /// No run may be begun any more.
    Stopped,
}

/// A seed whose run is not handed over yet.
struct Queued {
    seed: u64,
    run: Queue,
}

enum Queue {
    /// It is derived, of that class and with that digest.
    Derived(u32, u128),
    /// It is to be made, and to be compared with what its class says.
    Made(Option<u32>),
}

impl<'a> ClassRunner<'a> {
    /// A runner of `scenario` for about so many runs.
    ///
    /// # Panics
    /// As `World::new`.
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

    /// How many runs were made and derived since this was asked last.
    pub(crate) fn take_made(&mut self) -> Made {
        std::mem::take(&mut self.made)
    }

    /// Run with each of these seeds, and hand over to `done` what each came to, in their order, with
    /// its class if it has one. Once `stop` is true no more of them are begun. True if all were.
    /// `name` says which it was, if anything panics.
    ///
    /// # Errors
    /// A run that was derived and made differs from itself: those behind are not handed over.
    ///
    /// # Panics
    /// If `done` does.
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

    /// Look the next seeds up: hand over what is derived, and queue those that must be made with
    /// what is derived behind them.
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

    /// Make what is queued to be made, and hand over the queue.
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
