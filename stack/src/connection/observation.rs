//! `observation.rs` owns the comparison of a connection before and after smoltcp has taken a segment:
//! the update of the variables, and the data or FIN lost by smoltcp.

use crate::connection::seq::{after, before, later};
use crate::connection::{Connection, View};
use crate::divergence::Divergence;
use crate::packet::segment::{Flags, Segment};
use crate::state::State;
use crate::time::Moment;

/// The variables of a connection just before a segment.
pub(crate) struct Before {
    view: View,
    /// RCV.NXT before the segment.
    pub(super) nxt: u32,
    /// Whether the segment is acceptable (RFC 9293 §3.4).
    acceptable: bool,
}

impl Before {
    /// Whether the segment is acceptable (RFC 9293 §3.4).
    pub(super) fn is_acceptable(&self) -> bool {
        self.acceptable
    }
}

impl Connection {
    /// The variables now, before `segment` is taken.
    #[inline(always)]
    pub(crate) fn before(&self, segment: &Segment) -> Before {
        let (view, nxt) = (self.view, self.rcv_nxt());
        Before { view, nxt, acceptable: self.receive.accepts(nxt, segment.seq, segment.len()) }
    }

    /// Whether no segment can move the connection any more.
    pub(crate) fn dead(&self) -> bool {
        matches!(self.view.state, State::Closed | State::Listen)
    }

    /// Update the variables after smoltcp has taken `segment`. True if the user can see a difference.
    #[inline(always)]
    pub(crate) fn take_in(&mut self, now: Moment, segment: &Segment, before: &Before) -> bool {
        let flags = segment.flags;
        let View { state, received, queued } = self.view;
        let changed = state != self.state;
        let opens = changed && flags.has(Flags::SYN);
        if opens {
            self.synchronize(segment, before.view.state);
        }
        if segment.payload_len > 0 {
            self.receive.reached(segment.data_end(), self.socket.get().recv_capacity());
        }
        let acknowledges = flags.has(Flags::ACK) && self.send.accepts(segment.ack);
        if acknowledges && (before.acceptable || opens) {
            self.send.acknowledged(segment);
            if self.send.rare {
                self.acknowledge_rare();
            }
        }
        if changed || (acknowledges && before.acceptable) {
            self.clocks.accepted = now;
            self.clocks.active = now;
            // RFC 9293 §3.8.6.1: a peer that answers probes of its closed window is alive.
            if segment.window == 0 && !flags.has(Flags::RST) {
                self.clocks.outstanding = Moment::NEVER;
            }
        }
        let acknowledged = queued < before.view.queued;
        if acknowledged || changed {
            self.clocks.outstanding = Moment::NEVER;
        }
        let urgent = flags.has(Flags::URG) && before.acceptable && self.urge(segment);
        received > before.view.received || acknowledged || urgent
    }

    /// Read the peer's SYN: IRS, and the window scale of both directions.
    fn synchronize(&mut self, segment: &Segment, before: State) {
        if !matches!(before, State::Listen | State::SynSent) {
            return;
        }
        self.receive.irs = segment.seq;
        if before == State::SynSent {
            // Until our ACK leaves, the window is the one our SYN offered.
            let offered = self.socket.get().recv_capacity().min(usize::from(u16::MAX));
            let offered = u32::try_from(offered).unwrap_or_default();
            self.receive.edge = segment.seq.wrapping_add(offered);
        }
        self.send.scaled_by(segment.window_scale);
        if segment.window_scale.is_none() {
            self.receive.scale = 0;
        }
    }

    /// Move RCV.UP to the later of the old mark and the new mark (RFC 9293 §3.10.7.4, sixth). True if
    /// the mark has moved.
    fn urge(&mut self, segment: &Segment) -> bool {
        let mark = segment.seq.wrapping_add(u32::from(segment.urgent));
        let known = self.receive.urgent;
        let ahead = after(mark, self.receive.data_start());
        if ahead {
            self.receive.urgent = Some(known.map_or(mark, |old| later(old, mark)));
        }
        self.receive.urgent != known
    }

    /// Keep the FIN of `segment` for its turn, if data in front of the FIN is missing. True if the FIN is
    /// kept and smoltcp has not answered the segment.
    pub(crate) fn keep_early_fin(&mut self, segment: &Segment, was: &Before) -> bool {
        let number = segment.data_end();
        let before_turn = !matches!(self.view.state, State::SynReceived | State::Closed);
        let early =
            before_turn && !self.receive.fin && was.acceptable && after(number, self.rcv_nxt());
        if early {
            self.receive.early_fin = Some(number);
        }
        early && segment.payload_len == 0
    }

    /// The kept FIN as a segment of the peer, once all data in front of the FIN has arrived.
    #[inline]
    pub(crate) fn due_fin(&self) -> Option<Segment> {
        let number = self.receive.early_fin?;
        let due = number == self.rcv_nxt() && !self.receive.fin;
        let window = self.send.window_field(self.send.una);
        let numbers = [number, self.send.una];
        due.then(|| Segment::bare(self.peers_ends(), numbers, Flags::FIN | Flags::ACK, window))
    }

    /// The loss of data or of a FIN in `segment` by smoltcp, if there is a loss. `was`: the variables
    /// before the segment.
    #[inline]
    pub(crate) fn lost(&self, segment: &Segment, was: &Before) -> Option<Divergence> {
        let (has_data, fin) = (segment.payload_len > 0, segment.flags.has(Flags::FIN));
        let behind = has_data && before(segment.ack, self.send.una);
        if fin || behind { self.lost_part(segment, was) } else { None }
    }

    #[cold]
    fn lost_part(&self, segment: &Segment, was: &Before) -> Option<Divergence> {
        let (has_data, fin) = (segment.payload_len > 0, segment.flags.has(Flags::FIN));
        let fresh = has_data && was.acceptable && after(segment.data_end(), was.nxt);
        // smoltcp drops new data with an ACK older than SND.UNA.
        let old_ack = fresh && before(segment.ack, self.send.una);
        let lost_fin = fin && !self.receive.fin;
        let kept = self.receive.early_fin == Some(segment.data_end());
        if !(lost_fin && !kept || old_ack) || !self.synchronized() {
            return None;
        }
        if old_ack && self.view.received == was.view.received {
            Some(Divergence::DataWithOldAck)
        } else if fin && was.acceptable && after(segment.seq, was.nxt) {
            Some(Divergence::FinOutOfOrder)
        } else {
            let repeated = fin && has_data && segment.data_end() == was.nxt;
            repeated.then_some(Divergence::FinOnOldData)
        }
    }
}
