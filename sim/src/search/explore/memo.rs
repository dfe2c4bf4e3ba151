//! `memo` keeps the counts of every state that an exploration has met: how many lists of faults that go on
//! from the state come to each end.

use std::time::Duration;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::kinds::{Kind, Kinds, code};
use super::reach::{Limited, Limits, Place, Reach};
use super::{Explored, first};
use crate::outcome::Outcome;
use crate::scenario::fault::Action;
use crate::search::schedule::Placed;

/// The most bytes of the states that are kept. Behind this limit, further states are explored as often as
/// they occur.
const MOST_BYTES: usize = 2 << 30;

/// What an exploration that merges equal states did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merging {
    /// The turns that were run: an event of a host, with its consequences up to the next event.
    pub turns: u64,
    /// The states that were kept.
    pub states: u64,
    /// How often a run came to a state that was met before, and was not run on.
    pub merged: u64,
    /// How many of these were run on all the same, for a comparison.
    pub checked: u64,
    /// Whether there were more states than are kept.
    pub full: bool,
}

/// The lists of one length that come to one end.
#[derive(Clone, Copy, Debug)]
struct Row {
    count: u64,
    /// Where the first of the lists begins in `Memo::lists`.
    first: u32,
    /// What to add to the emission numbers of that list.
    shift: i32,
    kind: u16,
    faults: u8,
}

/// The counts of all lists that go on from a state, by their number of faults behind the state.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    rows: Vec<Row>,
    pub(super) reach: Reach,
    /// How many turns more than one are between the state and the state that is looked up next.
    pub(super) more_turns: u32,
}

/// The counts of a state.
struct Entry {
    /// The counts have every list of at most so many faults.
    faults: u8,
    limited_by: Limited,
    rows: Box<[Row]>,
}

/// The states of an exploration, and what they share.
pub(super) struct Memo {
    states: IndexMap<u128, Entry, FxBuildHasher>,
    kinds: Kinds,
    /// First lists, one behind the other.
    lists: Vec<(u32, u8)>,
    bytes: usize,
    limits: Limits,
    pub(super) figures: Merging,
}

impl Memo {
    /// A memo of no states yet.
    pub(super) fn new(limits: Limits) -> Self {
        let (states, kinds, lists) = (IndexMap::default(), Kinds::default(), Vec::new());
        Self { states, kinds, lists, bytes: 0, limits, figures: Merging::default() }
    }

    /// The counts of a state for lists of at most `faults` faults, if they are known.
    pub(super) fn known(&self, place: &Place, faults: usize) -> Option<Counts> {
        place.keys().into_iter().find_map(|key| self.known_by(key, place, faults))
    }

    /// The counts of the entry of this key, if they are right for the state.
    fn known_by(&self, key: u128, place: &Place, faults: usize) -> Option<Counts> {
        let entry = self.states.get(&key).filter(|entry| usize::from(entry.faults) >= faults)?;
        let (reach, shift) = entry.limited_by.reach(place, &self.limits)?;
        let rows = entry.rows.iter().filter(|row| usize::from(row.faults) <= faults);
        let rows = rows.map(|row| Row { shift: row.shift + shift, ..*row }).collect();
        Some(Counts { rows, reach, more_turns: 0 })
    }

    /// Keeps the counts of a state.
    pub(super) fn keep(&mut self, place: &Place, faults: usize, counts: &Counts) {
        let Some((key, limited_by)) = Limited::of(place, &counts.reach, &self.limits) else {
            return;
        };
        let size = |rows: usize| rows * size_of::<Row>() + 2 * size_of::<(u128, Entry)>();
        let old = self.states.get(&key);
        if old.is_some_and(|entry| usize::from(entry.faults) > faults) {
            return;
        }
        let old = old.map(|entry| size(entry.rows.len()));
        let new = self.bytes - old.unwrap_or(0) + size(counts.rows.len());
        if new + self.lists.len() * size_of::<(u32, u8)>() > MOST_BYTES {
            self.figures.full = true;
            return;
        }
        self.bytes = new;
        let faults = u8::try_from(faults).unwrap_or(u8::MAX);
        let rows = counts.rows.clone().into_boxed_slice();
        self.states.insert(key, Entry { faults, limited_by, rows });
        self.figures.states = self.states.len() as u64;
    }

