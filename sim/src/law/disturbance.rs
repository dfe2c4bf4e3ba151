//! `disturbance` tells which fates of a packet disturb the receiver of the packet.

use crate::network::fate::{Fate, Moved};

/// Whether a packet of this fate reaches its receiver late, damaged or not at all. A delay by
/// jitter and a delay by a fault are alike.
pub(super) fn disturbs(fate: Fate) -> bool {
    match fate {
        Fate::Changed(changes) => {
            let late = match changes.moved {
                Moved::Jitter(us) => us > 0,
                Moved::Late(_) | Moved::Held => true,
                Moved::InTurn | Moved::AtOnce => false,
            };
            late || changes.corrupted.is_some()
        }
        fate => !fate.arrives(),
    }
}

/// Whether a host never gets a packet of this fate: a damaged packet fails the checksum.
pub(super) fn is_lost(fate: Fate) -> bool {
    match fate {
        Fate::Changed(changes) => changes.corrupted.is_some(),
        fate => !fate.arrives(),
    }
}
