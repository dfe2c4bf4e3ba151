//! `explore::walker` runs the children of one list of faults. The children share the run of the list up
//! to the turn in which the packet of their own fault leaves: the world is copied before the turn, and
//! each child goes on from the copy. Lists with the same parent share its run in the same way.

mod way;

use std::cell::Cell;
use std::ops::Range;

use super::known_ends::KnownEnds;
use super::reach::Place;
use super::tree::{Family, Holds, Leaf, Tree};
use super::{Explore, Scope};
use crate::network::fate::Fate;
use crate::network::medium::Passed;
use crate::network::trace::Recording;
use crate::outcome::{End, Outcome};
use crate::scenario::fault::Action;
use crate::search::limits::Stop;
use crate::search::pool::IfPanicking;
use crate::search::schedule::Placed;
use crate::world::{StateBytes, World};
use way::{Between, Gone, Way, Worth, is_checked};

/// Runs lists of faults, one at a time.
pub(super) struct Walker<'t> {
    world: World<'t>,
    parent: Parent<'t>,
    /// Makes every fourth run from the beginning, for a comparison: in debug builds.
    plain: Option<World<'t>>,
    /// For each turn of the last run of a parent: the emission number of the next packet before the turn.
    turns: Vec<u64>,
    /// The number of runs of children.
    runs: u64,
    /// The world of a child, a copy of `world`.
    child: World<'t>,
    outcome: Outcome,
    seed: u64,
    scope: Scope,
    last: Option<usize>,
    holds: Option<Holds<'t>>,
    /// The states whose further ends are known; `None`: every list is run.
    known: Option<&'t KnownEnds>,
    worth: Worth,
    bytes: StateBytes,
    stop: &'t Stop<'t>,
}

/// The run of a list without its last fault. The lists that follow mostly have the same parent.
struct Parent<'t> {
    list: Option<Vec<Placed>>,
    /// For each turn: the emission number of the next packet before the turn.
    turns: Vec<u64>,
    /// Keeps the state before the turn `kept`.
    copy: World<'t>,
    kept: Option<usize>,
}

impl<'t> Walker<'t> {
    pub(super) fn new(tree: &Tree<'t>) -> Self {
        let Explore { seed, scope, last, .. } = *tree.explore;
        let Tree { holds, stop, scenario, workload, known, .. } = *tree;
        // Without a question, only a comparison of two runs reads a digest.
        let compares = holds.is_some() || cfg!(debug_assertions);
        let recording = if compares { Recording::Digest } else { Recording::Counts };
        let new = || World::new(scenario, workload, seed, recording);
        Self {
            world: new(),
            parent: Parent { list: None, turns: Vec::new(), copy: new(), kept: None },
            plain: cfg!(debug_assertions).then(new),
            turns: Vec::new(),
            runs: 0,
            child: new(),
            outcome: Outcome::default(),
            seed,
            scope,
            last,
            holds,
            known,
            worth: Worth::default(),
            bytes: StateBytes::default(),
            stop,
        }
    }

    /// Run every child of a list; without a list, the list without faults.
    pub(super) fn family(&mut self, parent: Option<Vec<Placed>>) -> Family {
        let mut family =
            Family { parent: None, children: Vec::new(), derived: 0, whole: false, alike: true };
        self.run_children(parent.as_deref(), &mut family);
        family.parent = parent;
        family
    }

