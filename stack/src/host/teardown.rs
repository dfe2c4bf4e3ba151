//! `teardown.rs` follows every connection to its end: a change of state and what comes of it, an end by
//! force with the RST that belongs to it, and the slot that is free again.

use smoltcp::socket::tcp;

use crate::close_policy::ReceivedAtReset;
use crate::connection::{Connection, Owner};
use crate::divergence::Divergence;
use crate::ending::Ending;
use crate::host::Host;
use crate::host::demux::Held;
use crate::host::events::Ready;
use crate::host::time_wait::{self, Answer, TimeWait};
use crate::host::timers::Sleeper;
use crate::ids::Key;
use crate::ids::{ListenerId, id_of};
use crate::note::NoteKind;
use crate::packet::header::{self, Headers};
use crate::packet::pool::Packet;
use crate::packet::segment::{Flags, Segment};
use crate::packet::wire::Wire;
use crate::state::State;
use crate::time::{Moment, Span};

impl Host {
    /// See whether `slot` has changed its state since it was last looked at; `reset` says that a RST
    /// has just arrived. True if it has.
    #[inline(always)]
    pub(crate) fn follow(&mut self, now: Moment, slot: u32, reset: bool) -> bool {
        let connection = &self.connections[slot as usize];
        let changed = connection.view.state != connection.state;
        if changed {
            self.change(now, slot, reset);
        }
        changed
    }

    #[inline(never)]
    fn change(&mut self, now: Moment, slot: u32, reset: bool) {
        let Self { connections, listeners, events, table, .. } = self;
        let connection = &mut connections[slot as usize];
        let (from, to) = (connection.state, connection.view.state);
        connection.state = to;
        connection.clocks.entered = now;
        events.note(now, connection.ends(), NoteKind::State { from, to });
        match to {
            State::Closed | State::Listen => {
                table.take_back(connection.key, Held::Connection(slot));
            }
            State::CloseWait | State::Closing | State::LastAck | State::TimeWait => {
                connection.receive.fin = true;
            }
            _ => {}
        }
        if connection.synchronized() && !connection.established {
            connection.established = true;
            if let Owner::Listener(listener) = connection.owner {
                let entry = &mut listeners[listener as usize];
                entry.promote(slot);
                if !std::mem::replace(&mut entry.ready, true) {
                    let id = ListenerId(id_of(listener, entry.generation));
                    events.ready.push(Ready::Accept(id));
                }
            }
        }
        let lost = connection.view.queued > 0;
        if let Some(ending) = Ending::derive(from, to, reset, lost) {
            self.end(now, slot, ending);
        }
        let connection = &mut self.connections[slot as usize];
        if connection.fin_deferred && connection.synchronized() {
            // RFC 9293 §3.10.4: the CLOSE of SYN-RECEIVED is processed in ESTABLISHED.
            connection.fin_deferred = false;
            connection.ask(tcp::Socket::close);
            self.follow(now, slot, false);
        }
    }

    /// Record how `slot` ended, once.
    pub(crate) fn end(&mut self, now: Moment, slot: u32, ending: Ending) {
        let connection = &mut self.connections[slot as usize];
        if connection.ending.is_some() {
            return;
        }
        connection.ending = Some(ending);
        self.events.note(now, connection.ends(), NoteKind::Ended(ending));
        let flush = self.config.policy.received_at_reset == ReceivedAtReset::Flush;
        if ending == Ending::Reset && flush && connection.view.received > 0 {
            connection.flushed = true;
        }
    }

    /// ABORT `slot` (RFC 9293 §3.10.5): a RST where one belongs, if `loudly`, and CLOSED. Its ending
    /// is `ending`, unless it had one.
    pub(crate) fn end_by_force(&mut self, now: Moment, slot: u32, ending: Ending, loudly: bool) {
        let connection = &mut self.connections[slot as usize];
        let resets = matches!(
            connection.state,
            State::SynReceived
                | State::Established
                | State::FinWait1
                | State::FinWait2
                | State::CloseWait
        );
        // A SYN that has not been answered yet is simply not answered.
        if loudly && resets && connection.send.begun {
            self.send_reset(now, slot);
        } else {
            connection.silence(now, &mut self.wire);
        }
        self.end(now, slot, ending);
        self.follow(now, slot, false);
    }

    /// One RST, where the peer expects the next byte.
    fn send_reset(&mut self, now: Moment, slot: u32) {
        let Self { connections, wire, .. } = self;
        let connection = &mut connections[slot as usize];
        if let Some(packet) = connection.known_reset(now, wire) {
            return wire.leaving.push_back(packet);
        }
        let Some(mut packet) = connection.reset(now, wire) else {
            return;
        };
        let headers = Headers::of(&packet).expect("smoltcp sends whole headers");
        debug_assert!(headers.flags().has(Flags::RST), "a closed socket sends a RST or nothing");
        let seq = connection.send.reset_seq();
        let rewound = headers.seq() != seq;
        if rewound {
            header::set_seq(&mut packet, seq);
            self.wire.seal(&mut packet);
        }
        self.wire.leaving.push_back(packet);
        if rewound {
            self.diverge(now, slot, Divergence::ResetSequence);
        }
    }

