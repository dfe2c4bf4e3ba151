//! `continuer` measures the points of a fate curve in order, and makes no continuation twice: two continuations
//! of a point with the same fates are the same run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Base, FatePoint, FateSearch, Task};
use crate::network::draws::{Answer, Question};
use crate::network::fate::{Fate, Fates};
use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::run::Unlike;
use crate::scenario::Scenario;
use crate::search::classes::{ClassRunner, Making, Trie};
use crate::search::limits::Stop;
use crate::seed::Purpose;
use crate::verdict::Verdict;
use crate::workload::Workload;
use crate::world::World;

/// After so many derived continuations, a derived continuation is made as well and compared.
const CHECKED: u64 = if cfg!(debug_assertions) { 4 } else { 256 };
/// Bytes of memory for the continuations of one point: beyond them, no more are remembered.
const KNOWN_BYTES: usize = 32 << 20;
/// Continuations to look for before the first doubt about the use of the search.
const PATIENCE: u64 = 64;
/// The share of continuations to derive, as 1 in `ENOUGH`: with fewer, the rest of the point is made.
const ENOUGH: u64 = 16;

/// Measures the points of a curve in order.
pub(super) struct Continuer<'t> {
    scenario: &'t Scenario,
    workload: &'t Workload,
    world: World<'t>,
    /// Keeps the state of the run before the turn of the point.
    copy: World<'t>,
    turn: Option<usize>,
    seed: u64,
    continuations: u64,
    outcome: Outcome,
    /// The fates of a continuation: of the client's packets, and of the server's.
    drawing: [Fates; 2],
    /// Whether continuations are looked for. With jitter each packet draws thousands of ways.
    looks: bool,
    /// The continuations so far.
    known: KnownContinuations,
}

/// The continuations of one point.
struct KnownContinuations {
    /// The continuations by their drawn fates. A class is a place in `outcomes`.
    trie: Trie,
    outcomes: Vec<(u64, Outcome)>,
    /// The number of continuations looked for, and of continuations found.
    looked: u64,
    found: u64,
}

impl KnownContinuations {
    fn new() -> Self {
        Self { trie: Trie::new(), outcomes: Vec::new(), looked: 0, found: 0 }
    }

    /// Whether enough continuations are found to be worth the search.
    fn helps(&self) -> bool {
        self.looked < PATIENCE || self.found * ENOUGH >= self.looked
    }
}

impl<'t> Continuer<'t> {
    pub(super) fn new(search: &'t FateSearch<'_>, workload: &'t Workload) -> Self {
        let FateSearch { scenario, seed, continuations, .. } = *search;
        let new = || World::new(scenario, workload, seed, Recording::Digest);
        Self {
            scenario,
            workload,
            world: new(),
            copy: new(),
            turn: None,
            seed,
            continuations,
            outcome: Outcome::default(),
            drawing: [
                Fates::new(&scenario.up, 0, Purpose::FatesUp),
                Fates::new(&scenario.down, 0, Purpose::FatesDown),
            ],
            looks: [&scenario.up, &scenario.down].iter().all(|link| link.jitter.is_zero()),
            known: KnownContinuations::new(),
        }
    }

    /// Measures the point of `task`. `None` if the search is stopped before the last continuation.
    ///
    /// # Errors
    /// A derived continuation differs from the same continuation when made.
    pub(super) fn point(
        &mut self,
        base: &Base,
        task: Task,
        stop: &Stop<'_>,
    ) -> Result<Option<FatePoint>, Box<Unlike>> {
        let given = task.packet.into_iter().flat_map(|packet| task.first..=packet);
        let orders: Vec<(u64, Fate)> = given
            .filter_map(|emission| Some((emission, base.fates[usize::try_from(emission).ok()?].0)))
            .collect();
        let counted = match task.turn {
            None if orders.is_empty() => self.sweep(stop)?,
            None => self.begin_each(&orders, stop),
            Some(turn) => {
                self.go_to(turn);
                self.continue_each(&orders, stop)?
            }
        };
        let Some(verdicts) = counted else { return Ok(None) };
        let given = task.packet.and_then(|packet| usize::try_from(packet).ok());
        let (fate, at) = given.map_or((Fate::Deliver, Duration::ZERO), |at| base.fates[at]);
        Ok(Some(FatePoint { packet: task.packet, fate, at, verdicts }))
    }

