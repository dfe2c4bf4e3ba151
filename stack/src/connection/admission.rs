//! `admission.rs` owns the decision whether smoltcp may see a segment: the rules of RFC 9293 §3.10.7.4
//! and RFC 5961 that smoltcp 0.14 does not follow, and no further rules.

use crate::close_policy::{ClosePolicy, DataAfterClose, OldSegments, ResetValidation};
use crate::connection::observation::Before;
use crate::connection::seq::{after, before, later};
use crate::connection::{Connection, Owner};
use crate::divergence::Divergence;
use crate::packet::pool::Packet;
use crate::packet::segment::{Flags, Segment};
use crate::packet::wire::Wire;
use crate::reset_cause::ResetCause;
use crate::state::State;
use crate::time::Moment;

/// The decision about a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// smoltcp takes the segment.
    Pass,
    /// smoltcp takes the segment and must be CLOSED afterwards: a RST exactly at RCV.NXT.
    MustClose,
    /// The segment counts for the deadlines, and smoltcp does not see the segment: smoltcp would lose its
    /// timer and send nothing.
    Withhold,
    /// The segment is dropped, and the divergence is reported.
    Drop(Divergence),
    /// A RST outside the window is dropped (RFC 5961 §3.2).
    Disbelieve,
    /// The segment is dropped, and a challenge ACK asks the peer to confirm.
    Challenge(Divergence),
    /// The segment is old or early in a part, and smoltcp would drop a part that counts: smoltcp takes
    /// other segments in its place.
    Mend,
    /// The segment has data for a user who has closed: a RST ends the connection.
    Late,
    /// A RST answers the segment as a closed port would, and the connection ends without a word.
    Refuse(ResetCause),
    /// The SYN of a new connection between the same ends: if a listener waits, TIME-WAIT is over.
    Reopen,
    /// A copy of the peer's SYN: the SYN-ACK is sent again.
    SynAck,
    /// A RST of the peer ends the connection, where smoltcp would not believe the RST.
    Die,
}

impl Connection {
    /// An ACK of everything that has arrived, `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`.
    #[cold]
    pub(crate) fn acknowledgment(&self, wire: &mut Wire) -> Packet {
        let nxt = self.rcv_nxt();
        let (numbers, window) = ([self.send.max, nxt], self.receive.window(nxt));
        wire.packet(&Segment::bare(self.ends(), numbers, Flags::ACK, window), &[])
    }

    /// A challenge ACK, `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>` (RFC 5961 §3.2 and §4.2). At most one per
    /// second, as in smoltcp.
    #[cold]
    pub(crate) fn challenge(&mut self, now: Moment, wire: &mut Wire) -> Option<Packet> {
        self.clocks.challenge.passes(now).then(|| self.acknowledgment(wire))
    }

    /// Decide about `segment` by the `policy` of the host.
    #[inline]
    pub(crate) fn admit(&self, segment: &Segment, was: &Before, policy: &ClosePolicy) -> Admission {
        if segment.is_plain() {
            let closing = matches!(self.state, State::FinWait1 | State::Closing);
            let suspicious = closing || segment.window == 0;
            if suspicious && self.would_stop_timer(segment, was) {
                return Admission::Withhold;
            }
            let usual = segment.seq == was.nxt && !before(segment.ack, self.send.una);
            let keeps = policy.old_segments == OldSegments::Keep;
            if !self.receive.fin && self.owner != Owner::Orphan && (usual || !keeps) {
                return Admission::Pass;
            }
        }
        self.admit_unusual(segment, was, policy)
    }

    /// Decide about a segment that is not the next segment of an open connection. Not inlined: few
    /// packets come here.
    #[inline(never)]
    fn admit_unusual(&self, segment: &Segment, was: &Before, policy: &ClosePolicy) -> Admission {
        let (flags, nxt) = (segment.flags, was.nxt);
        if matches!(self.state, State::SynSent | State::Listen | State::Closed) {
            return Admission::Pass;
        }
        if flags.has(Flags::RST) {
            return self.admit_reset(segment, nxt, policy);
        }
        if flags.has(Flags::SYN) {
            return self.admit_syn(segment, nxt, policy);
        }
        let admission = self.admit_data(segment, nxt, policy.data_after_close);
        if admission == Admission::Pass && policy.old_segments == OldSegments::Keep {
            return self.admit_old(segment, was);
        }
        admission
    }

