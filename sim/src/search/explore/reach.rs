//! `reach` tells for which states the known ends of a state's runs are right, beside the hash of the state.

use std::time::Duration;

use crate::outcome::{End, Outcome};
use crate::scenario::Scenario;
use crate::world::{EVENTS_AT_ONCE, HORIZON, StateBytes, StateHash, StatePart, World};

/// A state about to be looked up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) hash: StateHash,
    /// The time of the next event.
    pub(super) next: Duration,
    pub(super) emission: u64,
    /// The time of the last loss or call, in microseconds.
    since: i64,
    /// The number of earlier events at the same instant.
    at_once: u32,
    /// The number of buffers that each host has out.
    out: [i64; 2],
}

impl Place {
    /// The state of a world between two turns. The hash leaves the part `forgotten` out.
    pub(super) fn hashed(
        world: &mut World<'_>,
        bytes: &mut StateBytes,
        forgotten: Option<StatePart>,
    ) -> Self {
        let hash = world.state_hash(bytes, forgotten);
        Self { hash, ..Self::between(world) }
    }

    /// The state of a world between two turns without the hash, for a state that is not looked up.
    pub(super) fn between(world: &mut World<'_>) -> Self {
        Self { next: world.next_time(), ..Self::of_end(world) }
    }

    /// The state of a world whose run has ended, without the hash.
    pub(super) fn of_end(world: &World<'_>) -> Self {
        Self {
            hash: StateHash::default(),
            next: world.now(),
            emission: world.trace().next_emission(),
            since: micros(world.last_cause()),
            at_once: world.events_at_once(),
            out: world.buffers_out(),
        }
    }

    /// The keys of the state: for every state with the same hash, and for states with the same exact hash
    /// alone.
    pub(super) fn keys(&self) -> [u128; 2] {
        [self.hash.alike, self.hash.alike ^ self.hash.exact.rotate_left(1)]
    }
}

/// The limits of a run.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    packets: u64,
    /// The most events at one instant.
    at_once: u32,
    time: Duration,
}

impl Limits {
    /// The limits of every run of a scenario.
    pub(super) fn of(scenario: &Scenario) -> Self {
        let limit = scenario.limit;
        Self { packets: limit.packets, at_once: EVENTS_AT_ONCE, time: limit.time }
    }
}

/// How far runs go from a state, all runs together.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    /// The most turns to the end of a run.
    pub(super) turns: u32,
    /// The emission number after the last packet of the run with the most packets.
    last_emission: u64,
    /// The time of the last event of the run that goes on longest.
    last: Duration,
    /// The time of the last loss or call before the state, in microseconds.
    since: i64,
    /// The ends are right for states whose last loss or call is in this range.
    from: i64,
    until: i64,
    /// The most buffers that each host had out at the end of a run.
    out: [i64; 2],
    /// Whether the ends are right for states with the same exact hash alone: two timers of a host were due at
    /// one instant, or a run came to the limit of time.
    pub(super) exact: bool,
    /// Whether a run came to a limit of packets, or of events at one instant, or leaked a buffer.
    limited: bool,
}

impl Reach {
    /// No runs yet from a state.
    pub(super) fn at(place: &Place) -> Self {
        let (from, until, out) = (i64::MIN, i64::MAX, [i64::MIN; 2]);
        let Place { emission: last_emission, next: last, since, .. } = *place;
        Self { last_emission, last, since, from, until, out, ..Self::default() }
    }

    /// A run that ends in the state `place`, without its verdict and laws.
    pub(super) fn of_run(end: End, place: &Place) -> Self {
        let exact = end == End::OutOfTime;
        let limited = matches!(end, End::OutOfPackets | End::Spinning);
        Self { exact, limited, ..Self::at(place) }
    }

