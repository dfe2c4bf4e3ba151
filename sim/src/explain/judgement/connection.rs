//! `connection` decides why a TCP connection ended as it did, with FTP above it or not.

use halfclose_stack::ResetCause;

use super::reset_reason::{IDLE, Reason, foreign, near_end, reason, side_name};
use crate::explain::cause::Cause;
use crate::explain::explained::{Ended, Sure, Vantage};
use crate::explain::tracking::endpoint::Endpoint;
use crate::explain::tracking::flow::Flow;
use crate::explain::tracking::reset_seen::ResetSeen;

/// Silence at the end of a capture behind which an open connection is stuck, not under way.
const STUCK: u64 = 5_000_000_000;

/// How long a host may keep a connection in TIME-WAIT: twice RFC 9293's MSL.
pub(crate) const TIME_WAIT: u64 = 240_000_000_000;

/// A cause with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) cause: Cause,
    pub(crate) sure: Sure,
    pub(crate) because: String,
    pub(crate) frames: Vec<u64>,
}

impl Finding {
    pub(crate) fn new(
        cause: Cause,
        sure: Sure,
        because: impl Into<String>,
        frames: impl IntoIterator<Item = u64>,
    ) -> Self {
        let mut frames: Vec<u64> = frames.into_iter().filter(|frame| *frame > 0).collect();
        frames.sort_unstable();
        frames.dedup();
        Self { cause, sure, because: because.into(), frames }
    }

    pub(crate) fn unknown(because: impl Into<String>) -> Self {
        Self::new(Cause::Unknown, Sure::Unknown, because, [])
    }
}

/// What the judgement of a connection needs beside the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// Where the capture was taken, for this connection.
    pub(crate) vantage: Vantage,
    /// More than one handshake says so, and none the contrary.
    pub(crate) certain: bool,
    /// When the last packet of the capture passed.
    pub(crate) end: u64,
}

/// How one end ended its direction, and how sure that is.
pub(crate) fn ended(flow: &Flow, side: usize, setting: Setting) -> (Ended, Sure) {
    let vantage = setting.vantage;
    let end = &flow.ends[side];
    let near = near_end(vantage);
    let own =
        flow.resets.iter().find(|one| one.from == side && foreign(flow, one, vantage).is_none());
    let how = match (end.fin, own) {
        (Some(fin), Some(reset)) if reset.frame < fin.frame => Ended::Reset,
        (Some(_), _) => Ended::Fin,
        (None, Some(_)) => Ended::Reset,
        (None, None) => Ended::Open,
    };
    // A host does not send behind its own RST, nor number a RST behind all that it has sent, nor
    // acknowledge what no packet has brought.
    let strange = |reset: &ResetSeen| {
        let beyond = reset.seq.is_some_and(|seq| seq > reset.next);
        let beyond = beyond || (reset.has_ack && reset.ack.is_none_or(|ack| ack > reset.peer_next));
        reset.from == side && (beyond || reset.odd_header || reset.contradicted.is_some())
    };
    let strange = flow.resets.iter().any(strange) || end.ignores_fin || end.beyond_fin.is_some();
    let sure = match how {
        // What the near end sent is in the capture, whatever became of it.
        _ if near == Some(side) && setting.certain && !end.missed && !strange => Sure::Seen,
        Ended::Fin | Ended::Reset => Sure::Inferred,
        Ended::Open => Sure::Unknown,
    };
    (how, sure)
}

/// Whether both ends closed with a FIN that was acknowledged, before any RST that counted.
pub(crate) fn is_finished(flow: &Flow, vantage: Vantage) -> bool {
    if flow.ends.iter().any(|end| end.beyond_fin.is_some()) {
        return false;
    }
    let acked = flow.ends.each_ref().map(|end| end.fin.and_then(|fin| fin.acked));
    let [Some(client), Some(server)] = acked else { return false };
    let last = client.0.max(server.0);
    let spoilt = |reset: &ResetSeen| reset.frame < last && foreign(flow, reset, vantage).is_none();
    !counted(flow).any(spoilt)
}

/// The RSTs behind the handshake: one within may have answered an old packet.
fn counted(flow: &Flow) -> impl Iterator<Item = &ResetSeen> {
    flow.resets.iter().filter(|reset| flow.opened_at.is_none_or(|opened| reset.at >= opened))
}

