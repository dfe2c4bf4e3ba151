//! `reset.rs` owns the RST that ends a connection (RFC 9293 §3.10.5): the states in which ABORT sends a
//! RST, and the sequence number of the RST.

use crate::connection::socket_hash::Call;
use crate::connection::{Connection, Owner};
use crate::packet::segment::{Flags, Segment};
use crate::packet::wire::Wire;
use crate::reset_cause::ResetCause;
use crate::state::State;
use crate::time::Moment;

/// The states in which ABORT sends no RST (RFC 9293 §3.10.5). smoltcp would send one.
const NO_RESET: [State; 4] = [State::SynSent, State::Closing, State::LastAck, State::TimeWait];

impl Connection {
    /// Whether ABORT must not send a RST in the present state.
    pub(crate) fn forbids_reset(&self) -> bool {
        NO_RESET.contains(&self.state)
    }

    /// Whether an end for the reason `cause` sends a RST. An unanswered SYN of the peer stays unanswered.
    /// Unread bytes are a reason in CLOSING and LAST-ACK too: the peer learns that data is lost (RFC 9293
    /// §3.6.1).
    pub(crate) fn sends_reset(&self, cause: ResetCause) -> bool {
        let dead = matches!(self.state, State::Closed | State::Listen);
        let late = matches!(self.state, State::Closing | State::LastAck);
        let permitted = !self.forbids_reset() || (late && cause == ResetCause::CloseUnread);
        self.send.begun && !dead && permitted
    }

    /// Close smoltcp's socket without a RST on the wire. Received bytes stay readable.
    pub(crate) fn silence(&mut self, now: Moment, wire: &mut Wire) {
        if let Some(unwanted) = self.abort_socket(now, wire) {
            wire.pool.recycle(unwanted);
        }
    }

    /// Close smoltcp's socket, and put one RST on the wire, numbered as the peer expects. True if
    /// smoltcp would have numbered the RST differently.
    pub(crate) fn reset(&mut self, now: Moment, wire: &mut Wire) -> bool {
        let free = self.socket.get().recv_capacity() - self.view.received;
        let numbers = [self.send.reset_seq(), self.rcv_nxt()];
        let window = self.receive.scaled(free);
        let reset = Segment::bare(self.ends, numbers, Flags::RST | Flags::ACK, window);
        // smoltcp's RST is known without a poll where nothing is outstanding that smoltcp would go
        // back to; no poll follows once the user has closed. Debug builds poll all the same.
        let known = self.owner == Owner::Orphan && self.send.rests();
        let mut rewound = false;
        if known && !cfg!(debug_assertions) {
            self.ask(now, |socket| (Call::Abort, socket.abort()));
        } else if let Some(packet) = self.abort_socket(now, wire) {
            let mut sent = Segment::peek(&packet).expect("smoltcp sends whole headers");
            rewound = sent.seq != reset.seq;
            debug_assert!(!(known && rewound), "a known RST is numbered as smoltcp's");
            sent.seq = reset.seq;
            debug_assert_eq!(sent, reset, "only the number differs from smoltcp's RST");
            wire.pool.recycle(packet);
        } else {
            return false;
        }
        let packet = wire.packet(&reset, &[]);
        wire.leaving.push_back(packet);
        rewound
    }
}
