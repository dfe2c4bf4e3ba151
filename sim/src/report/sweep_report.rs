//! `sweep_report` prints the counts of a sweep, as a table for a person and as JSON for a script.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::report::{coverage_json, coverage_table, style};
use crate::scenario::Choice;
use crate::search::classes::Made;
use crate::search::tally::histogram::Histogram;
use crate::search::tally::{Swept, Tally, share, wilson};
use crate::verdict::Verdict;

/// The result of a sweep, for printing.
pub(crate) struct SweepReport<'a> {
    /// The words of the scenario, and the seeds.
    pub title: &'a str,
    /// The counts of the sweep.
    pub summary: &'a Swept,
    /// The values at a point of the grid, by the number of the point.
    pub choices: &'a dyn Fn(usize) -> Vec<Choice>,
    /// The real time, and the number of runs made in that time.
    pub took: (Duration, u64),
    /// The seed of the first run, and the scenario's faults without a packet in the first run.
    pub unmatched: (u64, &'a [String]),
    /// The command line for a run, by point and seed.
    pub reproduce: &'a dyn Fn(usize, u64) -> String,
}

impl SweepReport<'_> {
    /// The first run with one of these verdicts, or the first unexpected run: the point and the seed.
    #[must_use]
    pub(crate) fn first_finding(&self, verdicts: &[Verdict]) -> Option<(usize, u64)> {
        self.summary.points.iter().find_map(|(point, tally)| {
            let failing = verdicts.iter().filter_map(|verdict| tally.first_seeds.get(verdict));
            let failing = failing.filter_map(|seeds| seeds.first().copied());
            Some((*point, failing.chain(tally.first_unexpected).min()?))
        })
    }

    /// The number of runs per second.
    #[must_use]
    pub(crate) fn rate(&self) -> f64 {
        rate(self.took.1, self.took.0)
    }
}

/// The number per second.
#[must_use]
pub(crate) fn rate(count: u64, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let count = count as f64;
    if took.is_zero() { 0.0 } else { count / took.as_secs_f64() }
}

/// A share as a percentage.
fn percent(share: f64) -> String {
    // Enough digits to tell a small share from 0 % and a large share from 100 %.
    let percent = share * 100.0;
    match percent {
        0.0 => "0 %".to_owned(),
        p if p < 0.1 || p > 99.9 && p < 100.0 => format!("{p:.4} %"),
        100.0 => "100 %".to_owned(),
        p => format!("{p:.2} %"),
    }
}

/// Writes the sweep for a person, with terminal colours.
///
/// # Errors
/// Writing fails.
pub(crate) fn table(to: &mut impl fmt::Write, swept: &SweepReport<'_>) -> fmt::Result {
    let total = swept.summary.total();
    let SweepReport { title, summary: Swept { wanted, resumed, .. }, took: (took, fresh), .. } =
        swept;
    let runs = |count: u64| if count == 1 { "run" } else { "runs" };
    match total.runs < *wanted {
        true => write!(to, "{title}: {} of {wanted} {}", total.runs, runs(*wanted))?,
        false => write!(to, "{title}: {wanted} {}", runs(*wanted))?,
    }
    if *resumed > 0 {
        write!(to, ", {resumed} of them from the file")?;
    }
    let seconds = took.as_secs_f64();
    match fresh {
        0 => writeln!(to)?,
        _ => {
            write!(to, "; {seconds:.1} s, {:.0} runs a second", swept.rate())?;
            let Made { made, derived } = swept.summary.made;
            match derived {
                0 => writeln!(to)?,
                _ => writeln!(to, ": {made} made, {derived} derived")?,
            }
        }
    }
    if total.runs == 0 {
        return Ok(());
    }
    // In a grid a run has a point and a seed: a seed alone names no run.
    let grid = swept.summary.points.len() > 1;
    let first = if grid { "" } else { "first seeds" };
    let head = format!("  {:<18}{:>9}  {:>9}  {:<24}{first}", "verdict", "runs", "share", INTERVAL);
    writeln!(to, "{}", head.trim_end())?;
    for (verdict, count) in &total.verdicts {
        let style = style(*verdict);
        let (least, most) = wilson(*count, total.runs);
        let interval = format!("{} to {}", percent(least), percent(most));
        let seeds: Vec<_> = total.first_seeds[verdict].iter().map(ToString::to_string).collect();
        let seeds = if grid { String::new() } else { seeds.join(", ") };
        let share = percent(share(*count, total.runs));
        let line = format!("{count:>9}  {share:>9}  {interval:<24}{seeds}");
        writeln!(to, "  {style}{verdict:<18}{style:#}{}", line.trim_end())?;
    }
    points(to, swept)?;
    let seconds = |us: u64| format!("{}.{:06} s", us / 1_000_000, us % 1_000_000);
    writeln!(to, "  virtual time      {}", percentiles(&total.virtual_us, seconds))?;
    writeln!(to, "  bytes lost        {}", percentiles(&total.lost, |bytes| bytes.to_string()))?;
    let (seed, unmatched) = swept.unmatched;
    if !unmatched.is_empty() {
        writeln!(
            to,
            "  fault             met no packet with seed {seed}: {}",
            unmatched.join("; ")
        )?;
    }
    if total.stack_stalled > 0 {
        let count = total.stack_stalled;
        writeln!(
            to,
            "  stack stalled     {count} of these {}: smoltcp stalled, FTP is not the cause",
            runs(total.runs)
        )?;
    }
    match total.broken_laws.is_empty() {
        true => writeln!(to, "  laws              none broken")?,
        false => {
            for (law, count) in &total.broken_laws {
                writeln!(to, "  law broken        {law}: {count}")?;
            }
        }
    }
    coverage_table(to, &total.coverage)?;
    // The command line for the worst verdict.
    if let Some((worst, (point, seed))) =
        total.verdicts.keys().find_map(|verdict| Some((verdict, swept.summary.first(*verdict)?)))
    {
        writeln!(to, "  {worst:<18}{}", (swept.reproduce)(point, seed))?;
    }
    Ok(())
}

