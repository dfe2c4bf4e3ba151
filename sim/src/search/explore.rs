//! `explore` runs every placement of a few faults on the packets in scope, each once. The lists of faults
//! form a tree: a child adds one fault to the list of the parent, on any packet in scope behind the
//! last fault in the parent's run. Lists are visited in the order of length, then of packets, on
//! any number of threads, so the first list with a verdict is a shortest list with this verdict.

mod guided;
mod kinds;
mod known_ends;
mod memo;
mod merging;
mod reach;
mod tree;
mod walker;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::outcome::Outcome;
use crate::run::{RunError, one_point};
use crate::scenario::Scenario;
use crate::scenario::fault::Action;
use crate::search::classes::Made;
use crate::search::limits::{Limits, SearchProgress, bounded, threaded};
use crate::search::schedule::Placed;
use crate::search::shard::Shard;
use crate::search::tally::shares::{ShareBound, share_bounded};
use crate::verdict::Verdict;
use crate::workload::Workload;
use crate::world::StatePart;
pub use guided::Guidance;
use known_ends::KnownEnds;
pub use memo::Merging;
use tree::{Family, Holds, Leaf, Tree};

/// The connections whose packets are in scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Packets of data connections only.
    #[default]
    Data,
    /// Packets of control connections only.
    Control,
    /// Data connections and control connections.
    Both,
}

/// An exploration that has not begun: a scenario, a number of faults, and the options of
/// [`explore`].
#[derive(Clone, Debug)]
pub struct Explore<'a> {
    scenario: &'a Scenario,
    faults: usize,
    scope: Scope,
    last: Option<usize>,
    seed: u64,
    max_runs: Option<u64>,
    shard: Shard,
    classes: bool,
    pub(crate) bounds: Vec<ShareBound>,
    pub(super) limits: Limits<'a>,
}

/// A list of faults, and the result of the run with these faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit<'a> {
    /// The faults, in the order of their packets.
    pub faults: &'a [Placed],
    /// The verdict of the run.
    pub verdict: Verdict,
    /// The laws that the run broke without a waiver.
    pub broken_laws: &'a [&'static str],
    /// Whether `holds` was true of the outcome.
    pub holds: bool,
    /// Whether the TCP stack of a host stalled.
    pub stack_stalled: bool,
}

/// What an exploration came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    /// Whether every list of faults in scope was run.
    pub exhaustive: bool,
    /// The number of lists that were run, by the number of their faults.
    pub by_faults: Vec<u64>,
    /// The number of lists that came to each verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// The first of the shortest lists that came to each verdict.
    pub least: BTreeMap<Verdict, Vec<Placed>>,
    /// The number of lists that broke each law without a waiver, and the least such list.
    pub broken_laws: BTreeMap<&'static str, (u64, Vec<Placed>)>,
    /// The number of lists with which the TCP stack of a host stalled: FTP is not the cause.
    pub stack_stalled: u64,
    /// How many lists were run, and how many have the result of a list whose run came to the same state. The two
    /// numbers depend on the threads: a thread knows of the states that other threads have met so far. `None`: the
    /// numbers are not known.
    pub made: Option<Made>,
    /// What guided the exploration; `None`: the exploration visits every list in order.
    pub guided: Option<Guidance>,
    /// How many states an exploration that merges equal states met; `None`: the exploration merges
    /// none.
    pub merged: Option<Merging>,
}

/// How far an exploration has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reached {
    /// What the exploration counted.
    pub(crate) explored: Explored,
    /// The number of parents in the last layer whose children were all run.
    pub(crate) families: u64,
}

/// The listener to what is reached: the counts, and the number of parents in the last layer.
pub(crate) type Saved<'s> = &'s mut dyn FnMut(&Explored, u64) -> ControlFlow<()>;

