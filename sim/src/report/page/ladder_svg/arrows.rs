//! `arrows` draws one packet of a ladder: the arrow with the marks of its fate, and the label with every
//! header field.

use std::borrow::Cow;
use std::time::Duration;

use halfclose_stack::Kind;
use maud::{Markup, html};

use crate::report::page::ladder_svg::{Drawing, LANE, LadderPicture};
use crate::report::page::packet_fields;
use crate::report::timeline::SeenPacket;
use crate::side::Side;

/// The places of the columns in pixels from the left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    /// The place of the client's lifeline.
    pub(crate) left: i64,
    /// The place of the server's lifeline.
    pub(crate) right: i64,
    /// The width of the picture.
    pub(crate) width: i64,
    /// The width of the bands and their distance from the lifeline.
    beside: i64,
    gap: i64,
}

impl Columns {
    /// The columns for `lanes` bands at each side, with labels of `label` pixels that end at `from`.
    pub(crate) fn new(from: i64, lanes: usize, gap: i64, middle: i64, label: i64) -> Self {
        let beside = i64::try_from(lanes).unwrap_or(0) * LANE + gap;
        let left = from + beside;
        let right = left + middle;
        Self { left, right, width: right + beside + label + 8, beside, gap }
    }

    /// `by` pixels away from the middle at a side.
    pub(crate) fn outside(&self, side: Side, by: i64) -> i64 {
        if side == Side::Client { -by } else { by }
    }

    /// The lifeline of a side.
    pub(crate) fn life(&self, side: Side) -> i64 {
        if side == Side::Client { self.left } else { self.right }
    }

    /// The left end of the band of a lane at a side.
    pub(crate) fn lane(&self, side: Side, lane: usize) -> i64 {
        let inner = self.gap + i64::try_from(lane).unwrap_or(0) * LANE;
        match side {
            Side::Client => self.left - inner - LANE,
            Side::Server => self.right + inner,
        }
    }

    /// The place of a label at a side, and the anchor of the text.
    pub(crate) fn label(&self, side: Side) -> (i64, &'static str) {
        let x = self.life(side) + self.outside(side, self.beside + 6);
        (x, if side == Side::Client { "end" } else { "start" })
    }
}

/// The arrow and the label of a packet.
pub(crate) fn packet(picture: &LadderPicture<'_>, drawing: &Drawing, index: usize) -> Markup {
    let packet = &picture.timeline.packets[index];
    let y = drawing.places.sends[index];
    let (x, anchor) = drawing.columns.label(packet.event.from);
    let name = &picture.timeline.channels[packet.channel];
    let class = format!("p {} c{}", classes(packet, name), packet.channel);
    let fields = match picture.brief {
        true => packet_fields::brief(packet, name),
        false => packet_fields::text(packet, name),
    };
    let inner = html! {
        title { (fields) }
        (strokes(packet, drawing, index))
        text x=(x) y=(y + 4) text-anchor=(anchor) { (label(packet, name)) }
    };
    match picture.rows {
        Some(rows) => html! { a class=(class) href={ "#" (rows) (index) } { (inner) } },
        None => html! { g class=(class) tabindex="0" { (inner) } },
    }
}

/// The words of a packet's classes: the kind, the fate, the connection.
fn classes(packet: &SeenPacket<'_>, channel: &str) -> String {
    let kind = match packet.segment.kind() {
        Kind::Rst => "rst",
        Kind::Syn | Kind::SynAck => "syn",
        Kind::Fin => "fin",
        Kind::Data => "dat",
        Kind::Ack => "ack",
    };
    let mut words = vec![kind];
    let marks = [
        (packet.again, "again"),
        (!packet.event.fate.arrives(), "lost"),
        (channel.starts_with("control"), "ctl"),
        (packet.forged, "forged"),
    ];
    words.extend(marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word));
    words.join(" ")
}

/// The label of a packet: number, flags, sequence numbers, acknowledgment.
pub(crate) fn label(packet: &SeenPacket<'_>, channel: &str) -> String {
    let text = packet.text();
    let (short, _) = text.split_once(" win ").unwrap_or((&text, ""));
    let number = packet.number().map_or("forged".to_owned(), |number| number.to_string());
    let again = if packet.again { " again" } else { "" };
    let channel = match channel {
        "data" | "control" => String::new(),
        other => format!(" ({other})"),
    };
    format!("{number} {short}{again}{channel}")
}

