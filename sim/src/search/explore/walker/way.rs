//! `way` owns the states on the way of a list's own run, from the turn of the last fault to the end of the run or to
//! a state whose further ends are known.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use crate::outcome::{End, Outcome};
use crate::search::explore::known_ends::{OnTheWay, Rest};
use crate::search::explore::reach::{Place, Reach};
use crate::search::explore::tree::Leaf;
use crate::search::schedule::Placed;
use crate::world::World;

/// Of so many lists whose run comes to a known state, one is run on for a comparison.
const CHECKED: u64 = if cfg!(debug_assertions) { 4 } else { 64 };

/// The states of so many runs are looked up before the gain counts.
const TRIED: usize = 128;

/// The own run of a list behind its last fault.
#[derive(Default)]
pub(super) struct Way {
    /// The states behind turns in which a fault can be placed, up to the first known state.
    pub(super) states: Vec<Between>,
    /// The known state and the children behind it; `None`: the run went to its end.
    pub(super) rest: Option<(Between, Vec<Leaf>)>,
    /// How far the run goes from its end or from the known state.
    end: Gone,
}

/// A state between two turns.
#[derive(Clone, Copy)]
pub(super) struct Between {
    pub(super) place: Place,
    /// The number of turns before the state.
    pub(super) turn: u32,
    /// How often two timers were due at one instant before the state.
    pub(super) ties: u64,
}

/// How far a run goes.
#[derive(Default)]
pub(super) struct Gone {
    pub(super) reach: Reach,
    /// The number of turns before the end.
    pub(super) turn: u32,
    /// How often two timers were due at one instant before the end.
    pub(super) ties: u64,
}

impl Gone {
    /// How far the run went that has ended in `world` with this outcome.
    pub(super) fn of(world: &World<'_>, outcome: &Outcome) -> Self {
        let place = Place::of_end(world);
        let reach = Reach::of_end(outcome, &place, world.allowance());
        Self { reach, turn: world.turns(), ties: world.tied_timers() }
    }
}

impl Between {
    /// How many of the children have their fault before the state.
    pub(super) fn before(&self, children: &[Leaf]) -> usize {
        let emission = |leaf: &Leaf| leaf.placed.map_or(0, |placed| placed.emission);
        children.partition_point(|leaf| emission(leaf) < self.place.emission)
    }
}

impl Way {
    /// Notes the end of the run.
    pub(super) fn ends(&mut self, end: End, state: Between) {
        let Between { place, turn, ties } = state;
        self.end = Gone { reach: Reach::of_run(end, &place), turn, ties };
    }

    /// Notes a state, and perhaps the known rest of the children. Returns whether the rest is known.
    pub(super) fn comes_to(&mut self, state: Between, rest: Option<Rest>) -> bool {
        let Some(Rest { children, reach }) = rest else {
            self.states.push(state);
            return false;
        };
        self.end = Gone { reach, turn: state.turn, ties: state.ties };
        self.rest = Some((state, children));
        true
    }

    /// The states with how far the runs of the children go. `children`: the children that were run, and `gone`: how
    /// far each of their runs goes.
    pub(super) fn on(&self, children: &[Leaf], gone: &[Gone]) -> Vec<OnTheWay> {
        let on = |state: &Between| {
            let (Between { place, turn, ties }, before) = (*state, state.before(children));
            let mut reach = Reach::at(&place);
            for gone in gone[before..].iter().chain([&self.end]) {
                reach.follow(&gone.reach, gone.turn - turn);
                reach.exact |= gone.ties > ties;
            }
            OnTheWay { place, before, reach }
        };
        self.states.iter().map(on).collect()
    }
}

/// The weights of a hash of a state and of a run of a child: an estimate of their times, from a profile.
const HASH: usize = 2;
const RUN: usize = 3;

/// Which states of a run are worth a hash: the first state of a run, the second and so on, as long as so far the
/// runs of children that look-ups have saved take longer than the look-ups.
#[derive(Default)]
pub(super) struct Worth {
    /// For each place in the order of states: the number of look-ups, and of saved runs.
    by_place: Vec<(usize, usize)>,
}

impl Worth {
    /// Whether the state with so many states before is looked up.
    pub(super) fn asks(&self, before: usize) -> bool {
        let new = (0, 0);
        let (asked, saved) = *self.by_place.get(before).unwrap_or(&new);
        asked < TRIED || saved * RUN >= asked * HASH
    }

    /// Notes how many runs a look-up has saved.
    pub(super) fn note(&mut self, before: usize, saved: usize) {
        if self.by_place.len() <= before {
            self.by_place.resize(before + 1, (0, 0));
        }
        let place = &mut self.by_place[before];
        *place = (place.0 + 1, place.1 + saved);
    }
}

/// Whether the children of a list are run though the ends are known, for a comparison.
pub(super) fn is_checked(list: &[Placed]) -> bool {
    let mut hasher = FxHasher::default();
    list.iter().for_each(|placed| placed.emission.hash(&mut hasher));
    hasher.finish().is_multiple_of(CHECKED)
}
