//! `connection_hash.rs` owns the hash of a connection, for a search that merges equal states.

use std::hash::{Hash, Hasher};

use super::{Connection, Owner};

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
        (send, receive, clocks).hash(state);
    }
}
