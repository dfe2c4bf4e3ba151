//! `teardown.rs` owns the way of each connection to its end: changes of state are noted, listeners and
//! users get news, and the slot is freed.

use crate::connection::Owner;
use crate::ending::Ending;
use crate::host::Host;
use crate::host::demux::Holder;
use crate::host::events::Ready;
use crate::host::timers::TimerKey;
use crate::ids::ListenerId;
use crate::note::NoteKind;
use crate::state::State;
use crate::time::Moment;

impl Host {
    /// Handle the change of state made by smoltcp in `slot`, if there is a change. `reset`: a RST has just
    /// arrived. True if there is a change.
    #[inline(always)]
    pub(super) fn follow(&mut self, now: Moment, slot: u32, reset: bool) -> bool {
        let moved = self.connections[slot].has_moved();
        if moved {
            self.change(now, slot, reset);
        }
        moved
    }

    #[inline(never)]
    fn change(&mut self, now: Moment, slot: u32, reset: bool) {
        let connection = &mut self.connections[slot];
        let [from, to] = connection.enter(now);
        self.events.note(now, connection.ends(), NoteKind::State { from, to });
        if matches!(to, State::Closed | State::Listen) {
            self.demux.take_back(connection.key(), Holder::Connection(slot));
        }
        if connection.establish()
            && let Owner::Listener(at) = connection.owner()
        {
            self.listeners[at].promote(slot);
            if self.listeners.set_ready(at) {
                self.events.ready.push(Ready::Accept(ListenerId(self.listeners.id(at))));
            }
        }
        if let Some(ending) = connection.ending_of([from, to], reset) {
            self.end(now, slot, ending);
        }
        if self.connections[slot].shut_if_deferred(now) {
            self.follow(now, slot, false);
        }
    }

    /// Record the ending of the connection in `slot`, once.
    pub(super) fn end(&mut self, now: Moment, slot: u32, ending: Ending) {
        let connection = &mut self.connections[slot];
        if connection.end(ending, self.config.policy.received_at_reset) {
            self.events.note(now, connection.ends(), NoteKind::Ended(ending));
            if let Some(bytes) = connection.flushed_bytes() {
                self.events.note(now, connection.ends(), NoteKind::Discarded(bytes));
            }
        }
    }

    /// Shut the sending side of the connection in `slot`.
    pub(super) fn shut(&mut self, now: Moment, slot: u32) {
        if let Some(divergence) = self.connections[slot].shut(now) {
            self.diverge(now, slot, divergence);
        }
        if self.follow(now, slot, false) {
            self.touch(slot);
        }
    }

    /// Free `slot` if its connection is CLOSED and no user knows the connection.
    #[inline]
    pub(super) fn reap(&mut self, slot: u32) {
        let connection = &self.connections[slot];
        if !matches!(connection.state(), State::Closed | State::Listen) {
            return;
        }
        match connection.owner() {
            Owner::Orphan => {}
            // The handshake was not completed, or smoltcp refused the SYN.
            Owner::Listener(listener) if !connection.is_established() => {
                self.listeners[listener].forget(slot);
            }
            Owner::Listener(_) | Owner::User | Owner::Vacant => return,
        }
        self.free(slot);
    }

    /// Free `slot` for the next connection.
    pub(super) fn free(&mut self, slot: u32) {
        let connection = &mut self.connections[slot];
        self.demux.take_back(connection.key(), Holder::Connection(slot));
        connection.vacate();
        self.timers.set(TimerKey::Connection(slot), Moment::NEVER);
        self.connections.give_back(slot);
    }
}
