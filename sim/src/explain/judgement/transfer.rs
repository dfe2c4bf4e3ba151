//! `transfer` decides why a transfer of FTP ended as it did: from its command and replies, its data
//! connection, and its control connection.

use halfclose_stack::ResetCause;

use super::connection::{
    Finding, TIME_WAIT, deciding_reset, foreign_fin, is_finished, judge as judge_connection,
};
use super::facts::Facts;
use super::reset_reason::Reason;
use crate::explain::cause::Cause;
use crate::explain::explained::{Sure, Vantage};
use crate::explain::tracking::flow::Flow;
use crate::explain::tracking::reset_seen::ResetSeen;

/// A program that closes both connections within this time has died, or gave up on both.
const TOGETHER: u64 = 1_000_000_000;

/// A program that closes both connections within this time has died, even behind a final reply: a
/// program that goes on reads the reply first.
const AT_ONCE: u64 = 5_000_000;

/// An end that waits longer than this before it answers a FIN waits for something else.
const STANDOFF: u64 = 10_000_000_000;

/// Why the transfer ended as it did.
pub(crate) fn judge(facts: &Facts<'_>) -> Finding {
    if let Some(abor) = facts.transfer.abor {
        let frames = [abor, facts.reply_at().map_or(0, |(frame, _)| frame)];
        // 225: the server had nothing to abort any more. Without a reply, the transfer may have been
        // over when the client said ABOR.
        let sure = match facts.code() {
            None | Some(225) => Sure::Inferred,
            Some(_) => Sure::Seen,
        };
        return Finding::new(Cause::AbortedByUser, sure, "the client said ABOR", frames);
    }
    let Some(flow) = facts.data else { return without_data(facts) };
    if !flow.is_established() {
        if facts.client_left().is_some_and(|frame| frame < flow.first_frame) {
            return unreplied(facts, None);
        }
        return inferred(judge_connection(flow, facts.data_setting));
    }
    if let Some(finding) = foreign_fin(flow) {
        return finding;
    }
    if let Some(finding) = client_died(facts, flow) {
        return finding;
    }
    if is_finished(flow, facts.data_setting.vantage) {
        return finished(facts, flow);
    }
    match deciding_reset(flow, facts.data_setting) {
        Some((reset, reason)) => by_reset(facts, flow, reset, reason),
        None => unreset(facts, flow),
    }
}

/// No data connection is in the capture.
fn without_data(facts: &Facts<'_>) -> Finding {
    let Some((code, _, passed)) = facts.transfer.reply.as_ref().filter(|_| facts.reply_reached())
    else {
        return unreplied(facts, None);
    };
    let frames = [facts.transfer.said.frame, passed.frame];
    if *code == 425 && !facts.passive && facts.reuses.is_some_and(|ago| ago < TIME_WAIT) {
        let because = "the server could not connect: the last connection between the same ports is \
                       in TIME-WAIT";
        return Finding::new(Cause::TimeWaitReuse, Sure::Inferred, because, frames);
    }
    let waited = passed.at.saturating_sub(facts.transfer.said.at);
    if *code == 425 && waited > TOGETHER && facts.passive {
        // A client says the command once its data connection is open: no SYN can have been lost.
        let because = "the server said 425: the client opened no data connection";
        return Finding::new(Cause::ServerFailed, Sure::Inferred, because, frames);
    }
    // A SYN that was lost before the capture's place is not in the capture.
    let may_be_lost = match facts.control_setting.vantage {
        Vantage::Client | Vantage::Unknown => true,
        Vantage::Server | Vantage::Link => false,
    };
    if *code == 425 && waited > TOGETHER && may_be_lost {
        let because = "the data connection never opened: no SYN of it is in the capture, and the \
                       server said 425";
        return Finding::new(Cause::UnansweredSyn, Sure::Inferred, because, frames);
    }
    if *code >= 400 {
        let because = format!("the server said {code}, and no data connection was opened");
        // A client may have lost patience before the reply came.
        return Finding::new(Cause::ServerFailed, Sure::Inferred, because, frames);
    }
    Finding::unknown("the capture has no data connection of the transfer")
}