    /// Free `slot` if it is CLOSED and nobody will ask for it again.
    #[inline]
    pub(crate) fn reap(&mut self, slot: u32) {
        let connection = &self.connections[slot as usize];
        if !matches!(connection.state, State::Closed | State::Listen) {
            return;
        }
        match connection.owner {
            Owner::Orphan => {}
            // It ended before its handshake did, or smoltcp refused the SYN; nobody heard of it.
            Owner::Listener(listener) if !connection.established => {
                self.listeners[listener as usize].forget(slot);
            }
            Owner::Listener(_) | Owner::User | Owner::Nobody => return,
        }
        self.free(slot);
    }
}

impl Host {
    /// Free the slot of a connection that is in TIME-WAIT until `until`, if that is all it is. True if
    /// it was.
    pub(crate) fn compact(&mut self, slot: u32, until: Moment) -> bool {
        let connection = &self.connections[slot as usize];
        let key = connection.key;
        let Some(entry) = connection.as_time_wait() else { return false };
        self.free(slot);
        let index = self.time_waits.push(entry);
        self.table.pass_on(key, Held::TimeWait(index));
        self.timers.set(Sleeper::TimeWait(index), until);
        true
    }

    /// The TIME-WAIT `index` is over.
    pub(crate) fn time_wait_ends(&mut self, now: Moment, index: u32) {
        let TimeWait { local, peer, .. } = self.time_waits[index];
        let kind = NoteKind::State { from: State::TimeWait, to: State::Closed };
        self.events.note(now, [local, peer], kind);
        self.table.take_back(Key::connection(local.port(), peer), Held::TimeWait(index));
        self.timers.set(Sleeper::TimeWait(index), Moment::NEVER);
        self.time_waits.remove(index);
    }

    /// `segment` arrives for the TIME-WAIT `index`.
    #[cold]
    pub(crate) fn time_wait_arrives(&mut self, now: Moment, index: u32, segment: &Segment) {
        let entry = &mut self.time_waits[index];
        let judgement = entry.judge(segment, self.config.policy.reset_validation);
        if let Answer::Odd(what) | Answer::Challenge(what) = judgement {
            self.events.note(now, [entry.local, entry.peer], NoteKind::Divergence(what));
        }
        let window = match judgement {
            Answer::Ignore | Answer::Odd(_) => return,
            Answer::End => return self.time_wait_ends(now, index),
            Answer::Challenge(_) if now < entry.challenge => return,
            Answer::Challenge(_) => {
                entry.challenge = now.after(Span::secs(1));
                entry.receive.window(entry.nxt())
            }
            Answer::Stray if !entry.may_repeat(now) => return,
            Answer::Stray => entry.window,
            Answer::Old { data } => {
                self.timers.set(Sleeper::TimeWait(index), now.after(time_wait::SPAN));
                if !data && !entry.may_repeat(now) {
                    return;
                }
                entry.window
            }
        };
        let nxt = entry.nxt();
        entry.receive.edge = nxt.wrapping_add(u32::from(window) << entry.receive.scale);
        let (between, numbers) = ([entry.local, entry.peer], [entry.seq, nxt]);
        let ack = self.wire.bare(&Segment::bare(between, numbers, Flags::ACK, window));
        self.wire.leaving.push_back(ack);
    }
}

impl Connection {
    /// The RST of an ABORT where smoltcp's is known without asking for it: it has nothing outstanding
    /// to go back to, and nobody looks at its socket again. Debug builds ask all the same and compare.
    fn known_reset(&mut self, now: Moment, wire: &mut Wire) -> Option<Packet> {
        if self.owner != Owner::Orphan || !self.send.rests() {
            return None;
        }
        let free = self.peek().recv_capacity() - self.view.received;
        let window = u16::try_from(free >> self.receive.scale).unwrap_or(u16::MAX);
        let numbers = [self.send.reset_seq(), self.rcv_nxt()];
        let reset = Segment::bare(self.ends(), numbers, Flags::RST | Flags::ACK, window);
        let packet = wire.bare(&reset);
        if cfg!(debug_assertions) {
            let asked = self.reset(now, wire);
            assert_eq!(asked.as_ref(), Some(&packet), "a RST that was known");
            asked.into_iter().for_each(|asked| wire.pool.recycle(asked));
        } else {
            self.ask(tcp::Socket::abort);
        }
        Some(packet)
    }

    /// All that is left of a connection whose user has closed it and has read everything.
    fn as_time_wait(&self) -> Option<TimeWait> {
        let nxt = self.rcv_nxt();
        let over = self.owner == Owner::Orphan && self.view.received == 0;
        let window = self.peek().recv_capacity() >> self.receive.scale;
        (over && self.receive.acknowledged == nxt).then(|| TimeWait {
            local: self.local,
            peer: self.peer,
            seq: self.send.max,
            receive: self.receive,
            window: u16::try_from(window).unwrap_or(u16::MAX),
            challenge: self.clocks.challenge,
            repeat: Moment::default(),
        })
    }

    /// Whether TIME-WAIT is over while its user still has bytes to receive. smoltcp would destroy
    /// them at its next egress, so there is none until they are taken.
    #[inline]
    pub(crate) fn outlives_time_wait(&self, now: Moment) -> bool {
        self.state == State::TimeWait
            && self.owner != Owner::Orphan
            && now >= self.clocks.entered.after(time_wait::SPAN)
            && self.unread() > 0
    }
}
