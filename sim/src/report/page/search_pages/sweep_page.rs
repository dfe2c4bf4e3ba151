//! `sweep_page` is the page of a sweep: the shares of the verdicts against each swept key, and the
//! distributions of time and of lost bytes.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::report::SweepReport;
use crate::report::page::search_pages::{charts, verdict_key};
use crate::report::page::{document, section};
use crate::search::tally::Tally;
use crate::verdict::Verdict;

/// The page of a sweep.
pub(crate) fn text(swept: &SweepReport<'_>) -> String {
    let total = swept.summary.total();
    let worst = total.verdicts.keys().next();
    let worst = worst.and_then(|worst| Some((*worst, swept.summary.first(*worst)?)));
    let worst = worst.map(|(worst, (point, seed))| (worst, (swept.reproduce)(point, seed)));
    let body = html! {
        header {
            h1 { (swept.title) }
            p { strong #verdict { (sentence(&total)) } }
            @if total.runs < swept.summary.wanted {
                p { "The sweep ended early: " (swept.summary.wanted) " runs were wanted." }
            }
            @if let Some((verdict, reproduce)) = worst {
                p { "The first " (verdict.name()) ": " code #reproduce { (reproduce) } }
            }
        }
        main {
            @if total.runs > 0 {
                (section("shares", "Shares of the verdicts", INTERVALS, &html! {
                    (verdict_key())
                    div.wide { (charts::shares(&[("all runs".to_owned(), &total)])) }
                }))
                (keys(swept))
                (section("time", "Virtual time", "The share of runs whose user had the last answer by then.",
                    &html! { div.wide { (charts::distribution(&total.virtual_us, &seconds)) } }))
                (section("lost", "Bytes lost", "The share of runs that lost at most so many bytes.",
                    &html! { div.wide { (charts::distribution(&total.lost, &|bytes| bytes.to_string())) } }))
                (laws(&total))
            }
        }
    };
    document(swept.title, "", &body)
}

const INTERVALS: &str = "A bar is the share of the runs with a verdict; the line across its end is the \
                         95 % interval (Wilson's score).";

fn seconds(us: u64) -> String {
    format!("{}.{:03} s", us / 1_000_000, us % 1_000_000 / 1_000)
}

/// The verdicts in a sentence, the most frequent first.
fn sentence(total: &Tally) -> String {
    let mut verdicts: Vec<_> = total.verdicts.iter().filter(|(_, count)| **count > 0).collect();
    verdicts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let counts: Vec<_> =
        verdicts.iter().map(|(verdict, count)| format!("{count} are {verdict}")).collect();
    let silent = match total.verdicts.get(&Verdict::SilentTruncation) {
        None | Some(0) => ". No run truncated a file silently",
        Some(_) => "",
    };
    match counts.is_empty() {
        true => "No run was made.".to_owned(),
        false => format!("Of {} runs {}{silent}.", total.runs, counts.join(", ")),
    }
}

/// A chart for each key with several values: the runs of all points with a value together.
fn keys(swept: &SweepReport<'_>) -> Markup {
    let mut keys: BTreeMap<String, Vec<(String, Tally)>> = BTreeMap::new();
    for (point, tally) in &swept.summary.points {
        for (key, value) in (swept.choices)(*point) {
            let values = keys.entry(key).or_default();
            match values.iter_mut().find(|(known, _)| *known == value) {
                Some((_, sum)) => sum.merge(tally),
                None => values.push((value, tally.clone())),
            }
        }
    }
    keys.retain(|_, values| values.len() > 1);
    html! {
        @for (place, (key, values)) in keys.iter().enumerate() {
            @let groups: Vec<_> =
                values.iter().map(|(value, tally)| (format!("{key}={value}"), tally)).collect();
            (section(&format!("key{place}"), &format!("Against {key}"), INTERVALS, &html! {
                div.wide { (charts::shares(&groups)) }
            }))
        }
    }
}

fn laws(total: &Tally) -> Markup {
    let says = match total.broken_laws.len() {
        0 => "No run broke a law.",
        _ => "The laws that runs broke, with the number of runs.",
    };
    section(
        "laws",
        "Laws",
        says,
        &html! {
            ul { @for (law, count) in &total.broken_laws { li { (law) ": " (count) } } }
        },
    )
}