impl Explored {
    /// The number of lists that were run.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.by_faults.iter().sum()
    }

    /// The number of faults up to which every list was run; `None` if not even the run without
    /// faults was made.
    #[must_use]
    pub fn exhaustive_up_to(&self) -> Option<usize> {
        if self.guided.is_some() {
            return None;
        }
        (self.by_faults.len() - usize::from(!self.exhaustive)).checked_sub(1)
    }

    /// A single list of this many faults.
    pub(crate) fn of_one(faults: usize, outcome: &Outcome) -> Self {
        let mut by_faults = vec![0; faults];
        by_faults.push(1);
        let (verdicts, stalled) = ([(outcome.verdict, 1)].into(), outcome.stack_stalled.into());
        Self { by_faults, verdicts, stack_stalled: stalled, ..Self::default() }
    }

    /// Adds the counts of another part of the same exploration.
    #[cfg(feature = "results")]
    pub(crate) fn add_part(&mut self, part: &Self) {
        let longer = self.by_faults.len().max(part.by_faults.len());
        self.by_faults.resize(longer, 0);
        self.by_faults.iter_mut().zip(&part.by_faults).for_each(|(all, more)| *all += more);
        self.stack_stalled += part.stack_stalled;
        for (verdict, count) in &part.verdicts {
            *self.verdicts.entry(*verdict).or_default() += count;
        }
        for (verdict, list) in &part.least {
            let least = self.least.entry(*verdict).or_insert_with(|| list.clone());
            *least = first(least, list).to_vec();
        }
        for (law, (count, list)) in &part.broken_laws {
            let (all, least) = self.broken_laws.entry(law).or_insert_with(|| (0, list.clone()));
            *all += count;
            *least = first(least, list).to_vec();
        }
    }

    fn add(&mut self, visit: Visit<'_>, derived: bool) {
        let more = Made { made: u64::from(!derived), derived: derived.into() };
        self.made.get_or_insert_default().add(more);
        let length = visit.faults.len();
        self.by_faults[length] += 1;
        self.stack_stalled += u64::from(visit.stack_stalled);
        *self.verdicts.entry(visit.verdict).or_default() += 1;
        self.least.entry(visit.verdict).or_insert_with(|| visit.faults.to_vec());
        for law in visit.broken_laws {
            self.broken_laws.entry(law).or_insert_with(|| (0, visit.faults.to_vec())).0 += 1;
        }
    }
}

/// Two runs in one state went on differently, seen in the run of `list`.
fn not_alike(seed: u64, list: &[Placed]) -> RunError {
    let faults: Vec<_> = list.iter().map(|placed| format!("fault={placed}")).collect();
    let faults = if faults.is_empty() { "no faults".to_owned() } else { faults.join(", ") };
    RunError::NotAlike { seed, faults }
}

/// The list that an exploration visits first.
fn first<'l>(one: &'l [Placed], other: &'l [Placed]) -> &'l [Placed] {
    let place = |list: &[Placed]| {
        let action = |placed: &Placed| Action::EXPLORED.iter().position(|it| *it == placed.action);
        let all: Vec<_> = list.iter().map(|placed| (placed.emission, action(placed))).collect();
        (all.len(), all)
    };
    if place(other) < place(one) { other } else { one }
}

/// Prepares a run of `scenario` for every placement of at most `faults` faults on the packets of
/// its data connections. The seed is the scenario's own, or 0.
///
/// [`run`](Explore::run) makes the runs and counts their verdicts; [`visit`](Explore::visit) hands
/// over each list of faults.
#[must_use]
pub fn explore(scenario: &Scenario, faults: usize) -> Explore<'_> {
    let (seed, scope) = (scenario.seed.unwrap_or(0), Scope::Data);
    let (bounds, limits) = (Vec::new(), Limits::default());
    let (last, max_runs, shard, classes) = (None, None, Shard::WHOLE, true);
    Explore { scenario, faults, scope, last, seed, max_runs, shard, classes, bounds, limits }
}

bounded!(Explore);
threaded!(Explore);
share_bounded!(Explore);

impl<'a> Explore<'a> {
    /// Places faults on the packets of these connections.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Places faults only on the last packets in scope, this many of them in each list's own run.
    #[must_use]
    pub fn last(mut self, packets: usize) -> Self {
        self.last = Some(packets);
        self
    }

    /// Draws everything that the scenario leaves to chance with this seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Makes at most this many runs, the first ones. If there are more, the exploration is not
    /// exhaustive.
    #[must_use]
    pub fn max_runs(mut self, runs: u64) -> Self {
        self.max_runs = Some(runs);
        self
    }

    /// Makes only the runs of one shard. The counts of all shards together are the counts of the
    /// exploration.
    #[must_use]
    pub fn shard(mut self, shard: Shard) -> Self {
        self.shard = shard;
        self
    }

    /// Whether the children of a list whose run comes to the state of an earlier run have the results of
    /// that run, as by default, or every list is run. The choice changes no result. Every list is run, too, with
    /// [`last`](Explore::last) and with the question of [`visit`](Explore::visit).
    #[must_use]
    pub fn classes(mut self, classes: bool) -> Self {
        self.classes = classes;
        self
    }

    /// The shard whose runs are made.
    #[cfg(feature = "results")]
    pub(crate) fn part(&self) -> Shard {
        self.shard
    }

    /// The seed of every run.
    #[must_use]
    pub(crate) fn drawn_by(&self) -> u64 {
        self.seed
    }

