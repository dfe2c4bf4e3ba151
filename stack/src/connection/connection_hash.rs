//! `connection_hash.rs` owns the hash of a connection, for a search that merges equal states.

use std::hash::{Hash, Hasher};

use super::{Connection, Owner};
use crate::connection::deadline::Clocks;
use crate::connection::poll::PollHint;
use crate::state::State;
use crate::time::{Moment, Span, TimeKind};

impl Hash for Connection {
    /// Hashes everything that decides the further actions of the connection: the fields that `copy_from`
    /// copies. Of a slot without a connection only the owner counts.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self {
            interface: _,
            socket,
            owner,
            touched,
            poll_hint,
            asks_no_clock,
            keeps_timer,
            ack_delay,
            answered,
            minshall,
            ends,
            view,
            state: handled,
            established,
            ending,
            flushed,
            tells_reset_once,
            reset_told,
            asked,
            fin_deferred,
            outlived,
            send,
            receive,
            clocks,
        } = self;
        (owner, touched).hash(state);
        if *owner == Owner::Vacant {
            return;
        }
        socket.hash_with(self.ring_bytes(), state);
        (poll_hint, asks_no_clock, keeps_timer, ack_delay, answered).hash(state);
        (minshall, ends, view).hash(state);
        (handled, established, ending, flushed, tells_reset_once).hash(state);
        (reset_told, asked.get(), fin_deferred, outlived).hash(state);
        (send, receive).hash(state);
        let delays = *poll_hint == PollHint::Delayed;
        clocks.hash_for((*owner, *handled), delays, state);
    }
}

impl Connection {
    /// Find the hash of the socket, for this connection and for its copies.
    pub(crate) fn find_hash(&self) {
        if self.owner != Owner::Vacant {
            self.socket.find_hash();
        }
    }

    /// Forget the hash of the socket.
    pub(crate) fn forget_hash(&mut self) {
        self.socket.forget_hash();
    }
}

impl Clocks {
    /// Hashes the times that a connection of this owner in this state can still read, so that a time of the
    /// past which no rule reads any more makes no difference. `delays`: the delay of an acknowledgment runs.
    fn hash_for<H: Hasher>(&self, (owner, at): (Owner, State), delays: bool, state: &mut H) {
        let Self {
            entered,
            accepted,
            active,
            orphaned,
            outstanding,
            started,
            delayed,
            suspect,
            syn,
            challenge,
        } = self;
        let read = |time: &Moment, reads: bool| if reads { *time } else { Moment::NEVER };
        let waits =
            matches!(at, State::SynSent | State::SynReceived | State::FinWait2 | State::TimeWait);
        (read(entered, waits), read(accepted, suspect.comes())).hash(state);
        (read(orphaned, owner == Owner::Orphan), outstanding, suspect).hash(state);
        (read(syn, at == State::SynSent), challenge).hash(state);
        // These count at their own instant alone.
        for time in [started, &read(delayed, delays)] {
            TimeKind::Ahead.hash(time.after(Span::STEP), state);
        }
        // No configuration of a simulation has a limit of silence, the only reader of this time.
        let _ = active;
    }
}
