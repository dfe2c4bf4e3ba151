//! The law of states: figure 5 of RFC 9293 §3.3.2 as a table, with the arrows from the notes of the
//! figure and from §3.10.

use halfclose_stack::State::{
    self, CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen,
    SynReceived, SynSent, TimeWait,
};

/// Arrows of the figure's own events: an OPEN, a CLOSE, a segment or a timer.
const FREE: [(State, State); 19] = [
    (Closed, SynSent),
    (Listen, SynReceived),
    (Listen, SynSent),
    (SynSent, SynReceived),
    (SynSent, Established),
    // CLOSE deletes the TCB; so do an ABORT and a refusal.
    (SynSent, Closed),
    (SynReceived, Established),
    (SynReceived, FinWait1),
    // §3.10.7.4, eighth: a FIN on the segment that completes the handshake.
    (SynReceived, CloseWait),
    (Established, FinWait1),
    (Established, CloseWait),
    (FinWait1, FinWait2),
    (FinWait1, Closing),
    // Note 2.
    (FinWait1, TimeWait),
    (FinWait2, TimeWait),
    (CloseWait, LastAck),
    (Closing, TimeWait),
    (LastAck, Closed),
    (TimeWait, Closed),
];

/// Whether an event of the figure leads from one state to the next.
pub(super) fn is_free(from: State, to: State) -> bool {
    FREE.contains(&(from, to))
}

/// Whether a reset, an abort or a time-out may lead from one state to the next (note 1, note 3,
/// §3.10.5, §3.10.7, §3.10.8).
pub(super) fn is_forced(from: State, to: State) -> bool {
    match to {
        Closed => !matches!(from, Closed | Listen),
        Listen => from == SynReceived,
        _ => false,
    }
}