    /// The scenario that is explored.
    #[must_use]
    pub(crate) fn scenario(&self) -> &'a Scenario {
        self.scenario
    }

    /// Makes the runs and counts what they came to.
    ///
    /// # Errors
    /// A key of the scenario has several values, or a file of the scenario cannot be read or has
    /// changed meanwhile.
    pub fn run(&self) -> Result<Explored, RunError> {
        let visit = &mut |_: Visit<'_>| ControlFlow::Continue(());
        self.walk(Reached::default(), None, visit, None).map(|reached| reached.explored)
    }

    /// Makes the runs, asks `holds` of each outcome on the thread that makes the run, and hands
    /// each list to `visit` in order, until `visit` breaks.
    ///
    /// # Errors
    /// A key of the scenario has several values, or a file of the scenario cannot be read or has
    /// changed meanwhile.
    pub fn visit(
        &self,
        holds: impl Fn(&Outcome) -> bool + Sync,
        mut visit: impl FnMut(Visit<'_>) -> ControlFlow<()>,
    ) -> Result<Explored, RunError> {
        self.walk(Reached::default(), Some(&holds), &mut visit, None)
            .map(|reached| reached.explored)
    }

    /// Makes the runs behind those of `reached`, and hands what is reached to `saved` after the
    /// children of each parent. With `saved`, the children of a parent count together or not at
    /// all. Without `holds`, the question counts as answered with yes, and runs need no digest.
    ///
    /// # Errors
    /// As [`visit`](Explore::visit).
    pub(crate) fn walk(
        &self,
        reached: Reached,
        holds: Option<Holds<'_>>,
        visit: &mut dyn FnMut(Visit<'_>) -> ControlFlow<()>,
        saved: Option<Saved<'_>>,
    ) -> Result<Reached, RunError> {
        self.walk_by(None, reached, holds, visit, saved)
    }

    /// The same by hashes of the whole state, or by hashes that forget a part.
    fn walk_by(
        &self,
        forgotten: Option<StatePart>,
        mut reached: Reached,
        holds: Option<Holds<'_>>,
        visit: &mut dyn FnMut(Visit<'_>) -> ControlFlow<()>,
        mut saved: Option<Saved<'_>>,
    ) -> Result<Reached, RunError> {
        let stop = &self.limits.start();
        let scenario = one_point(self.scenario, self.seed)?;
        let workload = Workload::load(&scenario)?;
        // A question reads the digest of each run. Which packets are the last is not known before the end of a run.
        let derives = self.classes && holds.is_none() && self.last.is_none();
        let known = derives.then(|| KnownEnds::new(&scenario, forgotten));
        let known = known.as_ref();
        let tree =
            Tree { explore: self, scenario: &scenario, workload: &workload, holds, known, stop };
        let (most, mut left) = (self.max_runs.unwrap_or(u64::MAX), true);
        let Reached { explored, families } = &mut reached;
        let (first, parts) = (explored.by_faults.len().saturating_sub(1), self.shard.parts());
        for faults in first..=self.faults {
            if explored.by_faults.len() == faults {
                explored.by_faults.push(0);
                *families = 0;
            }
            // Of a shard the number is about right, for the progress alone.
            let all = if faults == 0 { 1 } else { explored.by_faults[faults - 1].div_ceil(parts) };
            let (done, mut changed, mut unlike) = (*families, None, None);
            let mut ready = |family: Family| {
                changed = changed.take().or_else(|| workload.verify().err());
                if !family.alike {
                    let list = family.parent.as_deref().unwrap_or_default();
                    unlike = Some(not_alike(self.seed, list));
                    return ControlFlow::Break(());
                }
                if changed.is_some() || saved.is_some() && !family.whole {
                    return ControlFlow::Break(());
                }
                let mut list = family.parent.clone().unwrap_or_default();
                let before = list.len();
                let made = family.children.len() - family.derived;
                for (at, leaf) in family.children.iter().enumerate() {
                    if explored.runs() == most {
                        return ControlFlow::Break(());
                    }
                    list.truncate(before);
                    list.extend(leaf.placed);
                    let Leaf { verdict, ref broken_laws, holds, stack_stalled, .. } = *leaf;
                    let seen = Visit { faults: &list, verdict, broken_laws, holds, stack_stalled };
                    explored.add(seen, at >= made);
                    visit(seen)?;
                }
                if !family.whole {
                    return ControlFlow::Break(());
                }
                let (runs, done) = (explored.runs(), *families + 1);
                *families = done;
                self.limits.report(SearchProgress { runs, resumed: 0, done, all, faults });
                saved.as_mut().map_or(ControlFlow::Continue(()), |saved| saved(explored, done))
            };
            let ready = |family| {
                let next = ready(family);
                left &= next.is_continue();
                next
            };
            let begun = tree.layer(faults, done, ready);
            left &= begun || parts == 1 && *families == all;
            if let Some(changed) = changed {
                return Err(changed.into());
            }
            if let Some(unlike) = unlike {
                return Err(unlike);
            }
            if !left {
                return Ok(reached);
            }
        }
        explored.exhaustive = true;
        Ok(reached)
    }
}
