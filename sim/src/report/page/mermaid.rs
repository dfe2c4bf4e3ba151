//! `mermaid` writes a run as a sequence diagram of Mermaid, which GitHub draws inside Markdown.

use halfclose_stack::State;

use crate::report::page::arrows::{label, seconds, span};
use crate::report::page::thinning::{Bounds, Thinned};
use crate::report::timeline::{SeenPacket, StateSpan, Timeline};
use crate::side::Side;

/// The packets of a diagram: Mermaid draws no more than a few hundred messages.
const DRAWN: Bounds = Bounds { whole: 200, most: 400 };
/// The most bytes of a diagram: Mermaid, also on GitHub, draws no text above 50,000 characters.
const LENGTH: usize = 48_000;

/// The diagram of a run; `says` is a sentence for the end of the diagram.
pub(crate) fn diagram(timeline: &Timeline<'_>, says: &str) -> String {
    let mut bounds = DRAWN;
    loop {
        let text = drawn(timeline, says, bounds);
        if text.len() <= LENGTH || bounds.most == 0 {
            return text;
        }
        bounds = Bounds { whole: bounds.whole / 2, most: bounds.most / 2 };
    }
}

/// The diagram with so many packets. The states that a host has between packets that are not drawn are
/// left out too.
fn drawn(timeline: &Timeline<'_>, says: &str, bounds: Bounds) -> String {
    let thinned = Thinned::of(timeline, bounds);
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
        if index > place {
            let hidden = timeline.packets[index - 1].order;
            while states.next_if(|span| span.from.1 < hidden).is_some() {}
            let since = before.map_or(packet.event.at, |before| packet.event.at - before.event.at);
            let gap = format!("{} packets in {} not drawn", index - place, span(since));
            lines.push(format!("    Note over C,S: {gap}"));
        }
        while let Some(span) = states.next_if(|span| span.from.1 < packet.order) {
            lines.push(state(timeline, span));
        }
        lines.push(message(timeline, packet));
        (place, before) = (index + 1, Some(packet));
    }
    lines.extend(states.map(|span| state(timeline, span)));
    if !says.is_empty() {
        let says = escaped(says).replacen(", and ", ",<br/>and ", 1);
        lines.push(format!("    Note over C,S: {says}"));
    }
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
