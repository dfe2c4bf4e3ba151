//! `admission.rs` owns the decision whether smoltcp may see a segment: the rules of RFC 9293 §3.10.7.4
//! and RFC 5961 that smoltcp 0.14 does not follow, and no further rules.

use crate::close_policy::{ClosePolicy, DataAfterClose, ResetValidation};
use crate::connection::observation::Before;
use crate::connection::seq::after;
use crate::connection::{Connection, Owner};
use crate::divergence::Divergence;
use crate::packet::pool::Packet;
use crate::packet::segment::{Flags, Segment};
use crate::packet::wire::Wire;
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
    /// The segment is dropped, and the divergence, if any, is reported.
    Drop(Option<Divergence>),
    /// The segment is dropped, and a challenge ACK asks the peer to confirm.
    Challenge(Divergence),
    /// The segment has data for a user who has closed: a RST ends the connection.
    Late,
}

impl Connection {
    /// A challenge ACK, `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>` (RFC 5961 §3.2 and §4.2). At most one per
    /// second, as in smoltcp.
    #[cold]
    pub(crate) fn challenge(&mut self, now: Moment, wire: &mut Wire) -> Option<Packet> {
        let nxt = self.rcv_nxt();
        let (numbers, window) = ([self.send.max, nxt], self.receive.window(nxt));
        let ack = Segment::bare(self.ends(), numbers, Flags::ACK, window);
        self.clocks.challenge.passes(now).then(|| wire.packet(&ack, &[]))
    }

    /// Decide about `segment` by the `policy` of the host.
    #[inline]
    pub(crate) fn admit(
        &self,
        segment: &Segment,
        before: &Before,
        policy: &ClosePolicy,
    ) -> Admission {
        let (flags, nxt) = (segment.flags, before.nxt);
        if segment.is_plain() {
            let closing = matches!(self.state, State::FinWait1 | State::Closing);
            let suspicious = closing || segment.window == 0;
            if suspicious && self.would_stop_timer(segment, before) {
                return Admission::Withhold;
            }
            if !self.receive.fin && self.owner != Owner::Orphan {
                return Admission::Pass;
            }
        }
        if matches!(self.state, State::SynSent | State::Listen | State::Closed) {
            return Admission::Pass;
        }
        if flags.has(Flags::RST) {
            return self.admit_reset(segment, nxt, policy.reset_validation);
        }
        // RFC 5961 §4.2: the peer may have restarted; the ACK makes the peer reset the old connection.
        if flags.has(Flags::SYN) {
            let believes = policy.reset_validation == ResetValidation::Rfc5961;
            return match self.synchronized() && !flags.has(Flags::ACK) && believes {
                true => Admission::Challenge(Divergence::SynIgnored),
                false => Admission::Pass,
            };
        }
        self.admit_data(segment, nxt, policy.data_after_close)
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
    fn would_stop_timer(&self, segment: &Segment, before: &Before) -> bool {
        let repeats = segment.payload_len == 0
            && segment.flags.has(Flags::ACK)
            && segment.ack == self.send.una
            && before.is_acceptable();
        let only_fin =
            matches!(self.state, State::FinWait1 | State::Closing) && self.view.queued == 0;
        let old_window =
            segment.window == 0 && self.view.queued > 0 && self.send.has_window_beyond(segment.ack);
        self.keeps_timer && repeats && (only_fin || old_window)
    }

    fn admit_reset(&self, segment: &Segment, nxt: u32, rule: ResetValidation) -> Admission {
        if segment.seq == nxt {
            return Admission::MustClose;
        }
        match rule {
            ResetValidation::Rfc793 => Admission::Pass,
            ResetValidation::Rfc5961 if self.receive.accepts(nxt, segment.seq, 0) => {
                Admission::Challenge(Divergence::ResetInWindow)
            }
            ResetValidation::Rfc5961 => Admission::Drop(None),
        }
    }

    fn admit_data(&self, segment: &Segment, nxt: u32, late: DataAfterClose) -> Admission {
        let end = segment.data_end();
        if segment.payload_len == 0 || !after(end, nxt) {
            return Admission::Pass;
        }
        // RFC 9293 §3.10.7.4: after the peer's FIN there is no segment text.
        if self.receive.fin {
            return Admission::Drop(Some(Divergence::DataAfterFin));
        }
        if self.owner == Owner::Orphan
            && late == DataAfterClose::Reset
            && matches!(self.state, State::FinWait1 | State::FinWait2)
            && self.receive.accepts(nxt, segment.seq, u32::from(segment.payload_len))
        {
            return Admission::Late;
        }
        if segment.flags.has(Flags::FIN) && after(end, self.receive.edge) {
            return Admission::Drop(Some(Divergence::FinPastWindow));
        }
        Admission::Pass
    }
}