/// The first RST that can have ended the connection.
pub(crate) fn deciding_reset(flow: &Flow, setting: Setting) -> Option<(&ResetSeen, Reason)> {
    let survived = is_finished(flow, setting.vantage);
    let mut resets = counted(flow).map(|one| (one, reason(flow, one, setting.vantage)));
    resets.find(|(_, reason)| !(reason.foreign && survived))
}

/// Why the connection ended as it did.
pub(crate) fn judge(flow: &Flow, setting: Setting) -> Finding {
    if !flow.is_established() {
        return unopened(flow);
    }
    if is_finished(flow, setting.vantage) {
        return finished(flow);
    }
    if let Some(finding) = foreign_fin(flow) {
        return finding;
    }
    match deciding_reset(flow, setting) {
        Some((reset, reason)) => by_reset(flow, reset, reason, setting),
        None => unreset(flow, setting),
    }
}

/// A FIN behind which the end in whose name the FIN came went on sending.
pub(crate) fn foreign_fin(flow: &Flow) -> Option<Finding> {
    let side = flow.ends.iter().position(|end| end.beyond_fin.is_some())?;
    let (who, end) = (side_name(side), &flow.ends[side]);
    let because = format!("a FIN came in the name of the {who}, which went on sending behind it");
    let frames = [end.fin.map_or(0, |fin| fin.frame), end.beyond_fin.unwrap_or(0)];
    Some(Finding::new(Cause::ForeignReset, Sure::Inferred, because, frames))
}

/// Connections that never opened.
fn unopened(flow: &Flow) -> Finding {
    let [client, server] = &flow.ends;
    let syn = client.syn.map_or(0, |(frame, _)| frame);
    let repeats = client.syn_repeats;
    match flow.resets.first() {
        Some(reset) if reset.from == 1 && flow.syn_ack_at.is_none() && syn > 0 => Finding::new(
            Cause::Refused,
            Sure::Seen,
            format!("the SYN was answered with a RST by {}", flow.addresses[1]),
            [syn, reset.frame],
        ),
        _ if flow.syn_ack_at.is_some() && client.packets > 0 => Finding::new(
            Cause::UnansweredSyn,
            Sure::Inferred,
            "the handshake was not completed: the SYN-ACK was never acknowledged",
            [syn, server.syn.map_or(0, |(frame, _)| frame)],
        ),
        _ if syn > 0 && flow.reused_after.is_some_and(|ago| ago < TIME_WAIT) => Finding::new(
            Cause::TimeWaitReuse,
            Sure::Inferred,
            "no answer came to the SYN, and the last connection between these addresses and ports \
             ended a moment before",
            [syn],
        ),
        _ if syn > 0 => Finding::new(
            Cause::UnansweredSyn,
            Sure::Inferred,
            format!("no answer to the SYN is in the capture; the SYN was repeated {repeats} times"),
            [syn],
        ),
        _ => Finding::unknown("the capture has too little of the connection"),
    }
}

fn finished(flow: &Flow) -> Finding {
    let [client, server] = &flow.ends;
    let fins = [client.fin, server.fin];
    let frames: Vec<u64> = fins.iter().flatten().map(|fin| fin.frame).collect();
    let repeats: u32 = fins.iter().flatten().map(|fin| fin.repeats).sum();
    let mut because = "both ends closed with a FIN, and every byte was acknowledged".to_owned();
    if repeats > 0 {
        because.push_str("; a FIN was sent more than once");
    }
    Finding::new(Cause::Orderly, Sure::Seen, because, frames)
}

