//! `transfer::handover` owns the last bytes of a sent file: the program says that a transfer is
//! complete once the operating system has every byte, and is patient with a peer that reads slowly.

use super::{Phase, Transfer, TransferEnd};
use crate::tcp::{Ending, Tcp};
use std::time::Duration;

impl Transfer {
    /// Whether a slow peer has acknowledged bytes since the last idle timeout: the peer reads,
    /// although the system takes no new bytes for the moment.
    pub(super) fn was_acknowledged<T: Tcp + ?Sized>(&mut self, tcp: &T, now: Duration) -> bool {
        if tcp.held(self.conn) == 0 {
            return false;
        }
        let waits = tcp.status(self.conn).unacknowledged;
        let less = self.unacknowledged.is_none_or(|before| waits < before);
        self.unacknowledged = Some(waits);
        if less {
            self.active = now;
        }
        less
    }

    /// Closes once the system has every byte: a success that is told before can be followed by a
    /// reset, if the peer reads slowly.
    pub(super) fn hand_over<T: Tcp + ?Sized>(&mut self, tcp: &mut T) -> Option<TransferEnd> {
        self.phase = Phase::HandingOver;
        if tcp.held(self.conn) == 0 {
            tcp.close(self.conn);
            return Some(TransferEnd { complete: true, ..self.end(None) });
        }
        let lost = tcp.status(self.conn).ending.filter(|&ending| ending != Ending::Finished);
        lost.map(|ending| self.lost(ending, tcp))
    }
}
