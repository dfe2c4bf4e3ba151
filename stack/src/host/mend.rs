//! `mend.rs` owns the arrivals that smoltcp 0.14 drops or answers differently from Linux: segments that are
//! old or early in a part, a FIN before its turn, and a RST that answers as a closed port would.

use crate::close_policy::OldSegments;
use crate::connection::Owner;
use crate::connection::admission::Admission;
use crate::connection::observation::Before;
use crate::ending::Ending;
use crate::host::Host;
use crate::ids::Key;
use crate::packet::segment::{Flags, Segment};
use crate::reset_cause::ResetCause;
use crate::state::State;
use crate::time::Moment;

impl Host {
    /// Let smoltcp take the parts of `segment` that count, each as a segment.
    #[cold]
    pub(super) fn mended_arrives(
        &mut self,
        now: Moment,
        slot: u32,
        segment: &Segment,
        packet: &[u8],
    ) {
        let nxt = self.connections[slot].rcv_nxt();
        let was = self.connections[slot].state();
        for part in self.connections[slot].in_place_of(segment, nxt).into_iter().flatten() {
            let connection = &self.connections[slot];
            let closed = connection.owner() == Owner::Orphan;
            // The ACK alone may have ended the connection, or begun TIME-WAIT. Linux keeps little of a
            // closed connection in FIN-WAIT-2 too.
            match connection.state() {
                State::Closed => return,
                State::TimeWait if was != State::TimeWait => return,
                State::FinWait2 if closed && was != State::FinWait2 => return,
                _ => {}
            }
            let payload = match part.payload_len {
                len if len == segment.payload_len => &packet[segment.payload()],
                len => &[0][..usize::from(len)],
            };
            let part = self.wire.packet(&part, payload);
            let segment = Segment::peek(&part).expect("a packet of this host has headers");
            let before = self.connections[slot].before(&segment);
            self.take_segment(now, slot, (&segment, &part), &before, Admission::Pass);
            self.wire.pool.recycle(part);
        }
    }

    /// Keep the FIN of `segment` if the FIN came before its turn. An ACK names the missing data at once
    /// (RFC 9293 §3.10.7.4).
    #[cold]
    pub(super) fn keep_fin(&mut self, slot: u32, segment: &Segment, before: &Before) {
        let connection = &mut self.connections[slot];
        if self.config.policy.old_segments == OldSegments::Keep
            && connection.keep_early_fin(segment, before)
        {
            let ack = connection.acknowledgment(&mut self.wire);
            self.wire.leaving.push_back(ack);
        }
    }

    /// Let smoltcp take the kept FIN `fin`, whose turn has come. `replied`: an ACK of the data in front of
    /// the FIN waits to leave; the ACK of the FIN takes its place.
    #[cold]
    pub(super) fn take_fin(&mut self, now: Moment, slot: u32, fin: &Segment, replied: bool) {
        if replied && let Some(ack) = self.wire.leaving.pop_back() {
            self.wire.pool.recycle(ack);
        }
        let packet = self.wire.packet(fin, &[]);
        let connection = &mut self.connections[slot];
        let before = connection.before(fin);
        connection.feed(now, &packet, &mut self.wire);
        connection.take_in(now, fin, &before);
        self.wire.pool.recycle(packet);
    }

    /// Answer `segment` with the RST of a closed port (RFC 9293 §3.10.7.1), and end the connection.
    #[cold]
    pub(super) fn refuse(&mut self, now: Moment, slot: u32, segment: &Segment, cause: ResetCause) {
        let connection = &mut self.connections[slot];
        let ends = connection.ends();
        connection.silence(now, &mut self.wire);
        let reset = match segment.flags.has(Flags::ACK) {
            true => Segment::bare(ends, [segment.ack, 0], Flags::RST, 0),
            false => {
                let ack = segment.seq.wrapping_add(segment.len());
                Segment::bare(ends, [0, ack], Flags::RST | Flags::ACK, 0)
            }
        };
        let reset = self.wire.packet(&reset, &[]);
        self.wire.leaving.push_back(reset);
        self.give_reason(now, ends, cause);
        self.end(now, slot, Ending::Aborted);
        self.follow(now, slot, false);
        self.tell(slot);
        self.reap(slot);
    }

    /// Answer a copy of the peer's SYN in `packet` with a copy of the SYN-ACK.
    #[cold]
    pub(super) fn repeat_syn_ack(&mut self, slot: u32, syn: &Segment, packet: &[u8]) {
        let (segment, scale) = self.connections[slot].syn_ack();
        let theirs = syn.options(packet);
        let [high, low] = self.wire.max_segment_size().to_be_bytes();
        let mut options = vec![2, 4, high, low];
        if theirs.window_scale.is_some() {
            options.extend([3, 3, scale]);
        }
        if theirs.sack_permitted {
            options.extend([4, 2]);
        }
        options.resize(options.len().next_multiple_of(4), 0);
        let packet = self.wire.packet_with(&segment, &options, &[]);
        self.wire.leaving.push_back(packet);
    }

    /// Let the SYN `segment` open a new connection in place of the connection in `slot`, whose TIME-WAIT
    /// ends. The user of the old connection keeps unread bytes. A challenge ACK answers if no listener
    /// waits.
    #[cold]
    pub(super) fn reopen(&mut self, now: Moment, slot: u32, segment: &Segment, packet: &[u8]) {
        if !self.demux.has(Key::listener(segment.destination.port())) {
            let ack = self.connections[slot].challenge(now, &mut self.wire);
            return self.wire.leaving.extend(ack);
        }
        self.connections[slot].silence(now, &mut self.wire);
        self.follow(now, slot, false);
        self.tell(slot);
        self.reap(slot);
        self.unmatched_arrives(now, segment, packet);
    }

    /// End the connection in `slot` by a RST of the peer that smoltcp would not believe.
    #[cold]
    pub(super) fn die(&mut self, now: Moment, slot: u32) {
        self.connections[slot].silence(now, &mut self.wire);
        self.follow(now, slot, true);
        self.tell(slot);
        self.reap(slot);
    }
}
