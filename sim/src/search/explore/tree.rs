//! `explore::tree` walks the lists of faults of one length, the children of one parent at a time. One
//! walker finds the parents in order, and every thread has a walker for the children. Counting is
//! not done here.

use std::iter;
use std::ops::ControlFlow;

use super::Explore;
use super::known_ends::KnownEnds;
use super::walker::Walker;
use crate::outcome::Outcome;
use crate::scenario::Scenario;
use crate::search::limits::Stop;
use crate::search::pool::Pool;
use crate::search::schedule::Placed;
use crate::search::shard::Shard;
use crate::verdict::Verdict;
use crate::workload::Workload;

/// The tree of all lists.
pub(super) struct Tree<'t> {
    pub(super) explore: &'t Explore<'t>,
    pub(super) scenario: &'t Scenario,
    pub(super) workload: &'t Workload,
    /// The question about each outcome; `None`: every answer is yes.
    pub(super) holds: Option<Holds<'t>>,
    /// The states whose further ends are known; `None`: every list is run.
    pub(super) known: Option<&'t KnownEnds>,
    pub(super) stop: &'t Stop<'t>,
}

/// A question about the outcome of a list.
pub(super) type Holds<'t> = &'t (dyn Fn(&Outcome) -> bool + Sync);

/// A list of faults, and the results of the children.
pub(super) struct Family {
    pub(super) parent: Option<Vec<Placed>>,
    pub(super) children: Vec<Leaf>,
    /// The number of children whose results are those of an earlier list: the last children.
    pub(super) derived: usize,
    /// Whether there are results of all children: no stop came between.
    pub(super) whole: bool,
    /// Whether the children that were run came to the results of the earlier list.
    pub(super) alike: bool,
}

/// The result of one list; `placed` is the last fault of the list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) placed: Option<Placed>,
    pub(super) verdict: Verdict,
    pub(super) broken_laws: Vec<&'static str>,
    pub(super) holds: bool,
    pub(super) stack_stalled: bool,
}

impl Leaf {
    /// The result of the run with this last fault.
    pub(super) fn of(placed: Option<Placed>, outcome: &Outcome, holds: Option<Holds<'_>>) -> Self {
        let broken_laws = outcome.broken_laws.iter().map(|law| law.name).collect();
        let (verdict, stack_stalled) = (outcome.verdict, outcome.stack_stalled);
        let holds = holds.is_none_or(|holds| holds(outcome));
        Self { placed, verdict, broken_laws, holds, stack_stalled }
    }
}

impl<'t> Tree<'t> {
    /// Visits every list of this length in the shard, the children of one parent at a time, except
    /// the children of the first `done` parents. Returns whether every parent was begun.
    pub(super) fn layer(
        &self,
        length: usize,
        done: u64,
        mut ready: impl FnMut(Family) -> ControlFlow<()>,
    ) -> bool {
        let mut parents = Parents::new(self, length);
        parents.skipped = done;
        let pool = Pool { jobs: self.explore.limits.jobs(), stop: self.stop };
        let mut taken = 0;
        let batch = || {
            let size = (taken / EACH_OF).clamp(1, BATCH);
            let batch: Vec<_> = iter::from_fn(|| parents.next()).take(size).collect();
            taken += batch.len();
            (!batch.is_empty()).then_some(batch)
        };
        let families = |walker: &mut Walker<'t>, batch: Vec<_>| {
            let mut families = Vec::with_capacity(batch.len());
            for parent in batch {
                families.push(walker.family(parent));
                if !families.last().is_some_and(|family: &Family| family.whole) {
                    break;
                }
            }
            families
        };
        pool.run(
            batch,
            || Walker::new(self),
            families,
            |families: Vec<Family>| families.into_iter().try_for_each(&mut ready),
        );
        parents.over
    }
}

/// The most parents that a thread takes at a time: to wake a thread takes as long as a run.
const BATCH: usize = 16;

/// The size of a batch is the number of parents taken so far, divided by this number: so every
/// thread has work in a short layer.
const EACH_OF: usize = 32;

/// The length at which lists are dealt to the shards in turn. A longer list is in the shard of its
/// first faults. Three faults give thousands of beginnings, enough for hundreds of shards of about
/// equal size.
const DEALT: usize = 3;

/// The parents of a layer in one shard, in order.
struct Parents<'t> {
    walker: Walker<'t>,
    length: usize,
    /// The faults that can come next at each place of the list, and the next of them.
    places: Vec<(Vec<Placed>, usize)>,
    begun: bool,
    shard: Shard,
    /// The number of lists that were dealt, and whether the present list is still to be dealt.
    dealt: u64,
    fresh: bool,
    /// The number of lists to leave out, which an earlier exploration has done.
    skipped: u64,
    /// Whether there is no further list.
    over: bool,
}

impl<'t> Parents<'t> {
    fn new(tree: &Tree<'t>, length: usize) -> Self {
        Self {
            // This walker finds lists and looks no state up.
            walker: Walker::new(&Tree { known: None, ..*tree }),
            length,
            places: Vec::new(),
            begun: false,
            shard: tree.explore.shard,
            dealt: 0,
            fresh: true,
            skipped: 0,
            over: false,
        }
    }

    /// `Some(None)`: the list without faults has no parent.
    fn next(&mut self) -> Option<Option<Vec<Placed>>> {
        loop {
            let next = self.following();
            self.over |= next.is_none();
            match self.skipped.checked_sub(1) {
                Some(left) if next.is_some() => self.skipped = left,
                _ => return next,
            }
        }
    }

    /// The next list, skipped or not.
    fn following(&mut self) -> Option<Option<Vec<Placed>>> {
        let again = std::mem::replace(&mut self.begun, true);
        let Some(parents) = self.length.checked_sub(1) else {
            return (!again && self.deal()).then_some(None);
        };
        if again {
            self.step()?;
        }
        let depth = parents.min(DEALT);
        loop {
            if self.places.len() < depth {
                self.fresh = true;
            } else if self.places.len() == depth && std::mem::take(&mut self.fresh) && !self.deal()
            {
                self.step()?;
                continue;
            }
            if self.places.len() == parents {
                return Some(Some(self.list()));
            }
            let children = self.walker.children(&self.list());
            match children.is_empty() {
                true => self.step()?,
                false => self.places.push((children, 0)),
            }
        }
    }

    /// Deals a list to one of the shards, and returns whether this shard gets the list.
    fn deal(&mut self) -> bool {
        let dealt = self.dealt;
        self.dealt += 1;
        dealt % self.shard.parts() == self.shard.number() - 1
    }

    /// Steps to the next list, of at most the same length. `None`: there is no further list.
    fn step(&mut self) -> Option<()> {
        loop {
            let (places, next) = self.places.last_mut()?;
            *next += 1;
            if *next < places.len() {
                self.fresh |= self.places.len() <= self.length.saturating_sub(1).min(DEALT);
                return Some(());
            }
            self.places.pop();
        }
    }

    fn list(&self) -> Vec<Placed> {
        self.places.iter().map(|(places, next)| places[*next]).collect()
    }
}
