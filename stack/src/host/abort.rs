//! `abort.rs` ends a connection before both FINs have: ABORT (RFC 9293 §3.10.5), a deadline, or a
//! policy. `connection/reset.rs` says in which states a RST leaves.

use std::net::SocketAddrV4;

use crate::connection::deadline::Overdue;
use crate::divergence::Divergence;
use crate::ending::Ending;
use crate::host::Host;
use crate::note::NoteKind;
use crate::packet::pool::Packet;
use crate::packet::segment::Flags;
use crate::reset_cause::ResetCause;
use crate::time::Moment;

impl Host {
    /// ABORT for the user, because of `cause`: packets that may leave now do, before the RST.
    pub(super) fn abort_slot(&mut self, now: Moment, slot: u32, cause: ResetCause) {
        let connection = &mut self.connections[slot];
        connection.orphan(now);
        connection.flush(now, &mut self.wire);
        self.follow(now, slot, false);
        if self.connections[slot].forbids_reset() {
            self.diverge(now, slot, Divergence::ResetForbidden);
        }
        self.end_by_force(now, slot, Ending::Aborted, Some(cause));
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
        let with_reset = (why != Overdue::FinWait2).then_some(ResetCause::TimedOut);
        self.end_by_force(now, slot, ending, with_reset);
        self.tell(slot);
        self.reap(slot);
    }

    /// Close the connection in `slot`, with a RST where one belongs, for the reason that
    /// `with_reset` gives. The ending is `ending`, unless the connection has ended before.
    pub(super) fn end_by_force(
        &mut self,
        now: Moment,
        slot: u32,
        ending: Ending,
        with_reset: Option<ResetCause>,
    ) {
        let connection = &mut self.connections[slot];
        match with_reset {
            Some(cause) if connection.sends_reset() => {
                let rewound = connection.reset(now, &mut self.wire);
                let ends = connection.ends();
                self.give_reason(now, ends, cause);
                if rewound {
                    self.diverge(now, slot, Divergence::ResetSequence);
                }
            }
            _ => connection.silence(now, &mut self.wire),
        }
        self.end(now, slot, ending);
        self.follow(now, slot, false);
    }

    /// Tell why the RST between `ends` is sent that waits last to leave, if one does: in a note, and in
    /// the RST itself if the configuration says so.
    pub(super) fn give_reason(&mut self, now: Moment, ends: [SocketAddrV4; 2], cause: ResetCause) {
        let is_reset = |packet: &Packet| Flags(packet[33]).has(Flags::RST);
        if !self.wire.leaving.back().is_some_and(is_reset) {
            return;
        }
        self.events.note(now, ends, NoteKind::ResetSent(cause));
        if self.config.reset_reason
            && let Some(packet) = self.wire.leaving.pop_back()
        {
            let packet = self.wire.with_payload(packet, &cause.payload());
            self.wire.leaving.push_back(packet);
        }
    }
}
