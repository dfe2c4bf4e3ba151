//! `memo` keeps the counts of every state that an exploration has met: how many lists of faults that go on
//! from the state come to each end.

use std::time::Duration;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::{Explored, first};
use crate::outcome::{End, Outcome};
use crate::scenario::fault::Action;
use crate::search::schedule::Placed;
use crate::verdict::Verdict;
use crate::world::{HORIZON, StateHash};

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

/// The end of a run, as far as an exploration counts it.
#[derive(Debug, PartialEq, Eq)]
struct Kind {
    verdict: Verdict,
    broken_laws: Vec<&'static str>,
    stack_stalled: bool,
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
    /// The most turns to the end of a run.
    pub(super) turns: u32,
    /// How many turns more than one are between the state and the state that is looked up next.
    pub(super) more_turns: u32,
    /// The emission number after the last packet of the run with the most packets.
    pub(super) last_emission: u64,
    /// The time of the last event of the run that goes on longest.
    pub(super) last: Duration,
    /// The time of the last loss or call before the state, in microseconds.
    pub(super) since: i64,
    /// The counts are right for states whose last loss or call is in this range.
    pub(super) from: i64,
    pub(super) until: i64,
    /// The most buffers that each host had out at the end of a run.
    pub(super) out: [i64; 2],
    /// Whether the counts are right for states with the same exact hash alone: two timers of a host were due at
    /// one instant, or a run came to the limit of time.
    pub(super) exact: bool,
    /// Whether a run came to a limit of packets, or of events at one instant, or leaked a buffer.
    pub(super) limited: bool,
}

/// The counts of a state.
struct Entry {
    /// The counts have every list of at most so many faults.
    faults: u8,
    limited_by: Limited,
    /// The emission number of the next packet, by which `rows` are told.
    emission: u64,
    rows: Box<[Row]>,
}

/// The states for which an entry is right, beside the hash.
#[derive(Clone, Copy)]
struct Limited {
    turns: u32,
    packets: u64,
    /// The time from the state to the last event of the run that goes on longest.
    span: Duration,
    /// As in `Counts`, from the time of the state on.
    from: i64,
    until: i64,
    /// How many buffers more than in the state each host had out at the end of a run, at most.
    out: [i64; 2],
    /// Whether the entry is one of exact hashes.
    exact: bool,
}

/// A state about to be looked up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) hash: StateHash,
    /// The time of the next event.
    pub(super) next: Duration,
    pub(super) emission: u64,
    /// The time of the last loss or call, in microseconds.
    pub(super) since: i64,
    /// The number of earlier events at the same instant.
    pub(super) at_once: u32,
    /// The number of buffers that each host has out.
    pub(super) out: [i64; 2],
}

impl Place {
    /// The key of an entry that is right for the same exact hash alone.
    fn exact_key(&self) -> u128 {
        self.hash.alike ^ self.hash.exact.rotate_left(1)
    }
}

/// A time in microseconds.
pub(super) fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// A bound of a range, moved; the first and the last number bound nothing and stay.
fn moved(bound: i64, by: i64) -> i64 {
    if bound == i64::MIN || bound == i64::MAX { bound } else { bound.saturating_add(by) }
}

/// The limits of a run.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) packets: u64,
    /// The most events at one instant.
    pub(super) at_once: u32,
    pub(super) time: Duration,
}

/// The states of an exploration, and what they share.
pub(super) struct Memo {
    states: IndexMap<u128, Entry, FxBuildHasher>,
    kinds: Vec<Kind>,
    /// First lists, one behind the other.
    lists: Vec<(u32, u8)>,
    bytes: usize,
    limits: Limits,
    pub(super) figures: Merging,
}

impl Memo {
    /// A memo of no states yet.
    pub(super) fn new(limits: Limits) -> Self {
        let (states, kinds, lists) = (IndexMap::default(), Vec::new(), Vec::new());
        Self { states, kinds, lists, bytes: 0, limits, figures: Merging::default() }
    }

    /// The counts of a state for lists of at most `faults` faults, if they are known.
    pub(super) fn known(&self, place: &Place, faults: usize) -> Option<Counts> {
        let by = |key| self.known_by(key, place, faults);
        by(place.hash.alike).or_else(|| by(place.exact_key()))
    }

