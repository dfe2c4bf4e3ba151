//! `sequence_graph` draws one direction of a connection: sequence numbers over time as the sender sees
//! them, with FIN, RST, retransmissions, losses, acknowledged bytes, the edge of the window, and the bytes
//! that the receiver threw away.

use std::collections::BTreeMap;
use std::time::Duration;

use halfclose_stack::Kind;
use maud::{Markup, html};

use crate::report::page::arrows::seconds;
use crate::report::timeline::{SeenDiscard, SeenPacket, Timeline};
use crate::side::Side;

const WIDTH: i64 = 1_000;
const HEIGHT: i64 = 320;
const LEFT: i64 = 96;
const TOP: i64 = 24;
const RIGHT: i64 = 140;
const BOTTOM: i64 = 34;

/// One direction of a connection.
pub(crate) struct SequenceGraph<'a> {
    timeline: &'a Timeline<'a>,
    channel: usize,
    from: Side,
    /// The first time and the length of the time axis, in microseconds.
    time: (i64, i64),
    /// The highest sequence number that is drawn, relative.
    most: i64,
}

/// The lines of a graph.
#[derive(Default)]
struct Curves {
    /// By column of pixels: the lowest and the highest number sent.
    sent: BTreeMap<i64, (i64, i64)>,
    again: Vec<(i64, i64, i64)>,
    lost: Vec<(i64, i64)>,
    ends: Vec<(i64, i64, &'static str)>,
    /// The acknowledged number, and the edge of the window, each as steps.
    acknowledged: Steps,
    edge: Steps,
}

/// A line that goes up and down in steps.
#[derive(Default)]
struct Steps {
    path: String,
    at: Option<(i64, i64)>,
}

impl Steps {
    fn step(&mut self, x: i64, y: i64) {
        match self.at {
            None => self.path = format!("M{x} {y}"),
            Some((_, before)) if before == y => return,
            Some(_) => self.path.push_str(&format!("H{x}V{y}")),
        }
        self.at = Some((x, y));
    }

    fn end(&mut self, x: i64) {
        if self.at.is_some() {
            self.path.push_str(&format!("H{x}"));
        }
    }
}

impl<'a> SequenceGraph<'a> {
    /// The graphs of every direction in which a data connection carried bytes.
    pub(crate) fn all(timeline: &'a Timeline<'a>) -> Vec<Self> {
        let data = timeline.channels.iter().enumerate();
        let data = data.filter(|(_, name)| name.starts_with("data")).map(|(channel, _)| channel);
        let both = data.flat_map(|channel| [(channel, Side::Client), (channel, Side::Server)]);
        both.filter_map(|(channel, from)| Self::new(timeline, channel, from)).collect()
    }

    fn new(timeline: &'a Timeline<'a>, channel: usize, from: Side) -> Option<Self> {
        let own = || timeline.packets.iter().filter(move |packet| packet.channel == channel);
        let sent = || own().filter(|packet| packet.event.from == from && !packet.forged);
        sent().find(|packet| packet.segment.payload_len > 0)?;
        let first = own().next()?.event.at;
        let last = own().map(|packet| packet.arrivals.last().map_or(packet.event.at, |it| it.at));
        let last = last.max()?.max(first + Duration::from_millis(1));
        let number = |packet: &SeenPacket<'_>| {
            i64::from(packet.seq()) + i64::from(packet.segment.payload_len)
        };
        // A forged RST or an old duplicate may lie anywhere.
        let most = sent().filter(|it| it.segment.kind() != Kind::Rst).map(number).max()?;
        let time = (micros(first), micros(last) - micros(first));
        Some(Self { timeline, channel, from, time, most: most.max(1) })
    }

    /// What the graph shows, in a sentence.
    pub(crate) fn sentence(&self) -> String {
        let name = &self.timeline.channels[self.channel];
        let (from, to) = (self.from.name(), self.from.peer().name());
        format!(
            "The {from} sent {} bytes on the {name} connection; the solid line shows how many of them \
             were acknowledged, the dashed line how far the {to} let the {from} go.",
            (self.most - 1).max(0)
        )
    }

    fn x(&self, at: Duration) -> i64 {
        LEFT + (micros(at) - self.time.0) * (WIDTH - LEFT - RIGHT) / self.time.1.max(1)
    }

