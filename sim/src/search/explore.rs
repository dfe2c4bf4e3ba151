//! `explore` runs every placement of a few faults on the packets in scope, each once: the tree in
//! which the children of a list of faults are (every packet in scope above its last one, in that
//! list's own run) × (what can happen to it). Lists are visited in the order of their length, then of
//! their packets, whatever the number of threads, so the first list of a verdict is a least one.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::fate::Fate;
use crate::medium::Passed;
use crate::outcome::Outcome;
use crate::scenario::Scenario;
use crate::search::pool::{Pool, cores};
use crate::search::schedule::{Act, Placed};
use crate::trace::Recording;
use crate::verdict::Verdict;
use crate::workload::{Unreadable, Workload};
use crate::world::World;

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
    /// A file of the scenario cannot be read.
    ///
    /// # Panics
    /// If a key of the scenario has a list of values.
    pub fn run(&self) -> Result<Explored, Unreadable> {
        let on = |_: Visit<'_>| ControlFlow::Continue(());
        self.visit(&AtomicBool::new(false), |_| true, on, |_, _| {})
    }

    /// Run it, ask `holds` of each outcome on the thread that has run it, hand each list to `visit` in
    /// order until it breaks, and say to `progress` how far it has come. Once `stop` is true nothing
    /// more is begun.
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
        let tree = Tree { explore: self, scenario: &scenario, workload: &workload, holds };
        let mut explored = Explored::default();
        let (most, mut left) = (self.most.unwrap_or(u64::MAX), true);
        for faults in 0..=self.faults {
            explored.by_faults.push(0);
            let all = if faults == 0 { 1 } else { explored.by_faults[faults - 1] };
            let mut done = 0;
            let ready = |family: Family| {
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
                done += 1;
                progress(Layer { faults, done, all }, explored.schedules());
                ControlFlow::Continue(())
            };
            tree.layer(faults, stop, ready);
            left &= !stop.load(Ordering::Relaxed) || done == all;
            if !left {
                return Ok(explored);
            }
        }
        explored.closed = true;
        Ok(explored)
    }
}

/// The tree of all lists.
struct Tree<'t> {
    explore: &'t Explore<'t>,
    scenario: &'t Scenario,
    workload: &'t Workload,
    holds: &'t (dyn Fn(&Outcome) -> bool + Sync),
}

/// A list of faults, and what came of each of its children.
struct Family {
    parent: Option<Vec<Placed>>,
    children: Vec<Leaf>,
}

struct Leaf {
    placed: Option<Placed>,
    verdict: Verdict,
    broken_laws: Vec<&'static str>,
    holds: bool,
}

impl Family {
    /// Each child's list.
    fn lists(&self) -> impl Iterator<Item = (Vec<Placed>, &Leaf)> {
        let parent = self.parent.as_deref().unwrap_or_default();
        self.children.iter().map(|leaf| {
            let list = parent.iter().copied().chain(leaf.placed);
            (list.collect(), leaf)
        })
    }
}

impl<'t> Tree<'t> {
    /// Visit every list of this length, those of one parent at a time.
    fn layer(
        &self,
        length: usize,
        stop: &AtomicBool,
        ready: impl FnMut(Family) -> ControlFlow<()>,
    ) {
        let mut parents = Parents::new(self, length);
        let pool = Pool { jobs: self.explore.jobs, stop };
        pool.run(|| parents.next(), || Walker::new(self), Walker::family, ready);
    }
}

/// Every list that is one shorter than those of a layer, in order.
struct Parents<'t> {
    walker: Walker<'t>,
    length: usize,
    /// The faults that can come next at each place of the list, and the next of them.
    places: Vec<(Vec<Placed>, usize)>,
    begun: bool,
}

impl<'t> Parents<'t> {
    fn new(tree: &Tree<'t>, length: usize) -> Self {
        Self { walker: Walker::new(tree), length, places: Vec::new(), begun: false }
    }