    /// Run the children in order.
    fn run_children(&mut self, parent: Option<&[Placed]>, family: &mut Family) {
        let (list, seed, last) = (parent.unwrap_or_default(), self.seed, &Cell::new(None));
        let _named = IfPanicking(|| {
            let all = list.iter().copied().chain(last.get());
            let faults: Vec<_> = all.map(|placed| format!("fault={placed}")).collect();
            format!("it was the run of seed {seed} with {faults:?}")
        });
        let Family { children, derived, whole, alike, .. } = family;
        if parent.is_none() {
            begin(&mut self.world, seed, list, None, false);
            let end = self.world.run();
            let outcome = self.world.conclude(end);
            children.push(Leaf::of(None, &outcome, self.holds));
            *whole = true;
            return;
        }
        let known = self.known;
        let (mut all, mut way) = self.way(list, known);
        let compared = way.rest.take_if(|_| is_checked(list));
        if compared.is_some() {
            (all, way) = self.way(list, None);
        }
        let mut gone = Vec::new();
        let mut kept = None;
        for placed in all {
            if self.stop.is_set() {
                return;
            }
            last.set(Some(placed));
            self.child_begins(list, placed, &mut kept);
            let end = self.child.run();
            children.push(self.child_ends(end, list, placed));
            if known.is_some() {
                gone.push(Gone::of(&self.child, &self.outcome));
            }
        }
        *whole = true;
        if let Some((state, rest)) = compared {
            *alike = children[state.before(children)..] == *rest;
        } else if let Some(known) = known {
            let states = way.on(children, &gone);
            let rest = way.rest.map_or_else(Vec::new, |(_, rest)| rest);
            *derived = rest.len();
            children.extend(rest);
            known.keep(&states, children);
        }
    }

    /// The faults that can follow a list: on each packet in scope above its last one that its own run
    /// delivers as it should. What chance or the scenario itself does to a packet is its fate.
    pub(super) fn children(&mut self, list: &[Placed]) -> Vec<Placed> {
        self.way(list, None).0
    }

    /// The same up to the first state whose further ends are known, with the states up to there.
    fn way(&mut self, list: &[Placed], known: Option<&KnownEnds>) -> (Vec<Placed>, Way) {
        let first = self.approach(list);
        self.turns.clear();
        self.turns.extend_from_slice(&self.parent.turns[..first]);
        let mut way = Way::default();
        loop {
            let emission = self.world.trace().next_emission();
            self.turns.push(emission);
            if let Some(end) = self.world.step() {
                way.ends(end, self.between_at_end());
                break;
            }
            let Some(known) = known else { continue };
            let behind_fault = self.turns.len() == first + 1;
            if (behind_fault || self.has_place(emission)) && self.worth.asks(way.states.len()) {
                let state = self.between();
                let rest = known.rest(&state.place);
                self.worth
                    .note(way.states.len(), rest.as_ref().map_or(0, |rest| rest.children.len()));
                if way.comes_to(state, rest) {
                    break;
                }
            }
        }
        (self.places(list), way)
    }

    /// The state of the world between two turns.
    fn between(&mut self) -> Between {
        let forgotten = self.known.and_then(|known| known.forgotten);
        let place = Place::hashed(&mut self.world, &mut self.bytes, forgotten);
        Between { place, ..self.between_at_end() }
    }

    /// The state of the world at the end of a run.
    fn between_at_end(&self) -> Between {
        let place = Place::of_end(&self.world);
        Between { place, turn: self.world.turns(), ties: self.world.tied_timers() }
    }

    /// Whether a fault can be placed on a packet from `emission` on.
    fn has_place(&self, emission: u64) -> bool {
        let from = usize::try_from(emission).unwrap_or(usize::MAX);
        let mut census = self.world.census().iter().skip(from);
        census.any(|packet| packet.fate == Fate::Deliver && self.in_scope(packet))
    }

    /// The faults on the packets of the present run that can follow a list.
    fn places(&self, list: &[Placed]) -> Vec<Placed> {
        let above = list.last().map_or(0, |last| last.emission + 1);
        let census = self.world.census().iter().enumerate();
        let mut packets: Vec<(u64, Fate)> = census
            .filter(|(_, packet)| self.in_scope(packet))
            .map(|(emission, packet)| (emission as u64, packet.fate))
            .collect();
        if let Some(last) = self.last {
            packets.drain(..packets.len().saturating_sub(last));
        }
        packets.retain(|(emission, fate)| *emission >= above && *fate == Fate::Deliver);
        let place = |(emission, _)| Action::EXPLORED.map(|action| Placed { emission, action });
        packets.into_iter().flat_map(place).collect()
    }

    /// Whether a packet belongs to a connection in scope.
    fn in_scope(&self, packet: &Passed) -> bool {
        match self.scope {
            Scope::Data => !packet.control,
            Scope::Control => packet.control,
            Scope::Both => true,
        }
    }