/// The client closed its control connection without QUIT, together with the data connection, before a
/// final reply was there.
fn client_died(facts: &Facts<'_>, flow: &Flow) -> Option<Finding> {
    let control = facts.control.filter(|_| !facts.transfer.reply_heard)?;
    let own = facts.client_end();
    let end = &flow.ends[own];
    let left = |flow: &Flow, side: usize| {
        let reset = flow.resets.iter().find(|one| one.from == side).map(|one| (one.frame, one.at));
        let fin = flow.ends[side].fin.map(|fin| (fin.frame, fin.at));
        [fin, reset].into_iter().flatten().min()
    };
    let control_left = left(control, 0)?;
    let idle = control_left.1.saturating_sub(end.last_data.1.max(flow.ends[1 - own].last_data.1));
    let Some(data_left) = left(flow, own) else {
        // A server that saw the control connection end tore the data connection before the client's end.
        let torn = left(flow, 1 - own)?;
        let quit = facts.session.quit.is_some_and(|quit| quit < control_left.0);
        // Without a reply, the end must come out of the middle of the file, and at once at the server.
        let apart = torn.1.saturating_sub(control_left.1) > TOGETHER || idle > 3 * TOGETHER;
        let answered = facts.reply_at().map_or(apart, |(frame, _)| frame < control_left.0);
        let server_left = left(control, 1).is_some_and(|place| place.0 < control_left.0);
        if quit || answered || server_left || torn.0 < control_left.0 {
            return None;
        }
        let because = "the client closed the control connection in the middle, without QUIT: the \
                       program died, and the server gave up the transfer";
        let frames = [control_left.0, torn.0];
        return Some(Finding::new(Cause::ClientDied, Sure::Inferred, because, frames));
    };
    let server_left = left(control, 1).is_some_and(|place| place.0 < control_left.0);
    let quit_first = facts.session.quit.is_some_and(|quit| quit < control_left.0);
    let answered = facts.reply_at().is_some_and(|(frame, _)| frame < control_left.0);
    // A client that tears the data connection and leaves without QUIT has not read the reply either.
    let torn = flow.resets.iter().any(|reset| reset.from == own && !reset.own_fin);
    let apart = data_left.1.abs_diff(control_left.1);
    let read = answered && !torn && apart > AT_ONCE;
    if quit_first || read || server_left || apart > TOGETHER || idle > 3 * TOGETHER {
        return None;
    }
    let because =
        "the client closed both connections in the middle, without QUIT: the program died";
    Some(Finding::new(Cause::ClientDied, Sure::Inferred, because, [data_left.0, control_left.0]))
}

/// Both ends of the data connection closed with FINs.
fn finished(facts: &Facts<'_>, flow: &Flow) -> Finding {
    let (sender, receiver) = (facts.sender(), 1 - facts.sender());
    let fins = [sender, receiver].map(|end| flow.ends[end].fin);
    let [Some(sent), Some(answer)] = fins else {
        return Finding::unknown("the data connection has no end in the capture");
    };
    let frames = [sent.frame, answer.frame, facts.reply_at().map_or(0, |(frame, _)| frame)];
    let Some(code) = facts.code().filter(|_| facts.reply_reached()) else {
        return unreplied(facts, Some(flow));
    };
    if code < 400 {
        if !facts.transfer.is_upload() && answer.frame < sent.frame && !flow.answers_fin(receiver) {
            let early = facts.reply_at().is_some_and(|(frame, _)| frame < answer.frame);
            if early && flow.ends[sender].data_end() > flow.ends[sender].acked.min(sent.end - 1) {
                let because =
                    "the client closed on the server's reply, with bytes still on the way";
                return Finding::new(Cause::EarlyReply, Sure::Inferred, because, frames);
            }
        }
        let because = "both ends closed the data connection with a FIN, every byte was acknowledged, \
                       and the server said 2yz";
        // That the client has read the reply shows in its next command. An end that was acknowledged
        // before the capture has it may be another end than the host's own.
        let missed = flow.ends.iter().any(|end| end.missed);
        let sure = if facts.transfer.reply_heard && !missed { Sure::Seen } else { Sure::Inferred };
        return Finding::new(Cause::Orderly, sure, because, frames);
    }
    if answer.at > sent.at && answer.at - sent.at > STANDOFF {
        let because = format!(
            "the {} sent its FIN, and the {} waited for more until a timer ended the wait",
            facts.who(sender),
            facts.who(receiver)
        );
        return Finding::new(Cause::HalfcloseStandoff, Sure::Inferred, because, frames);
    }
    let because = format!("the data connection ended orderly, and the server said {code}");
    Finding::new(Cause::ServerFailed, Sure::Inferred, because, frames)
}

