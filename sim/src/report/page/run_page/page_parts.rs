//! `page_parts` are the parts of a run's page that need the packets alone: the switches of the ladder, the
//! graphs, and the list of every header field.

use maud::{Markup, html};

use crate::report::page::packet_data;
use crate::report::page::section;
use crate::report::page::sequence_graph::SequenceGraph;
use crate::report::page::thinning::Thinned;
use crate::report::timeline::Timeline;

/// The most connections with a switch of their own.
const SWITCHES: usize = 12;
/// The most graphs on a page.
const GRAPHS: usize = 6;

/// The graphs of the directions in which bytes went.
pub(super) fn graphs(timeline: &Timeline<'_>) -> Markup {
    let graphs = SequenceGraph::all(timeline);
    let says =
        "Bytes over time, as the sender sees them: each bar is a segment at the time of sending.";
    section(
        "sequence",
        "Bytes over time",
        says,
        &html! {
            @if graphs.is_empty() { p { "No data connection carried a byte." } }
            @for graph in graphs.iter().take(GRAPHS) {
                figure {
                    figcaption.says { (graph.sentence()) }
                    div.wide { (graph.markup()) }
                }
            }
            @if graphs.len() > GRAPHS {
                p { (graphs.len() - GRAPHS) " more directions carried bytes and are not drawn." }
            }
            p.key {
                b { "bar" } " data, " b { "broken thick bar" } " sent again, " b { "✕" } " lost, "
                b { "ring" } " FIN, " b { "square" } " RST, " b { "solid line" } " acknowledged, "
                b { "dashed line" } " the window's edge, " b { "dashed box" }
                " bytes that the receiver held and threw away."
            }
        },
    )
}

/// Every listed packet as a row.
pub(super) fn all_fields(timeline: &Timeline<'_>, thinned: &Thinned) -> Markup {
    let says = "Every packet with every header field: the row that an arrow links to.";
    section(
        "packets",
        "Every header field",
        says,
        &html! {
            @if let Some(left_out) = thinned.sentence("listed") { p { strong { (left_out) } } }
            details {
                summary { (thinned.drawn.len()) " packets" }
                (packet_data::table(timeline, thinned, "k"))
            }
        },
    )
}

/// The name of a switch, and the class that the switch shows.
fn all_switches<'a>(timeline: &'a Timeline<'_>) -> Vec<(String, String, &'a str)> {
    let channels = timeline.channels.iter().take(SWITCHES).enumerate();
    let mut all: Vec<_> = channels
        .map(|(channel, name)| (format!("show-c{channel}"), format!(".c{channel}"), &**name))
        .collect();
    for (class, words) in [("ack", "ACKs without data"), ("say", "dialogue"), ("band", "states")] {
        all.push((format!("show-{class}"), format!(".ladder .{class}"), words));
    }
    all
}

/// The switches of a ladder: a box for each connection and each kind of mark.
pub(super) fn switches(timeline: &Timeline<'_>) -> Markup {
    html! {
        fieldset.switches {
            legend { "Show" }
            @for (id, _, words) in all_switches(timeline) {
                label { input type="checkbox" id=(id) checked; " " (words) }
            }
        }
    }
}

/// The style that hides what a switch turns off: no script is needed.
pub(super) fn switch_rules(timeline: &Timeline<'_>) -> String {
    let rule = |(id, class, _): &(String, String, &str)| {
        format!("body:has(#{id}:not(:checked)) {class}{{display:none}}")
    };
    all_switches(timeline).iter().map(rule).collect()
}
