//! `explore` runs every placement of a few faults on the packets in scope, each once: the tree in
//! which the children of a list of faults are (every packet in scope above its last one, in that
//! list's own run) × (what can happen to it). Lists are visited in the order of their length, then of
//! their packets, whatever the number of threads, so the first list of a verdict is a least one.

mod tree;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::outcome::Outcome;
use crate::scenario::Scenario;
use crate::search::pool::cores;
use crate::search::schedule::Placed;
use crate::verdict::Verdict;
use crate::workload::{Unreadable, Workload};
use tree::{Family, Leaf, Tree};

/// The connections whose packets are in scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Data connections.
    #[default]
    Data,
    /// Control connections.
    Control,
    /// All.
    Both,
}

/// An exploration that is about to be run.
#[derive(Clone, Debug)]
pub struct Explore<'a> {
    scenario: &'a Scenario,
    faults: usize,
    scope: Scope,
    last: Option<usize>,
    seed: u64,
    jobs: NonZeroUsize,
    most: Option<u64>,
}

/// One list of faults, and what it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit<'a> {
    /// The faults, in the order of their packets.
    pub faults: &'a [Placed],
    /// The verdict.
    pub verdict: Verdict,
    /// The laws that it broke without an excuse.
    pub broken_laws: &'a [&'static str],
    /// What was asked of its outcome holds.
    pub holds: bool,
}

/// How far an exploration has come: of the lists of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The length.
    pub faults: usize,
    /// The lists whose children were visited.
    pub done: u64,
    /// How many there are of those.
    pub all: u64,
}

/// What an exploration came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    /// Every list of faults in scope was visited.
    pub closed: bool,
    /// Lists that were visited, by their length.
    pub by_faults: Vec<u64>,
    /// How many came to each verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// The least list of each: the shortest, and of those the first.
    pub least: BTreeMap<Verdict, Vec<Placed>>,
    /// How many broke each law without an excuse, and the least of them.
    pub broken_laws: BTreeMap<&'static str, (u64, Vec<Placed>)>,
}

impl Explored {
    /// Lists that were visited.
    #[must_use]
    pub fn schedules(&self) -> u64 {
        self.by_faults.iter().sum()
    }

    /// The number of faults up to which every list was visited; `None`: not even the list without any.
    #[must_use]
    pub fn closed_up_to(&self) -> Option<usize> {
        (self.by_faults.len() - usize::from(!self.closed)).checked_sub(1)
    }

    fn add(&mut self, visit: Visit<'_>) {
        let length = visit.faults.len();
        self.by_faults[length] += 1;
        *self.verdicts.entry(visit.verdict).or_default() += 1;
        self.least.entry(visit.verdict).or_insert_with(|| visit.faults.to_vec());
        for law in visit.broken_laws {
            self.broken_laws.entry(law).or_insert_with(|| (0, visit.faults.to_vec())).0 += 1;
        }
    }
}

/// Explore every placement of at most so many faults on the data connections of `scenario`; begun by
/// [`run`](Explore::run), [`visit`](Explore::visit) or `check`. What is drawn at random is as seed 0,
/// or the scenario's own, has it.
#[must_use]
pub fn explore(scenario: &Scenario, faults: usize) -> Explore<'_> {
    let seed = scenario.seed.unwrap_or(0);
    let (scope, last, most) = (Scope::Data, None, None);
    Explore { scenario, faults, scope, last, seed, jobs: cores(), most }
}

impl<'a> Explore<'a> {
    /// On the packets of these connections.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Only on the last so many packets of them, in each list's own run.
    #[must_use]
    pub fn last(mut self, packets: usize) -> Self {
        self.last = Some(packets);
        self
    }

    /// With what this seed draws.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// On so many threads; without this, one for each core. It changes nothing of what is found.
    #[must_use]
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Self {
        self.jobs = jobs;
        self
    }

    /// At most so many lists, in their order; if there are more, the count is not closed.
    #[must_use]
    pub fn most(mut self, schedules: u64) -> Self {
        self.most = Some(schedules);
        self
    }

    /// The seed by which it draws.
    #[must_use]
    pub fn drawn_by(&self) -> u64 {
        self.seed
    }

    /// What is explored.
    #[must_use]
    pub fn scenario(&self) -> &'a Scenario {
        self.scenario
    }

    /// Run it to its end.
    ///
    /// # Errors
    /// A file of the scenario cannot be read, or has changed meanwhile.
    ///
    /// # Panics
    /// If a key of the scenario has a list of values.
    pub fn run(&self) -> Result<Explored, Unreadable> {
        let on = |_: Visit<'_>| ControlFlow::Continue(());
        self.visit(&AtomicBool::new(false), |_| true, on, |_, _| {})
    }

    /// Run it, ask `holds` of each outcome on the thread that has run it, hand each list to `visit` in
    /// order until it breaks, and say to `progress` how far it has come. Once `stop` is true no run
    /// is begun.
    ///
    /// # Errors
    /// A file of the scenario cannot be read.
    ///
    /// # Panics
    /// If a key of the scenario has a list of values.
    pub fn visit(
        &self,
        stop: &AtomicBool,
        holds: impl Fn(&Outcome) -> bool + Sync,
        mut visit: impl FnMut(Visit<'_>) -> ControlFlow<()>,
        mut progress: impl FnMut(Layer, u64),
    ) -> Result<Explored, Unreadable> {
        assert_eq!(self.scenario.points(), 1, "an exploration is of one point of a grid");
        let scenario = self.scenario.pin(0, self.seed).scenario;
        let workload = Workload::load(&scenario)?;
        let holds: &(dyn Fn(&Outcome) -> bool + Sync) = &holds;
        let tree = Tree { explore: self, scenario: &scenario, workload: &workload, holds, stop };
        let mut explored = Explored::default();
        let (most, mut left) = (self.most.unwrap_or(u64::MAX), true);
        for faults in 0..=self.faults {
            explored.by_faults.push(0);
            let all = if faults == 0 { 1 } else { explored.by_faults[faults - 1] };
            let (mut done, mut changed) = (0, None);
            let ready = |family: Family| {
                changed = changed.take().or_else(|| workload.verify().err());
                if changed.is_some() {
                    return ControlFlow::Break(());
                }
                for (list, leaf) in family.lists() {
                    if explored.schedules() == most {
                        left = false;
                        return ControlFlow::Break(());
                    }
                    let Leaf { verdict, ref broken_laws, holds, .. } = *leaf;
                    let seen = Visit { faults: &list, verdict, broken_laws, holds };
                    explored.add(seen);
                    if visit(seen).is_break() {
                        left = false;
                        return ControlFlow::Break(());
                    }
                }
                if !family.whole {
                    left = false;
                    return ControlFlow::Break(());
                }
                done += 1;
                progress(Layer { faults, done, all }, explored.schedules());
                ControlFlow::Continue(())
            };
            tree.layer(faults, ready);
            if let Some(changed) = changed {
                return Err(changed);
            }
            left &= !stop.load(Ordering::Relaxed) || done == all;
            if !left {
                return Ok(explored);
            }
        }
        explored.closed = true;
        Ok(explored)
    }
}
