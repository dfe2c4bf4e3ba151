//! `likeness` names the scenario of the catalogue that replays what happened: by the cause, and where
//! the cause alone does not tell, by the marks of the case.

use super::connection::TIME_WAIT;
use super::facts::Facts;
use crate::explain::cause::Cause;
use crate::explain::tracking::flow::Flow;

/// Transfers of a capture from which on it is a crowd.
const CROWD: usize = 16;

/// Repeats of a large orderly transfer from which on it is a lossy one.
const LOSSY: u32 = 2;

/// Repeats that outweigh every mark of the end.
const BULK: u32 = 6;

/// Bytes of a file that is large.
const LARGE: i64 = 1 << 18;

/// Silence in which a stack that still had a FIN outstanding repeated nothing.
const DEADLOCK: u64 = 60_000_000_000;

/// The scenario of the catalogue that is like the transfer. `transfers` is how many the capture has.
pub(crate) fn like(facts: &Facts<'_>, cause: Cause, transfers: usize) -> Option<&'static str> {
    let Some(flow) = facts.data else { return cause.like() };
    match cause {
        Cause::Orderly => orderly(facts, flow, transfers),
        Cause::FinLost => Some(fin_lost(facts, flow)),
        Cause::ClientDied if !facts.transfer.is_upload() => Some("finwait2-flood"),
        _ => cause.like(),
    }
}

/// The mark of an orderly end that was in danger.
fn orderly(facts: &Facts<'_>, flow: &Flow, transfers: usize) -> Option<&'static str> {
    let (from, to) = (facts.sender(), 1 - facts.sender());
    let (sender, receiver) = (&flow.ends[from], &flow.ends[to]);
    let (Some(sent), Some(answer)) = (sender.fin, receiver.fin) else { return None };
    if !flow.resets.is_empty() {
        return Some("foreign-rst");
    }
    let bulk = sender.repeats >= BULK || (sender.repeats >= LOSSY && sender.bytes() >= LARGE);
    if bulk {
        return Some("bulk-loss-p");
    }
    if receiver.bytes() > 0 && receiver.last_data.0 > sent.frame {
        return Some(if sender.repeats > 0 { "three-closes" } else { "half-close" });
    }
    if flow.reused_after.is_some_and(|ago| ago < TIME_WAIT) {
        return Some("old-duplicate");
    }
    if sender.filled_hole {
        return Some("fin-before-hole");
    }
    if sent.before_hole {
        return Some("fin-before-hole");
    }
    if answer.repeats > 0 && flow.answers_fin(to) {
        return Some("lastack-stale-ack");
    }
    let crossed = !flow.answers_fin(from) && !flow.answers_fin(to);
    if crossed {
        return Some("simultaneous-close");
    }
    if sent.repeats > 0 || answer.repeats > 0 {
        return Some("lost-fin");
    }
    if receiver.closed_window.is_some() {
        return Some("zero-window-close");
    }
    if transfers >= CROWD {
        return Some("many-small");
    }
    (sender.repeats >= LOSSY).then_some("bulk-loss-p")
}

/// A FIN that no timer repeats any more is a deadlock of its stack.
fn fin_lost(facts: &Facts<'_>, flow: &Flow) -> &'static str {
    let end = facts.sender();
    let mut resets = flow.resets.iter().filter(|reset| reset.from == end);
    let deadlock = resets.any(|reset| reset.silence > DEADLOCK);
    if deadlock { "smoltcp-fin-deadlock" } else { "lost-fin" }
}
