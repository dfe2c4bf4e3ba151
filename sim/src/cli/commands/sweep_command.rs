//! `halfclose sweep` runs a scenario with many seeds.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::args::SweepArgs;
use crate::cli::search_bar::{SearchBar, cut_short, interrupted, wall_clock};
use crate::cli::selection::Selection;
use crate::cli::{CommandError, Status};
use crate::report::{self, sweep_json, sweep_table};
use crate::run::{RunError, Unlike};
use crate::search::results::{Format, ResultsError};
use crate::search::sweep::Record;
use crate::search::{SearchProgress, Seeds, Shard, Sweep, sweep};
use crate::verdict::Verdict;

/// The request of a `sweep` command.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SweepRequest {
    selection: Selection,
    seeds: Seeds,
    jobs: usize,
    max_time: Option<Duration>,
    shard: Shard,
    out: Option<(PathBuf, Format)>,
    fail_on: Vec<Verdict>,
    classes: bool,
    json: bool,
}

impl SweepRequest {
    pub(super) fn new(args: SweepArgs) -> Result<Self, CommandError> {
        let SweepArgs { what, seeds, jobs, max_time, shard, out, fail_on, no_classes, json } = args;
        let out = out.map(|path| Format::of(&path).map(|format| (path, format)));
        Ok(Self {
            selection: Selection::new(what)?,
            seeds,
            jobs: jobs.map_or(0, NonZeroUsize::get),
            max_time,
            shard: shard.unwrap_or(Shard::WHOLE),
            out: out.transpose().map_err(CommandError::input)?,
            fail_on,
            classes: !no_classes,
            json,
        })
    }

    fn sweep(&self) -> Sweep<'_> {
        // `--fail-on` replaces the expectation of the scenario: only the laws still count.
        let laws_alone = !self.fail_on.is_empty();
        let sweep = sweep(&self.selection.scenario, self.seeds);
        let sweep = sweep.jobs(self.jobs).shard(self.shard).laws_alone(laws_alone);
        let sweep = sweep.classes(self.classes);
        match self.max_time {
            Some(time) => sweep.max_time(time),
            None => sweep,
        }
    }
}

pub(in crate::cli) fn execute(
    args: SweepArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let request = &SweepRequest::new(args)?;
    let scenario = &request.selection.scenario;
    let rows = request.sweep().rows().map_err(CommandError::input)?;
    let progress = SearchBar::new(rows.end - rows.start, "sweep");
    let reached = |reached: SearchProgress| progress.at(reached);
    let sweep = request.sweep().stop(interrupted()).progress(&reached);
    let began = wall_clock();
    let words = &request.selection.words;
    let summary = match &request.out {
        Some((path, format)) => sweep.run_into(Record { path, format: *format, words }),
        None => sweep.run().map_err(ResultsError::from),
    };
    progress.clear();
    let summary = match summary {
        Err(ResultsError::Run(RunError::Unlike(unlike))) => return unsound(request, &unlike, out),
        summary => summary.map_err(CommandError::input)?,
    };
    let took = began.elapsed();
    let unmatched = sweep.unmatched().map_err(CommandError::input)?;
    let done = summary.runs();
    let swept = report::SweepReport {
        title: &title(request),
        summary: &summary,
        choices: &|point| sweep.listed(&scenario.pin(point, 0).choices).cloned().collect(),
        took: (took, done - summary.resumed),
        unmatched: (unmatched.0, &unmatched.1),
        reproduce: &|point, seed| sweep.reproduce(words, &scenario.pin(point, seed).choices, seed),
    };
    let broken = show(request, &swept, out)?;
    let status = if broken { Status::Broken } else { Status::AsExpected };
    if summary.is_complete() {
        return Ok(status);
    }
    let rest = match request.out {
        Some(_) => "the same command makes the others",
        None => "with --out FILE, the same command makes the others",
    };
    let done = format!("{done} of {} runs: {rest}", summary.wanted);
    Ok(cut_short(err, &done)?.unwrap_or(status))
}

/// Reports a wrong derivation: the sweep is invalid. Prints the command lines of both runs.
fn unsound(
    request: &SweepRequest,
    unlike: &Unlike,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    writeln!(out, "{}: the sweep ended early, and the counts are not valid", title(request))?;
    writeln!(out, "broken: {unlike}")?;
    for seed in [unlike.made.seed, unlike.first] {
        writeln!(out, "reproduce: halfclose run {} --seed {seed}", request.selection.words)?;
    }
    Ok(Status::Broken)
}

fn title(request: &SweepRequest) -> String {
    let shard = match request.shard {
        Shard::WHOLE => String::new(),
        shard => format!(", shard {shard}"),
    };
    format!("{}, seeds {}{shard}", request.selection.words, request.seeds)
}

/// Prints the counts, and returns whether a run missed the expectation or has a verdict of `--fail-on`.
fn show(
    request: &SweepRequest,
    swept: &report::SweepReport<'_>,
    out: &mut dyn Write,
) -> Result<bool, CommandError> {
    match request.json {
        true => writeln!(out, "{}", sweep_json(swept))?,
        false => {
            let mut text = String::new();
            sweep_table(&mut text, swept).expect("a String takes everything");
            write!(out, "{text}")?;
        }
    }
    let total = swept.summary.total();
    let mut said = Vec::new();
    for verdict in &request.fail_on {
        if let Some(count) = total.verdicts.get(verdict) {
            said.push(format!("{count} of {} runs are {verdict}", total.runs));
        }
    }
    if total.unexpected > 0 {
        let what = match request.fail_on.is_empty() {
            true => "missed the expectation of the scenario",
            false => "broke a law",
        };
        said.push(format!("{} of {} runs {what}", total.unexpected, total.runs));
    }
    if said.is_empty() || request.json {
        return Ok(!said.is_empty());
    }
    for line in &said {
        writeln!(out, "broken: {line}")?;
    }
    let first = swept.summary.points.iter().find_map(|(point, tally)| {
        let failing = request.fail_on.iter().filter_map(|verdict| tally.first_seeds.get(verdict));
        let failing = failing.filter_map(|seeds| seeds.first().copied());
        Some((*point, failing.chain(tally.first_unexpected).min()?))
    });
    if let Some((point, seed)) = first {
        writeln!(out, "reproduce: {}", (swept.reproduce)(point, seed))?;
    }
    Ok(true)
}