/// A RST ended the connection.
fn by_reset(flow: &Flow, reset: &ResetSeen, reason: Reason, setting: Setting) -> Finding {
    let who = side_name(reset.from);
    let frames = [reset.frame, reset.trigger.frame];
    let told = |cause, sure, because: String| Finding::new(cause, sure, because, frames);
    if reason.foreign {
        let by = foreign(flow, reset, setting.vantage).unwrap_or_default();
        if is_idle(flow, reset) {
            return told(
                Cause::MiddleboxIdleReset,
                Sure::Inferred,
                format!("after a long silence a RST came in the name of the {who}; {by}"),
            );
        }
        let because = format!("a RST came in the name of the {who}, which did not send it: {by}");
        return told(Cause::ForeignReset, Sure::Inferred, because);
    }
    if is_idle(flow, reset) && near_end(setting.vantage) != Some(reset.from) {
        let because =
            format!("the first packet after a long silence drew a RST in the name of the {who}");
        return told(Cause::MiddleboxIdleReset, Sure::Inferred, because);
    }
    let own = &flow.ends[reset.from];
    match reason.cause {
        ResetCause::CloseUnread => {
            let because =
                format!("the {who} closed without having read all: its system sent a RST");
            told(Cause::CloseWithUnread, reason.sure, because)
        }
        ResetCause::DataAfterClose => {
            let because = format!("data arrived at the {who} after its FIN and drew a RST");
            told(Cause::DataAfterClose, reason.sure, because)
        }
        ResetCause::TimedOut if reason.sure != Sure::Unknown => given_up(own, reset, who),
        ResetCause::Abort => {
            let because =
                format!("the {who} ended with a RST behind its last byte, in place of a FIN");
            told(Cause::ResetBehindLastByte, reason.sure, because)
        }
        _ => told(
            Cause::Unknown,
            Sure::Unknown,
            format!("a RST of the {who} ended the connection; the capture does not tell why"),
        ),
    }
}

/// The first packet after a long silence drew the RST, and nothing was outstanding before.
fn is_idle(flow: &Flow, reset: &ResetSeen) -> bool {
    let (silence, frame) = flow.longest_silence;
    silence > IDLE
        && (frame == reset.trigger.frame || frame == reset.frame)
        && reset.fruitless < 3
        && flow.ends[1 - reset.from].fruitless < 3
        && !reset.own_fin
        && flow.ends[1 - reset.from].fin.is_none()
}

/// A host gave up: its repeats drew no answer.
fn given_up(own: &Endpoint, reset: &ResetSeen, who: &str) -> Finding {
    let frames = [own.first_repeat, reset.frame];
    let data = reset.next - i64::from(reset.own_fin) > reset.acked.max(1);
    if data {
        let because = format!("the {who} repeated its last bytes without an answer, and gave up");
        return Finding::new(Cause::TailUnacknowledged, Sure::Inferred, because, frames);
    }
    if !reset.own_fin || reset.own_fin_acked {
        return Finding::unknown(format!("a deadline of the {who}'s system passed"));
    }
    let because = format!("the {who}'s FIN was never acknowledged, and its system gave up");
    Finding::new(Cause::FinLost, Sure::Inferred, because, frames)
}

/// No RST that counts, and no orderly end.
fn unreset(flow: &Flow, setting: Setting) -> Finding {
    let silence = setting.end.saturating_sub(flow.last.1);
    let stuck = silence >= STUCK;
    let fins = flow.ends.each_ref().map(|end| end.fin);
    for (side, end) in flow.ends.iter().enumerate() {
        let who = side_name(side);
        if !end.all_acknowledged() && (end.fruitless >= 2 || (stuck && end.fin.is_some())) {
            let because = format!("the {who}'s last bytes were never acknowledged");
            let frames = [end.last_data.0, end.last_repeat.0];
            return Finding::new(Cause::TailUnacknowledged, Sure::Inferred, because, frames);
        }
    }
    for (side, end) in flow.ends.iter().enumerate() {
        let who = side_name(side);
        if let Some(fin) = end.fin
            && fin.acked.is_none()
            && (fin.repeats >= 2 || stuck)
        {
            let because = format!("the {who}'s FIN was never acknowledged");
            let frames = [fin.frame, fin.last.0];
            return Finding::new(Cause::FinLost, Sure::Inferred, because, frames);
        }
    }
    let standing = match fins {
        [Some(fin), None] if fin.acked.is_some() => Some((0, fin)),
        [None, Some(fin)] if fin.acked.is_some() => Some((1, fin)),
        _ => None,
    };
    match standing {
        Some((side, fin)) if stuck => {
            let (who, other) = (side_name(side), side_name(1 - side));
            let because =
                format!("the {who} sent its FIN, and the {other} never answered with its own");
            let frames = [fin.frame, fin.acked.map_or(0, |(frame, _)| frame)];
            Finding::new(Cause::HalfcloseStandoff, Sure::Inferred, because, frames)
        }
        Some(_) => Finding::unknown("the capture ends while one direction is still open"),
        None if fins.iter().all(Option::is_some) => {
            Finding::unknown("the capture ends before the last FIN is acknowledged")
        }
        None => Finding::unknown("the connection is still open where the capture ends"),
    }
}