    /// A run that ends in the state `place`. `allowance`: see `World::allowance`.
    pub(super) fn of_end(outcome: &Outcome, place: &Place, allowance: Duration) -> Self {
        let run = Self::of_run(outcome.end, place);
        // The law of rest compares the last loss or call with one time alone: on the same side of this
        // time, the law says the same.
        let before = micros(place.next) - micros(allowance);
        let (from, until) =
            if place.since < before { (i64::MIN, before) } else { (before, i64::MAX) };
        // The law of leaks counts buffers at the end of a quiet run alone.
        let out = if outcome.end == End::Quiet { place.out } else { [i64::MIN; 2] };
        let limited = run.limited || out.iter().any(|out| *out > 0);
        Self { from, until, out, limited, ..run }
    }

    /// Adds the runs that come from this state to the state of `next` in so many turns.
    pub(super) fn follow(&mut self, next: &Self, turns: u32) {
        self.turns = self.turns.max(next.turns.saturating_add(turns));
        self.last_emission = self.last_emission.max(next.last_emission);
        self.limited |= next.limited;
        self.exact |= next.exact;
        self.last = self.last.max(next.last);
        self.out = [0, 1].map(|side| self.out[side].max(next.out[side]));
        // A loss or call on the way takes the place of every earlier one.
        if next.since == self.since {
            self.from = self.from.max(next.from);
            self.until = self.until.min(next.until);
        }
    }
}

/// The states for which an entry is right, beside the hash.
#[derive(Clone, Copy)]
pub(super) struct Limited {
    turns: u32,
    packets: u64,
    /// The time from the state to the last event of the run that goes on longest.
    span: Duration,
    /// As in `Reach`, from the time of the state on.
    from: i64,
    until: i64,
    /// How many buffers more than in the state each host had out at the end of a run, at most.
    out: [i64; 2],
    /// Whether the entry is one of exact hashes.
    exact: bool,
    /// The emission number of the next packet, by which the entry names packets.
    emission: u64,
}

impl Limited {
    /// The key of an entry for a state from which runs reach so far, and the limits of the entry. `None`: the
    /// ends are right for this state alone.
    pub(super) fn of(place: &Place, reach: &Reach, limits: &Limits) -> Option<(u128, Self)> {
        let at_once = place.at_once.saturating_add(reach.turns);
        if reach.limited || at_once >= limits.at_once {
            return None;
        }
        let span = reach.last.saturating_sub(place.next);
        let exact = reach.exact || span >= HORIZON;
        let limited = Self {
            turns: reach.turns,
            packets: reach.last_emission - place.emission,
            span,
            from: moved(reach.from, -micros(place.next)),
            until: moved(reach.until, -micros(place.next)),
            out: [0, 1].map(|side| reach.out[side].saturating_sub(place.out[side])),
            exact,
            emission: place.emission,
        };
        Some((place.keys()[usize::from(exact)], limited))
    }

    /// How far runs go from a state of the entry's hash, and what to add to the emission numbers of the entry.
    /// `None`: the entry is not right for the state.
    pub(super) fn reach(&self, place: &Place, limits: &Limits) -> Option<(Reach, i32)> {
        let Self { turns, packets, span, from, until, out, exact, emission } = *self;
        let out = [0, 1].map(|side| place.out[side].saturating_add(out[side]));
        let [from, until] = [from, until].map(|bound| moved(bound, micros(place.next)));
        let last = place.next + span;
        let fits = (from..until).contains(&place.since)
            && place.emission.saturating_add(packets) < limits.packets
            && place.at_once.saturating_add(turns) < limits.at_once
            && (exact || last <= limits.time)
            && out.iter().all(|out| *out <= 0);
        if !fits {
            return None;
        }
        let shift = i64::try_from(place.emission).ok()? - i64::try_from(emission).ok()?;
        let last_emission = place.emission + packets;
        let (since, limited) = (place.since, false);
        let reach = Reach { turns, last_emission, last, since, from, until, out, exact, limited };
        Some((reach, i32::try_from(shift).ok()?))
    }
}

/// A time in microseconds.
fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// A bound of a range, moved; the first and the last number bound nothing and stay.
fn moved(bound: i64, by: i64) -> i64 {
    if bound == i64::MIN || bound == i64::MAX { bound } else { bound.saturating_add(by) }
}