    /// The window field of `segment` once the window is at most slow start's, from `initial` bytes on.
    /// `None` if the segment keeps its window.
    pub(crate) fn narrowed(&self, segment: &Segment, initial: u32) -> Option<u16> {
        if !segment.flags.has(Flags::ACK) || segment.flags.has(Flags::RST) {
            return None;
        }
        // The window of a SYN is not scaled (RFC 7323 §2.2).
        let (window, scaled) = match segment.flags.has(Flags::SYN) {
            true => (u32::from(segment.window), false),
            false => (self.send.bytes_of(segment.window), true),
        };
        let most = self.send.slow_start(segment.ack, initial);
        let field = if scaled { self.send.field_of(most) } else { u16::try_from(most).ok()? };
        (window > most).then_some(field)
    }

    /// RFC 5961 §4.2: the peer may have restarted; the ACK makes the peer reset the old connection.
    fn admit_syn(&self, segment: &Segment, nxt: u32, policy: &ClosePolicy) -> Admission {
        let challenge = Admission::Challenge(Divergence::SynIgnored);
        let inside = self.receive.accepts(nxt, segment.seq, 0);
        let keeps = policy.old_segments == OldSegments::Keep;
        match self.state {
            _ if policy.reset_validation == ResetValidation::Rfc793 => Admission::Pass,
            State::SynReceived if keeps && !segment.flags.has(Flags::ACK) => match inside {
                true => Admission::Refuse(ResetCause::SynInWindow),
                false if segment.seq == self.receive.irs => Admission::SynAck,
                false => challenge,
            },
            State::TimeWait
                if keeps && !segment.flags.has(Flags::ACK) && after(segment.seq, nxt) =>
            {
                Admission::Reopen
            }
            // Linux keeps so little of a closed connection in FIN-WAIT-2 that a new SYN resets it.
            State::FinWait2 if keeps && self.owner == Owner::Orphan && inside => {
                Admission::Refuse(ResetCause::SynInWindow)
            }
            _ if !self.synchronized() => Admission::Pass,
            _ if !segment.flags.has(Flags::ACK) || keeps => challenge,
            _ => Admission::Pass,
        }
    }

    /// Decide about a segment without RST and SYN that smoltcp would drop or answer, in whole or in
    /// part, where RFC 9293 §3.10.7.4 counts the part.
    fn admit_old(&self, segment: &Segment, was: &Before) -> Admission {
        let (nxt, end) = (was.nxt, segment.data_end());
        if !self.synchronized() || !segment.flags.has(Flags::ACK) {
            return Admission::Pass;
        }
        let repeats = !self.receive.accepts(nxt, segment.seq, segment.len());
        let old_ack = before(segment.ack, self.send.una);
        let carries = !segment.is_empty() || repeats;
        let fin_due = segment.flags.has(Flags::FIN) && !self.receive.fin && end == nxt;
        // smoltcp answers a copy of a FIN once a second.
        let copied_fin = segment.flags.has(Flags::FIN) && segment.payload_len == 0 && repeats;
        if (old_ack && carries)
            || copied_fin
            || (fin_due && segment.payload_len > 0)
            || self.has_new_ack_on_old(segment, nxt)
        {
            return Admission::Mend;
        }
        // smoltcp answers an ACK of nothing in LAST-ACK.
        let nothing = segment.is_empty() && !repeats && segment.ack == self.send.una;
        if nothing && self.state == State::LastAck { Admission::Withhold } else { Admission::Pass }
    }

    /// Whether `segment` has arrived before, reaches at least to the last ACK sent, and acknowledges
    /// more than any segment before.
    fn has_new_ack_on_old(&self, segment: &Segment, nxt: u32) -> bool {
        let end = segment.seq.wrapping_add(segment.len());
        !segment.is_empty()
            && !after(end, nxt)
            && before(segment.seq, nxt)
            && !before(end, self.receive.acknowledged)
            && after(segment.ack, self.send.una)
            && !after(segment.ack, self.send.max)
    }

