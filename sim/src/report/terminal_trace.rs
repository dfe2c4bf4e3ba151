//! `terminal_trace` prints a run packet by packet for a terminal: within the width, with colours beside
//! letters and words, and without the middle of a long transfer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use halfclose_stack::{Kind, Note};

use crate::network::channel::Channels;
use crate::network::trace::Event;
use crate::report::ladder::{TraceScope, arrow, note_words};
use crate::report::timeline::{SeenPacket, Timeline};
use crate::run::Finished;
use crate::side::Side;

/// The columns of time, number and connection.
const HEAD: usize = 28;
/// The columns of an arrow, with a space at each end.
const ARROW: usize = 5;
/// The least width with the client on the left and the server on the right.
const WIDE: usize = 118;
/// The last rows, which are always shown.
const LAST: usize = 40;
/// Fewer plain segments than this are not folded.
const FOLDED: usize = 12;
/// The plain segments that stay at each end of a fold.
const STAY: usize = 3;

/// A row of the trace.
struct Row {
    at: Duration,
    number: String,
    channel: String,
    side: Side,
    arrow: &'static str,
    text: String,
    /// Words behind the text that are never cut.
    mark: String,
    style: Style,
    /// The length of the data of a plain segment; `None`: the row is never folded.
    plain: Option<usize>,
}

/// The trace of a run that was recorded with headers, for a terminal of so many columns.
pub(crate) fn trace(finished: &Finished, scope: TraceScope, columns: usize) -> String {
    let rows: Vec<_> = rows(finished).into_iter().filter(|row| scope.takes(&row.channel)).collect();
    let mut text = legend(columns);
    let mut from = 0;
    while from < rows.len() {
        let end = rows.len().saturating_sub(LAST);
        let plain = rows[from..].iter().take_while(|row| row.plain.is_some()).count();
        let fold = plain.min(end.saturating_sub(from));
        if fold < FOLDED {
            line(&mut text, &rows[from], columns);
            from += 1;
            continue;
        }
        let (first, last) = (from + STAY, from + fold - STAY);
        rows[from..first].iter().for_each(|row| line(&mut text, row, columns));
        folded(&mut text, &rows[first..last]);
        rows[last..from + fold].iter().for_each(|row| line(&mut text, row, columns));
        from += fold;
    }
    text.push('\n');
    text
}

/// The rows of all events.
fn rows(finished: &Finished) -> Vec<Row> {
    let timeline = Timeline::of(finished);
    let packets: BTreeMap<usize, &SeenPacket<'_>> =
        timeline.packets.iter().map(|packet| (packet.order, packet)).collect();
    let mut channels = Channels::default();
    let mut rows = Vec::new();
    for (order, event) in finished.trace.events().iter().enumerate() {
        match event {
            Event::Packet(_) | Event::Forged(_) => {
                let Some(packet) = packets.get(&order) else { continue };
                channels.of(packet.event.from, &packet.segment);
                rows.push(packet_row(packet, timeline.channels[packet.channel].clone()));
            }
            Event::Note(side, note) => {
                let (client, server) = match side {
                    Side::Client => (note.local.port(), note.peer.port()),
                    Side::Server => (note.peer.port(), note.local.port()),
                };
                rows.push(note_row(*side, note, channels.between(client, server).name()));
            }
        }
    }
    rows
}

fn packet_row(packet: &SeenPacket<'_>, channel: String) -> Row {
    let kind = packet.segment.kind();
    let fate = packet.fate();
    let mut mark = String::new();
    if packet.again {
        mark.push_str(" again");
    }
    if !fate.is_empty() {
        write!(mark, " ({fate})").expect("a String takes everything");
    }
    let lost = !packet.event.fate.arrives();
    let plain = matches!(kind, Kind::Data | Kind::Ack) && mark.is_empty();
    Row {
        at: packet.event.at,
        number: packet.number().map_or("-".to_owned(), |number| number.to_string()),
        channel,
        side: packet.event.from,
        arrow: arrow(packet.event),
        text: packet.text(),
        mark,
        style: style(kind, packet.again, lost || packet.forged),
        plain: plain.then_some(usize::from(packet.segment.payload_len)),
    }
}

fn note_row(side: Side, note: &Note, channel: String) -> Row {
    Row {
        at: note.at,
        number: String::new(),
        channel,
        side,
        arrow: "",
        text: note_words(note),
        mark: String::new(),
        style: Style::new().dimmed(),
        plain: None,
    }
}