    /// `Some(None)`: the list without faults has no parent.
    fn next(&mut self) -> Option<Option<Vec<Placed>>> {
        let Some(parents) = self.length.checked_sub(1) else {
            return (!std::mem::replace(&mut self.begun, true)).then_some(None);
        };
        // Step to the next list, and down to the length of a parent.
        loop {
            if !self.begun {
                self.begun = true;
            } else {
                while let Some((places, next)) = self.places.last_mut() {
                    *next += 1;
                    if *next < places.len() {
                        break;
                    }
                    self.places.pop();
                }
                if self.places.is_empty() {
                    return None;
                }
            }
            let list = |places: &[(Vec<Placed>, usize)]| -> Vec<Placed> {
                places.iter().map(|(places, next)| places[*next]).collect()
            };
            while self.places.len() < parents {
                let children = self.walker.children(&list(&self.places));
                if children.is_empty() {
                    break;
                }
                self.places.push((children, 0));
            }
            if self.places.len() == parents {
                return Some(Some(list(&self.places)));
            }
            if self.places.is_empty() {
                return None;
            }
        }
    }
}

/// Runs one list after the other in the same world.
struct Walker<'t> {
    world: World<'t>,
    outcome: Outcome,
    seed: u64,
    scope: Scope,
    last: Option<usize>,
    holds: &'t (dyn Fn(&Outcome) -> bool + Sync),
    orders: Vec<(u64, Fate)>,
}

impl<'t> Walker<'t> {
    fn new(tree: &Tree<'t>) -> Self {
        let Explore { seed, scope, last, .. } = *tree.explore;
        let world = World::new(tree.scenario, tree.workload, seed, Recording::Digest);
        let (outcome, orders, holds) = (Outcome::blank(), Vec::new(), tree.holds);
        Self { world, outcome, seed, scope, last, holds, orders }
    }

    /// Visit every child of a list; without one, the list without faults.
    fn family(&mut self, parent: Option<Vec<Placed>>) -> Family {
        let Some(mut list) = parent else {
            return Family { parent: None, children: vec![self.leaf(None, &[])] };
        };
        let children = self.children(&list);
        let visit = |placed: Placed| {
            list.push(placed);
            let leaf = self.leaf(Some(placed), &list);
            list.pop();
            leaf
        };
        let children = children.into_iter().map(visit).collect();
        Family { parent: Some(list), children }
    }

    fn leaf(&mut self, placed: Option<Placed>, list: &[Placed]) -> Leaf {
        self.run(list, false);
        let broken_laws = self.outcome.broken_laws.iter().map(|law| law.name).collect();
        let holds = (self.holds)(&self.outcome);
        Leaf { placed, verdict: self.outcome.verdict, broken_laws, holds }
    }

    /// The faults that can follow a list: on each packet in scope above its last one that its own run
    /// delivers as it should. What chance or the scenario itself does to a packet is its fate.
    fn children(&mut self, list: &[Placed]) -> Vec<Placed> {
        self.run(list, true);
        let scope = self.scope;
        let fits = |packet: &Passed| match scope {
            Scope::Data => !packet.control,
            Scope::Control => packet.control,
            Scope::Both => true,
        };
        let above = list.last().map_or(0, |last| last.emission + 1);
        let census = self.world.census().iter().enumerate();
        let mut packets: Vec<(u64, Fate)> = census
            .filter(|(_, packet)| fits(packet))
            .map(|(emission, packet)| (emission as u64, packet.fate))
            .collect();
        if let Some(last) = self.last {
            packets.drain(..packets.len().saturating_sub(last));
        }
        packets.retain(|(emission, fate)| *emission >= above && *fate == Fate::Deliver);
        let place = |(emission, _)| Act::ALL.map(|act| Placed { emission, act });
        packets.into_iter().flat_map(place).collect()
    }

    fn run(&mut self, list: &[Placed], census: bool) {
        self.orders.clear();
        self.orders.extend(list.iter().map(|placed| placed.order()));
        self.world.order(&self.orders);
        self.world.count(census);
        self.world.reset(self.seed, Recording::Digest);
        let end = self.world.run();
        self.world.conclude_into(end, &mut self.outcome);
        debug_assert_eq!(self.world.orders_left(), 0, "a list's packets are in its run");
    }
}
