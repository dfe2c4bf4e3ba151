//! `packets.rs` is the packet side of a host: packets in, packets out, time. It finds the connection a
//! packet belongs to (exact 4-tuple, then listener, then nobody) and touches nothing else.

use std::time::Duration;

use crate::checksum;
use crate::connection::{Owner, ingress};
use crate::deadline::Overdue;
use crate::divergence::Divergence;
use crate::ending::Ending;
use crate::host::{Host, LISTENER};
use crate::names::slot_of;
use crate::pool::Packet;
use crate::segment::{Kind, Segment};
use crate::state::State;
use crate::table::Key;

impl Host {
    /// A packet arrives. Whatever is not a whole segment for this host is dropped.
    #[inline]
    pub fn handle_packet(&mut self, now: Duration, packet: &[u8]) {
        let Some(segment) = Segment::parse(packet) else {
            return;
        };
        if *segment.destination.ip() != self.config.address || !segment.makes_sense() {
            return;
        }
        if self.config.checksums && !checksum::verify(packet) {
            return;
        }
        let port = segment.destination.port();
        match self.table.get(Key::connection(port, segment.source)) {
            Some(slot) => self.segment_arrives(now, slot, &segment, packet),
            None => self.stranger_arrives(now, port, &segment, packet),
        }
    }

    /// Time has come to `now`: run what is due. Harmless when nothing is.
    pub fn handle_timeout(&mut self, now: Duration) {
        while let Some(slot) = self.timers.pop_due(now) {
            let connection = &self.connections[slot as usize];
            match connection.deadline(&self.config) {
                Some((at, why)) if at <= now => self.give_up(now, slot, why),
                _ => self.touch(slot),
            }
        }
    }

    /// The next packet that leaves, until none does. Only connections that something touched are
    /// asked, so a reply given in one go with the bytes it answers is one segment.
    #[inline]
    pub fn poll_transmit(&mut self, now: Duration) -> Option<Packet> {
        loop {
            if let Some(packet) = self.wire.leaving.pop_front() {
                return Some(packet);
            }
            let &slot = self.touched.front()?;
            let connection = &mut self.connections[slot as usize];
            let asks = connection.owner != Owner::Nobody && !connection.outlives_time_wait(now);
            if asks && let Some(packet) = connection.egress(now, &mut self.wire) {
                return Some(packet);
            }
            self.touched.pop_front();
            connection.touched = false;
            if connection.owner != Owner::Nobody {
                self.settle(now, slot);
            }
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), once `poll_transmit` is quiet.
    #[inline]
    pub fn next_wakeup(&mut self) -> Option<Duration> {
        self.timers.next()
    }

    /// Whether there is nothing to wake up for before `at`. Cheaper than
    /// [`next_wakeup`](Self::next_wakeup), and sometimes overcautious: false does not promise anything.
    #[inline]
    #[must_use]
    pub fn sleeps_until(&self, at: Duration) -> bool {
        self.timers.sleep_until(at)
    }

    /// No packet is in flight anywhere, and nobody will ever do anything: a connection that has
    /// something outstanding and no timer for it ends as [`Ending::Stalled`]. True if any did; then
    /// go on, for the peer may hear of it.
    pub fn handle_silence(&mut self, now: Duration) -> bool {
        let mut any = false;
        for slot in 0..slot_of(self.connections.len()) {
            let connection = &self.connections[slot as usize];
            if connection.owner != Owner::Nobody && connection.clocks.suspect.is_some() {
                self.give_up(now, slot, Overdue::Stall);
                any = true;
            }
        }
        any
    }

    /// A segment for no connection: a SYN for a listener, or a RST in answer (RFC 9293 §3.10.7.1).
    fn stranger_arrives(&mut self, now: Duration, port: u16, segment: &Segment, packet: &[u8]) {
        let listener = self.table.get(Key::listener(port)).map(|value| value & !LISTENER);
        if let (Some(listener), Kind::Syn) = (listener, segment.kind()) {
            return self.syn_arrives(now, listener, segment, packet);
        }
        let mut port = self.wire.port(Some(packet));
        ingress(&mut self.nobody, now, &mut port, &mut self.no_sockets);
        if let Some(reply) = port.leaving {
            self.wire.leaving.push_back(reply);
        }
    }

    /// RFC 9293 §3.10.7.2: a SYN opens a connection of the listener's, if there is room.
    fn syn_arrives(&mut self, now: Duration, listener: u32, segment: &Segment, packet: &[u8]) {
        if self.listeners[listener as usize].is_full() {
            return;
        }
        let slot = self.open(now, segment.destination.port(), segment.source);
        let connection = &mut self.connections[slot as usize];
        connection.owner = Owner::Listener(listener);
        connection.state = State::Listen;
        connection.listen();
        self.listeners[listener as usize].embryos.push(slot);
        self.segment_arrives(now, slot, segment, packet);
    }

    /// Egress is quiet: see what it changed, and when to look again.
    #[inline]
    fn settle(&mut self, now: Duration, slot: u32) {
        self.follow(now, slot, false);
        let connection = &mut self.connections[slot as usize];
        if connection.send.waiting && connection.send.unsent() == 0 {
            connection.send.waiting = false;
            self.tell(slot);
        }
        let connection = &mut self.connections[slot as usize];
        let outlives = connection.outlives_time_wait(now);
        let news = outlives && !std::mem::replace(&mut connection.outlived, outlives);
        let poll_at = match outlives {
            true => None,
            // Never now: egress has just been quiet, and the clock must move.
            false => connection
                .poll_at(now)
                .map(|at| if at > now { at } else { now + Duration::from_millis(1) }),
        };
        connection.tick(now, poll_at);
        let deadline = connection.deadline(&self.config).map(|(at, _)| at.max(now));
        let wanted = match (poll_at, deadline) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.timers.set(slot, wanted);
        if news {
            self.diverge(now, slot, Divergence::UnreadAtTimeWaitEnd);
        }
        self.reap(slot);
    }

    /// A deadline of the host's own has passed.
    #[cold]
    fn give_up(&mut self, now: Duration, slot: u32, why: Overdue) {
        let ending = match why {
            Overdue::Stall => Ending::Stalled,
            Overdue::Peer | Overdue::FinWait2 => Ending::TimedOut,
        };
        if why == Overdue::Stall {
            self.diverge(now, slot, Divergence::TimerLost);
        }
        // Linux forgets an orphan in FIN-WAIT-2 without a word.
        self.end_by_force(now, slot, ending, why != Overdue::FinWait2);
        self.tell(slot);
        self.reap(slot);
    }
}
