//! `arrival.rs` is SEGMENT ARRIVES (RFC 9293 §3.10.7) for a known connection: the judgement before
//! smoltcp, smoltcp, and what the host reads off the difference.

use crate::connection::admission::Admission;
use crate::connection::seq::{after, before, later};
use crate::connection::{Connection, PollHint, View};
use crate::divergence::Divergence;
use crate::ending::Ending;
use crate::host::Host;
use crate::packet::segment::{Flags, Segment};
use crate::state::State;
use crate::time::{Moment, Span};

/// A connection just before a segment.
struct Before {
    state: State,
    nxt: u32,
    received: usize,
    queued: usize,
    acceptable: bool,
}

impl Host {
    /// `packet`, decoded as `segment`, arrives for the connection in `slot`.
    pub(crate) fn segment_arrives(
        &mut self,
        now: Moment,
        slot: u32,
        segment: &Segment,
        packet: &[u8],
    ) {
        let connection = &mut self.connections[slot as usize];
        let before = Before::of(connection, segment);
        let judgement = connection.judge(segment, before.nxt, &self.config.policy);
        match judgement {
            Admission::Pass | Admission::MustClose => {}
            Admission::Drop(divergence) => {
                return divergence.into_iter().for_each(|what| self.diverge(now, slot, what));
            }
            Admission::Challenge(divergence) => {
                self.diverge(now, slot, divergence);
                return self.challenge(now, slot);
            }
            Admission::Late => {
                self.end_by_force(now, slot, Ending::Aborted, true);
                return self.reap(slot);
            }
        }
        connection.feed(now, packet, &mut self.wire);
        let moved = connection.take_in(now, segment, &before);
        let reset = segment.flags.has(Flags::RST);
        if judgement == Admission::MustClose && !connection.dead() {
            // smoltcp's window test fails when data exactly filled the window and brought a FIN.
            connection.silence(now, &mut self.wire);
            self.diverge(now, slot, Divergence::ResetIgnored);
        }
        let changed = self.follow(now, slot, reset);
        self.report_lost(now, slot, segment, &before);
        if moved || changed {
            self.tell(slot);
        }
        let connection = &mut self.connections[slot as usize];
        if connection.touched {
            connection.poll_hint = PollHint::Unknown;
        } else {
            connection.poll_hint = connection.calm_after_segment(segment);
            connection.touched = true;
            self.touched.push(slot);
        }
        self.reap(slot);
    }

    /// RFC 5961 §3.2 and §4.2: `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`, at most once a second as
    /// smoltcp limits its own.
    #[cold]
    fn challenge(&mut self, now: Moment, slot: u32) {
        let connection = &mut self.connections[slot as usize];
        if now < connection.clocks.challenge {
            return;
        }
        connection.clocks.challenge = now.after(Span::secs(1));
        let nxt = connection.rcv_nxt();
        let numbers = [connection.send.max, nxt];
        let window = connection.receive.window(nxt);
        let ack = Segment::bare(connection.ends(), numbers, Flags::ACK, window);
        let ack = self.wire.bare(&ack);
        self.wire.leaving.push_back(ack);
    }

    /// Say what smoltcp lost of a segment it should have taken.
    #[inline]
    fn report_lost(&mut self, now: Moment, slot: u32, segment: &Segment, before: &Before) {
        let connection = &self.connections[slot as usize];
        let fin = segment.flags.has(Flags::FIN);
        let old_ack = segment.payload_len > 0 && before.old_ack(connection, segment);
        let lost_fin = fin && !connection.receive.fin;
        if !(lost_fin || old_ack) || !connection.synchronized() {
            return;
        }
        if old_ack && connection.view.received == before.received {
            self.diverge(now, slot, Divergence::DataWithOldAck);
        } else if fin && before.acceptable && after(segment.seq, before.nxt) {
            self.diverge(now, slot, Divergence::FinOutOfOrder);
        } else if fin && segment.payload_len > 0 && segment.data_end() == before.nxt {
            self.diverge(now, slot, Divergence::FinOnOldData);
        }
    }
}

impl Before {
    #[inline]
    fn of(connection: &Connection, segment: &Segment) -> Self {
        let View { received, queued, .. } = connection.view;
        let nxt = connection.receive.nxt(received);
        Self {
            state: connection.state,
            nxt,
            received,
            queued,
            acceptable: connection.receive.accepts(nxt, segment.seq, segment.len()),
        }
    }

    /// Data that smoltcp drops because its ACK is older than SND.UNA.
    #[inline]
    fn old_ack(&self, connection: &Connection, segment: &Segment) -> bool {
        let fresh = after(segment.data_end(), self.nxt) && self.acceptable;
        fresh && before(segment.ack, connection.send.una)
    }
}

impl Connection {
    /// Whether nothing can arrive for it any more.
    pub(crate) fn dead(&self) -> bool {
        matches!(self.view.state, State::Closed | State::Listen)
    }

    /// Read off what smoltcp made of `segment`. True if the user can see a difference.
    #[inline]
    fn take_in(&mut self, now: Moment, segment: &Segment, before: &Before) -> bool {
        let flags = segment.flags;
        let View { state, received, queued } = self.view;
        let changed = state != self.state;
        let opens = changed && flags.has(Flags::SYN);
        if opens {
            self.synchronize(segment, before.state);
        }
        let acknowledges = flags.has(Flags::ACK) && self.send.accepts(segment.ack);
        if acknowledges && (before.acceptable || opens) {
            self.send.acknowledged(segment);
        }
        if changed || (acknowledges && before.acceptable) {
            self.clocks.accepted = now;
            self.clocks.active = now;
            // RFC 9293 §3.8.6.1: a peer that answers probes of its closed window is alive.
            if segment.window == 0 && !flags.has(Flags::RST) {
                self.clocks.outstanding = Moment::NEVER;
            }
        }
        let acknowledged = queued < before.queued;
        if acknowledged || changed {
            self.clocks.outstanding = Moment::NEVER;
        }
        let urgent = flags.has(Flags::URG) && before.acceptable && self.urge(segment);
        received > before.received || acknowledged || urgent
    }

    /// The peer's SYN has been taken: where its numbers begin, and how it scales its windows.
    fn synchronize(&mut self, segment: &Segment, before: State) {
        if !matches!(before, State::Listen | State::SynSent) {
            return;
        }
        self.receive.irs = segment.seq;
        if before == State::SynSent {
            // Until our ACK leaves, the window is the one our SYN offered.
            let offered = self.peek().recv_capacity().min(usize::from(u16::MAX));
            let offered = u32::try_from(offered).unwrap_or_default();
            self.receive.edge = segment.seq.wrapping_add(offered);
        }
        self.send.scaled_by(segment.window_scale);
        if segment.window_scale.is_none() {
            self.receive.scale = 0;
        }
    }

    /// RFC 9293 §3.10.7.4, sixth: RCV.UP becomes the later of the two.
    fn urge(&mut self, segment: &Segment) -> bool {
        let mark = segment.seq.wrapping_add(u32::from(segment.urgent));
        let known = self.receive.urgent;
        let ahead = after(mark, self.receive.data_start());
        if ahead {
            self.receive.urgent = Some(known.map_or(mark, |old| later(old, mark)));
        }
        self.receive.urgent != known
    }
}
