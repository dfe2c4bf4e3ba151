//! `known_ends` keeps, for the states of explored runs, the ends of all runs with one further fault: a list
//! of faults whose run comes to such a state has these ends, and its children are not run.

use std::iter;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::kinds::{Kind, Kinds, code};
use super::reach::{Limited, Limits, Place, Reach};
use super::tree::Leaf;
use crate::scenario::Scenario;
use crate::scenario::fault::Action;
use crate::search::schedule::Placed;
use crate::world::StatePart;

/// The most bytes of the states that are kept. Behind this limit, further states are not kept.
const MOST_BYTES: usize = 256 << 20;

/// The states of all threads of an exploration.
pub(super) struct KnownEnds {
    limits: Limits,
    /// The part that hashes leave out.
    pub(super) forgotten: Option<StatePart>,
    kept: Mutex<Kept>,
}

/// What is known, behind the lock.
#[derive(Default)]
struct Kept {
    states: IndexMap<u128, Entry, FxBuildHasher>,
    kinds: Kinds,
    bytes: usize,
}

/// A further fault, and the end of the run.
#[derive(Clone, Copy)]
struct Child {
    emission: u32,
    action: u8,
    kind: u16,
}

/// The children of a state.
struct Entry {
    limited_by: Limited,
    /// The children of a list whose run went through the state.
    children: Arc<[Child]>,
    /// How many of the children have their fault before the state.
    before: u32,
}

/// What is known of a state: the children in order, and how far their runs go.
pub(super) struct Rest {
    pub(super) children: Vec<Leaf>,
    pub(super) reach: Reach,
}

/// A state on the way of a list's own run.
pub(super) struct OnTheWay {
    pub(super) place: Place,
    /// How many of the children have their fault before the state.
    pub(super) before: usize,
    /// How far the runs of the other children go.
    pub(super) reach: Reach,
}

impl KnownEnds {
    /// Nothing is known yet.
    pub(super) fn new(scenario: &Scenario, forgotten: Option<StatePart>) -> Self {
        Self { limits: Limits::of(scenario), forgotten, kept: Mutex::default() }
    }

    /// The children of a state, if they are known.
    pub(super) fn rest(&self, place: &Place) -> Option<Rest> {
        let kept = self.lock();
        place.keys().into_iter().find_map(|key| kept.rest(key, place, &self.limits))
    }

    /// Keeps the children of the states on the way of one list's run.
    pub(super) fn keep(&self, states: &[OnTheWay], children: &[Leaf]) {
        let limited = |state: &OnTheWay| Limited::of(&state.place, &state.reach, &self.limits);
        let limited: Vec<_> = states.iter().map(limited).collect();
        let kept = &mut *self.lock();
        let size = size_of_val(children) / 4 + limited.len() * 2 * size_of::<(u128, Entry)>();
        if kept.bytes + size > MOST_BYTES {
            return;
        }
        kept.bytes += size;
        let children: Arc<[_]> = children.iter().map(|leaf| kept.child(leaf)).collect();
        for (state, limited) in iter::zip(states, limited) {
            if let Some((key, limited_by)) = limited {
                let before = u32::try_from(state.before).expect("a run has fewer packets");
                let entry = Entry { limited_by, children: Arc::clone(&children), before };
                kept.states.insert(key, entry);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn rest(&self, key: u128, place: &Place, limits: &Limits) -> Option<Rest> {
        let Entry { limited_by, children, before } = self.states.get(&key)?;
        let (reach, shift) = limited_by.reach(place, limits)?;
        let leaf = |child: &Child| {
            let Kind { verdict, broken_laws, stack_stalled } = self.kinds[child.kind].clone();
            let emission = child.emission.wrapping_add_signed(shift).into();
            let action = Action::EXPLORED[usize::from(child.action)];
            let placed = Some(Placed { emission, action });
            Leaf { placed, verdict, broken_laws, holds: true, stack_stalled }
        };
        Some(Rest { children: children[*before as usize..].iter().map(leaf).collect(), reach })
    }

    fn child(&mut self, leaf: &Leaf) -> Child {
        let Leaf { placed, verdict, ref broken_laws, holds: _, stack_stalled } = *leaf;
        let kind = Kind { verdict, broken_laws: broken_laws.clone(), stack_stalled };
        let Placed { emission, action } = placed.expect("a child has a fault");
        Child {
            emission: u32::try_from(emission).expect("a run has fewer packets"),
            action: code(action),
            kind: self.kinds.number(kind),
        }
    }
}
