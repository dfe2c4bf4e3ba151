//! `ladder_svg` draws a run as a ladder: time runs down, the client stands on the left and the server on
//! the right, and each packet is a slanted arrow from the sending to the arrival.

pub(crate) mod arrows;
pub(crate) mod dialogue_lines;
pub(crate) mod states;
pub(crate) mod time_axis;

use std::time::Duration;

use halfclose_ftp::report::Spoken;
use halfclose_stack::State;
use maud::{Markup, html};

use arrows::Columns;
use dialogue_lines::Speech;
use time_axis::{Instant, Point, ROW, TimeAxis};

use crate::report::page::thinning::Thinned;
use crate::report::timeline::{StateSpan, Timeline};
use crate::side::Side;

/// The width of the column of times.
const TIME: i64 = 78;
/// The width of a column of labels.
const LABEL: i64 = 272;
/// The width of the band of one connection's states.
pub(crate) const LANE: i64 = 18;
/// The distance between the bands and the lifeline.
const GAP: i64 = 8;
/// The distance between the lifelines.
const MIDDLE: i64 = 440;
/// The height of the heads of the columns.
const HEAD: i64 = 84;

/// A run to draw as a ladder.
pub(crate) struct LadderPicture<'a> {
    /// The run to draw.
    pub timeline: &'a Timeline<'a>,
    /// The lines of the client program.
    pub said: &'a [Spoken],
    /// The packets to draw.
    pub thinned: &'a Thinned,
    /// The beginning of the names of the rows that packets link to; `None`: packets are no links.
    pub rows: Option<&'a str>,
    /// Whether the text at a packet is the line of a trace alone, without every header field.
    pub brief: bool,
    /// A sentence above a picture that stands alone; empty where a page has the sentence.
    pub says: &'a str,
}

/// An event with a place on the axis of time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item {
    /// The emission of a packet.
    Send(usize),
    /// An arrival of a packet, and its ordinal.
    Arrive(usize, usize),
    /// A note of a host.
    Note(usize),
    /// Bytes that a host destroyed.
    Discard(usize),
    /// Lines of the dialogue without a drawn packet of their own.
    Say(usize),
    /// The end of TIME-WAIT, where no packet leaves or arrives.
    Expire(usize),
}

