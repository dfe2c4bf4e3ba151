//! `ladder` prints a trace packet by packet, in packetdrill's notation: virtual time, emission
//! number, channel, the client on the left and the server on the right, what became of each packet,
//! and both hosts' changes of state. It needs the headers of a run, no more.

use std::fmt::Write as _;
use std::time::Duration;

use halfclose_stack::{Flags, Note, NoteKind, Segment};

use crate::fate::Fate;
use crate::setup::CONTROL_PORT;
use crate::trace::{Event, PacketEvent, Side, Trace};

/// Width of the client's column.
const LEFT: usize = 52;

/// The first words of a printed trace; the command that runs it again follows on the same line.
pub const MAGIC: &str = "# halfclose trace 1: ";

/// Whether a printed line is a packet: notes have no emission number.
#[must_use]
pub fn is_packet(line: &str) -> bool {
    line.split_whitespace().nth(1).is_some_and(|word| word.parse::<u64>().is_ok())
}

/// The head of the columns.
#[must_use]
pub fn head() -> String {
    format!("{:>12} {:>6}  {:<8} {:<LEFT$}      server", "time", "#", "channel", "client")
}

/// The lines of a trace, in order; a packet's line says its emission number.
#[must_use]
pub fn lines(trace: &Trace) -> Vec<String> {
    let mut channels = Channels::default();
    let line = |event: &Event| match event {
        Event::Packet(packet) => channels.packet(packet, trace.bytes(packet)),
        Event::Note(side, note) => channels.note(*side, note),
    };
    trace.events().iter().map(line).collect()
}

/// The connections of a run, as they appear.
#[derive(Default)]
struct Channels {
    seen: Vec<Channel>,
    data: usize,
}

/// One connection.
struct Channel {
    client_port: u16,
    server_port: u16,
    name: String,
    /// Initial sequence numbers of the client's and the server's side, once seen.
    isn: [Option<u32>; 2],
}

impl Channels {
    /// The latest connection between these ports, or a new one.
    fn find(&mut self, client_port: u16, server_port: u16) -> &mut Channel {
        let ports = (client_port, server_port);
        let found = self.seen.iter().rposition(|c| (c.client_port, c.server_port) == ports);
        let index = found.unwrap_or_else(|| self.add(client_port, server_port));
        &mut self.seen[index]
    }

    fn add(&mut self, client_port: u16, server_port: u16) -> usize {
        let name = if server_port == CONTROL_PORT {
            "control".to_string()
        } else {
            self.data += 1;
            match self.data {
                1 => "data".to_string(),
                n => format!("data {n}"),
            }
        };
        self.seen.push(Channel { client_port, server_port, name, isn: [None; 2] });
        self.seen.len() - 1
    }

    fn packet(&mut self, event: &PacketEvent, bytes: &[u8]) -> String {
        let Some(segment) = Segment::parse_headers(bytes) else {
            return row(event.at, Some(event.emission), "?", event.from, "not a TCP segment", "");
        };
        let (client, server) = match event.from {
            Side::Client => (segment.source.port(), segment.destination.port()),
            Side::Server => (segment.destination.port(), segment.source.port()),
        };
        let mine = event.from as usize;
        let syn = segment.flags.has(Flags::SYN);
        // Another SYN with another number, between the same ports: another connection.
        let again = self.find(client, server).isn[mine].is_some_and(|isn| isn != segment.seq);
        if syn && again && !segment.flags.has(Flags::ACK) {
            self.add(client, server);
        }
        let channel = self.find(client, server);
        if syn {
            channel.isn[mine] = Some(segment.seq);
        }
        let isn = |side: usize| channel.isn[side].unwrap_or(0);
        let text = segment.relative(isn(mine), isn(1 - mine)).to_string();
        let line =
            row(event.at, Some(event.emission), &channel.name, event.from, &text, arrow(event));
        match event.fate.word() {
            "" => line,
            word => format!("{line}  ({word})"),
        }
    }

    fn note(&mut self, side: Side, note: &Note) -> String {
        let (client, server) = match side {
            Side::Client => (note.local.port(), note.peer.port()),
            Side::Server => (note.peer.port(), note.local.port()),
        };
        let text = match note.kind {
            NoteKind::State { from, to } => format!("[{from} => {to}]"),
            NoteKind::Ended(ending) => format!("[ended: {ending}]"),
            NoteKind::Divergence(divergence) => format!("[smoltcp: {divergence}]"),
        };
        row(note.at, None, &self.find(client, server).name, side, &text, "")
    }
}

fn arrow(event: &PacketEvent) -> &'static str {
    match (event.from, event.fate) {
        (Side::Client, Fate::Deliver) => "-->",
        (Side::Client, _) => "--x",
        (Side::Server, Fate::Deliver) => "<--",
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
