//! `halfclose sweep`: a scenario with many seeds.

use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::args::SweepArgs;
use crate::cli::search_bar::{SearchBar, interrupted, wall_clock};
use crate::cli::selection::{Selection, quoted};
use crate::cli::{CommandError, Status};
use crate::outcome::Outcome;
use crate::report::results::{Format, Identity, Line, Plan, Results, ResultsError};
use crate::report::{self, sweep_json, sweep_table};
use crate::scenario::{Choice, Expect};
use crate::search::tally::{Counted, Summary, Tally};
use crate::search::{Run, Seeds, Shard, Sweep, pool, sweep};
use crate::verdict::Verdict;
use crate::workload::Workload;

/// What `sweep` is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SweepRequest {
    selection: Selection,
    seeds: Seeds,
    jobs: NonZeroUsize,
    shard: Shard,
    out: Option<(PathBuf, Format)>,
    fail_on: Vec<Verdict>,
    json: bool,
}

impl SweepRequest {
    pub(super) fn new(args: SweepArgs) -> Result<Self, CommandError> {
        let SweepArgs { what, seeds, jobs, shard, out, fail_on, json } = args;
        let out = out.map(|path| Format::of(&path).map(|format| (path, format)));
        Ok(Self {
            selection: Selection::new(what)?,
            seeds,
            jobs: jobs.unwrap_or_else(pool::cores),
            shard: shard.unwrap_or(Shard::WHOLE),
            out: out.transpose().map_err(CommandError::input)?,
            fail_on,
            json,
        })
    }

    fn sweep(&self) -> Sweep<'_> {
        let sweep = sweep(&self.selection.scenario, self.seeds);
        sweep.jobs(self.jobs).shard(self.shard)
    }

    /// `--fail-on` stands in place of what the scenario expects: then of that the laws alone count.
    fn laws_alone(&self) -> bool {
        !self.fail_on.is_empty()
    }

    /// Whether a run came to what is expected of it.
    fn is_expected(&self, outcome: &Outcome) -> bool {
        let expect = &self.selection.scenario.expect;
        match self.laws_alone() || *expect == Expect::default() {
            true => report::lawful(expect, outcome),
            false => report::unmet(expect, outcome).is_empty(),
        }
    }

    /// What was chosen for the keys that have a list: the point of the grid.
    fn point<'a>(&self, choices: &'a [Choice]) -> impl Iterator<Item = &'a Choice> {
        let open = self.selection.scenario.open_keys();
        let listed =
            move |key: &str| open.iter().any(|(name, text)| name == key && text.contains(','));
        choices.iter().filter(move |(key, _)| listed(key))
    }

    /// The command that shows one run again. Draws are its seed's own.
    fn reproduce(&self, choices: &[Choice], seed: u64) -> String {
        let point = self.point(choices);
        let point: String = point
            .map(|(key, value)| format!(" -s {}", quoted(&format!("{key}={value}"))))
            .collect();
        format!("halfclose run {}{point} --seed {seed}", self.selection.words)
    }
}

/// What a thread makes of a chunk of runs.
#[derive(Default)]
struct Chunk {
    tally: Tally,
    lines: Vec<u8>,
}

/// Adds runs to chunks.
struct Adder<'a> {
    request: &'a SweepRequest,
    identity: Option<(Identity, Format)>,
}

impl Adder<'_> {
    fn add(&self, chunk: &mut Chunk, run: Run<'_>) {
        let outcome = run.outcome;
        let counted = Counted::of(outcome, self.request.is_expected(outcome));
        chunk.tally.add(&counted);
        if let Some((identity, format)) = &self.identity {
            let reproduce = self.request.reproduce(run.choices, outcome.seed);
            let line = Line {
                identity,
                scenario: &run.scenario.name,
                choices: run.choices,
                outcome,
                counted: &counted,
                reproduce: &reproduce,
            };
            line.write(*format, &mut chunk.lines);
        }
    }

    /// The line of one run.
    fn line(&self, sweep: &Sweep<'_>, row: u64) -> Vec<u8> {
        let mut lines = Vec::new();
        let rows = sweep.rows().expect("they were counted");
        let one = sweep.clone().jobs(NonZeroUsize::MIN).after(row - rows.start).most(1);
        let add = |chunk: &mut Chunk, run: Run<'_>| self.add(chunk, run);
        let ready = |_, chunk: Chunk| {
            lines = chunk.lines;
            ControlFlow::Continue(())
        };
        // Without its file there is no such line, as in any other file that is not of this sweep.
        let _ = one.fold(&AtomicBool::new(false), add, ready);
        lines
    }
}