/// A RST ended the data connection.
fn by_reset(facts: &Facts<'_>, flow: &Flow, reset: &ResetSeen, reason: Reason) -> Finding {
    let general = inferred(judge_connection(flow, facts.data_setting));
    // A server that gives up says so at once.
    let told_at_once = facts.failed()
        && reset.from != facts.client_end()
        && facts.reply_at().is_some_and(|(_, at)| at.abs_diff(reset.at) < TOGETHER);
    if reason.foreign || (general.cause == Cause::MiddleboxIdleReset && !told_at_once) {
        return general;
    }
    if let Some(finding) = let_go(facts, flow, reset) {
        return finding;
    }
    let (sender, receiver) = (facts.sender(), 1 - facts.sender());
    let who = facts.who(reset.from);
    let reply = facts.reply_at();
    let frames = [reset.frame, reset.trigger.frame, reply.map_or(0, |(frame, _)| frame)];
    let told = |cause, because: String| Finding::new(cause, Sure::Inferred, because, frames);
    let by_client = reset.from == facts.client_end();
    let sender_fin = flow.ends[sender].fin;
    let took_reply = facts.code().is_some_and(|code| code < 300)
        && reply.is_some_and(|(frame, _)| frame < reset.frame);
    if by_client && facts.transfer.late_abor.is_some() {
        let because = "the client tore the data connection and said ABOR, when its host had the \
                       reply already";
        return told(Cause::AbortedByUser, because.to_owned());
    }
    let unread = flow.ends[1 - reset.from].bytes() > 0
        && !reset.own_fin
        && reset.has_received().unwrap_or(true);
    if by_client && !facts.transfer.is_upload() && !unread && !reset.own_fin && reset.has_ack {
        return Finding::unknown("the client gave up the download before a byte had reached it");
    }
    if by_client && !facts.transfer.is_upload() && took_reply {
        let because = "the client closed on the server's reply, with bytes still on the way: its \
                       system answered them with a RST";
        return told(Cause::EarlyReply, because.to_owned());
    }
    let only_fin = reset.next - 1 <= reset.acked;
    let stalled = reset.from == sender && reset.own_fin && !reset.own_fin_acked && only_fin;
    if stalled && reset.silence.max(reset.peer_silence) > super::reset_reason::DEADLINE {
        let because = format!("the {who}'s FIN was never acknowledged, and its system gave up");
        return told(Cause::FinLost, because);
    }
    let timed_out = reset.fruitless >= 3 && reset.peer_silence > super::reset_reason::DEADLINE;
    if timed_out {
        return general;
    }
    let silent = flow.ends[reset.from].bytes() == 0 && !reset.own_fin;
    let unopened = facts.code() == Some(425) && silent && reset.peer_acked <= 1 && reset.from == 1;
    if unopened && !told_at_once {
        let because = format!(
            "the server said 425: the {who}'s system gave up the handshake, whose last packet never \
             arrived there"
        );
        return told(Cause::UnansweredSyn, because);
    }
    if facts.refused_by_itself() && facts.reply_reached() {
        let code = facts.code().unwrap_or(0);
        let because = format!("the server said {code}: it gave up the transfer by itself");
        return told(Cause::ServerFailed, because);
    }
    if reset.from == sender {
        // The FIN closed the sender's side, and no byte waited unread: the bytes came later.
        if reason.cause == ResetCause::DataAfterClose {
            let because = format!("data arrived at the {who} after its FIN and drew a RST");
            return told(Cause::DataAfterClose, because);
        }
        if unread {
            let because = format!(
                "the {who} closed while bytes of the {} waited unread: its system sent a RST",
                facts.who(receiver)
            );
            return told(Cause::CloseWithUnread, because);
        }
        let because = format!("the {who}, which sent the file, ended with a RST in place of a FIN");
        return told(Cause::ResetBehindLastByte, because);
    }
    if let Some(fin) = sender_fin
        && reset.at.saturating_sub(fin.at) > STANDOFF
        && fin.acked.is_some()
    {
        let because = format!(
            "the {} sent its FIN, and the {who} waited for more until a timer ended the wait",
            facts.who(sender)
        );
        return told(Cause::HalfcloseStandoff, because);
    }
    if !by_client && facts.failed() {
        let code = facts.code().unwrap_or(0);
        let because = format!("the server gave up the transfer ({code}) and closed");
        return told(Cause::ServerFailed, because);
    }
    if reset.own_fin {
        let because = format!("data arrived at the {who} after its FIN and drew a RST");
        return told(Cause::DataAfterClose, because);
    }
    let because = format!("the {who} closed before it had read all: its system sent a RST");
    told(Cause::CloseWithUnread, because)
}