impl LadderPicture<'_> {
    /// The ladder as an element of a page.
    pub(crate) fn markup(&self) -> Markup {
        let (drawing, speech) = self.lay_out();
        let Drawing { axis, columns, .. } = &drawing;
        let bottom = axis.bottom() + 26;
        let (width, height) = (columns.width, bottom + 8);
        let above = if self.says.is_empty() { 0 } else { 30 };
        html! {
            svg.ladder xmlns="http://www.w3.org/2000/svg" role="group"
                aria-label="Ladder of packets: time runs down, client left, server right"
                viewBox={ "0 " (-above) " " (width) " " (height + above) }
                width=(width) height=(height + above) {
                rect.paper y=(-above) width=(width) height=(height + above) {}
                @if above > 0 { text.head x="20" y="-8" { (self.says) } }
                (self.heads(columns))
                (states::bands(self.timeline, &drawing, bottom))
                @for x in [columns.left, columns.right] {
                    path.life d={ "M" (x) " " (HEAD - 14) "V" (bottom) } {}
                }
                (folds(&drawing))
                (ticks(axis))
                (self.notes(&drawing))
                @for index in &self.thinned.drawn {
                    (arrows::packet(self, &drawing, *index))
                }
                (dialogue_lines::markup(self.said, &speech, columns.left + 12))
            }
        }
    }

    /// Places every event, and the lines of the dialogue.
    fn lay_out(&self) -> (Drawing, Vec<Speech>) {
        let mut items = Vec::new();
        for index in &self.thinned.drawn {
            items.push(Item::Send(*index));
            let arrivals = 0..self.timeline.packets[*index].arrivals.len();
            items.extend(arrivals.map(|nth| Item::Arrive(*index, nth)));
        }
        items.extend((0..self.timeline.notes.len()).map(Item::Note));
        items.extend((0..self.timeline.discarded.len()).map(Item::Discard));
        let waits = self.timeline.spans.iter().enumerate();
        let waits = waits.filter(|(_, span)| span.state == State::TimeWait);
        items.extend(waits.map(|(span, _)| Item::Expire(span)));
        if !self.thinned.hidden.is_empty() {
            items.retain(|item| !self.is_hidden(item));
        }
        let mut lines = dialogue_lines::attach(self.timeline, self.said, &items);
        let alone = lines.iter().enumerate().filter(|(_, line)| line.item.is_none());
        items.extend(alone.map(|(at, _)| Item::Say(at)));
        let mut points: Vec<_> = items.iter().map(|item| self.point(*item, &lines)).collect();
        for (item, place) in items.iter().zip(0..) {
            if let Item::Say(line) = item
                && let Some(behind) = lines[*line].behind
            {
                let (order, _) = points[behind].order;
                points[place].order = (order, 2);
            }
        }
        for line in &lines {
            let down = Some(dialogue_lines::down(self.said[line.said].speaker));
            if let Some(item) = line.item {
                points[item].speaks = down;
            }
        }
        let transit = self.transit();
        let axis = TimeAxis::new(&points, transit, &self.thinned.hidden, HEAD);
        for (at, line) in lines.iter_mut().enumerate() {
            let own = |item: &Item| matches!(item, Item::Say(line) if *line == at);
            let place = line.item.or_else(|| items.iter().position(own));
            line.y = place.map_or(HEAD, |place| axis.places[place]);
        }
        let lanes = states::lanes(self.timeline);
        let columns = Columns::new(TIME + LABEL, states::lane_count(&lanes), GAP, MIDDLE, LABEL);
        let places = Places::new(&items, &points, &axis, self.timeline);
        (Drawing { axis, columns, places, lanes, transit }, lines)
    }

    /// Whether a note falls into a stretch of time whose packets are not drawn.
    fn is_hidden(&self, item: &Item) -> bool {
        let at = match item {
            Item::Note(note) => self.timeline.notes[*note].at,
            Item::Expire(span) => self.timeline.spans[*span].until.0,
            _ => return false,
        };
        let drawn = &self.thinned.drawn;
        let packets = &self.timeline.packets;
        let next = drawn.partition_point(|index| packets[*index].event.at < at);
        let near = [next.checked_sub(1), Some(next)].into_iter().flatten();
        let mut near = near.filter_map(|place| drawn.get(place));
        let hidden = &self.thinned.hidden;
        let among = |when: Duration| hidden.partition_point(|it| *it < when);
        !near.any(|index| among(packets[*index].event.at) == among(at))
    }

    fn point(&self, item: Item, lines: &[Speech]) -> Point {
        let timeline = self.timeline;
        let point = |at, order, side, labelled, speaks| Point { at, order, side, labelled, speaks };
        match item {
            Item::Send(index) => {
                let packet = &timeline.packets[index];
                point(packet.event.at, (packet.order, 1), packet.event.from, true, None)
            }
            Item::Arrive(index, nth) => {
                let packet = &timeline.packets[index];
                let arrival = packet.arrivals[nth];
                point(arrival.at, (arrival.order, 0), packet.event.from.peer(), false, None)
            }
            Item::Note(index) => {
                let note = &timeline.notes[index];
                point(note.at, (note.order, 1), note.side, true, None)
            }
            Item::Discard(index) => {
                let it = timeline.discarded[index];
                point(it.at, (usize::MAX, 0), it.side, true, None)
            }
            Item::Say(index) => {
                let at = self.said[lines[index].said].at;
                point(at, (usize::MAX, 1), Side::Client, false, Some(12))
            }
            Item::Expire(index) => {
                let StateSpan { side, until: (at, order), .. } = timeline.spans[index];
                point(at, (order, 1), side, false, None)
            }
        }
    }

    /// The median time of the drawn packets on the link.
    fn transit(&self) -> Duration {
        let packets = self.thinned.drawn.iter().map(|index| &self.timeline.packets[*index]);
        let times = packets.filter(|packet| !packet.forged);
        let mut times: Vec<_> = times
            .filter_map(|packet| Some(packet.arrivals.first()?.at - packet.event.at))
            .collect();
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or(Duration::from_millis(20))
    }

    fn heads(&self, columns: &Columns) -> Markup {
        let names = [(columns.left, Side::Client, "end"), (columns.right, Side::Server, "start")];
        html! {
            @for (x, side, anchor) in names {
                text.head x=(x + columns.outside(side, 6)) y="22" text-anchor=(anchor) {
                    (side.name()) " " (side.address())
                }
            }
            text.muted x="70" y="22" text-anchor="end" { "time, s" }
            text.muted x=((columns.left + columns.right) / 2) y="22" text-anchor="middle" {
                "on the way"
            }
        }
    }

    fn notes(&self, drawing: &Drawing) -> Markup {
        let timeline = self.timeline;
        let notes = timeline.notes.iter().zip(&drawing.places.notes);
        let notes = notes.filter_map(|(note, y)| Some((note, (*y)?)));
        let discarded = timeline.discarded.iter().zip(&drawing.places.discarded);
        html! {
            @for (note, y) in notes {
                @let (x, anchor) = drawing.columns.label(note.side);
                text class={ "note c" (note.channel) } x=(x) y=(y + 4) text-anchor=(anchor) {
                    title { (timeline.channels[note.channel]) ": " (note.text) }
                    "[" (arrows::cut(short(&note.text), 36)) "]"
                }
            }
            @for (it, y) in discarded {
                @let (x, anchor) = drawing.columns.label(it.side);
                text class={ "note bad c" (it.channel) } x=(x) y=(y + 4) text-anchor=(anchor) {
                    title { "Received bytes that the program had not read" }
                    "✗ " (it.bytes) " received bytes thrown away"
                }
            }
        }
    }
}

