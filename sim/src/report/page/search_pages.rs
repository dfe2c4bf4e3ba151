//! `search_pages` are the pages of searches: a matrix, a sweep, an exploration.

mod charts;
pub(crate) mod explore_page;
pub(crate) mod matrix_page;
pub(crate) mod matrix_svg;
pub(crate) mod sweep_page;
mod switch_words;
mod switches;
mod what_if;

use maud::{Markup, html};

use crate::report::ladder::TraceScope;
use crate::report::page::ladder_form::ladder;
use crate::report::page::verdict_words::{badge, sentence, sign};
use crate::report::timeline::Timeline;
use crate::run::Finished;
use crate::verdict::Verdict;

/// A run with the verdict, the command line and the ladder.
pub(crate) fn run_card(finished: &Finished, reproduce: &str) -> Markup {
    let outcome = &finished.outcome;
    html! {
        p { (badge(outcome.verdict)) " " (sentence(outcome)) }
        p { "Again: " code { (reproduce) } }
        div.wide { (ladder(finished, &Timeline::of(finished), TraceScope::All)) }
    }
}

/// The signs of the verdicts with their names.
pub(crate) fn verdict_key() -> Markup {
    html! {
        p.key {
            @for verdict in Verdict::ALL {
                span class={ "verdict v-" (verdict.name()) } { (sign(verdict)) " " (verdict.name()) } " "
            }
        }
    }
}