    /// The segments that smoltcp takes in place of `segment`: the ACK alone, and the rest. `None` for no
    /// segment.
    pub(crate) fn in_place_of(&self, segment: &Segment, nxt: u32) -> [Option<Segment>; 2] {
        let bare =
            |seq, ack, flags, window| Segment::bare(self.peers_ends(), [seq, ack], flags, window);
        let ack = later(segment.ack, self.send.una);
        let known = match ack == segment.ack {
            true => segment.window,
            false => self.send.window_field(ack),
        };
        let alone = self
            .has_new_ack_on_old(segment, nxt)
            .then(|| bare(nxt, ack, Flags::ACK, segment.window));
        let fin_due = segment.flags.has(Flags::FIN)
            && !self.receive.fin
            && segment.data_end() == nxt
            && segment.seq != nxt;
        if fin_due {
            return [alone, Some(bare(nxt, ack, Flags::FIN | Flags::ACK, known))];
        }
        if segment.flags.has(Flags::FIN) && segment.payload_len == 0 && self.receive.fin {
            // An old byte in front of the FIN: smoltcp answers data without a limit.
            let seq = segment.seq.wrapping_sub(1);
            let mut copy = bare(seq, ack, Flags::FIN | Flags::ACK, known);
            copy.payload_len = 1;
            return [alone, Some(copy)];
        }
        let mut rest = *segment;
        (rest.ack, rest.window) = (ack, known);
        [alone, Some(rest)]
    }

    /// Whether `segment` repeats the last ACK in a way that makes smoltcp stop its retransmission timer:
    ///
    /// - The third equal ACK while only the FIN is outstanding asks for a fast retransmit, and a fast
    ///   retransmit of smoltcp sends data or nothing. In LAST-ACK smoltcp answers such ACKs instead.
    /// - A timeout while the window is closed sends nothing. A closed window behind the known end of the
    ///   window comes from an old segment, because no peer takes a window back (RFC 9293 §3.8.6).
    ///
    /// The prevention belongs to the congestion control: without congestion control a host shows smoltcp
    /// as smoltcp is.
    fn would_stop_timer(&self, segment: &Segment, was: &Before) -> bool {
        let repeats = segment.payload_len == 0
            && segment.flags.has(Flags::ACK)
            && segment.ack == self.send.una
            && was.is_acceptable();
        let only_fin =
            matches!(self.state, State::FinWait1 | State::Closing) && self.view.queued == 0;
        let old_window =
            segment.window == 0 && self.view.queued > 0 && self.send.has_window_beyond(segment.ack);
        self.keeps_timer && repeats && (only_fin || old_window)
    }

    fn admit_reset(&self, segment: &Segment, nxt: u32, policy: &ClosePolicy) -> Admission {
        if segment.seq == nxt {
            return Admission::MustClose;
        }
        let inside = self.receive.accepts(nxt, segment.seq, 0);
        let overlaps = self.receive.accepts(nxt, segment.seq, u32::from(segment.payload_len));
        let closing = matches!(self.state, State::CloseWait | State::Closing | State::LastAck);
        let light = self.state == State::FinWait2 && self.owner == Owner::Orphan;
        match policy.reset_validation {
            ResetValidation::Rfc793 if overlaps => Admission::Pass,
            ResetValidation::Linux if closing && segment.seq == nxt.wrapping_sub(1) => {
                Admission::Die
            }
            ResetValidation::Linux if light && inside => Admission::Die,
            _ if inside => Admission::Challenge(Divergence::ResetInWindow),
            _ => Admission::Disbelieve,
        }
    }

    fn admit_data(&self, segment: &Segment, nxt: u32, late: DataAfterClose) -> Admission {
        let end = segment.data_end();
        let answers_fin = late == DataAfterClose::ResetAtAck && segment.flags.has(Flags::FIN);
        if (segment.payload_len == 0 && !answers_fin) || !after(end, nxt) {
            return Admission::Pass;
        }
        // RFC 9293 §3.10.7.4: after the peer's FIN there is no segment text.
        if self.receive.fin {
            return match segment.payload_len {
                0 => Admission::Pass,
                _ => Admission::Drop(Divergence::DataAfterFin),
            };
        }
        if self.owner == Owner::Orphan
            && late != DataAfterClose::Accept
            && matches!(self.state, State::FinWait1 | State::FinWait2)
            && self.receive.accepts(nxt, segment.seq, u32::from(segment.payload_len))
        {
            return match late {
                DataAfterClose::ResetAtAck => Admission::Refuse(ResetCause::DataAfterClose),
                _ => Admission::Late,
            };
        }
        if segment.flags.has(Flags::FIN) && after(end, self.receive.edge) {
            return Admission::Drop(Divergence::FinPastWindow);
        }
        Admission::Pass
    }
}