/// The style of a packet. A letter or a word says the same.
fn style(kind: Kind, again: bool, lost: bool) -> Style {
    let color = match kind {
        _ if lost => AnsiColor::Red,
        Kind::Rst => return AnsiColor::Red.on_default().bold(),
        Kind::Fin => return AnsiColor::Magenta.on_default().bold(),
        Kind::Syn | Kind::SynAck => AnsiColor::Blue,
        _ if again => AnsiColor::Yellow,
        Kind::Data | Kind::Ack => return Style::new(),
    };
    color.on_default()
}

/// The meaning of letters, arrows and colours.
fn legend(columns: usize) -> String {
    let named = [
        (style(Kind::Syn, false, false), "S SYN"),
        (style(Kind::Fin, false, false), "F FIN"),
        (style(Kind::Rst, false, false), "R RST"),
        (Style::new(), "P PSH"),
        (Style::new(), ". ACK"),
        (style(Kind::Data, true, false), "again: sent before"),
        (style(Kind::Data, false, true), "--x lost"),
        (Style::new().dimmed(), "[note of a host]"),
        (Style::new(), "first:last(length) in bytes"),
    ];
    let (mut text, mut width) = (String::new(), 0);
    for (style, words) in named {
        if width > 0 && width + words.len() + 2 > columns {
            text.push('\n');
            width = 0;
        }
        let between = if width > 0 { "  " } else { "" };
        write!(text, "{between}{style}{words}{style:#}").expect("a String takes everything");
        width += words.len() + between.len();
    }
    let side = if columns < WIDE { "client     server" } else { "client" };
    writeln!(text, "\n{:>11} {:>5}  {:<9}{side}", "time", "#", "channel")
        .expect("a String takes everything");
    text
}

/// Writes a row within the width.
fn line(to: &mut String, row: &Row, columns: usize) {
    let time = format!("{}.{:06}", row.at.as_secs(), row.at.subsec_micros());
    let head = format!("{time:>11} {:>5}  {:<9}", row.number, row.channel);
    let room = columns.saturating_sub(HEAD);
    let style = row.style;
    let body = if columns < WIDE {
        let (before, behind) = match row.side {
            Side::Client => ("C ", "  "),
            Side::Server => ("  ", "S "),
        };
        let arrow = if row.arrow.is_empty() { "   " } else { row.arrow };
        let text = fitted(row, room.saturating_sub(ARROW + 3));
        format!("{before}{arrow} {behind}{text}")
    } else {
        let half = room.saturating_sub(ARROW) / 2;
        let text = fitted(row, half);
        match row.side {
            Side::Client => format!("{text:<half$} {:<3}", row.arrow),
            Side::Server => format!("{:<half$} {:<3} {text}", "", row.arrow),
        }
    };
    writeln!(to, "{head}{style}{}{style:#}", body.trim_end()).expect("a String takes everything");
}

/// The text of a row in so many columns: options go first, then the window, then the end of the text, and
/// the mark behind the text last.
fn fitted(row: &Row, width: usize) -> String {
    let mark = row.mark.chars().count();
    let without = |end: &str| row.text.split_once(end).map_or(&*row.text, |(text, _)| text);
    let forms = [&*row.text, without(" <"), without(" win ")];
    let whole = forms.into_iter().find(|text| text.chars().count() + mark <= width);
    match whole {
        Some(text) => format!("{text}{}", row.mark),
        None => {
            let text = cut(without(" win "), width.saturating_sub(mark).max(12));
            cut(&format!("{text}{}", row.mark), width)
        }
    }
}

/// The beginning of a text that has more characters than `width`.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Writes the line in place of plain segments.
fn folded(to: &mut String, rows: &[Row]) {
    let [Some(first), Some(last)] = [rows.first(), rows.last()] else { return };
    let bytes: usize = rows.iter().filter_map(|row| row.plain).sum();
    let time = (last.at - first.at).as_micros();
    let (ms, rest) = (time / 1_000, time % 1_000 / 100);
    let style = Style::new().dimmed();
    let count = rows.len();
    let room = " ".repeat(HEAD - 17);
    writeln!(to, "{room}{style}... {count} segments in {ms}.{rest} ms, {bytes} bytes ...{style:#}")
        .expect("a String takes everything");
}