/// The lines of a packet: one arrow for each arrival, or a line that stops on the way. The fate stands on
/// the server's half of the way, for the dialogue stands on the client's half.
fn strokes(packet: &SeenPacket<'_>, drawing: &Drawing, index: usize) -> Markup {
    let from = packet.event.from;
    let (columns, y) = (drawing.columns, drawing.places.sends[index]);
    let middle = (columns.left + columns.right) / 2;
    let start = if packet.forged { middle } else { columns.life(from) };
    let end = columns.life(from.peer());
    let arrivals = &drawing.places.arrivals[index];
    let words = match packet.event.fate.arrives() && arrivals.is_empty() {
        true => Cow::Borrowed("… still on the way at the end"),
        false => packet.fate(),
    };
    html! {
        @for (nth, arrival) in arrivals.iter().enumerate() {
            path class=[(nth > 0).then_some("copy")] d=(arrow((start, y), (end, *arrival))) {}
        }
        @if arrivals.is_empty() {
            @let stop = stop(packet, drawing, y);
            @let share = if from == Side::Client { 54 } else { 44 };
            @let x = start + (end - start) * share / 100;
            path d={ "M" (start) " " (y) "L" (x) " " (stop) } {}
            @if !packet.event.fate.arrives() {
                path.cross d={ "M" (x - 5) " " (stop - 5) "l10 10m0 -10l-10 10" } {}
            }
            @let low = if from == Side::Client { 4 } else { 14 };
            text.fate x=(x + 10) y=(stop + low) { (words) }
        } @else if packet.forged {
            text.fate x=(middle) y=(y - 9) text-anchor="middle" { (words) }
        } @else if packet.is_impaired() {
            @let share = if from == Side::Client { 72 } else { 28 };
            @let at = y + (arrivals[0] - y) * share / 100;
            text.fate x=(start + (end - start) * share / 100) y=(at - 6) text-anchor="middle" {
                (words)
            }
        }
        @if packet.forged { path.cross d={ "M" (start - 5) " " (y) "l5 -5l5 5l-5 5z" } {} }
        @else { (foot(packet, start, y)) }
    }
}

/// The height at which the line of a lost packet stops.
fn stop(packet: &SeenPacket<'_>, drawing: &Drawing, y: i64) -> i64 {
    let arrival = drawing.axis.place_of(packet.event.at + drawing.transit);
    y + ((arrival - y) * 45 / 100).clamp(14, 90)
}

/// The mark at the foot of an arrow: a filled square for a RST, a ring for a FIN, a disc for a SYN.
fn foot(packet: &SeenPacket<'_>, x: i64, y: i64) -> Markup {
    html! {
        @match packet.segment.kind() {
            Kind::Rst => { rect.mark x=(x - 5) y=(y - 5) width="10" height="10" {} }
            Kind::Fin => { circle.ring cx=(x) cy=(y) r="4.5" {} }
            Kind::Syn | Kind::SynAck => { circle.mark cx=(x) cy=(y) r="3.5" {} }
            Kind::Data | Kind::Ack => {}
        }
    }
}

/// A line with an open head.
fn arrow((x, y): (i64, i64), (to_x, to_y): (i64, i64)) -> String {
    let (across, down) = (to_x - x, to_y - y);
    let length = (across * across + down * down).isqrt().max(1);
    // The head: nine pixels back and four to each side.
    let back = |along: i64, aside: i64| {
        let dx = (-9 * along - 4 * aside) / length;
        (dx, (-9 * aside + 4 * along) / length)
    };
    let (ax, ay) = back(across, down);
    let other = |along: i64, aside: i64| {
        ((-9 * along + 4 * aside) / length, (-9 * aside - 4 * along) / length)
    };
    let (bx, by) = other(across, down);
    format!("M{x} {y}L{to_x} {to_y}l{ax} {ay}M{to_x} {to_y}l{bx} {by}")
}

/// A text of at most so many characters.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// A time in seconds with microseconds, as traces print the time.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{}.{:06}", time.as_secs(), time.subsec_micros())
}

/// A length of time in a unit that fits.
pub(crate) fn span(time: Duration) -> String {
    let us = time.as_micros();
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        _ => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}
