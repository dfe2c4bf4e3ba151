//! `shrunk` shows what is left of a run: the ladder of its packets, those of its faults and what is
//! near them, with the rest left out.

use crate::network::fate::Fate;
use crate::network::trace::{Event, Trace};
use crate::report::ladder;

/// Events that are shown before and behind one that matters.
const AROUND: usize = 2;

/// A ladder that is shorter is shown whole.
const WHOLE: usize = 40;

/// The last events are shown in any case.
const LAST: usize = 6;

/// The ladder of a recorded run, but for long stretches in which nothing was done to any packet and no
/// connection began or ended.
#[must_use]
pub fn lines(trace: &Trace) -> Vec<String> {
    let all = ladder::lines(trace);
    let mut shown = vec![ladder::head()];
    if all.len() <= WHOLE {
        shown.extend(all);
        return shown;
    }
    let mut near = vec![false; all.len()];
    for (at, event) in trace.events().iter().enumerate() {
        if matters(event) || at + LAST >= all.len() {
            let until = (at + AROUND + 1).min(all.len());
            near[at.saturating_sub(AROUND)..until].fill(true);
        }
    }
    let mut left_out = 0;
    for (line, near) in all.into_iter().zip(near) {
        if near {
            if left_out > 0 {
                shown.push(format!("{:>12} {left_out} lines left out", "..."));
            }
            left_out = 0;
            shown.push(line);
        } else {
            left_out += 1;
        }
    }
    shown
}

/// Whether something was done to a packet, or a connection ended.
fn matters(event: &Event) -> bool {
    match event {
        Event::Packet(packet) => packet.fate != Fate::Deliver,
        Event::Forged(_) => true,
        Event::Note(_, note) => matches!(note.kind, halfclose_stack::NoteKind::Ended(_)),
    }
}

/// The last events of a recorded run, as a ladder.
#[must_use]
pub fn last_lines(trace: &Trace, count: usize) -> Vec<String> {
    let all = ladder::lines(trace);
    let from = all.len().saturating_sub(count);
    std::iter::once(ladder::head()).chain(all.into_iter().skip(from)).collect()
}
