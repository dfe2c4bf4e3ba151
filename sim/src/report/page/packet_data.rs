//! `packet_data` lists the drawn packets of a run: as rows of a table with every header field, and as data
//! for scripts.

use maud::{Markup, html};
use serde::Serialize;

use crate::report::page::arrows::seconds;
use crate::report::page::packet_fields;
use crate::report::page::thinning::Thinned;
use crate::report::timeline::{SeenPacket, Timeline};
use crate::run::run_record::RunRecord;

/// The data of a page of a run.
#[derive(Serialize)]
pub(crate) struct RunData<'a> {
    /// The object of the run.
    pub run: RunObject<'a>,
    /// The packets that the page draws.
    pub packets: Vec<PacketData<'a>>,
    /// The number of packets that the page leaves out.
    pub left_out: usize,
}

/// A run as `--json` prints the run.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum RunObject<'a> {
    /// The object of `run --json`.
    Simulated(Box<RunRecord<'a>>),
    /// The object of `bridge --json`.
    Bridged(&'a serde_json::Value),
}

/// A packet of a page.
#[derive(Serialize)]
pub(crate) struct PacketData<'a> {
    /// The emission number; none for a forged packet.
    number: Option<u64>,
    at_us: u64,
    from: &'static str,
    channel: &'a str,
    /// The segment in packetdrill's notation, as in a trace.
    segment: String,
    /// The fate in the words of a trace; empty for plain delivery.
    fate: String,
    arrived_us: Vec<u64>,
    again: bool,
}

impl<'a> PacketData<'a> {
    fn of(packet: &SeenPacket<'_>, timeline: &'a Timeline<'_>) -> Self {
        let micros =
            |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Self {
            number: packet.number(),
            at_us: micros(packet.event.at),
            from: packet.event.from.name(),
            channel: &timeline.channels[packet.channel],
            segment: packet.text(),
            fate: packet.fate().into_owned(),
            arrived_us: packet.arrivals.iter().map(|arrival| micros(arrival.at)).collect(),
            again: packet.again,
        }
    }
}

/// The drawn packets as data.
pub(crate) fn data<'a>(timeline: &'a Timeline<'_>, thinned: &Thinned) -> Vec<PacketData<'a>> {
    let drawn = thinned.drawn.iter().map(|index| &timeline.packets[*index]);
    drawn.map(|packet| PacketData::of(packet, timeline)).collect()
}

/// The listed packets as a table. The row of a packet is named `rows` and the place in the timeline.
pub(crate) fn table(timeline: &Timeline<'_>, thinned: &Thinned, rows: &str) -> Markup {
    html! {
        div.wide {
            table {
                thead { tr {
                    th.num { "#" } th { "time, s" } th { "from" } th { "connection" } th { "segment" }
                    th { "fate" } th { "header fields" }
                } }
                tbody {
                    @for index in &thinned.drawn {
                        @let packet = &timeline.packets[*index];
                        @let channel = &timeline.channels[packet.channel];
                        tr id={ (rows) (index) } {
                            td.num { @match packet.number() {
                                Some(number) => (number),
                                None => "forged",
                            } }
                            td.mono { (seconds(packet.event.at)) }
                            td { (packet.event.from.name()) }
                            td { (channel) }
                            td.mono { (packet.text()) }
                            td { (packet.fate()) @if packet.again { " sent again" } }
                            td.mono { (rest(packet, channel)) }
                        }
                    }
                }
            }
        }
    }
}

/// The fields of a packet that the other columns do not show.
fn rest(packet: &SeenPacket<'_>, channel: &str) -> String {
    let shown = ["connection", "sent", "fate", "sent before", "flags", "data", "options"];
    let fields = packet_fields::fields(packet, channel);
    let fields = fields.iter().filter(|(name, _)| !shown.contains(name));
    let words: Vec<_> = fields.map(|(name, value)| format!("{name} {value}")).collect();
    words.join("; ")
}
