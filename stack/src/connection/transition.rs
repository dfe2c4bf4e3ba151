//! `transition.rs` owns the change of a connection's state (RFC 9293 §3.3.2) after a change by smoltcp,
//! the FIN that waits for ESTABLISHED, and the record of the ending.

use crate::close_policy::ReceivedAtReset;
use crate::connection::sequence_space::ReceiveSpace;
use crate::connection::{Connection, Owner};
use crate::divergence::Divergence;
use crate::ending::Ending;
use crate::state::State;
use crate::time::{Moment, Throttle};

impl Connection {
    /// Whether smoltcp has changed the state since the host last handled the state.
    pub(crate) fn has_moved(&self) -> bool {
        self.view.state != self.state
    }

    /// Enter the new state of smoltcp. Returns the state before and the state after.
    pub(crate) fn enter(&mut self, now: Moment) -> [State; 2] {
        let [from, to] = [self.state, self.view.state];
        self.state = to;
        self.clocks.entered = now;
        if matches!(to, State::CloseWait | State::Closing | State::LastAck | State::TimeWait) {
            self.receive.fin = true;
        }
        [from, to]
    }

    /// Record the end of the handshake, if the state is synchronized. True the first time.
    pub(crate) fn establish(&mut self) -> bool {
        self.synchronized() && !std::mem::replace(&mut self.established, true)
    }

    /// The ending that follows from a change of state, or `None`. `reset`: a RST has just arrived.
    pub(crate) fn ending_of(&self, [from, to]: [State; 2], reset: bool) -> Option<Ending> {
        Ending::derive(from, to, reset, self.view.queued > 0)
    }

    /// Record the ending. True the first time.
    pub(crate) fn end(&mut self, ending: Ending, at_reset: ReceivedAtReset) -> bool {
        let first = self.ending.is_none();
        if first {
            self.ending = Some(ending);
            self.flushed |= ending == Ending::Reset
                && at_reset == ReceivedAtReset::Flush
                && self.view.received > 0;
        }
        first
    }

    /// Shut the sending side: a FIN follows the bytes that wait to be sent. Before ESTABLISHED the FIN
    /// waits. smoltcp does not wait in SYN-RECEIVED, hence the divergence.
    pub(crate) fn shut(&mut self, now: Moment) -> Option<Divergence> {
        match self.state {
            State::SynSent => self.fin_deferred = true,
            State::SynReceived if !std::mem::replace(&mut self.fin_deferred, true) => {
                return Some(Divergence::CloseInSynReceived);
            }
            State::Established | State::CloseWait => self.close_socket(now),
            _ => {}
        }
        None
    }

    /// Send the FIN that waited for ESTABLISHED (RFC 9293 §3.10.4). True if a FIN waited.
    pub(crate) fn shut_if_deferred(&mut self, now: Moment) -> bool {
        let shuts = self.fin_deferred && self.synchronized();
        if shuts {
            self.fin_deferred = false;
            self.close_socket(now);
        }
        shuts
    }

    /// The variables for TIME-WAIT, once the user has closed and all bytes are read and acknowledged:
    /// SND.NXT, the receiving direction, the window, and the limit of challenge ACKs.
    pub(crate) fn remains(&self) -> Option<(u32, ReceiveSpace, u16, Throttle)> {
        let over = self.owner == Owner::Orphan && self.view.received == 0;
        let window = self.receive.scaled(self.socket.get().recv_capacity());
        (over && self.receive.acknowledged == self.rcv_nxt()).then_some((
            self.send.max,
            self.receive,
            window,
            self.clocks.challenge,
        ))
    }
}
