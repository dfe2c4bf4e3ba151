//! `abort.rs` owns every end of a connection without both FINs: ABORT (RFC 9293 §3.10.5), a deadline, or
//! the close policy. `connection/reset.rs` says in which states a RST leaves.

use std::net::SocketAddrV4;

use crate::close_policy::{OldSegments, UnreadAtClose};
use crate::connection::deadline::Overdue;
use crate::divergence::Divergence;
use crate::ending::Ending;
use crate::host::Host;
use crate::note::NoteKind;
use crate::packet::segment::{Flags, Segment};
use crate::reset_cause::ResetCause;
use crate::state::State;
use crate::time::Moment;

impl Host {
    /// ABORT for the user: all packets that may leave now are sent before the RST.
    pub(super) fn abort_slot(&mut self, now: Moment, slot: u32, cause: ResetCause) {
        let policy = &self.config.policy;
        let connection = &mut self.connections[slot];
        // ABORT sends no RST in these states, and unread bytes want a RST in every state.
        let late = matches!(connection.state(), State::Closing | State::LastAck);
        let unread = late && connection.unread() > 0;
        connection.orphan(now);
        if policy.old_segments == OldSegments::Keep && connection.state() == State::TimeWait {
            // Linux keeps TIME-WAIT apart from the user, whose ABORT has nothing left to end.
            return self.touch(slot);
        }
        let resets = policy.unread_at_close == UnreadAtClose::Reset;
        let cause = if unread && resets { ResetCause::CloseUnread } else { cause };
        connection.flush(now, &mut self.wire);
        self.follow(now, slot, false);
        if !self.connections[slot].sends_reset(cause) && self.connections[slot].forbids_reset() {
            self.diverge(now, slot, Divergence::ResetForbidden);
        }
        self.end_by_force(now, slot, Ending::Aborted, Some(cause));
        self.reap(slot);
    }

    /// End a connection whose deadline has passed.
    #[cold]
    pub(super) fn give_up(&mut self, now: Moment, slot: u32, why: Overdue) {
        let mut ending = Ending::TimedOut;
        if why == Overdue::Stall {
            ending = Ending::Stalled;
            self.diverge(now, slot, Divergence::TimerLost);
        }
        // Linux forgets an orphan in FIN-WAIT-2 without a RST.
        let with_reset = (why != Overdue::FinWait2).then_some(ResetCause::TimedOut);
        self.end_by_force(now, slot, ending, with_reset);
        self.tell(slot);
        self.reap(slot);
    }

    /// Close the connection in `slot` with a RST, if `with_reset` gives a reason and the state permits a
    /// RST. The ending is `ending`, unless the connection has ended before.
    pub(super) fn end_by_force(
        &mut self,
        now: Moment,
        slot: u32,
        ending: Ending,
        with_reset: Option<ResetCause>,
    ) {
        let connection = &mut self.connections[slot];
        match with_reset {
            Some(cause) if connection.sends_reset(cause) => {
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

    /// Note `cause` as the reason of the RST that waits last to leave, if the packet is a RST, and write
    /// the reason into the RST if the configuration says so. `ends`: the ends of the connection.
    pub(super) fn give_reason(&mut self, now: Moment, ends: [SocketAddrV4; 2], cause: ResetCause) {
        let Some(packet) = self.wire.leaving.back() else { return };
        let segment = Segment::peek(packet).expect("smoltcp sends whole headers");
        if !segment.flags.has(Flags::RST) {
            return;
        }
        self.events.note(now, ends, NoteKind::ResetSent(cause));
        if self.config.reset_reason
            && let Some(bare) = self.wire.leaving.pop_back()
        {
            let packet = self.wire.packet(&segment, &cause.payload());
            self.wire.pool.recycle(bare);
            self.wire.leaving.push_back(packet);
        }
    }
}
