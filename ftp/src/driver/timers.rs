//! `driver::timers` keeps one deadline for each session, and the earliest of all at hand. A deadline
//! that has moved later is left where it is: it fires early once, and is then set anew.

use super::Place;
use std::collections::BTreeSet;
use std::time::Duration;

/// Deadlines by place.
#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: BTreeSet<(Duration, Place)>,
    armed: Vec<Option<Duration>>,
}

impl Timers {
    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Duration> {
        self.queue.first().map(|&(at, _)| at)
    }

    /// Makes sure the place is woken at `at` or before.
    pub(super) fn arm(&mut self, place: Place, at: Duration) {
        let index = place.0 as usize;
        if self.armed.len() <= index {
            self.armed.resize(index + 1, None);
        }
        if self.armed[index].is_none_or(|armed| at < armed) {
            self.disarm(place);
            self.armed[index] = Some(at);
            self.queue.insert((at, place));
        }
    }

    /// Forgets the place's deadline.
    pub(super) fn disarm(&mut self, place: Place) {
        if let Some(at) = self.armed.get_mut(place.0 as usize).and_then(Option::take) {
            self.queue.remove(&(at, place));
        }
    }

    /// A place whose deadline has come; it has none until it is armed again.
    pub(super) fn pop_due(&mut self, now: Duration) -> Option<Place> {
        let &(_, place) = self.queue.first().filter(|&&(at, _)| at <= now)?;
        self.disarm(place);
        Some(place)
    }

    /// Forgets all deadlines.
    pub(super) fn reset(&mut self) {
        self.queue.clear();
        self.armed.clear();
    }
}