const INTERVAL: &str = "95 % interval";

/// Writes a line for each point of the grid: the share and the first seed of each verdict.
fn points(to: &mut impl fmt::Write, swept: &SweepReport<'_>) -> fmt::Result {
    if swept.summary.points.len() < 2 {
        return Ok(());
    }
    let name = |point: usize| {
        let choices = (swept.choices)(point);
        let words: Vec<_> = choices.iter().map(|(key, value)| format!("{key}={value}")).collect();
        words.join(" ")
    };
    let names: Vec<_> = swept.summary.points.keys().map(|point| name(*point)).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0).max(16);
    for (name, tally) in names.iter().zip(swept.summary.points.values()) {
        write!(to, "  {name:<width$}")?;
        for (verdict, count) in &tally.verdicts {
            let style = style(*verdict);
            let share = percent(share(*count, tally.runs));
            let first = tally.first_seeds[verdict][0];
            write!(to, "  {style}{verdict}{style:#} {share} from seed {first}")?;
        }
        writeln!(to)?;
    }
    Ok(())
}

const PERCENTILES: [(u64, &str); 4] = [(50, "median"), (90, "90 %"), (99, "99 %"), (100, "most")];

fn percentiles(of: &Histogram, print: impl Fn(u64) -> String) -> String {
    let least = of.least().map(|least| format!("least {}", print(least)));
    let more = PERCENTILES.iter().map(|(percent, name)| {
        of.percentile(*percent).map(|number| format!("{name} {}", print(number)))
    });
    let all: Vec<_> = std::iter::once(least).chain(more).flatten().collect();
    all.join(", ")
}

/// The sweep as an object for a script.
#[must_use]
pub(crate) fn object(swept: &SweepReport<'_>) -> Value {
    let total = swept.summary.total();
    let points = swept.summary.points.iter().map(|(point, tally)| {
        let choices: Map<_, _> = (swept.choices)(*point)
            .into_iter()
            .map(|(key, value)| (key, Value::String(value)))
            .collect();
        let mut object = json!({ "point": choices });
        if let (Value::Object(object), Value::Object(more)) = (&mut object, counts(tally)) {
            object.extend(more);
        }
        object
    });
    let examples = Verdict::ALL.into_iter().filter_map(|verdict| {
        let (point, seed) = swept.summary.first(verdict)?;
        Some((verdict.name().to_owned(), json!((swept.reproduce)(point, seed))))
    });
    let mut object = counts(&total);
    let more = json!({
        "virtual_us": numbers(&total.virtual_us),
        "lost": numbers(&total.lost),
        "points": points.collect::<Vec<_>>(),
        "wanted": swept.summary.wanted,
        "resumed": swept.summary.resumed,
        "runs_made": swept.summary.made.made,
        "runs_derived": swept.summary.made.derived,
        "seconds": swept.took.0.as_secs_f64(),
        "runs_per_second": swept.rate(),
        "unmatched_faults": swept.unmatched.1,
        "reproduce": Value::Object(examples.collect()),
    });
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
        if !total.coverage.is_empty() {
            object.insert("coverage".to_owned(), coverage_json(&total.coverage));
        }
    }
    object
}

fn counts(tally: &Tally) -> Value {
    let verdicts = tally.verdicts.iter();
    let intervals: Map<_, _> = verdicts
        .clone()
        .map(|(verdict, count)| {
            let (least, most) = wilson(*count, tally.runs);
            let share = share(*count, tally.runs);
            (verdict.name().to_owned(), json!({ "share": share, "interval": [least, most] }))
        })
        .collect();
    let verdicts: Map<_, _> =
        verdicts.map(|(verdict, count)| (verdict.name().to_owned(), json!(count))).collect();
    let first: Map<_, _> = tally
        .first_seeds
        .iter()
        .map(|(verdict, seeds)| (verdict.name().to_owned(), json!(seeds)))
        .collect();
    json!({
        "runs": tally.runs,
        "verdicts": verdicts,
        "shares": intervals,
        "first_seeds": first,
        "broken_laws": tally.broken_laws,
        "stack_stalled": tally.stack_stalled,
        "unexpected": tally.unexpected,
    })
}

fn numbers(of: &Histogram) -> Value {
    let mut numbers = json!({ "least": of.least() });
    for (percent, key) in [(50, "p50"), (90, "p90"), (99, "p99"), (100, "most")] {
        numbers[key] = json!(of.percentile(percent));
    }
    numbers
}
