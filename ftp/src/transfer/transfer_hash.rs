//! `transfer::transfer_hash` hashes the state of a transfer, for a search that merges equal states.

use super::Transfer;
use crate::clone_by_field::TimeKind;
use std::hash::{Hash, Hasher};

impl Hash for Transfer {
    /// Hashes the idle timeout in place of the time of the last moved byte.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self {
            conn,
            plan,
            phase,
            moved,
            active,
            blocked,
            in_line,
            looking,
            late,
            encoder,
            decoder,
            unacknowledged,
        } = self;
        (conn, plan, phase, moved, in_line, looking).hash(state);
        (late, encoder, decoder, unacknowledged).hash(state);
        TimeKind::Deadline.hash(plan.idle_timeout.map(|limit| *active + limit), state);
        TimeKind::Deadline.hash(*blocked, state);
    }
}
