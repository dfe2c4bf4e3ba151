//! `abort.rs` ends a connection before both FINs have: ABORT (RFC 9293 §3.10.5), a deadline, or a
//! policy. `connection/reset.rs` says in which states a RST leaves.

use crate::connection::deadline::Overdue;
use crate::divergence::Divergence;
use crate::ending::Ending;
use crate::host::Host;
use crate::time::Moment;

impl Host {
    /// ABORT for the user: packets that may leave now do, before the RST.
    pub(super) fn abort_slot(&mut self, now: Moment, slot: u32) {
        let connection = &mut self.connections[slot];
        connection.orphan(now);
        connection.flush(now, &mut self.wire);
        self.follow(now, slot, false);
        if self.connections[slot].forbids_reset() {
            self.diverge(now, slot, Divergence::ResetForbidden);
        }
        self.end_by_force(now, slot, Ending::Aborted, true);
        self.reap(slot);
    }

    /// End a connection whose deadline has passed.
    #[cold]
    pub(super) fn give_up(&mut self, now: Moment, slot: u32, why: Overdue) {
        let ending = match why {
            Overdue::Stall => Ending::Stalled,
            Overdue::Peer | Overdue::FinWait2 => Ending::TimedOut,
        };
        if why == Overdue::Stall {
            self.diverge(now, slot, Divergence::TimerLost);
        }
        // Linux forgets an orphan in FIN-WAIT-2 without a RST.
        self.end_by_force(now, slot, ending, why != Overdue::FinWait2);
        self.tell(slot);
        self.reap(slot);
    }

    /// Close the connection in `slot`, with a RST where one belongs if `with_reset`. The ending is
    /// `ending`, unless the connection has ended before.
    pub(super) fn end_by_force(
        &mut self,
        now: Moment,
        slot: u32,
        ending: Ending,
        with_reset: bool,
    ) {
        let connection = &mut self.connections[slot];
        if with_reset && connection.sends_reset() {
            if connection.reset(now, &mut self.wire) {
                self.diverge(now, slot, Divergence::ResetSequence);
            }
        } else {
            connection.silence(now, &mut self.wire);
        }
        self.end(now, slot, ending);
        self.follow(now, slot, false);
    }
}
