//! `ports.rs` owns the choice of an ephemeral port: the next free port, from a start that the seed
//! decides.

use std::ops::RangeInclusive;

use crate::host::seed_draws::{FIRST_EPHEMERAL, SeedDraws};

const EPHEMERAL: RangeInclusive<u16> = FIRST_EPHEMERAL..=u16::MAX;

/// The search for free ephemeral ports.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Ports {
    /// The port that is tried next.
    next: u16,
}

impl Ports {
    /// Start the search at the port that the seed draws.
    pub(crate) fn new(draws: &SeedDraws) -> Self {
        Self { next: draws.port(0) }
    }

    /// The next port for which `taken` is false, or `None` if all are taken.
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
