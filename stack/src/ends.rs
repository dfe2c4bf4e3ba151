//! `ends.rs` follows every connection to its end: a change of state and what comes of it, an end by
//! force with the RST that belongs to it, and the slot that is free again.

use std::time::Duration;

use crate::close_policy::ReceivedAtReset;
use crate::connection::{Connection, Owner, named};
use crate::divergence::Divergence;
use crate::ending::Ending;
use crate::events::Ready;
use crate::host::Host;
use crate::moment::{Moment, Span};
use crate::names::{ListenerId, id_of};
use crate::note::NoteKind;
use crate::segment::Flags;
use crate::state::State;

/// smoltcp's `CLOSE_DELAY`: how long TIME-WAIT lasts after the last segment that needed it. RFC 9293
/// §3.4.2 says 2 MSL, four minutes, and Linux one; it cannot be configured.
pub const TIME_WAIT: Duration = Duration::from_secs(TIME_WAIT_SECS);
const TIME_WAIT_SECS: u64 = 10;

impl Host {
    /// See whether `slot` has changed its state since it was last looked at; `reset` says that a RST
    /// has just arrived. True if it has.
    #[inline(always)]
    pub(crate) fn follow(&mut self, now: Moment, slot: u32, reset: bool) -> bool {
        let connection = &self.connections[slot as usize];
        let changed = connection.peek().state() != connection.seen;
        if changed {
            self.change(now, slot, reset);
        }
        changed
    }

    #[inline(never)]
    fn change(&mut self, now: Moment, slot: u32, reset: bool) {
        let Self { connections, listeners, events, table, .. } = self;
        let connection = &mut connections[slot as usize];
        connection.seen = connection.peek().state();
        let (from, to) = (connection.state, named(connection.seen));
        connection.state = to;
        connection.clocks.entered = now;
        connection.note(now, NoteKind::State { from, to }, events);
        match to {
            State::Closed | State::Listen => table.remove(connection.key),
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
        let lost = connection.peek().send_queue() > 0;
        if let Some(ending) = Ending::derive(from, to, reset, lost) {
            self.end(now, slot, ending);
        }
        let connection = &mut self.connections[slot as usize];
        if connection.fin_deferred && connection.synchronized() {
            // RFC 9293 §3.10.4: the CLOSE of SYN-RECEIVED is processed in ESTABLISHED.
            connection.fin_deferred = false;
            connection.socket().close();
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
        connection.note(now, NoteKind::Ended(ending), &mut self.events);
        let flush = self.config.policy.received_at_reset == ReceivedAtReset::Flush;
        if ending == Ending::Reset && flush && connection.received() > 0 {
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
        let connection = &mut self.connections[slot as usize];
        let Some(mut packet) = connection.reset(now, &mut self.wire) else {
            return;
        };
        debug_assert!(Flags(packet[33]).has(Flags::RST), "a closed socket sends a RST or nothing");
        let seq = connection.send.reset_seq().to_be_bytes();
        let rewound = packet[24..28] != seq;
        if rewound {
            packet[24..28].copy_from_slice(&seq);
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

impl Connection {
    /// Whether TIME-WAIT is over while its user still has bytes to receive. smoltcp would destroy
    /// them at its next egress, so there is none until they are taken.
    #[inline]
    pub(crate) fn outlives_time_wait(&self, now: Moment) -> bool {
        self.state == State::TimeWait
            && self.owner != Owner::Orphan
            && now >= self.clocks.entered.after(Span::secs(TIME_WAIT_SECS))
            && self.unread() > 0
    }
}