    /// Run to the end, and record the first packet of each turn.
    fn record_turns(&mut self) {
        loop {
            self.turns.push(self.world.trace().next_emission());
            if self.world.step().is_some() {
                break;
            }
        }
    }

    /// Bring the world, with a census, to the turn in which the packet of the last fault leaves, or to
    /// the beginning. Returns the number of turns before.
    fn approach(&mut self, list: &[Placed]) -> usize {
        let (seed, world) = (self.seed, &mut self.world);
        let Some((last, list)) = list.split_last() else {
            self.parent.kept = None;
            begin(world, seed, list, None, true);
            return 0;
        };
        if self.parent.list.as_deref() != Some(list) {
            begin(world, seed, list, None, true);
            self.turns.clear();
            self.record_turns();
            self.parent.list = Some(list.to_vec());
            self.parent.turns.clone_from(&self.turns);
            self.parent.kept = None;
        }
        let (world, parent) = (&mut self.world, &mut self.parent);
        let Some(turn) = turn_of(&parent.turns, last.emission) else {
            parent.kept = None;
            begin(world, seed, list, Some(*last), true);
            return 0;
        };
        let kept = parent.kept.filter(|kept| *kept <= turn);
        match kept {
            None => begin(world, seed, list, None, true),
            Some(_) => world.copy_from(&parent.copy),
        }
        if kept != Some(turn) {
            go_on(world, kept.unwrap_or(0)..turn);
            if self.known.is_some() && self.worth.asks(0) {
                world.hash_sockets();
            }
            parent.copy.copy_from(world);
            parent.kept = Some(turn);
        }
        let (emission, fate) = last.order();
        world.order_one_more(emission, fate);
        turn
    }

    /// Bring the child's world to the turn in which the packet of the fault leaves, or to the beginning. `kept`: the
    /// turn of the list's own run before which the world is.
    fn child_begins(&mut self, list: &[Placed], placed: Placed, kept: &mut Option<usize>) {
        let Some(turn) = turn_of(&self.turns, placed.emission) else {
            return begin(&mut self.child, self.seed, list, Some(placed), false);
        };
        let before = kept.unwrap_or_else(|| {
            let before = self.approach(list);
            self.world.count(false);
            self.world.forget_socket_hashes();
            before
        });
        go_on(&mut self.world, before..turn);
        *kept = Some(turn);
        self.child.copy_from(&self.world);
        let (emission, fate) = placed.order();
        self.child.order_one_more(emission, fate);
    }

    /// Judge the run of a child.
    fn child_ends(&mut self, end: End, list: &[Placed], placed: Placed) -> Leaf {
        self.child.conclude_into(end, &mut self.outcome);
        debug_assert_eq!(self.child.orders_left(), 0, "a list's packets are in its run");
        self.runs += 1;
        if let Some(plain) = self.plain.as_mut().filter(|_| self.runs.is_multiple_of(4)) {
            begin(plain, self.seed, list, Some(placed), false);
            let end = plain.run();
            let outcome = plain.conclude(end);
            assert_eq!(self.outcome, outcome, "a run from a copy is the run from the beginning");
        }
        Leaf::of(Some(placed), &self.outcome, self.holds)
    }
}

/// The turn in which a packet leaves. `None`: before the first turn, while the world begins.
fn turn_of(turns: &[u64], emission: u64) -> Option<usize> {
    turns.partition_point(|first| *first <= emission).checked_sub(1)
}

/// Make these turns of a run that goes on behind them.
fn go_on(world: &mut World<'_>, turns: Range<usize>) {
    for _ in turns {
        let end = world.step();
        debug_assert!(end.is_none(), "the run went on here before");
    }
}

/// Begin the run of a list with, perhaps, one more fault behind the others.
fn begin(world: &mut World<'_>, seed: u64, list: &[Placed], placed: Option<Placed>, census: bool) {
    let all = list.iter().copied().chain(placed);
    let orders: Vec<_> = all.map(Placed::order).collect();
    world.order(&orders);
    world.count(census);
    world.reset(seed, world.trace().recording());
}
