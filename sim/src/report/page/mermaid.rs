//! `mermaid` writes a run as a sequence diagram of Mermaid, which GitHub draws inside Markdown.

use halfclose_stack::State;

use crate::report::page::arrows::{label, seconds, span};
use crate::report::page::thinning::Thinned;
use crate::report::timeline::{SeenPacket, StateSpan, Timeline};
use crate::side::Side;

/// The most packets of a diagram without a gap: Mermaid draws no more than a few hundred messages.
const MOST: usize = 200;

/// The diagram of a run.
pub(crate) fn diagram(timeline: &Timeline<'_>) -> String {
    let thinned = Thinned::of(timeline, MOST);
    let mut lines = vec![
        "sequenceDiagram".to_owned(),
        format!("    participant C as client {}", Side::Client.address()),
        format!("    participant S as server {}", Side::Server.address()),
    ];
    let mut states = timeline.spans.iter().filter(|span| is_shown(span)).collect::<Vec<_>>();
    states.sort_by_key(|span| span.from);
    let mut states = states.into_iter().peekable();
    let mut before: Option<&SeenPacket<'_>> = None;
    let mut place = 0;
    for index in thinned.drawn {
        let packet = &timeline.packets[index];
        while let Some(span) = states.next_if(|span| span.from.1 < packet.order) {
            lines.push(state(timeline, span));
        }
        if index > place {
            let since = before.map_or(packet.event.at, |before| packet.event.at - before.event.at);
            let gap = format!("{} packets in {} not drawn", index - place, span(since));
            lines.push(format!("    Note over C,S: {gap}"));
        }
        lines.push(message(timeline, packet));
        (place, before) = (index + 1, Some(packet));
    }
    lines.extend(states.map(|span| state(timeline, span)));
    lines.join("\n") + "\n"
}

/// Whether a diagram has a note for a state: the states of an end, not those of a handshake.
fn is_shown(span: &StateSpan) -> bool {
    !matches!(span.state, State::SynSent | State::SynReceived | State::Established)
}

fn state(timeline: &Timeline<'_>, span: &StateSpan) -> String {
    let (place, who) = match span.side {
        Side::Client => ("left", 'C'),
        Side::Server => ("right", 'S'),
    };
    format!("    Note {place} of {who}: {} {}", timeline.channels[span.channel], span.state)
}

/// A packet as a message: a cross for a lost packet, an open head for any other.
fn message(timeline: &Timeline<'_>, packet: &SeenPacket<'_>) -> String {
    let (from, to) = match packet.event.from {
        Side::Client => ('C', 'S'),
        Side::Server => ('S', 'C'),
    };
    let arrow = if packet.event.fate.arrives() { "-)" } else { "-x" };
    let control = timeline.channels[packet.channel].starts_with("control");
    let dash = if control { "-" } else { "" };
    let fate = match &*packet.fate() {
        "" => String::new(),
        words => format!(" ({words})"),
    };
    let label = label(packet, &timeline.channels[packet.channel]);
    let text = format!("{} {label}{fate}", seconds(packet.event.at));
    format!("    {from}{dash}{arrow}{to}: {}", escaped(&text))
}

/// A text in which no character means anything to Mermaid.
fn escaped(text: &str) -> String {
    text.replace(['#', ';'], ",").replace('<', "#lt;").replace('>', "#gt;")
}
