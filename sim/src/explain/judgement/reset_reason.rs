//! `reset_reason` decides why a RST of a capture was sent: by its numbers, by the packet before it, and
//! by what both ends had said until then.

use halfclose_stack::ResetCause;

use crate::explain::explained::{ResetExplained, Sure, Vantage};
use crate::explain::tracking::flow::Flow;
use crate::explain::tracking::reset_seen::ResetSeen;

/// Silence of the other end behind which a RST of a host that repeats itself is a deadline.
pub(crate) const DEADLINE: u64 = 20_000_000_000;

/// Silence of both ends behind which a RST is a device's that has forgotten the connection.
pub(crate) const IDLE: u64 = 30_000_000_000;

/// The reason of one RST, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) cause: ResetCause,
    pub(crate) sure: Sure,
    /// Another device than the host has sent the RST.
    pub(crate) foreign: bool,
}

/// The end that a capture was taken at; none in the middle.
pub(crate) fn near_end(vantage: Vantage) -> Option<usize> {
    match vantage {
        Vantage::Client => Some(0),
        Vantage::Server => Some(1),
        Vantage::Link | Vantage::Unknown => None,
    }
}

/// Whether the host in whose name `reset` came did not send it, and by what that is known.
pub(crate) fn foreign(flow: &Flow, reset: &ResetSeen, vantage: Vantage) -> Option<&'static str> {
    let end = &flow.ends[reset.from];
    if reset.declared_forged {
        return Some("the capture says so");
    }
    if near_end(vantage) == Some(reset.from) {
        return None;
    }
    let from_far = near_end(vantage) != Some(reset.from);
    if let Some(seq) = reset.seq {
        let past = seq > reset.next;
        let answered_at = reset.ack.is_none_or(|ack| ack <= reset.peer_next);
        // A host numbers its RST where the other end expects the next byte, or as the other end
        // acknowledged: behind all that it has sent there is no such place.
        let beyond = past && !end.missed && end.gaps == 0 && from_far && answered_at;
        if beyond
            && vantage == Vantage::Link
            && flow.is_established()
            && reset.contradicted.is_some()
        {
            return Some(
                "its sequence number is behind all that the host had sent, and the host went on",
            );
        }
        if beyond && vantage == Vantage::Link && end.packets > 1 {
            return Some("its sequence number is behind all that the host had sent");
        }
    }
    if reset.contradicted.is_some() {
        return Some("the host went on sending behind the RST");
    }
    if reset.odd_header {
        return Some("its time to live is unlike that of the host's other packets");
    }
    None
}

/// Why `reset` was sent.
pub(crate) fn reason(flow: &Flow, reset: &ResetSeen, vantage: Vantage) -> Reason {
    let known = |cause, sure| Reason { cause, sure, foreign: false };
    if foreign(flow, reset, vantage).is_some() {
        return Reason { cause: ResetCause::Middlebox, sure: Sure::Inferred, foreign: true };
    }
    if let Some(stated) = reset.code.and_then(by_code) {
        return known(stated, Sure::Seen);
    }
    let trigger = reset.trigger;
    let own = &flow.ends[reset.from];
    let said_nothing = own.packets == 0;
    if trigger.syn && said_nothing {
        return known(ResetCause::NoConnection, Sure::Seen);
    }
    if reset.silence > IDLE && reset.fruitless == 0 && reset.next <= reset.acked {
        return known(ResetCause::TimedOut, Sure::Unknown);
    }
    if reset.fruitless >= 3 && reset.peer_silence > DEADLINE {
        return known(ResetCause::TimedOut, Sure::Inferred);
    }
    let earlier = flow.resets.iter().any(|one| one.from == reset.from && one.frame < reset.frame);
    if earlier || (reset.own_fin_acked && reset.peer_fin_acked) {
        // The connection was gone, or in TIME-WAIT.
        return known(ResetCause::NoConnection, Sure::Inferred);
    }
    let hit = flow.resets.iter().any(|one| one.from != reset.from && one.frame < reset.frame);
    if hit {
        return known(ResetCause::NoConnection, Sure::Inferred);
    }
    if reset.own_fin && (trigger.len > 0 || reset.peer_data > reset.peer_acked.max(1)) {
        return known(ResetCause::DataAfterClose, Sure::Inferred);
    }
    // RFC 9293 §3.10.7.1: a RST that answers a segment has no ACK. The FIN of a closed end may wait
    // behind bytes that have not left.
    if !reset.own_fin && !reset.has_ack && reset.peer_data > 1 {
        return known(ResetCause::DataAfterClose, Sure::Inferred);
    }
    if reset.own_fin {
        return known(ResetCause::TimedOut, Sure::Unknown);
    }
    let received = match reset.has_received() {
        Some(received) => received,
        None => reset.peer_acked > 1 || reset.peer_next > 1,
    };
    match (received, own.bytes() > 0) {
        (true, false) => known(ResetCause::CloseUnread, Sure::Inferred),
        (false, _) => known(ResetCause::Abort, Sure::Inferred),
        (true, true) => known(ResetCause::CloseUnread, Sure::Unknown),
    }
}

/// The cause of a code that the RST itself carries.
fn by_code(code: u16) -> Option<ResetCause> {
    Some(match code {
        2 => ResetCause::NoConnection,
        3 => ResetCause::DataAfterClose,
        4 => ResetCause::Abort,
        5 => ResetCause::UnacceptableAck,
        6 => ResetCause::SynInWindow,
        14 => ResetCause::TimedOut,
        17 => ResetCause::Middlebox,
        _ => return None,
    })
}

/// The RST in three vocabularies.
pub(crate) fn explained(flow: &Flow, reset: &ResetSeen, vantage: Vantage) -> ResetExplained {
    let Reason { cause, sure, .. } = reason(flow, reset, vantage);
    let stated = reset.code;
    ResetExplained {
        frame: reset.frame,
        from: side_name(reset.from),
        cause: cause.name(),
        ietf_code: Some(stated.unwrap_or(cause.ietf_code())),
        nearest: stated.is_none() && cause.ietf_is_nearest(),
        linux: cause.linux(),
        sure,
    }
}

/// The name of an end.
pub(crate) fn side_name(side: usize) -> &'static str {
    if side == 0 { "client" } else { "server" }
}