    /// The counts of a run without further faults, which ends here. `allowance`: see
    /// `World::allowance`.
    pub(super) fn of_one(
        &mut self,
        outcome: &Outcome,
        place: &Place,
        allowance: Duration,
    ) -> Counts {
        let broken_laws = outcome.broken_laws.iter().map(|law| law.name).collect();
        let (verdict, stack_stalled) = (outcome.verdict, outcome.stack_stalled);
        let kind = self.kinds.number(Kind { verdict, broken_laws, stack_stalled });
        let rows = vec![Row { count: 1, first: 0, shift: 0, kind, faults: 0 }];
        Counts { rows, reach: Reach::of_end(outcome, place, allowance), more_turns: 0 }
    }

    /// Adds the counts of lists that begin with `list` in the turn of the state of `all`, and go on as those
    /// of `more`. Lists are added in the order in which an exploration visits them.
    pub(super) fn add(&mut self, all: &mut Counts, list: &[Placed], more: &Counts) {
        all.reach.follow(&more.reach, 1 + all.more_turns);
        for row in &more.rows {
            let faults = row.faults + u8::try_from(list.len()).expect("lists are short");
            let same = |known: &&mut Row| (known.kind, known.faults) == (row.kind, faults);
            if let Some(known) = all.rows.iter_mut().find(same) {
                known.count += row.count;
                continue;
            }
            if list.is_empty() {
                all.rows.push(*row);
                continue;
            }
            let first = u32::try_from(self.lists.len()).expect("the lists are bounded in memory");
            let number = |emission: u64| u32::try_from(emission).expect("a run has fewer packets");
            self.lists
                .extend(list.iter().map(|placed| (number(placed.emission), code(placed.action))));
            let from = row.first as usize;
            for at in from..from + usize::from(row.faults) {
                let (emission, action) = self.lists[at];
                self.lists.push((emission.wrapping_add_signed(row.shift), action));
            }
            all.rows.push(Row { count: row.count, first, shift: 0, kind: row.kind, faults });
        }
    }

    /// Whether both counts are the same, with the same first lists.
    pub(super) fn same(&self, one: &Counts, other: &Counts) -> bool {
        let told = |counts: &Counts| {
            let row = |row: &Row| (row.faults, row.kind, row.count, self.list(row));
            let mut rows: Vec<_> = counts.rows.iter().map(row).collect();
            rows.sort_unstable();
            rows
        };
        told(one) == told(other)
    }

    fn list(&self, row: &Row) -> Vec<Placed> {
        let first = row.first as usize;
        let placed = |&(emission, action): &(u32, u8)| Placed {
            emission: emission.wrapping_add_signed(row.shift).into(),
            action: Action::EXPLORED[usize::from(action)],
        };
        self.lists[first..first + usize::from(row.faults)].iter().map(placed).collect()
    }

    /// The counts of all lists as an exploration tells them.
    pub(super) fn explored(&self, counts: &Counts) -> Explored {
        let mut explored = Explored { merged: Some(self.figures), ..Explored::default() };
        for row in &counts.rows {
            let Kind { verdict, broken_laws, stack_stalled } = &self.kinds[row.kind];
            let (faults, list) = (usize::from(row.faults), self.list(row));
            if explored.by_faults.len() <= faults {
                explored.by_faults.resize(faults + 1, 0);
            }
            explored.by_faults[faults] += row.count;
            explored.stack_stalled += if *stack_stalled { row.count } else { 0 };
            *explored.verdicts.entry(*verdict).or_default() += row.count;
            let least = explored.least.entry(*verdict).or_insert_with(|| list.clone());
            *least = first(least, &list).to_vec();
            for law in broken_laws {
                let (count, least) =
                    explored.broken_laws.entry(law).or_insert_with(|| (0, list.clone()));
                *count += row.count;
                *least = first(least, &list).to_vec();
            }
        }
        explored
    }
}

impl Counts {
    /// Counts of nothing yet, at a state.
    pub(super) fn at(place: &Place) -> Self {
        Self { reach: Reach::at(place), ..Self::default() }
    }
}