    /// The height of a relative sequence number. The axis ends an eighth above the last byte.
    fn y(&self, number: i64) -> i64 {
        let top = self.most + self.most / 8;
        HEIGHT - BOTTOM - number.clamp(0, top) * (HEIGHT - TOP - BOTTOM) / top.max(1)
    }

    fn curves(&self) -> Curves {
        let mut curves = Curves::default();
        let mut scale = None;
        for packet in self.timeline.packets.iter().filter(|it| it.channel == self.channel) {
            if packet.event.from == self.from {
                self.emitted(packet, &mut curves);
            } else {
                if matches!(packet.segment.kind(), Kind::Syn | Kind::SynAck) {
                    scale = packet.segment.options(packet.bytes).window_scale;
                }
                self.answered(packet, scale, &mut curves);
            }
        }
        let end = WIDTH - RIGHT;
        curves.acknowledged.end(end);
        curves.edge.end(end);
        curves
    }

    fn emitted(&self, packet: &SeenPacket<'_>, curves: &mut Curves) {
        let (x, low) = (self.x(packet.event.at), i64::from(packet.seq()));
        let high = low + i64::from(packet.segment.payload_len);
        let (bottom, top) = (self.y(low), self.y(high).min(self.y(low) - 1));
        match packet.segment.kind() {
            Kind::Rst => curves.ends.push((x, top, "RST")),
            kind if kind == Kind::Fin && !packet.again => curves.ends.push((x, top, "FIN")),
            _ => {}
        }
        if packet.segment.payload_len > 0 && packet.again {
            curves.again.push((x, bottom, top));
        } else if packet.segment.payload_len > 0 {
            let column = curves.sent.entry(x).or_insert((bottom, top));
            *column = (column.0.max(bottom), column.1.min(top));
        }
        if !packet.event.fate.arrives() {
            curves.lost.push((x, (bottom + top) / 2));
        }
    }

    /// An acknowledgment counts when the sender has it.
    fn answered(&self, packet: &SeenPacket<'_>, scale: Option<u8>, curves: &mut Curves) {
        let (Some(arrival), Some(ack)) = (packet.arrivals.first(), packet.ack()) else { return };
        let (x, ack) = (self.x(arrival.at), i64::from(ack));
        if packet.segment.kind() == Kind::Rst {
            return;
        }
        // The window of a SYN is not scaled (RFC 7323 §2.2).
        let shift = if packet.segment.kind() == Kind::SynAck { 0 } else { scale.unwrap_or(0) };
        let edge = ack + (i64::from(packet.segment.window) << shift);
        curves.acknowledged.step(x, self.y(ack));
        curves.edge.step(x, self.y(edge));
    }

    /// The graph as an element of a page.
    pub(crate) fn markup(&self) -> Markup {
        let curves = self.curves();
        let sent: String =
            curves.sent.iter().map(|(x, (low, top))| format!("M{x} {low}V{top}")).collect();
        let again: String =
            curves.again.iter().map(|(x, low, top)| format!("M{} {low}V{top}", x + 2)).collect();
        let lost = curves.lost.iter();
        let lost: String =
            lost.map(|(x, y)| format!("M{} {}l8 8m0 -8l-8 8", x - 4, y - 4)).collect();
        html! {
            svg.sequence xmlns="http://www.w3.org/2000/svg" role="img"
                aria-label=(self.sentence()) viewBox={ "0 0 " (WIDTH) " " (HEIGHT) }
                width=(WIDTH) height=(HEIGHT) {
                rect.paper width=(WIDTH) height=(HEIGHT) {}
                (self.axes())
                (self.thrown_away())
                path.edge d=(curves.edge.path) {}
                path.acked d=(curves.acknowledged.path) {}
                path.sent d=(sent) {}
                path.resent d=(again) {}
                path.gone d=(lost) {}
                (ends(&curves.ends))
                (self.names(&curves))
            }
        }
    }

