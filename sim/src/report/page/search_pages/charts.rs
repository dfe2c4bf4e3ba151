//! `charts` draws shares with their intervals, and distributions, as pictures without a library.

use maud::{Markup, html};

use crate::report::page::verdict_words::sign;
use crate::search::tally::histogram::Histogram;
use crate::search::tally::{Tally, share, wilson};
use crate::verdict::Verdict;

const LEFT: i64 = 330;
const WIDTH: i64 = 560;
const RIGHT: i64 = 210;
const ROW: i64 = 22;

/// The shares of the verdicts for each name, as bars with the 95 % interval.
pub(crate) fn shares(groups: &[(String, &Tally)]) -> Markup {
    let rows: Vec<_> = groups
        .iter()
        .flat_map(|(name, tally)| {
            tally.verdicts.iter().map(move |(verdict, count)| (name, *verdict, *count, tally.runs))
        })
        .collect();
    let height = 34 + number(rows.len()) * ROW + 6 * number(groups.len()) + 8;
    let width = LEFT + WIDTH + RIGHT;
    let mut y = 34;
    let mut before: Option<&String> = None;
    let mut placed = Vec::new();
    for row in &rows {
        let first = before != Some(row.0);
        y += if first && before.is_some() {
            ROW + 6
        } else if first {
            0
        } else {
            ROW
        };
        placed.push((y, first, row));
        before = Some(row.0);
    }
    html! {
        svg.chart xmlns="http://www.w3.org/2000/svg" role="group" aria-label="Shares of verdicts"
            viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) {
            rect.paper width=(width) height=(height) {}
            @for part in 0..=4_i64 {
                @let x = LEFT + WIDTH * part / 4;
                path.grid d={ "M" (x) " 26V" (height) } {}
                text.tick x=(x) y="18" text-anchor="middle" { (part * 25) " %" }
            }
            @for (y, first, (name, verdict, count, runs)) in placed {
                @if first { text x="8" y=(y + 15) { (name) } }
                (bar(y, *verdict, *count, *runs))
            }
        }
    }
}

/// A bar with the interval as a whisker, and the numbers behind it.
fn bar(y: i64, verdict: Verdict, count: u64, runs: u64) -> Markup {
    let of = |share: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "a share of a width in pixels")]
        let pixels = (share * WIDTH as f64).round() as i64;
        pixels
    };
    let (least, most) = wilson(count, runs);
    let (low, high) = (LEFT + of(least), LEFT + of(most));
    let share = share(count, runs);
    let percent = |share: f64| format!("{:.2}", share * 100.0);
    html! {
        g.cell {
            text x=(LEFT - 8) y=(y + 15) text-anchor="end" { (sign(verdict)) " " (verdict.name()) }
            rect class={ "v-" (verdict.name()) } x=(LEFT) y=(y + 3) width=(of(share).max(1)) height="16" {}
            path.whisker d={ "M" (low) " " (y + 6) "v10m0 -5H" (high) "m0 -5v10" } {}
            text x=(LEFT + WIDTH + 10) y=(y + 15) {
                (percent(share)) " % (" (percent(least)) " to " (percent(most)) ")"
            }
        }
    }
}

/// A distribution as a rising line: the share of the runs with at most so much. `print` names a value.
pub(crate) fn distribution(of: &Histogram, print: &dyn Fn(u64) -> String) -> Markup {
    let (width, height, top) = (780_i64, 190_i64, 12_i64);
    let base = height - 30;
    // One slow run in a hundred would press all others into a corner.
    let most = of.percentile(99).unwrap_or(0).max(1);
    let x = |value: u64| {
        let value = u128::from(value.min(most));
        60 + i64::try_from(value * 600 / u128::from(most)).unwrap_or(0)
    };
    let y = |percent: u64| base - i64::try_from(percent).unwrap_or(0) * (base - top) / 100;
    let least = of.least().unwrap_or(0);
    let mut path = format!("M{} {base}", x(least));
    for percent in 1..=100 {
        path.push_str(&format!("H{}V{}", x(of.percentile(percent).unwrap_or(0)), y(percent)));
    }
    html! {
        svg.chart xmlns="http://www.w3.org/2000/svg" role="img" aria-label="Distribution"
            viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) {
            rect.paper width=(width) height=(height) {}
            @for percent in [0, 50, 100] {
                path.grid d={ "M60 " (y(percent)) "H660" } {}
                text.tick x="54" y=(y(percent) + 4) text-anchor="end" { (percent) " %" }
            }
            @for part in 0..=4 {
                @let value = most / 4 * part;
                text.tick x=(x(value)) y=(height - 8) text-anchor="middle" { (print(value)) }
            }
            path.acked d=(path) {}
            text.name x="668" y=(top + 4) { "most" }
            text.name x="668" y=(top + 18) { (print(of.percentile(100).unwrap_or(0))) }
        }
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / 64)
}