/// A ladder whose events have places.
pub(crate) struct Drawing {
    pub(crate) axis: TimeAxis,
    pub(crate) columns: Columns,
    pub(crate) places: Places,
    /// The lane of each connection; `None`: the states of the connection are not drawn.
    pub(crate) lanes: Vec<Option<usize>>,
    /// The median time on the link.
    pub(crate) transit: Duration,
}

/// The places of the events, by kind.
pub(crate) struct Places {
    /// By packet: the place of the emission.
    pub(crate) sends: Vec<i64>,
    /// By packet: the places of the arrivals.
    pub(crate) arrivals: Vec<Vec<i64>>,
    notes: Vec<Option<i64>>,
    discarded: Vec<i64>,
    /// The events at each side by time and place among the events, in order.
    events: [Vec<(Duration, usize, i64)>; 2],
}

impl Places {
    fn new(items: &[Item], points: &[Point], axis: &TimeAxis, timeline: &Timeline<'_>) -> Self {
        let packets = timeline.packets.len();
        let mut places = Self {
            sends: vec![0; packets],
            arrivals: vec![Vec::new(); packets],
            notes: vec![None; timeline.notes.len()],
            discarded: vec![0; timeline.discarded.len()],
            events: [Vec::new(), Vec::new()],
        };
        for (point, y) in points.iter().zip(&axis.places) {
            places.events[point.side as usize].push((point.at, point.order.0, *y));
        }
        places.events.iter_mut().for_each(|events| events.sort_unstable());
        for (item, y) in items.iter().zip(&axis.places) {
            match item {
                Item::Send(index) => places.sends[*index] = *y,
                Item::Arrive(index, _) => places.arrivals[*index].push(*y),
                Item::Note(index) => places.notes[*index] = Some(*y),
                Item::Discard(index) => places.discarded[*index] = *y,
                Item::Say(_) | Item::Expire(_) => {}
            }
        }
        places
    }
}

impl Drawing {
    /// The place of a change of state: the place of the last event of the same instant at the side
    /// before the change.
    pub(crate) fn place_of(&self, side: Side, (at, order): (Duration, usize)) -> i64 {
        let events = &self.places.events[side as usize];
        let behind = events.partition_point(|(when, before, _)| (*when, *before) <= (at, order));
        let last = behind.checked_sub(1).map(|index| events[index]);
        match last.filter(|(when, ..)| *when == at) {
            Some((_, _, y)) => y,
            None => self.axis.place_of(at),
        }
    }
}

/// The times of the instants, where there is room for them.
fn ticks(axis: &TimeAxis) -> Markup {
    let mut last = i64::MIN / 2;
    let mut has_room = |instant: &&Instant| {
        let room = instant.top >= last + ROW;
        if room {
            last = instant.top;
        }
        room
    };
    let shown: Vec<_> = axis.instants.iter().filter(&mut has_room).collect();
    let spread = axis.instants.iter().filter(|instant| instant.bottom > instant.top + ROW);
    html! {
        @for instant in shown {
            text.tick x="70" y=(instant.top + 4) text-anchor="end" { (arrows::seconds(instant.at)) }
        }
        @for instant in spread {
            path.same d={ "M75 " (instant.top) "h-3V" (instant.bottom) "h3" } {
                title { "the same instant" }
            }
        }
    }
}

/// The breaks of the axis, across the bands of the states.
fn folds(drawing: &Drawing) -> Markup {
    let Columns { left, .. } = drawing.columns;
    let [from, to] = [Side::Client, Side::Server].map(|side| drawing.columns.label(side).0);
    html! {
        @for fold in &drawing.axis.folds {
            @let (top, bottom) = fold.span;
            @let middle = (top + bottom) / 2;
            g.fold {
                rect x=(from) y=(top) width=(to - from) height=(bottom - top) {}
                path d={ (zigzag(from, to, top + 8)) (zigzag(from, to, bottom - 8)) } {}
                text x=(left + 12) y=(middle + 4) {
                    @match fold.packets {
                        0 => { (arrows::span(fold.time)) " pass" }
                        1 => { "1 packet in " (arrows::span(fold.time)) " not drawn" }
                        more => { (more) " packets in " (arrows::span(fold.time)) " not drawn" }
                    }
                }
            }
        }
    }
}

/// A zigzag line from `from` to `to` around the height `y`.
fn zigzag(from: i64, to: i64, y: i64) -> String {
    let teeth = (to - from) / 24;
    // After `l`, pairs of numbers are further lines: a long run has thousands of breaks.
    format!(
        "M{from} {y}l{}",
        "6-4 6 4 6 4 6-4 ".repeat(usize::try_from(teeth).unwrap_or(0)).trim_end()
    )
}

/// A note as far as a ladder has room: without the words of other documents for the reason of a reset.
fn short(note: &str) -> &str {
    let Some(reset) = note.strip_prefix("reset: ") else { return note };
    let length = reset.find(',').unwrap_or(reset.len());
    &note[..note.len() - reset.len() + length]
}
