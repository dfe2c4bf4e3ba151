//! `arrival.rs` owns SEGMENT ARRIVES (RFC 9293 §3.10.7): at a connection, at a listener, and at a closed
//! port. `host/time_wait.rs` has the arrivals in TIME-WAIT.

use crate::connection::admission::Admission;
use crate::connection::observation::Before;
use crate::connection::poll::ingress;
use crate::divergence::Divergence;
use crate::ending::Ending;
use crate::host::Host;
use crate::host::demux::Holder;
use crate::ids::Key;
use crate::note::NoteKind;
use crate::packet::segment::{Flags, Kind, Segment};
use crate::reset_cause::ResetCause;
use crate::time::Moment;

impl Host {
    /// `packet`, decoded as `segment`, arrives for the connection in `slot`.
    pub(super) fn segment_arrives(
        &mut self,
        now: Moment,
        slot: u32,
        segment: &Segment,
        packet: &[u8],
    ) {
        let connection = &mut self.connections[slot];
        let before = connection.before(segment);
        let admission = connection.admit(segment, &before, &self.config.policy);
        match admission {
            Admission::Pass | Admission::MustClose | Admission::Withhold => {}
            Admission::Drop(divergence) => return self.diverge(now, slot, divergence),
            Admission::Disbelieve => return self.leave_unchallenged(now, slot),
            Admission::Challenge(divergence) => {
                let Some(ack) = connection.challenge(now, &mut self.wire) else {
                    return self.leave_unchallenged(now, slot);
                };
                self.wire.leaving.push_back(ack);
                return self.diverge(now, slot, divergence);
            }
            Admission::Mend => return self.mended_arrives(now, slot, segment, packet),
            Admission::Late => {
                self.end_by_force(now, slot, Ending::Aborted, Some(ResetCause::DataAfterClose));
                return self.reap(slot);
            }
            Admission::Refuse(cause) => return self.refuse(now, slot, segment, cause),
            Admission::Die => return self.die(now, slot),
            Admission::SynAck => return self.repeat_syn_ack(slot, segment, packet),
            Admission::Reopen => return self.reopen(now, slot, segment, packet),
        }
        self.take_segment(now, slot, (segment, packet), &before, admission);
    }

    /// Drop a RST or a SYN without an answer.
    #[cold]
    fn leave_unchallenged(&mut self, now: Moment, slot: u32) {
        self.events.note(now, self.connections[slot].ends(), NoteKind::Unchallenged);
    }

    /// Let smoltcp take an admitted segment, and follow what the segment has changed.
    // Inlined: nearly every packet takes this path, and `mend` is cold.
    #[inline(always)]
    pub(super) fn take_segment(
        &mut self,
        now: Moment,
        slot: u32,
        (segment, packet): (&Segment, &[u8]),
        before: &Before,
        admission: Admission,
    ) {
        let connection = &mut self.connections[slot];
        let sees = admission != Admission::Withhold;
        let replies = sees && connection.feed(now, packet, &mut self.wire);
        let moved = connection.take_in(now, segment, before);
        let reset = segment.flags.has(Flags::RST);
        if admission == Admission::MustClose && !connection.dead() {
            // smoltcp's window test fails when data exactly filled the window and brought a FIN.
            connection.silence(now, &mut self.wire);
            self.diverge(now, slot, Divergence::ResetIgnored);
        }
        if replies && !self.connections[slot].is_established() {
            // smoltcp's RST in the handshake: the acknowledgment is not acceptable.
            let ends = self.connections[slot].ends();
            self.give_reason(now, ends, ResetCause::UnacceptableAck);
        }
        if segment.flags.has(Flags::FIN) {
            self.keep_fin(slot, segment, before);
        }
        if let Some(fin) = self.connections[slot].due_fin() {
            self.take_fin(now, slot, &fin, replies);
        }
        let changed = self.follow(now, slot, reset);
        if let Some(lost) = self.connections[slot].lost(segment, before) {
            self.diverge(now, slot, lost);
        }
        if moved || changed {
            self.tell(slot);
        }
        if self.connections[slot].touch_after(now, segment, before) {
            self.touched.push(slot);
        }
        self.reap(slot);
    }

    /// A segment arrives for no connection: a SYN for a listener, or a segment for a closed port. A RST
    /// answers for a closed port (RFC 9293 §3.10.7.1).
    pub(super) fn unmatched_arrives(&mut self, now: Moment, segment: &Segment, packet: &[u8]) {
        let port = segment.destination.port();
        let holder = self.demux.get(Key::listener(port));
        if let (Some(Holder::Listener(listener)), Kind::Syn) = (holder, segment.kind()) {
            return self.syn_arrives(now, listener, segment, packet);
        }
        let mut device = self.wire.device(Some(packet));
        ingress(&mut self.closed, now, &mut device, &mut self.no_sockets);
        if let Some(reply) = device.leaving {
            self.wire.leaving.push_back(reply);
            let ends = [segment.destination, segment.source];
            self.give_reason(now, ends, ResetCause::NoConnection);
        }
    }

    /// A SYN arrives for a listener: a connection opens if the backlog has room (RFC 9293 §3.10.7.2).
    fn syn_arrives(&mut self, now: Moment, listener: u32, segment: &Segment, packet: &[u8]) {
        if self.listeners[listener].is_full() {
            return;
        }
        let slot = self.open(now, segment.destination.port(), segment.source);
        self.connections[slot].listen(listener);
        self.listeners[listener].embryos.push_back(slot);
        self.segment_arrives(now, slot, segment, packet);
    }
}
