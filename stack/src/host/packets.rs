//! `packets.rs` is the packet side of a host: packets in, packets out, time. It finds the connection a
//! packet belongs to (exact 4-tuple, then listener, then nobody) and touches nothing else.

use std::time::Duration;

use crate::connection::deadline::Overdue;
use crate::connection::{Connection, Owner, PollHint, ingress};
use crate::divergence::Divergence;
use crate::ending::Ending;
use crate::host::Host;
use crate::host::demux::Held;
use crate::host::timers::Sleeper;
use crate::ids::Key;
use crate::ids::slot_of;
use crate::packet::checksum;
use crate::packet::pool::Packet;
use crate::packet::segment::{Flags, Kind, Segment};
use crate::packet::wire::Wire;
use crate::state::State;
use crate::time::{Moment, Span};

impl Host {
    /// A packet arrives. Whatever is not a whole segment for this host is dropped.
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
        let port = segment.destination.port();
        match self.table.get(Key::connection(port, segment.source)) {
            Some(Held::Connection(slot)) => self.segment_arrives(now, slot, segment, packet),
            Some(Held::TimeWait(index)) => self.time_wait_arrives(now, index, segment),
            _ => self.stranger_arrives(now, port, segment, packet),
        }
    }

    /// Time has come to `now`: run what is due. Harmless when nothing is.
    pub fn handle_timeout(&mut self, now: Duration) {
        let now = Moment::from(now);
        while let Some(who) = self.timers.pop_due(now) {
            let slot = match who {
                Sleeper::Connection(slot) => slot,
                Sleeper::TimeWait(index) => {
                    self.time_wait_ends(now, index);
                    continue;
                }
            };
            let connection = &self.connections[slot as usize];
            match connection.deadline(&self.patience) {
                (at, why) if at <= now => self.give_up(now, slot, why),
                _ => self.touch(slot),
            }
        }
    }

    /// The next packet that leaves, until none does. Only connections that something touched are
    /// asked, so a reply given in one go with the bytes it answers is one segment.
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
            let connection = &mut self.connections[slot as usize];
            if connection.owner == Owner::Nobody {
                self.touched.pop();
                connection.touched = false;
                continue;
            }
            let packet = connection.say(now, &mut self.wire);
            if packet.is_none() || connection.poll_hint != PollHint::Unknown {
                self.touched.pop();
                connection.touched = false;
                self.settle(now, slot);
            }
            if packet.is_some() {
                return packet;
            }
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), once `poll_transmit` is quiet.
    #[inline]
    pub fn next_wakeup(&mut self) -> Option<Duration> {
        self.timers.next().told()
    }

    /// Whether there is nothing to wake up for before `at`. Cheaper than
    /// [`next_wakeup`](Self::next_wakeup), and sometimes overcautious: false does not promise anything.
    #[inline]
    #[must_use]
    pub fn sleeps_until(&self, at: Duration) -> bool {
        self.timers.sleep_until(at.into())
    }

    /// No packet is in flight anywhere, and nobody will ever do anything: a connection that has
    /// something outstanding and no timer for it ends as [`Ending::Stalled`]. True if any did; then
    /// go on, for the peer may hear of it.
    pub fn handle_silence(&mut self, now: Duration) -> bool {
        let now = Moment::from(now);
        let mut any = false;
        for slot in 0..slot_of(self.connections.len()) {
            let connection = &self.connections[slot as usize];
            if connection.owner != Owner::Nobody && connection.clocks.suspect.comes() {
                self.give_up(now, slot, Overdue::Stall);
                any = true;
            }
        }
        any
    }

    /// A segment for no connection: a SYN for a listener, or a RST in answer (RFC 9293 §3.10.7.1).
    fn stranger_arrives(&mut self, now: Moment, port: u16, segment: &Segment, packet: &[u8]) {
        let listener = self.table.get(Key::listener(port));
        if let (Some(Held::Listener(listener)), Kind::Syn) = (listener, segment.kind()) {
            return self.syn_arrives(now, listener, segment, packet);
        }
        let mut port = self.wire.port(Some(packet));
        ingress(&mut self.nobody, now, &mut port, &mut self.no_sockets);
        if let Some(reply) = port.leaving {
            self.wire.leaving.push_back(reply);
        }
    }

    /// RFC 9293 §3.10.7.2: a SYN opens a connection of the listener's, if there is room.
    fn syn_arrives(&mut self, now: Moment, listener: u32, segment: &Segment, packet: &[u8]) {
        if self.listeners[listener as usize].is_full() {
            return;
        }
        let slot = self.open(now, segment.destination.port(), segment.source);
        let connection = &mut self.connections[slot as usize];
        connection.owner = Owner::Listener(listener);
        connection.listen();
        self.listeners[listener as usize].embryos.push_back(slot);
        self.segment_arrives(now, slot, segment, packet);
    }

    /// Egress is quiet: see what it changed, and when to look again.
    #[inline]
    fn settle(&mut self, now: Moment, slot: u32) {
        self.follow(now, slot, false);
        let connection = &mut self.connections[slot as usize];
        let all_left = connection.send.waiting && connection.send.unsent() == 0;
        if all_left {
            connection.send.waiting = false;
        }
        let tells = all_left && connection.asked.get();
        let outlives = connection.outlives_time_wait(now);
        let news = outlives && !std::mem::replace(&mut connection.outlived, outlives);
        let poll_at = match outlives {
            true => Moment::NEVER,
            // Never now: egress has just been quiet, and the clock must move.
            false => match connection.next_poll(now) {
                at if at > now => at,
                _ => now.after(Span::millis(1)),
            },
        };
        if connection.state == State::TimeWait && self.compact(slot, poll_at) {
            return;
        }
        let connection = &mut self.connections[slot as usize];
        if !poll_at.comes() && !outlives && connection.asks_no_clock {
            connection.poll_hint = PollHint::Idle;
        }
        connection.tick(now, poll_at);
        let (deadline, _) = connection.deadline(&self.patience);
        self.timers.set(Sleeper::Connection(slot), poll_at.min(deadline.max(now)));
        if tells {
            self.tell(slot);
        }
        if news {
            self.diverge(now, slot, Divergence::UnreadAtTimeWaitEnd);
        }
        self.reap(slot);
    }

    /// A deadline of the host's own has passed.
    #[cold]
    fn give_up(&mut self, now: Moment, slot: u32, why: Overdue) {
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

impl Connection {
    /// The next packet smoltcp wants to send, where it may want to.
    #[inline]
    fn say(&mut self, now: Moment, wire: &mut Wire) -> Option<Packet> {
        if self.poll_hint == PollHint::Unknown && !self.outlives_time_wait(now) {
            return self.egress(now, wire);
        }
        debug_assert!(
            self.outlives_time_wait(now) || self.egress(now, wire).is_none(),
            "a calm connection has nothing to say"
        );
        None
    }

    /// When smoltcp wants to be polled, once it has nothing to say.
    #[inline]
    fn next_poll(&mut self, now: Moment) -> Moment {
        if self.poll_hint != PollHint::Idle {
            return self.poll_at(now);
        }
        debug_assert!(!self.poll_at(now).comes(), "an idle connection has no deadline");
        Moment::NEVER
    }

    /// What is known once a packet has left. If it ended where everything ends that the user gave, its
    /// FIN included, there is no more; what came is acknowledged on every packet.
    #[inline]
    pub(crate) fn calm_after_packet(&self) -> PollHint {
        let said_all = self.asks_no_clock && self.send.all_left(self.view.state.has_closed());
        if said_all { PollHint::Quiet } else { PollHint::Unknown }
    }

    /// What is known once `segment` has arrived that brought nothing new: with nothing outstanding in
    /// either direction smoltcp has no timer, and waits.
    #[inline]
    pub(crate) fn calm_after_segment(&self, segment: &Segment) -> PollHint {
        let rests = match self.state {
            State::Established | State::CloseWait | State::FinWait2 => {
                segment.payload_len == 0
                    && segment.window > 0
                    && segment.flags.0 & (Flags::SYN | Flags::FIN | Flags::RST).0 == 0
                    && self.view.queued == 0
                    && self.receive.acknowledged == self.rcv_nxt()
            }
            State::Closed => true,
            _ => false,
        };
        if rests && self.asks_no_clock { PollHint::Idle } else { PollHint::Unknown }
    }
}
