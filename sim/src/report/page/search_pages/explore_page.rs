//! `explore_page` is the page of an exploration: the number of schedules by verdict and by number of
//! faults, and the ladders of the least lists of faults.

use maud::{Markup, html};

use crate::report::page::search_pages::{run_card, verdict_key};
use crate::report::page::verdict_words::badge;
use crate::report::page::{document, legend, section};
use crate::report::{Exploration, ExploredArm};
use crate::run::Finished;
use crate::scenario::Fault;
use crate::search::Shard;
use crate::verdict::Verdict;

/// The page of an exploration. `run` makes the run of an arm with a list of faults, recorded with headers.
pub(crate) fn text(
    title: &str,
    of: &Exploration<'_>,
    run: &dyn Fn(usize, &[Fault]) -> Finished,
) -> String {
    let body = html! {
        header {
            h1 { (title) }
            p { strong #verdict { (sentence(of)) } }
        }
        main {
            (section("counts", "Verdicts", "Each schedule is a run with another placement of faults.",
                &html! { (verdict_key()) (counts(of)) }))
            (section("faults", "Schedules by the number of faults",
                "The schedules that were visited with so many faults.", &html! { (by_faults(of)) }))
            @for (at, arm) in of.arms.iter().enumerate() { (least(at, arm, run)) }
            (legend())
        }
    };
    document(title, "", &body)
}

/// Whether everything was visited, and the worst verdict, in a sentence.
fn sentence(of: &Exploration<'_>) -> String {
    let faults =
        if of.faults == 1 { "1 fault".to_owned() } else { format!("{} faults", of.faults) };
    let arms = of.arms.iter().map(|arm| {
        let runs = arm.explored.runs();
        let all = if arm.explored.exhaustive { "all" } else { "NOT all: only" };
        let worst = arm.explored.verdicts.keys().next();
        let worst = worst.map_or(String::new(), |worst| format!("; the worst verdict is {worst}"));
        let part = match of.shard {
            Shard::WHOLE => String::new(),
            shard => format!(" of shard {shard}, not of the whole,"),
        };
        format!("{}: {all} {runs} schedules{part} of up to {faults} visited{worst}.", arm.title)
    });
    arms.collect::<Vec<_>>().join(" ")
}

fn counts(of: &Exploration<'_>) -> Markup {
    html! {
        div.wide { table {
            thead { tr { th { "verdict" } @for arm in of.arms { th.num { (arm.title) } } } }
            tbody { @for verdict in Verdict::ALL { tr {
                td { (badge(verdict)) }
                @for arm in of.arms {
                    td.num { (arm.explored.verdicts.get(&verdict).copied().unwrap_or(0)) }
                }
            } } }
        } }
    }
}

fn by_faults(of: &Exploration<'_>) -> Markup {
    html! {
        div.wide { table {
            thead { tr { th { "faults" } @for arm in of.arms { th.num { (arm.title) } } } }
            tbody { @for faults in 0..=of.faults { tr {
                td.num { (faults) }
                @for arm in of.arms {
                    td.num { (arm.explored.by_faults.get(faults).copied().unwrap_or(0)) }
                }
            } } }
        } }
    }
}

/// The least list of faults for each verdict but intact, with the ladder.
fn least(at: usize, arm: &ExploredArm<'_>, run: &dyn Fn(usize, &[Fault]) -> Finished) -> Markup {
    let lists: Vec<_> =
        arm.explored.least.iter().filter(|(verdict, _)| **verdict != Verdict::Intact).collect();
    let says = match lists.len() {
        0 => "Every schedule is intact.",
        _ => "For each verdict the shortest list of faults that leads there, and the run.",
    };
    section(
        &format!("arm{at}"),
        arm.title,
        says,
        &html! {
            @for (verdict, list) in lists {
                @let faults = (arm.named)(list);
                h3 { "The least faults for " (verdict.name()) ": " (faults.len()) }
                ul { @for fault in &faults { li { code { (fault.to_string()) } } } }
                (run_card(&run(at, &faults), &(arm.reproduce)(&faults)))
            }
        },
    )
}