    fn axes(&self) -> Markup {
        let step = round_step(self.most);
        let lines: Vec<i64> = (0..=self.most).step_by(usize::try_from(step).unwrap_or(1)).collect();
        let (from, length) = self.time;
        let times: Vec<i64> = (0..=4).map(|part| from + length * part / 4).collect();
        html! {
            @for number in lines {
                path.grid d={ "M" (LEFT) " " (self.y(number)) "H" (WIDTH - RIGHT) } {}
                text.tick x=(LEFT - 8) y=(self.y(number) + 4) text-anchor="end" { (number) }
            }
            @for time in times {
                @let at = Duration::from_micros(u64::try_from(time).unwrap_or(0));
                path.grid d={ "M" (self.x(at)) " " (TOP) "V" (HEIGHT - BOTTOM + 4) } {}
                text.tick x=(self.x(at)) y=(HEIGHT - 12) text-anchor="middle" { (seconds(at)) " s" }
            }
            text.muted x=(LEFT - 8) y="14" text-anchor="end" { "bytes" }
        }
    }

    /// The bytes that the receiver held and threw away, as a band below the last received byte.
    fn thrown_away(&self) -> Markup {
        let here = self.timeline.discarded.iter();
        let here = here.filter(|it| it.channel == self.channel && it.side == self.from.peer());
        html! {
            @for it in here {
                @let (top, low) = self.band(it);
                @let x = self.x(it.at).min(WIDTH - RIGHT - 14);
                rect.thrown x=(x) y=(top) width=(WIDTH - RIGHT - x) height=((low - top).max(3)) {
                    title { "thrown away at " (seconds(it.at)) " s" }
                }
            }
        }
    }

    /// The upper and the lower end of bytes that were thrown away.
    fn band(&self, it: &SeenDiscard) -> (i64, i64) {
        let (bytes, reached) = (i64::try_from(it.bytes).unwrap_or(0), self.reached(it.at));
        (self.y(reached), self.y(reached - bytes))
    }

    fn middle(&self, it: &SeenDiscard) -> i64 {
        let (top, low) = self.band(it);
        (top + low) / 2
    }

    /// The number behind the last byte that had reached the receiver in order at `at`.
    fn reached(&self, at: Duration) -> i64 {
        let mut pieces: Vec<(i64, i64)> = Vec::new();
        for packet in self.timeline.packets.iter().filter(|it| it.channel == self.channel) {
            let here = packet.event.from == self.from;
            if here && packet.arrivals.iter().any(|arrival| arrival.at <= at) {
                let low = i64::from(packet.seq());
                pieces.push((low, low + i64::from(packet.segment.payload_len)));
            }
        }
        pieces.sort_unstable();
        pieces.iter().fold(1, |end, (low, high)| if *low <= end { end.max(*high) } else { end })
    }

    /// The names of the lines at the right end, each below the name before.
    fn names(&self, curves: &Curves) -> Markup {
        let x = WIDTH - RIGHT + 6;
        let here = self.timeline.discarded.iter();
        let here = here.filter(|it| it.channel == self.channel && it.side == self.from.peer());
        let mut names: Vec<_> =
            here.map(|it| (self.middle(it), "bad", format!("{} thrown away", it.bytes))).collect();
        let lines = [(&curves.acknowledged, "acknowledged"), (&curves.edge, "window's edge")];
        for (steps, name) in lines {
            let Some((_, y)) = steps.at else { continue };
            let above = if y <= TOP { ", above" } else { "" };
            names.push((y, "name", format!("{name}{above}")));
        }
        names.sort_unstable();
        let mut last = 0;
        for (y, ..) in &mut names {
            *y = (*y + 4).max(last + 14);
            last = *y;
        }
        html! {
            @for (y, class, name) in names { text class=(class) x=(x) y=(y) { (name) } }
        }
    }
}

fn ends(ends: &[(i64, i64, &'static str)]) -> Markup {
    html! {
        @for (x, y, word) in ends {
            @match *word {
                "RST" => { rect.rst x=(x - 5) y=(y - 5) width="10" height="10" {} }
                _ => { circle.fin cx=(x) cy=(y) r="5" {} }
            }
            @let near = *x > WIDTH - RIGHT - 40;
            @let (x, anchor) = if near { (x - 9, "end") } else { (x + 9, "start") };
            text.end x=(x) y=(y - 7) text-anchor=(anchor) { (word) }
        }
    }
}

/// A round distance for at most eight lines.
fn round_step(most: i64) -> i64 {
    let mut step = 1;
    loop {
        for times in [1, 2, 5] {
            if most / (step * times) <= 8 {
                return step * times;
            }
        }
        step *= 10;
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 4096)
}