/// The end that sent `reset` had closed, and its system had let go of the connection when the other
/// end's FIN came: a host keeps FIN-WAIT-2 for some time only.
fn let_go(facts: &Facts<'_>, flow: &Flow, reset: &ResetSeen) -> Option<Finding> {
    let fins = flow.ends.each_ref().map(|end| end.fin);
    let [Some(client), Some(server)] = fins else { return None };
    let nothing_lost = reset.peer_data <= reset.peer_acked.max(1);
    let answered = reset.own_fin_acked && !reset.has_ack && nothing_lost;
    if !answered || facts.failed() || !facts.reply_reached() {
        return None;
    }
    let because = format!(
        "both ends closed with a FIN, every byte was acknowledged, and the server said 2yz; the \
         {}'s system had let go of the connection before the last FIN",
        facts.who(reset.from)
    );
    let frames = [client.frame, server.frame, reset.frame];
    Some(Finding::new(Cause::Orderly, Sure::Inferred, because, frames))
}

/// A finding about a connection as a finding about a transfer: inferred at most.
fn inferred(finding: Finding) -> Finding {
    Finding { sure: finding.sure.max(Sure::Inferred), ..finding }
}

/// No RST that counts, and no orderly end of the data connection.
fn unreset(facts: &Facts<'_>, flow: &Flow) -> Finding {
    let general = inferred(judge_connection(flow, facts.data_setting));
    let sender = facts.sender();
    if general.cause != Cause::Unknown {
        return general;
    }
    if flow.ends[sender].fin.is_none() && facts.failed() {
        let code = facts.code().unwrap_or(0);
        let frames = [facts.reply_at().map_or(0, |(frame, _)| frame)];
        let because = format!("the server gave up the transfer ({code})");
        return Finding::new(Cause::ServerFailed, Sure::Inferred, because, frames);
    }
    general
}

/// The transfer has no final reply.
fn unreplied(facts: &Facts<'_>, flow: Option<&Flow>) -> Finding {
    let since = flow.map_or(facts.transfer.said.at, |flow| flow.last.1);
    let waited = facts.control_setting.end.saturating_sub(since);
    let control = facts.control.map(|flow| judge_connection(flow, facts.control_setting));
    let control = control.map(inferred);
    let frame = flow.map_or(facts.transfer.said.frame, |flow| flow.last.0);
    if waited > 3 * TOGETHER {
        let place = if facts.at_client() { "reached the client" } else { "is in the capture" };
        let because = format!("no reply to the transfer {place}: the control connection is silent");
        return Finding::new(Cause::ControlSilent, Sure::Inferred, because, [frame]);
    }
    // A program that gave up has waited for the reply; a program that died has not.
    let waited = facts.control.is_some_and(|flow| flow.longest_silence.0 > TOGETHER);
    if let Some(left) = facts.client_left().filter(|_| waited) {
        let because = "the client waited, and left before a final reply to the transfer was there";
        return Finding::new(Cause::ControlSilent, Sure::Inferred, because, [frame, left]);
    }
    match control {
        Some(finding) if finding.cause != Cause::Orderly && finding.cause != Cause::Unknown => {
            finding
        }
        _ => Finding::unknown("the capture ends before the reply"),
    }
}