pub(in crate::cli) fn execute(
    args: SweepArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let request = &SweepRequest::new(args)?;
    let scenario = &request.selection.scenario;
    let sweep = request.sweep();
    let rows = sweep.rows().map_err(CommandError::input)?;
    let mut adder = Adder { request, identity: None };
    let mut summary = Summary::default();
    let mut results = None;
    if let Some((path, format)) = &request.out {
        let workload = Workload::load(&scenario.pin(0, 0).scenario).map_err(CommandError::input)?;
        let words = &request.selection.words;
        let identity = Identity::of(scenario, words, &workload, request.laws_alone());
        workload.verify().map_err(CommandError::input)?;
        adder.identity = Some((identity, *format));
        results = Some(open(path, &adder, &sweep, &mut summary).map_err(CommandError::input)?);
    }
    let resumed = summary.total().runs;
    let stop = interrupted();
    let progress = SearchBar::new(rows.end - rows.start, "sweep", resumed);
    let (began, mut done) = (wall_clock(), resumed);
    let mut failed = None;
    let ready = |point, chunk: Chunk| {
        if let Some(results) = &mut results
            && let Err(error) = results.write(&chunk.lines)
        {
            failed = Some(error);
            return ControlFlow::Break(());
        }
        done += chunk.tally.runs;
        summary.merge(point, &chunk.tally);
        progress.at(done, done);
        ControlFlow::Continue(())
    };
    let add = |chunk: &mut Chunk, run: Run<'_>| adder.add(chunk, run);
    sweep.clone().after(resumed).fold(stop, add, ready).map_err(CommandError::input)?;
    drop(progress);
    if let Some(error) = failed {
        return Err(CommandError::input(error));
    }
    let unmatched = unmatched(&sweep)?;
    let swept = report::Swept {
        title: &title(request),
        summary: &summary,
        choices: &|point| request.point(&scenario.pin(point, 0).choices).cloned().collect(),
        wanted: rows.end - rows.start,
        resumed,
        took: (began.elapsed(), done - resumed),
        unmatched: (unmatched.0, &unmatched.1),
        reproduce: &|point, seed| request.reproduce(&scenario.pin(point, seed).choices, seed),
    };
    let broken = show(request, &swept, out)?;
    if stop.load(Ordering::Relaxed) && done < rows.end - rows.start {
        let goes_on = match request.out {
            Some(_) => ": the same command goes on from there",
            None => " (with --out, the same command goes on from there)",
        };
        writeln!(err, "interrupted after {done} of {} runs{goes_on}", rows.end - rows.start)?;
        return Ok(Status::Interrupted);
    }
    Ok(if broken { Status::Broken } else { Status::AsExpected })
}

/// The seed of the first run, and the scenario's faults that meet no packet in it.
fn unmatched(sweep: &Sweep<'_>) -> Result<(u64, Vec<String>), CommandError> {
    let mut found = (0, Vec::new());
    if sweep.scenario().faults.is_empty() {
        return Ok(found);
    }
    let first = sweep.clone().jobs(NonZeroUsize::MIN).most(1);
    let ready = |_, outcome: &Outcome| {
        found = (outcome.seed, outcome.unmatched_faults.clone());
        ControlFlow::Continue(())
    };
    first.run(ready).map_err(CommandError::input)?;
    Ok(found)
}

/// The file of results, behind what it has of this sweep, which is counted.
fn open(
    path: &Path,
    adder: &Adder<'_>,
    sweep: &Sweep<'_>,
    summary: &mut Summary,
) -> Result<Results, ResultsError> {
    let (identity, format) = adder.identity.as_ref().expect("results have an identity");
    let plan = Plan {
        identity,
        format: *format,
        rows: sweep.rows().expect("they were counted"),
        seed: &|row| sweep.run_of(row).1,
        line: &|row| adder.line(sweep, row),
    };
    Results::open(path, &plan, |row, counted| {
        summary.points.entry(sweep.run_of(row).0).or_default().add(counted);
    })
}

fn title(request: &SweepRequest) -> String {
    let shard = match request.shard {
        Shard::WHOLE => String::new(),
        shard => format!(", shard {shard}"),
    };
    format!("{}, seeds {}{shard}", request.selection.words, request.seeds)
}

/// Print what came of it, and say whether anything did that should not have.
fn show(
    request: &SweepRequest,
    swept: &report::Swept<'_>,
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
            true => "did not come to what the scenario expects",
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
