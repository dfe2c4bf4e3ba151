//! `explore::tree` walks the lists of faults of one length, those of one parent at a time: the parents
//! in order on one walker, their children on as many as there are threads. It counts nothing.

use std::ops::ControlFlow;

use super::{Explore, Scope};
use crate::network::fate::Fate;
use crate::network::medium::Passed;
use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::scenario::Scenario;
use crate::scenario::fault::Action;
use crate::search::limits::Stop;
use crate::search::lockstep::Lockstep;
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
    pub(super) holds: &'t (dyn Fn(&Outcome) -> bool + Sync),
    pub(super) stop: &'t Stop<'t>,
}

/// A list of faults, and what came of each of its children.
pub(super) struct Family {
    parent: Option<Vec<Placed>>,
    children: Vec<Leaf>,
    /// It was not stopped among them.
    pub(super) whole: bool,
}

/// What came of one list, whose last fault this is.
pub(super) struct Leaf {
    placed: Option<Placed>,
    pub(super) verdict: Verdict,
    pub(super) broken_laws: Vec<&'static str>,
    pub(super) holds: bool,
}

impl Family {
    /// The list of faults of each child.
    pub(super) fn lists(&self) -> impl Iterator<Item = (Vec<Placed>, &Leaf)> {
        let parent = self.parent.as_deref().unwrap_or_default();
        self.children.iter().map(|leaf| {
            let list = parent.iter().copied().chain(leaf.placed);
            (list.collect(), leaf)
        })
    }
}

impl<'t> Tree<'t> {
    /// Visits every list of this length in the shard, those of one parent at a time, but for the
    /// children of the first `done` parents. Returns whether every parent was begun.
    pub(super) fn layer(
        &self,
        length: usize,
        done: u64,
        ready: impl FnMut(Family) -> ControlFlow<()>,
    ) -> bool {
        let mut parents = Parents::new(self, length);
        parents.skipped = done;
        let pool = Pool { jobs: self.explore.limits.jobs(), stop: self.stop };
        pool.run(|| parents.next(), || Walker::new(self, u64::MAX), Walker::family, ready);
        parents.over
    }
}

/// The length at which lists are dealt to the shards in turn: a longer list follows its beginning. Three
/// faults make thousands of beginnings, enough for hundreds of shards of about one size.
const DEALT: usize = 3;

/// The lists of a shard that are one shorter than the lists of a layer, in order.
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
            // It runs one list at a time.
            walker: Walker::new(tree, 1),
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

    /// To the next list, which is no longer than this one; `None`: this was the last.
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

/// Runs the lists of faults, those of one parent side by side.
struct Walker<'t> {
    lockstep: Lockstep<'t>,
    seed: u64,
    scope: Scope,
    last: Option<usize>,
    holds: &'t (dyn Fn(&Outcome) -> bool + Sync),
    stop: &'t Stop<'t>,
    orders: Vec<(u64, Fate)>,
}

impl<'t> Walker<'t> {
    /// For so many lists side by side.
    fn new(tree: &Tree<'t>, runs: u64) -> Self {
        let Explore { seed, scope, last, .. } = *tree.explore;
        let Tree { holds, stop, .. } = *tree;
        let lockstep = Lockstep::new(tree.scenario, tree.workload, runs);
        Self { lockstep, seed, scope, last, holds, stop, orders: Vec::new() }
    }

    /// Visit every child of a list; without one, the list without faults.
    fn family(&mut self, parent: Option<Vec<Placed>>) -> Family {
        let (list, all) = match parent {
            Some(list) => {
                let all = self.children(&list).into_iter().map(Some).collect();
                (Some(list), all)
            }
            None => (None, vec![None]),
        };
        let mut family = Family { parent: list, children: Vec::new(), whole: true };
        for some in all.chunks(self.lockstep.width()) {
            if self.stop.is_set() {
                family.whole = false;
                break;
            }
            let (parent, holds) = (family.parent.as_deref().unwrap_or_default(), self.holds);
            self.run(parent, some, false, |index, outcome| {
                let broken_laws = outcome.broken_laws.iter().map(|law| law.name).collect();
                let (placed, verdict, holds) = (some[index], outcome.verdict, holds(outcome));
                family.children.push(Leaf { placed, verdict, broken_laws, holds });
            });
        }
        family
    }

    /// The faults that can follow a list: on each packet in scope above its last one that its own run
    /// delivers as it should. What chance or the scenario itself does to a packet is its fate.
    fn children(&mut self, list: &[Placed]) -> Vec<Placed> {
        self.run(list, &[None], true, |_, _| {});
        let scope = self.scope;
        let fits = |packet: &Passed| match scope {
            Scope::Data => !packet.control,
            Scope::Control => packet.control,
            Scope::Both => true,
        };
        let above = list.last().map_or(0, |last| last.emission + 1);
        let census = self.lockstep.first().census().iter().enumerate();
        let mut packets: Vec<(u64, Fate)> = census
            .filter(|(_, packet)| fits(packet))
            .map(|(emission, packet)| (emission as u64, packet.fate))
            .collect();
        if let Some(last) = self.last {
            packets.drain(..packets.len().saturating_sub(last));
        }
        packets.retain(|(emission, fate)| *emission >= above && *fate == Fate::Deliver);
        let place = |(emission, _)| Action::EXPLORED.map(|action| Placed { emission, action });
        packets.into_iter().flat_map(place).collect()
    }

    /// Run the list with each of these faults behind it.
    fn run(
        &mut self,
        list: &[Placed],
        last: &[Option<Placed>],
        census: bool,
        mut done: impl FnMut(usize, &Outcome),
    ) {
        let Self { lockstep, seed, orders, .. } = self;
        let seed = *seed;
        lockstep.run(
            last.len(),
            |index, world| {
                orders.clear();
                orders.extend(list.iter().chain(&last[index]).map(|placed| placed.order()));
                world.order(orders);
                world.count(census);
                world.reset(seed, Recording::Digest);
            },
            |index| {
                let all = list.iter().chain(&last[index]);
                let faults: Vec<_> = all.map(|placed| format!("fault={placed}")).collect();
                format!("it was the run of seed {seed} with {faults:?}")
            },
            |index, world, outcome| {
                debug_assert_eq!(world.orders_left(), 0, "a list's packets are in its run");
                done(index, outcome);
            },
        );
    }
}
