//! `page` writes results as a page of HTML that needs no other file, no network and no script, and as
//! pictures in SVG.

mod fate_picture;
mod ladder_form;
mod ladder_svg;
mod mermaid;
mod of_finished;
mod packet_data;
mod packet_fields;
mod run_page;
#[cfg(feature = "cli")]
mod search_pages;
mod sequence_graph;
mod thinning;
mod verdict_words;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use ladder_svg::{arrows, states};

pub(crate) use ladder_form::LadderForm;
#[cfg(all(feature = "cli", feature = "net", target_os = "linux"))]
pub(crate) use run_page::BridgedEnds;
pub(crate) use run_page::RunPage;
#[cfg(feature = "cli")]
pub(crate) use search_pages::{explore_page, matrix_page, matrix_svg, sweep_page};

/// The style of pages and of pictures.
const STYLE: &str = include_str!("page/page.css");
/// The script of pages: the fields of the packet in focus, and the arrow keys. A page is complete
/// without the script.
const SCRIPT: &str = include_str!("page/page.js");
/// What a page may load: nothing. The inline style and the inline script are all that there is.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      base-uri 'none'; form-action 'none'";

/// A whole page with this title and this body. `rules` is style of this page alone.
pub(crate) fn document(title: &str, rules: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "halfclose " (env!("CARGO_PKG_VERSION")) };
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(rules)) }
            }
            body {
                (body)
                div #fields hidden role="status" aria-live="polite" {}
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// A picture as a file of its own.
pub(crate) fn picture(svg: &Markup) -> String {
    let text = svg.clone().into_string();
    let inside = text.find('>').map_or(text.len(), |at| at + 1);
    let (head, rest) = text.split_at(inside);
    format!("{head}<style>{STYLE}</style>{rest}\n")
}

/// A JSON value as a block of data that no browser runs. `<` is escaped, so that no text of the data ends
/// the block.
pub(crate) fn data_block(id: &str, value: &impl serde::Serialize) -> Markup {
    let text = serde_json::to_string(value).expect("no key is anything but text");
    let text = text.replace('<', "\\u003c");
    html! { script id=(id) type="application/json" { (PreEscaped(text)) } }
}

/// A section with a heading and the sentence that says what the section shows.
pub(crate) fn section(id: &str, heading: &str, sentence: &str, body: &Markup) -> Markup {
    html! {
        section id=(id) {
            h2 { (heading) }
            @if !sentence.is_empty() { p.says { (sentence) } }
            (body)
        }
    }
}

/// The meaning of the marks of a ladder.
pub(crate) fn legend() -> Markup {
    let short = states::SHORT.iter().map(|(state, short)| format!("{short} {state}"));
    let short = short.collect::<Vec<_>>().join(", ");
    html! {
        p.key {
            b { "disc" } " SYN, " b { "ring" } " FIN, " b { "square" } " RST, " b { "✕" } " lost on the way, "
            b { "dashed and “again”" } " sent before, " b { "grey" } " control connection and plain ACKs, "
            b { "›" } " command, " b { "‹" } " reply, " b { "bands" } " the TCP states of each host ("
            (short) "). Equal heights are not equal times: instants are spread until labels fit, silences "
            "are folded, and the order of events is exact."
        }
    }
}