    /// The runs without a given fate: a sweep.
    fn sweep(&self, stop: &Stop<'_>) -> Result<Option<BTreeMap<Verdict, u64>>, Box<Unlike>> {
        let Self { scenario, workload, continuations: runs, .. } = *self;
        let mut runner = ClassRunner::new(scenario, workload, runs, 0, Making::default());
        let named = |seed| format!("it was the run of seed {seed}");
        let mut verdicts = BTreeMap::new();
        let whole = runner.run_seeds(0..runs, stop, named, |outcome, _| {
            *verdicts.entry(outcome.verdict).or_insert(0) += 1;
        })?;
        Ok(whole.then_some(verdicts))
    }

    /// The runs with given fates from the beginning.
    fn begin_each(
        &mut self,
        orders: &[(u64, Fate)],
        stop: &Stop<'_>,
    ) -> Option<BTreeMap<Verdict, u64>> {
        let mut verdicts = BTreeMap::new();
        self.world.order(orders);
        for continuation in 0..self.continuations {
            if stop.is_set() {
                return None;
            }
            self.world.reset(continuation, Recording::Digest);
            self.finish();
            *verdicts.entry(self.outcome.verdict).or_insert(0) += 1;
        }
        Some(verdicts)
    }

    /// The runs with given fates from the copy on.
    fn continue_each(
        &mut self,
        orders: &[(u64, Fate)],
        stop: &Stop<'_>,
    ) -> Result<Option<BTreeMap<Verdict, u64>>, Box<Unlike>> {
        let mut verdicts = BTreeMap::new();
        self.known = KnownContinuations::new();
        for continuation in 0..self.continuations {
            if stop.is_set() {
                return Ok(None);
            }
            let helps = self.looks && self.known.helps();
            let class = if helps { self.find(continuation, orders.len()) } else { None };
            let checked = class.is_some() && self.known.found.is_multiple_of(CHECKED);
            let derived = class.filter(|_| !checked);
            let derived = derived.map(|class| &self.known.outcomes[class as usize].1);
            let verdict = derived.map(|outcome| outcome.verdict).unwrap_or_else(|| {
                self.make(continuation, orders);
                self.outcome.verdict
            });
            *verdicts.entry(verdict).or_insert(0) += 1;
            match class {
                Some(class) if checked => self.check(class)?,
                None if helps => self.learn(continuation, orders.len()),
                _ => {}
            }
        }
        Ok(Some(verdicts))
    }

    /// The class of a continuation: the earlier continuation with the same fates, apart from the fates of the
    /// `given` first packets.
    fn find(&mut self, continuation: u64, given: usize) -> Option<u32> {
        let Self { copy, drawing, known, .. } = self;
        copy.copy_fates(drawing);
        drawing.iter_mut().for_each(|fates| fates.redraw(continuation));
        let mut given = given;
        let class = known.trie.walk(|question| {
            let Question::Fate { from, bytes } = question else { return Answer::DELIVER };
            let drawn = drawing[from as usize].next_fate(usize::from(bytes));
            match given.checked_sub(1) {
                None => drawn.into(),
                Some(left) => {
                    given = left;
                    Answer::DELIVER
                }
            }
        });
        known.looked += 1;
        known.found += u64::from(class.is_some());
        class
    }

    /// Makes a continuation from the copy.
    fn make(&mut self, continuation: u64, orders: &[(u64, Fate)]) {
        self.world.copy_from(&self.copy);
        self.world.redraw(continuation);
        for &(emission, fate) in orders {
            self.world.order_one_more(emission, fate);
        }
        self.finish();
    }

    /// Remembers the continuation made last.
    fn learn(&mut self, continuation: u64, given: usize) {
        let Self { known: KnownContinuations { trie, outcomes, .. }, world, .. } = self;
        if trie.bytes() > KNOWN_BYTES {
            return;
        }
        let mut path = world.draws().to_vec();
        path.iter_mut().take(given).for_each(|(_, answer)| *answer = Answer::DELIVER);
        let class = u32::try_from(outcomes.len()).expect("the budget ends long before 2^32 runs");
        if trie.insert(&path, class) == Some(class) {
            outcomes.push((continuation, self.outcome.clone()));
        }
    }

