//! `states` draws the TCP states of both hosts as bands beside the lifelines of a ladder.

use std::time::Duration;

use halfclose_stack::State;
use maud::{Markup, html};

use crate::report::page::ladder_svg::{Drawing, LANE};
use crate::report::timeline::{StateSpan, Timeline};

/// The height of a band with one name, in pixels.
const REPEAT: i64 = 420;
/// The most bands at one side.
const LANES: usize = 4;

/// The lane of each connection: connections that overlap in time have lanes of their own. `None`: there is
/// no lane left.
pub(crate) fn lanes(timeline: &Timeline<'_>) -> Vec<Option<usize>> {
    let mut busy_until: Vec<Duration> = Vec::new();
    let life = |channel: usize| {
        let spans = timeline.spans.iter().filter(move |span| span.channel == channel);
        spans.fold(None, |life: Option<(Duration, Duration)>, span| {
            let (from, until) = life.unwrap_or((span.from.0, span.until.0));
            Some((from.min(span.from.0), until.max(span.until.0)))
        })
    };
    let lane = |channel: usize| {
        let (from, until) = life(channel)?;
        let free = busy_until.iter().position(|busy| *busy < from);
        let lane = match free {
            Some(lane) => lane,
            None if busy_until.len() < LANES => {
                busy_until.push(until);
                busy_until.len() - 1
            }
            None => return None,
        };
        busy_until[lane] = until;
        Some(lane)
    };
    // The states of a thousand connections fit no picture, and finding their lanes takes long.
    (0..timeline.channels.len().min(64)).map(lane).collect()
}

/// The number of lanes.
pub(crate) fn lane_count(lanes: &[Option<usize>]) -> usize {
    lanes.iter().flatten().max().map_or(0, |most| most + 1)
}

/// The bands of all connections with a lane.
pub(crate) fn bands(timeline: &Timeline<'_>, drawing: &Drawing, bottom: i64) -> Markup {
    let lane = |span: &StateSpan| drawing.lanes.get(span.channel).copied().flatten();
    let spans = timeline.spans.iter().filter_map(|span| Some((span, lane(span)?)));
    html! {
        @for (span, lane) in spans {
            @let x = drawing.columns.lane(span.side, lane);
            @let top = drawing.place_of(span.side, span.from);
            @let end = if span.until.0 >= timeline.end { bottom } else {
                drawing.place_of(span.side, span.until)
            };
            @let height = (end - top).max(2);
            g class={ "band " (class(span.state)) " c" (span.channel) } {
                title {
                    (timeline.channels[span.channel]) ": " (span.side.name()) " is "
                    (span.state.to_string())
                }
                rect x=(x + 1) y=(top) width=(LANE - 2) height=(height) {}
                @for (y, word) in words(span, &timeline.channels[span.channel], drawing, (top, end)) {
                    @let x = x + LANE / 2 + 3;
                    text x=(x) y=(y) text-anchor="middle" transform={
                        "rotate(-90 " (x) " " (y) ")"
                    } { (word) }
                }
            }
        }
    }
}

/// The names in a band, with their places: in the middle of each stretch between two folds, and again
/// and again in a long stretch.
fn words(
    span: &StateSpan,
    channel: &str,
    drawing: &Drawing,
    (top, end): (i64, i64),
) -> Vec<(i64, String)> {
    let mut stretches = Vec::new();
    let mut from = top;
    for fold in &drawing.axis.folds {
        if fold.span.0 < end && fold.span.1 > from {
            stretches.push((from, fold.span.0));
            from = fold.span.1;
        }
    }
    stretches.push((from, end));
    let mut words = Vec::new();
    for (from, until) in stretches {
        let height = until - from;
        let Some(word) = word(span.state, channel, height) else { continue };
        let count = (height / REPEAT).clamp(1, 40);
        let middle = |nth: i64| from + height * (2 * nth + 1) / (2 * count);
        words.extend((0..count).map(|nth| (middle(nth), word.clone())));
    }
    words
}

/// The name of a state that fits into a band of this height, with the connection if there is room.
fn word(state: State, channel: &str, height: i64) -> Option<String> {
    let fits =
        |text: &String| i64::try_from(text.len()).is_ok_and(|letters| letters * 6 + 4 <= height);
    let forms = [format!("{channel}: {state}"), state.to_string(), short(state).to_owned()];
    forms.into_iter().find(fits)
}

/// The states with their short names, in the order of a connection's life.
pub(crate) const SHORT: [(State, &str); 9] = [
    (State::SynSent, "SS"),
    (State::SynReceived, "SR"),
    (State::Established, "EST"),
    (State::FinWait1, "FW1"),
    (State::FinWait2, "FW2"),
    (State::CloseWait, "CW"),
    (State::Closing, "CLG"),
    (State::LastAck, "LA"),
    (State::TimeWait, "TW"),
];

fn short(state: State) -> &'static str {
    SHORT.iter().find(|(known, _)| *known == state).map_or("", |(_, short)| short)
}

/// The class of a state: opening, open, half closed by this host, half closed by the peer, waiting.
fn class(state: State) -> &'static str {
    match state {
        State::Closed | State::Listen | State::SynSent | State::SynReceived => "s-syn",
        State::Established => "s-open",
        State::FinWait1 | State::FinWait2 => "s-fin",
        State::CloseWait => "s-half",
        State::Closing | State::LastAck => "s-last",
        State::TimeWait => "s-wait",
    }
}
