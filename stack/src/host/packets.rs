//! `packets.rs` owns the packet side of a host: packets in, packets out, time. Each packet belongs to one
//! connection, found by 4-tuple first, then by listener; no further connection is touched.

use std::time::Duration;

use crate::connection::Owner;
use crate::connection::deadline::Overdue;
use crate::divergence::Divergence;
use crate::host::Host;
use crate::host::demux::Holder;
use crate::host::timers::TimerKey;
use crate::ids::Key;
use crate::packet::pool::Packet;
use crate::packet::segment::Segment;
use crate::packet::{checksum, header};
use crate::state::State;
use crate::time::Moment;

impl Host {
    /// A packet arrives. Packets that are not whole segments for this host are dropped.
    #[inline]
    pub fn handle_packet(&mut self, now: Duration, packet: &[u8]) {
        // Read in place: a copy of so many small fields would wait for each field.
        let mut peeked = Segment::peek(packet);
        let Some(segment) = &mut peeked else { return };
        let ours = *segment.destination.ip() == self.config.address;
        if !ours || !segment.is_whole(packet) || !segment.makes_sense() {
            return;
        }
        let now = Moment::from(now);
        let looks = self.config.checksums || self.config.initial_window.is_some();
        if looks && !self.checked(now, segment, packet) {
            return;
        }
        self.segment_for(now, segment, packet);
    }

    /// Verify the checksums of a packet, if checksums are on, and narrow the window of the peer, if the
    /// host imposes a window. False if nothing is left to do with the packet.
    #[cold]
    fn checked(&mut self, now: Moment, segment: &Segment, packet: &[u8]) -> bool {
        if self.config.checksums && !checksum::verify(packet) {
            return false;
        }
        let key = Key::connection(segment.destination.port(), segment.source);
        let (Some(most), Some(Holder::Connection(slot))) =
            (self.config.initial_window, self.demux.get(key))
        else {
            return true;
        };
        let most = u32::from(most) * u32::from(self.wire.max_segment_size());
        let Some(window) = self.connections[slot].narrowed(segment, most) else { return true };
        let mut narrow = self.wire.pool.copy_of(packet);
        header::set_window(segment, &mut narrow, window);
        self.wire.seal(&mut narrow);
        let mut segment = *segment;
        segment.window = window;
        self.segment_for(now, &segment, &narrow);
        self.wire.pool.recycle(narrow);
        false
    }

    /// Give a packet to the connection, the entry in TIME-WAIT, the listener or the closed port that the
    /// packet is for.
    #[inline(always)]
    fn segment_for(&mut self, now: Moment, segment: &Segment, packet: &[u8]) {
        match self.demux.get(Key::connection(segment.destination.port(), segment.source)) {
            Some(Holder::Connection(slot)) => self.segment_arrives(now, slot, segment, packet),
            Some(Holder::TimeWait(index)) => {
                self.time_wait_arrives(now, index, segment, packet);
            }
            _ => self.unmatched_arrives(now, segment, packet),
        }
    }

    /// Run all timers due at `now`. Harmless when no timer is due.
    pub fn handle_timeout(&mut self, now: Duration) {
        let now = Moment::from(now);
        while let Some(key) = self.timers.pop_due(now) {
            match key {
                TimerKey::TimeWait(index) => self.time_wait_ends(now, index),
                TimerKey::Connection(slot) => {
                    match self.connections[slot].deadline(&self.patience) {
                        (at, Overdue::Syn) if at <= now => self.dial_again(now, slot),
                        (at, why) if at <= now => self.give_up(now, slot, why),
                        _ => self.touch(slot),
                    }
                }
            }
        }
    }

    /// The next packet to send; `None` once no packet leaves any more. Only connections touched by an
    /// event are polled. Bytes given to `send` before the call leave together, in one segment if they fit.
    #[inline]
    pub fn poll_transmit(&mut self, now: Duration) -> Option<Packet> {
        if self.touched.is_empty() && self.wire.leaving.is_empty() {
            return None;
        }
        self.transmit(now.into())
    }

    fn transmit(&mut self, now: Moment) -> Option<Packet> {
        loop {
            if !self.wire.leaving.is_empty() {
                return self.wire.leaving.pop_front();
            }
            let slot = self.touched.front()?;
            let connection = &mut self.connections[slot];
            if connection.owner() == Owner::Vacant {
                self.touched.pop();
                connection.untouch();
                continue;
            }
            let packet = connection.poll_packet(now, &mut self.wire);
            if packet.is_none() || connection.is_quiet() {
                self.touched.pop();
                connection.untouch();
                self.settle(now, slot);
            }
            if packet.is_some() {
                return packet;
            }
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), once `poll_transmit` gives `None`.
    #[inline]
    pub fn next_wakeup(&mut self) -> Option<Duration> {
        self.timers.next().told()
    }

    /// Whether no timer is due before `at`. The call is cheaper than
    /// [`next_wakeup`](Self::next_wakeup), and cautious: false does not promise a due timer.
    #[inline]
    #[must_use]
    pub fn sleeps_until(&self, at: Duration) -> bool {
        self.timers.sleep_until(at.into())
    }

    /// Tell the host that no packet is in flight and no user will call again. Every connection with
    /// outstanding data and without a timer ends as [`Ending::Stalled`](crate::Ending). True if any
    /// connection ended; then continue the run, because packets to the peer may leave.
    pub fn handle_silence(&mut self, now: Duration) -> bool {
        let mut any = false;
        for slot in 0..self.connections.len() {
            if self.connections[slot].is_suspect() {
                self.give_up(now.into(), slot, Overdue::Stall);
                any = true;
            }
        }
        any
    }

    /// Update a connection that has no packet to send: changes of state, timers, news for the user.
    #[inline]
    fn settle(&mut self, now: Moment, slot: u32) {
        self.follow(now, slot, false);
        let connection = &mut self.connections[slot];
        let settled = connection.settle(now, &self.patience);
        if connection.state() == State::TimeWait && self.compact(slot, settled.poll_at) {
            return;
        }
        self.timers.set(TimerKey::Connection(slot), settled.wakeup);
        if settled.all_sent {
            self.tell(slot);
        }
        if settled.outlived {
            self.diverge(now, slot, Divergence::UnreadAtTimeWaitEnd);
        }
        self.reap(slot);
    }
}
