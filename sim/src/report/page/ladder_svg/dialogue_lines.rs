//! `dialogue_lines` places the lines of the FTP dialogue beside the packets that carry them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use halfclose_ftp::report::{Speaker, Spoken};
use maud::{Markup, html};

use crate::report::page::arrows::cut;
use crate::report::page::ladder_svg::Item;
use crate::report::timeline::Timeline;
use crate::side::Side;

/// The most characters of a line in a picture.
const COLUMNS: usize = 54;

/// A line of the dialogue with a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speech {
    /// The place of the line in the dialogue.
    pub(crate) said: usize,
    /// The event that the line stands beside; `None`: the line has a place of its own.
    pub(crate) item: Option<usize>,
    /// For a line with a place of its own: the event that the line follows, if the line is not the first
    /// of the instant.
    pub(crate) behind: Option<usize>,
    /// Pixels from the top.
    pub(crate) y: i64,
}

/// Finds the packet of each line: the emission of a command, the arrival of a reply. Where packets are
/// left out, a line without a drawn packet is left out too.
pub(crate) fn attach(timeline: &Timeline<'_>, said: &[Spoken], items: &[Item]) -> Vec<Speech> {
    let sends = items.iter().filter(|item| matches!(item, Item::Send(_))).count();
    let whole = sends == timeline.packets.len();
    let mut carriers: BTreeMap<(Duration, Side), VecDeque<usize>> = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        let (index, at) = match *item {
            Item::Send(index) => (index, timeline.packets[index].event.at),
            Item::Arrive(index, nth) => (index, timeline.packets[index].arrivals[nth].at),
            _ => continue,
        };
        let packet = &timeline.packets[index];
        let speaker = if matches!(item, Item::Send(_)) { Side::Client } else { Side::Server };
        let control = timeline.channels[packet.channel].starts_with("control");
        if control && packet.event.from == speaker && packet.segment.payload_len > 0 {
            carriers.entry((at, speaker)).or_default().push_back(place);
        }
    }
    let (mut lines, mut last) = (Vec::new(), None);
    for (line, spoken) in said.iter().enumerate() {
        let side = match spoken.speaker {
            Speaker::Client => Some(Side::Client),
            Speaker::Server => Some(Side::Server),
            Speaker::Program => None,
        };
        let carrier = side.and_then(|side| carriers.get_mut(&(spoken.at, side)));
        let item = carrier.and_then(VecDeque::pop_front);
        last = match item {
            Some(item) => Some((spoken.at, item)),
            None => last.filter(|(at, _)| *at == spoken.at),
        };
        if item.is_some() || last.is_some() || whole {
            lines.push(Speech { said: line, item, behind: last.map(|(_, item)| item), y: 0 });
        }
    }
    lines
}

/// The lines as text beside the client's lifeline at `x`.
pub(crate) fn markup(said: &[Spoken], speech: &[Speech], x: i64) -> Markup {
    html! {
        @for line in speech {
            @let spoken = &said[line.said];
            @let text = spoken.text.replace('\n', " / ");
            text class={ "say " (class(spoken.speaker)) } x=(x) y=(line.y + down(spoken.speaker)) {
                @if text.chars().count() > COLUMNS { title { (text) } }
                (sign(spoken.speaker)) (cut(&text, COLUMNS))
            }
        }
    }
}

/// The distance of a line from the packet, in pixels downwards: a command stands above the arrow that
/// leaves, a reply below the arrow that arrives.
pub(crate) fn down(speaker: Speaker) -> i64 {
    match speaker {
        Speaker::Client => -5,
        Speaker::Server | Speaker::Program => 12,
    }
}

/// The class of a speaker's lines.
fn class(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Client => "says",
        Speaker::Server => "hears",
        Speaker::Program => "tells",
    }
}

/// The sign before a line: a command, a reply, or a line of the program to the user.
fn sign(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Client => "› ",
        Speaker::Server => "‹ ",
        Speaker::Program => "the user reads: ",
    }
}