    /// Compares the continuation made last with the class of the continuation.
    fn check(&self, class: u32) -> Result<(), Box<Unlike>> {
        let (first, derived) = &self.known.outcomes[class as usize];
        if *derived == self.outcome {
            return Ok(());
        }
        let (made, derived) = (self.outcome.clone(), derived.clone());
        Err(Box::new(Unlike { made, derived, first: *first, differs: "what it came to" }))
    }

    fn finish(&mut self) {
        let end = self.world.run();
        self.world.conclude_into(end, &mut self.outcome);
    }

    /// Takes the run, with its own fates, to the beginning of `turn`.
    fn go_to(&mut self, turn: usize) {
        let from = match self.turn.filter(|own| *own <= turn) {
            Some(own) => {
                self.world.copy_from(&self.copy);
                own
            }
            None => {
                self.world.order(&[]);
                self.world.keep_fates(false);
                self.world.reset(self.seed, Recording::Digest);
                0
            }
        };
        self.world.keep_fates(false);
        for _ in from..turn {
            let end = self.world.step();
            assert!(end.is_none(), "the run has the turn");
        }
        self.turn = Some(turn);
        self.copy.copy_from(&self.world);
        self.copy.keep_fates(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::fate;

    const CONTINUATIONS: u64 = 40;

    /// Every point has the verdicts of the made continuations, and many continuations are derived.
    #[test]
    fn derived_continuations_are_the_made_ones() {
        for settings in [
            &["link.loss=5%"][..],
            &["link.gemodel=2% 30%", "link.duplicate=2%", "link.corrupt=1%"],
        ] {
            let mut scenario = Scenario::catalogue("q123208").expect("it is in the catalogue");
            scenario.vary(settings.iter().copied()).expect("sound settings");
            let workload = Workload::load(&scenario).expect("nothing is read");
            let search = fate(&scenario, 7).continuations(CONTINUATIONS);
            let base = Base::of(&scenario, &workload, 7);
            let mut continuer = Continuer::new(&search, &workload);
            let (mut looked, mut found) = (0, 0);
            for task in base.tasks().into_iter().step_by(3) {
                let stop = Stop::never();
                let point = continuer.point(&base, task, &stop).expect("equal continuations");
                let point = point.expect("nothing stops the search");
                (looked, found) = (looked + continuer.known.looked, found + continuer.known.found);
                let Some(turn) = task.turn else { continue };
                let given = task.first..=task.packet.expect("a turn has packets");
                let fates = given.map(|it| (it, base.fates[usize::try_from(it).unwrap()].0));
                let orders: Vec<_> = fates.collect();
                let mut made = BTreeMap::new();
                continuer.go_to(turn);
                for continuation in 0..CONTINUATIONS {
                    continuer.make(continuation, &orders);
                    *made.entry(continuer.outcome.verdict).or_insert(0) += 1;
                }
                assert_eq!(point.verdicts, made, "{settings:?}, packet {:?}", task.packet);
            }
            assert!(found > looked / 3, "{settings:?}: {found} of {looked}");
        }
    }

    /// A class of different fates leads to an error with the name of the law.
    #[test]
    fn a_wrong_class_is_seen() {
        let mut scenario = Scenario::catalogue("q123208").expect("it is in the catalogue");
        scenario.vary(["link.loss=20%"]).expect("sound settings");
        let workload = Workload::load(&scenario).expect("nothing is read");
        let search = fate(&scenario, 7).continuations(80);
        let base = Base::of(&scenario, &workload, 7);
        let mut continuer = Continuer::new(&search, &workload);
        let task = base.tasks()[4];
        continuer.point(&base, task, &Stop::never()).expect("equal continuations");
        let outcomes = &continuer.known.outcomes;
        let other = |it: &&(u64, Outcome)| it.1.digest != outcomes[0].1.digest;
        continuer.outcome = outcomes.iter().find(other).expect("two classes").1.clone();
        let wrong = continuer.check(0).expect_err("another run").to_string();
        assert!(wrong.contains("law derived-is-made"), "{wrong}");
    }
}