    /// The counts of the entry of this key, if they are right for the state.
    fn known_by(&self, key: u128, place: &Place, faults: usize) -> Option<Counts> {
        let entry = self.states.get(&key)?;
        let Limited { turns, packets, span, from, until, out, exact } = entry.limited_by;
        let out = [0, 1].map(|side| place.out[side].saturating_add(out[side]));
        let [from, until] = [from, until].map(|bound| moved(bound, micros(place.next)));
        let last = place.next + span;
        let fits = usize::from(entry.faults) >= faults
            && (from..until).contains(&place.since)
            && place.emission.saturating_add(packets) < self.limits.packets
            && place.at_once.saturating_add(turns) < self.limits.at_once
            && (exact || last <= self.limits.time)
            && out.iter().all(|out| *out <= 0);
        if !fits {
            return None;
        }
        let shift = i64::try_from(place.emission).ok()? - i64::try_from(entry.emission).ok()?;
        let shift = i32::try_from(shift).ok()?;
        let rows = entry.rows.iter().filter(|row| usize::from(row.faults) <= faults);
        let rows = rows.map(|row| Row { shift: row.shift + shift, ..*row }).collect();
        let last_emission = place.emission + packets;
        let since = place.since;
        let limited = false;
        Some(Counts {
            rows,
            turns,
            more_turns: 0,
            last_emission,
            last,
            since,
            from,
            until,
            out,
            exact,
            limited,
        })
    }

    /// Keeps the counts of a state.
    pub(super) fn keep(&mut self, place: &Place, faults: usize, counts: &Counts) {
        let at_once = place.at_once.saturating_add(counts.turns);
        if counts.limited || at_once >= self.limits.at_once {
            return;
        }
        let span = counts.last.saturating_sub(place.next);
        let exact = counts.exact || span >= HORIZON;
        let key = if exact { place.exact_key() } else { place.hash.alike };
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
        let entry = Entry {
            faults: u8::try_from(faults).unwrap_or(u8::MAX),
            limited_by: Limited {
                turns: counts.turns,
                packets: counts.last_emission - place.emission,
                span,
                from: moved(counts.from, -micros(place.next)),
                until: moved(counts.until, -micros(place.next)),
                out: [0, 1].map(|side| counts.out[side].saturating_sub(place.out[side])),
                exact,
            },
            emission: place.emission,
            rows: counts.rows.clone().into_boxed_slice(),
        };
        self.states.insert(key, entry);
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
        let kind = Kind { verdict, broken_laws, stack_stalled };
        let at = self.kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
            self.kinds.push(kind);
            self.kinds.len() - 1
        });
        let kind = u16::try_from(at).expect("there are few verdicts and laws");
        // The law of rest compares the last loss or call with one time alone: on the same side of this
        // time, the law says the same.
        let before = micros(place.next) - micros(allowance);
        let (from, until) =
            if place.since < before { (i64::MIN, before) } else { (before, i64::MAX) };
        // The law of leaks counts buffers at the end of a quiet run alone.
        let out = if outcome.end == End::Quiet { place.out } else { [i64::MIN; 2] };
        let limited = matches!(outcome.end, End::OutOfPackets | End::Spinning);
        let limited = limited || out.iter().any(|out| *out > 0);
        Counts {
            rows: vec![Row { count: 1, first: 0, shift: 0, kind, faults: 0 }],
            turns: 0,
            more_turns: 0,
            last_emission: place.emission,
            last: place.next,
            since: place.since,
            from,
            until,
            out,
            exact: outcome.end == End::OutOfTime,
            limited,
        }
    }

    /// Adds the counts of lists that begin with `list` in the turn of the state of `all`, and go on as those
    /// of `more`. Lists are added in the order in which an exploration visits them.
    pub(super) fn add(&mut self, all: &mut Counts, list: &[Placed], more: &Counts) {
        all.follow(more);
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
            let Kind { verdict, broken_laws, stack_stalled } = &self.kinds[usize::from(row.kind)];
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
        let (from, until, out) = (i64::MIN, i64::MAX, [i64::MIN; 2]);
        let Place { emission: last_emission, next: last, since, .. } = *place;
        Self { last_emission, last, since, from, until, out, ..Self::default() }
    }

    /// Runs go on from the state of `self` by one turn to the state of `next`.
    fn follow(&mut self, next: &Self) {
        self.turns = self.turns.max(next.turns.saturating_add(1 + self.more_turns));
        self.last_emission = self.last_emission.max(next.last_emission);
        self.limited |= next.limited;
        self.exact |= next.exact;
        self.last = self.last.max(next.last);
        self.out = [0, 1].map(|side| self.out[side].max(next.out[side]));
        // A loss or call in the turn takes the place of every earlier one.
        if next.since == self.since {
            self.from = self.from.max(next.from);
            self.until = self.until.min(next.until);
        }
    }
}

/// The number of an action among those that an exploration places.
fn code(action: Action) -> u8 {
    let at = Action::EXPLORED.iter().position(|it| *it == action);
    at.and_then(|at| u8::try_from(at).ok()).expect("an exploration places few actions")
}
