//! `ladder` prints a trace packet by packet, in packetdrill's notation: virtual time, emission number,
//! channel, the client on the left and the server on the right, the fate of each packet, and the state
//! changes of both hosts. A run recorded with headers is enough.

use std::fmt::Write as _;
use std::time::Duration;

use halfclose_stack::{Note, NoteKind, Segment};

use crate::network::channel::Channels;
use crate::network::fate::Fate;
use crate::network::trace::{Event, PacketEvent, Trace};
use crate::run::Finished;
use crate::side::Side;

/// The width of the client's column.
const LEFT: usize = 52;

/// The first words of a printed trace. The version and the command line of the run follow.
pub const MAGIC: &str = "# halfclose trace ";

/// The version of the format of a printed trace. `replay` refuses any other version by name.
pub const VERSION: &str = "1";

/// Whether a printed line is a packet of a host: notes and forged segments have no emission number.
#[must_use]
pub fn is_packet(line: &str) -> bool {
    line.split_whitespace().nth(1).is_some_and(|word| word.parse::<u64>().is_ok())
}

/// The heads of the columns.
#[must_use]
pub fn head() -> String {
    format!("{:>12} {:>6}  {:<8} {:<LEFT$}      server", "time", "#", "channel", "client")
}

/// The connections whose packets and notes are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TraceScope {
    /// Every connection of the run.
    #[default]
    All,
    /// The data connections alone.
    Data,
    /// The control connections alone.
    Control,
}

impl TraceScope {
    /// Every scope with its word on the command line.
    pub const ALL: [(&'static str, Self); 3] =
        [("data", Self::Data), ("control", Self::Control), ("all", Self::All)];

    /// Whether the connection of this name is in scope.
    pub(crate) fn takes(self, channel: &str) -> bool {
        match self {
            Self::All => true,
            Self::Data => channel.starts_with("data"),
            Self::Control => channel.starts_with("control"),
        }
    }
}

/// The lines of a trace, in order. The line of a packet has the emission number.
#[must_use]
pub fn lines(trace: &Trace) -> Vec<String> {
    lines_in(trace, TraceScope::All)
}

/// The lines of the connections in scope, in order.
#[must_use]
pub fn lines_in(trace: &Trace, scope: TraceScope) -> Vec<String> {
    let mut channels = Channels::default();
    let line = |event: &Event| {
        let (channel, line) = match event {
            Event::Packet(event) => packet(&mut channels, event, trace.bytes(event), true),
            Event::Forged(event) => packet(&mut channels, event, trace.bytes(event), false),
            Event::Note(side, noted) => note(&mut channels, *side, noted),
        };
        scope.takes(&channel).then_some(line)
    };
    trace.events().iter().filter_map(line).collect()
}

impl Finished {
    /// The packets of a run recorded at [`Recording::Headers`] or above, as text: a head, then one line
    /// for each packet and each change of state, the client on the left and the server on the right.
    ///
    /// [`Recording::Headers`]: crate::Recording::Headers
    #[must_use]
    pub fn ladder(&self) -> Vec<String> {
        std::iter::once(head()).chain(lines(&self.trace)).collect()
    }
}

/// The events shown before and after an important event.
const AROUND: usize = 2;

/// A ladder with at most so many lines is shown whole.
const WHOLE: usize = 40;

/// The number of last events, which are always shown.
const LAST: usize = 6;

/// The ladder of a recorded run, without the long stretches between faults and ends of connections.
#[must_use]
pub fn excerpt(trace: &Trace) -> Vec<String> {
    let all = lines(trace);
    let mut shown = vec![head()];
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

/// Whether an event is a fault or the end of a connection.
fn matters(event: &Event) -> bool {
    match event {
        Event::Packet(packet) => packet.fate != Fate::Deliver,
        Event::Forged(_) => true,
        Event::Note(_, note) => matches!(note.kind, NoteKind::Ended(_)),
    }
}

/// The last events of a recorded run, as a ladder.
#[must_use]
pub fn last_lines(trace: &Trace, count: usize) -> Vec<String> {
    let all = lines(trace);
    let from = all.len().saturating_sub(count);
    std::iter::once(head()).chain(all.into_iter().skip(from)).collect()
}

/// The name of a packet's connection, and the line of the packet.
fn packet(
    channels: &mut Channels,
    event: &PacketEvent,
    bytes: &[u8],
    number: bool,
) -> (String, String) {
    let emission = number.then_some(event.emission);
    let Some(segment) = Segment::parse_headers(bytes) else {
        let line = row(event.at, emission, "?", event.from, "not a TCP segment", "");
        return ("?".to_owned(), line);
    };
    let channel = channels.of(event.from, &segment);
    let (mine, theirs) = (channel.isn(event.from), channel.isn(event.from.peer()));
    let text = segment.relative(bytes, [mine, theirs]).to_string();
    let name = channel.name();
    let line = row(event.at, emission, &name, event.from, &text, arrow(event));
    match &*event.fate.words() {
        "" => (name, line),
        words => (name, format!("{line}  ({words})")),
    }
}

/// The name of a note's connection, and the line of the note.
fn note(channels: &mut Channels, side: Side, note: &Note) -> (String, String) {
    let (client, server) = match side {
        Side::Client => (note.local.port(), note.peer.port()),
        Side::Server => (note.peer.port(), note.local.port()),
    };
    let name = channels.between(client, server).name();
    let line = row(note.at, None, &name, side, &note_words(note), "");
    (name, line)
}

/// A note of a host in words, between brackets.
pub(crate) fn note_words(note: &Note) -> String {
    match note.kind {
        NoteKind::State { from, to } => format!("[{from} => {to}]"),
        NoteKind::Ended(ending) => format!("[ended: {ending}]"),
        NoteKind::ResetSent(cause) => format!("[reset: {}]", cause.words()),
        NoteKind::Divergence(divergence) => format!("[smoltcp: {divergence}]"),
        NoteKind::Discarded(bytes) => format!("[discarded: {bytes} received bytes]"),
        NoteKind::Unchallenged => format!("[{}]", note.kind),
    }
}

pub(crate) fn arrow(event: &PacketEvent) -> &'static str {
    match (event.from, event.fate) {
        (Side::Client, Fate::Forged) => "==>",
        (Side::Server, Fate::Forged) => "<==",
        (Side::Client, fate) if fate.arrives() => "-->",
        (Side::Client, _) => "--x",
        (Side::Server, fate) if fate.arrives() => "<--",
        (Side::Server, _) => "x--",
    }
}

fn row(
    at: Duration,
    emission: Option<u64>,
    channel: &str,
    from: Side,
    text: &str,
    arrow: &str,
) -> String {
    let mut line = format!("{:>5}.{:06} ", at.as_secs(), at.subsec_micros());
    let number = emission.map_or_else(String::new, |emission| emission.to_string());
    let (left, right) = match from {
        Side::Client => (text, ""),
        Side::Server => ("", text),
    };
    write!(line, "{number:>6}  {channel:<8} {left:<LEFT$} {arrow:<4} {right}")
        .expect("a String takes everything");
    line.truncate(line.trim_end().len());
    line
}
