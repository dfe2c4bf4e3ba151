//! `ports.rs` chooses ephemeral ports: the next one nobody has, from a place the seed decides.

use std::ops::RangeInclusive;

use crate::host::seed_draws::{FIRST_EPHEMERAL, SeedDraws};

const EPHEMERAL: RangeInclusive<u16> = FIRST_EPHEMERAL..=u16::MAX;

/// Where the search goes on.
#[derive(Debug)]
pub(crate) struct Ports {
    next: u16,
}

impl Ports {
    /// Begin at the port that was drawn.
    pub(crate) fn new(draws: &SeedDraws) -> Self {
        Self { next: draws.port(0) }
    }

    /// The next port that is not taken.
    pub(crate) fn pick(&mut self, taken: impl Fn(u16) -> bool) -> Option<u16> {
        for _ in EPHEMERAL {
            let port = self.next;
            self.next = port.checked_add(1).unwrap_or(*EPHEMERAL.start());
            if !taken(port) {
                return Some(port);
            }
        }
        None
    }
}
