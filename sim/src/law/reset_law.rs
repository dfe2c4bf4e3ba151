//! The law of resets: each RST on the wire has a reason of RFC 9293. The reasons are a missing
//! connection or an unacceptable ACK in a handshake (§3.5.2), data without a reader (§3.6.1), and
//! ABORT (§3.10.5). The last arrived packet, the calls of the program and the states of the
//! connections decide.

use std::time::Duration;

use halfclose_stack::State;

use super::connections::{Arrival, Call, ConnectionRecord, Trigger};

/// The circumstances of a host's action on a connection.
pub(super) struct Cause {
    pub(super) now: Duration,
    pub(super) event: u64,
    pub(super) trigger: Trigger,
    /// A connection younger than this is not given up.
    pub(super) patience: Duration,
    /// The packet that arrived in this event for the connection.
    pub(super) arrival: Option<Arrival>,
    /// Whether the program closed the listener of the connection in this event.
    pub(super) unlistened: bool,
}

impl Cause {
    /// Whether the program ended `known` by force.
    pub(super) fn is_called_off(&self, known: &ConnectionRecord) -> bool {
        known.called == self.event && matches!(known.call, Call::Abort | Call::CloseUnread)
    }

    /// Whether `known` was ended by force: by its program, by its host's deadline, or by data
    /// without a reader.
    pub(super) fn ends(&self, known: &ConnectionRecord) -> bool {
        let closed = matches!(known.call, Call::Close | Call::CloseUnread);
        let late = closed && self.arrival.is_some_and(|arrival| arrival.has_data);
        let given_up = match self.trigger {
            Trigger::Timer => self.now >= known.opened + self.patience,
            Trigger::Arrival | Trigger::Open => false,
        };
        self.is_called_off(known) || late || given_up || self.unlistened
    }

    /// Whether a RST of `known`'s host has a reason.
    pub(super) fn allows_reset(&self, known: &ConnectionRecord) -> bool {
        let before = known.state_before(self.event);
        if matches!(before, State::Closed | State::Listen) {
            // There is no connection: only a segment without RST is answered.
            return self.arrival.is_some_and(|arrival| !arrival.reset);
        }
        if before == State::TimeWait {
            // §3.10.7.4: an ACK answers, or nothing. ABORT sends no RST either, §3.10.5.
            return false;
        }
        // §3.5.2, second: an ACK of something not sent yet, before the handshake is complete.
        let acceptable = known.iss.map(|iss| iss.wrapping_add(1));
        let in_handshake = matches!(before, State::SynSent | State::SynReceived);
        let refused = in_handshake
            && self.arrival.is_some_and(|it| !it.reset && it.ack.is_some() && it.ack != acceptable);
        // §3.10.7.4, fourth: a new SYN, before the handshake of the old SYN is complete.
        let renewed = before == State::SynReceived && self.arrival.is_some_and(|it| it.syn);
        let refused = refused || renewed;
        // §3.6.1 wants a RST for unread bytes in every state; ABORT alone sends none in four states.
        let unread = known.call == Call::CloseUnread;
        let forbidden = known.called == self.event
            && match known.state_at_call {
                State::SynSent => true,
                State::Closing | State::LastAck => !unread,
                _ => false,
            };
        refused || (self.ends(known) && !forbidden && known.reset_in != Some(self.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::connections::Endpoint;
    use crate::side::Side;

    #[test]
    fn late_data_is_a_reason_in_every_state_but_time_wait() {
        let arrival = Arrival { reset: false, syn: false, has_data: true, ack: Some(1) };
        let cause = || Cause {
            now: Duration::from_secs(1),
            event: 9,
            trigger: Trigger::Arrival,
            patience: Duration::from_secs(60),
            arrival: Some(arrival),
            unlistened: false,
        };
        for (state, allowed) in [
            (State::FinWait1, true),
            (State::FinWait2, true),
            (State::Closing, true),
            (State::LastAck, true),
            (State::TimeWait, false),
        ] {
            let mut known = ConnectionRecord::new(Endpoint(Side::Client, 49_152, 20));
            known.call = Call::Close;
            known.change(7, state);
            assert_eq!(cause().allows_reset(&known), allowed, "{state:?}");
            let timer = Cause { now: Duration::from_secs(99), trigger: Trigger::Timer, ..cause() };
            assert_eq!(timer.allows_reset(&known), allowed, "{state:?}, a deadline");
        }
    }
}
