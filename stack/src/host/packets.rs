//! `packets.rs` is the packet side of a host: packets in, packets out, time. It finds the connection
//! of a packet (4-tuple first, then listener, then closed port) and touches no other.

use std::time::Duration;

use crate::connection::Owner;
use crate::connection::deadline::Overdue;
use crate::divergence::Divergence;
use crate::host::Host;
use crate::host::demux::Holder;
use crate::host::timers::TimerKey;
use crate::ids::Key;
use crate::packet::checksum;
use crate::packet::pool::Packet;
use crate::packet::segment::Segment;
use crate::state::State;
use crate::time::Moment;

impl Host {
    /// A packet arrives. Anything but a whole segment for this host is dropped.
    #[inline]
    pub fn handle_packet(&mut self, now: Duration, packet: &[u8]) {
        // Looked at where it lies: a copy of so many small fields waits for each of them.
        let parsed = Segment::parse(packet);
        let Some(segment) = &parsed else { return };
        if *segment.destination.ip() != self.config.address || !segment.makes_sense() {
            return;
        }
        if self.config.checksums && !checksum::verify(packet) {
            return;
        }
        let now = Moment::from(now);
        match self.demux.get(Key::connection(segment.destination.port(), segment.source)) {
            Some(Holder::Connection(slot)) => self.segment_arrives(now, slot, segment, packet),
            Some(Holder::TimeWait(index)) => self.time_wait_arrives(now, index, segment),
            _ => self.unmatched_arrives(now, segment, packet),
        }
    }

    /// Time has come to `now`: run what is due. Harmless when nothing is due.
    pub fn handle_timeout(&mut self, now: Duration) {
        let now = Moment::from(now);
        while let Some(key) = self.timers.pop_due(now) {
            match key {
                TimerKey::TimeWait(index) => self.time_wait_ends(now, index),
                TimerKey::Connection(slot) => {
                    match self.connections[slot].deadline(&self.patience) {
                        (at, why) if at <= now => self.give_up(now, slot, why),
                        _ => self.touch(slot),
                    }
                }
            }
        }
    }

    /// The next packet that leaves, until none does. Only connections that something touched are
    /// polled, so a reply given in one go with the bytes it answers is one segment.
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

    /// Whether there is nothing to wake up for before `at`. Cheaper than
    /// [`next_wakeup`](Self::next_wakeup), and sometimes overcautious: false promises nothing.
    #[inline]
    #[must_use]
    pub fn sleeps_until(&self, at: Duration) -> bool {
        self.timers.sleep_until(at.into())
    }

    /// No packet is in flight anywhere, and no user will call again: every connection that has
    /// something outstanding and no timer for it ends as [`Ending::Stalled`](crate::Ending). True if
    /// any did; then go on, for the peer may hear of it.
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

    /// Take stock of a connection that has no packet to send: changes, deadlines, news for the user.
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
