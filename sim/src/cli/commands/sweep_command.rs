//! `halfclose sweep` runs a scenario with many seeds.

mod corpus_runs;

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::cli::args::{CiArgs, SweepArgs};
use crate::cli::ci_report::{Check, Finding};
use crate::cli::page_file::PageFile;
use crate::cli::search_bar::{SearchBar, cut_short, interrupted, wall_clock};
use crate::cli::selection::Selection;
use crate::cli::{CommandError, Status};
use crate::report::page::sweep_page;
use crate::report::{SweepReport, sweep_json, sweep_table};
use crate::run::{RunError, Unlike};
use crate::search::results::{Format, ResultsError};
use crate::search::sweep::{Record, Rows};
use crate::search::{SearchProgress, Seeds, Shard, Sweep, Swept, sweep};
use crate::verdict::Verdict;
use corpus_runs::CorpusRuns;

/// The request of a `sweep` command.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SweepRequest {
    selection: Selection,
    seeds: Seeds,
    jobs: usize,
    max_time: Option<Duration>,
    shard: Shard,
    out: Option<(PathBuf, Format)>,
    rows: Rows,
    summary: Option<PathBuf>,
    report: Option<PathBuf>,
    /// The options that decide a count or a row.
    options: Vec<String>,
    findings_ok: bool,
    corpus: Option<PathBuf>,
    ci: CiArgs,
    fail_on: Vec<Verdict>,
    classes: bool,
    coverage: bool,
    json: bool,
}

impl SweepRequest {
    pub(super) fn new(args: SweepArgs) -> Result<Self, CommandError> {
        let SweepArgs { what, seeds, jobs, max_time, shard, shard_index, out, rows, .. } = args;
        let out = out.map(|path| Format::of(&path).map(|format| (path, format)));
        let out = out.transpose().map_err(CommandError::input)?;
        let problem = match (rows, &out, &args.summary) {
            (Some(Rows::None), Some(_), _) => "--rows none: no row is written, so leave out --out",
            (Some(Rows::All | Rows::Unexpected), None, _) => {
                "--rows: name the file of the rows with --out"
            }
            (Some(Rows::Unexpected), _, None) => {
                "--rows unexpected: name a file with --summary too: rows alone do not say how far \
                 the sweep has come"
            }
            (_, Some(_), None) if args.coverage => {
                "--coverage: name a file with --summary too: rows alone do not say which pairs a run \
                 reached"
            }
            _ => "",
        };
        if !problem.is_empty() {
            return Err(CommandError::input(problem));
        }
        let mut options = vec!["--seeds".to_owned(), seeds.to_string()];
        if rows == Some(Rows::Unexpected) {
            options.extend(["--rows", "unexpected"].map(str::to_owned));
        }
        if args.coverage {
            options.push("--coverage".to_owned());
        }
        if !args.fail_on.is_empty() {
            let names: Vec<_> = args.fail_on.iter().map(|verdict| verdict.name()).collect();
            options.extend(["--fail-on".to_owned(), names.join(",")]);
        }
        let selection = Selection::new(what)?;
        let jobs = jobs.map_or(0, NonZeroUsize::get);
        selection.check_memory(jobs)?;
        Ok(Self {
            selection,
            seeds,
            jobs,
            max_time,
            shard: shard.or(shard_index).unwrap_or(Shard::WHOLE),
            out,
            rows: rows.unwrap_or_default(),
            summary: args.summary,
            report: args.report,
            options,
            findings_ok: args.findings_ok,
            corpus: args.corpus,
            ci: args.ci,
            fail_on: args.fail_on,
            classes: !args.no_classes,
            coverage: args.coverage,
            json: args.json,
        })
    }

    fn sweep(&self) -> Sweep<'_> {
        // `--fail-on` replaces the expectation of the scenario: only the laws still count.
        let laws_alone = !self.fail_on.is_empty();
        let sweep = sweep(&self.selection.scenario, self.seeds);
        let sweep = sweep.jobs(self.jobs).shard(self.shard).laws_alone(laws_alone);
        let sweep = sweep.classes(self.classes).coverage(self.coverage);
        match self.max_time {
            Some(time) => sweep.max_time(time),
            None => sweep,
        }
    }

    /// Makes the runs, and writes the files of the command.
    fn run(&self, sweep: &Sweep<'_>) -> Result<Swept, ResultsError> {
        if self.out.is_none() && self.summary.is_none() {
            return Ok(sweep.run()?);
        }
        sweep.run_into(Record {
            path: self.out.as_ref().map(|(path, _)| &**path),
            format: self.out.as_ref().map_or(Format::default(), |(_, format)| *format),
            rows: self.rows,
            fail_on: &self.fail_on,
            summary: self.summary.as_deref(),
            options: &self.options,
            words: &self.selection.words,
        })
    }
}

pub(in crate::cli) fn execute(
    args: SweepArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let request = &SweepRequest::new(args)?;
    let scenario = &request.selection.scenario;
    if let Some((path, _)) = &request.out {
        request.selection.inputs().protect("--out", path)?;
    }
    if let Some(path) = &request.summary {
        request.selection.inputs().protect("--summary", path)?;
    }
    request.ci.protect(&request.selection.inputs())?;
    let page = PageFile::create(request.report.as_deref(), &["html"], &request.selection)?;
    let rows = request.sweep().rows().map_err(CommandError::input)?;
    let kept = request.corpus.as_deref().map(|path| CorpusRuns::run(request, path)).transpose()?;
    let progress = SearchBar::new(rows.end - rows.start, "sweep");
    let reached = |reached: SearchProgress| progress.at(reached);
    let sweep = request.sweep().stop(interrupted()).progress(&reached);
    let began = wall_clock();
    let summary = request.run(&sweep);
    progress.clear();
    let summary = match summary {
        Err(ResultsError::Run(RunError::Unlike(unlike))) => return unsound(request, &unlike, out),
        summary => summary?,
    };
    let took = began.elapsed();
    let unmatched = sweep.unmatched().map_err(CommandError::input)?;
    let done = summary.runs();
    let swept = SweepReport {
        title: &title(request),
        summary: &summary,
        choices: &|point| sweep.listed(&scenario.pin(point, 0).choices).cloned().collect(),
        took: (took, done - summary.resumed),
        unmatched: (unmatched.0, &unmatched.1),
        reproduce: &|point, seed| {
            let choices = scenario.pin(point, seed).choices;
            let listed: Vec<_> = sweep.listed(&choices).cloned().collect();
            let words = request.selection.words_at(point, seed, &listed);
            format!("halfclose run {words} --seed {seed}")
        },
    };
    if request.fail_on.is_empty() {
        request.selection.tell_dropped(err)?;
    } else {
        request.selection.tell_dropped_laws(err)?;
    }
    if let Some(page) = page {
        page.write(&sweep_page::text(&swept))?;
    }
    let mut more = Map::new();
    let added = match &kept {
        Some(kept) => kept.add(&swept, &mut more)?,
        None => 0,
    };
    let mut broken = show(&request.fail_on, request.json, &swept, more, out)?;
    let mut checks = checks(&request.fail_on, &swept);
    if let Some(kept) = kept {
        broken |= kept.show(added, request.json, out)?;
        checks.splice(0..0, kept.into_checks());
    }
    request.ci.tell("halfclose sweep", &checks, err)?;
    let status = if broken { Status::Broken } else { Status::AsExpected };
    if summary.is_complete() {
        return Ok(if request.findings_ok { Status::AsExpected } else { status });
    }
    let rest = match request.out.is_some() || request.summary.is_some() {
        true => "the same command makes the others",
        false => "with --out FILE, the same command makes the others",
    };
    let done = format!("{done} of {} runs: {rest}", summary.wanted);
    // With `--findings-ok`, status 0 says that nothing is missing.
    let status = if request.findings_ok { Status::Broken } else { status };
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

/// Prints the counts, with `more` keys in the JSON object. Returns whether a run missed the expectation
/// or has a verdict of `--fail-on`.
pub(super) fn show(
    fail_on: &[Verdict],
    json: bool,
    swept: &SweepReport<'_>,
    more: Map<String, Value>,
    out: &mut dyn Write,
) -> Result<bool, CommandError> {
    match json {
        true => {
            let mut object = sweep_json(swept);
            object.as_object_mut().expect("a sweep is an object").extend(more);
            writeln!(out, "{object}")?;
        }
        false => {
            let mut text = String::new();
            sweep_table(&mut text, swept).expect("a String takes everything");
            write!(out, "{text}")?;
        }
    }
    let said = findings(fail_on, swept);
    if said.is_empty() || json {
        return Ok(!said.is_empty());
    }
    for line in &said {
        writeln!(out, "broken: {line}")?;
    }
    if let Some((point, seed)) = swept.first_finding(fail_on) {
        writeln!(out, "reproduce: {}", (swept.reproduce)(point, seed))?;
    }
    Ok(true)
}

/// A check for each point of the grid.
fn checks(fail_on: &[Verdict], swept: &SweepReport<'_>) -> Vec<Check> {
    let points = swept.summary.points.iter().map(|(point, tally)| {
        let words: Vec<_> =
            (swept.choices)(*point).iter().map(|(key, value)| format!(", {key}={value}")).collect();
        let failing = fail_on.iter().filter_map(|verdict| {
            let (count, seed) = (tally.verdicts.get(verdict)?, tally.first_seeds.get(verdict)?[0]);
            Some((format!("{count} of {} runs are {verdict}", tally.runs), seed))
        });
        let unexpected = tally.first_unexpected.map(|seed| {
            (format!("{} of {} runs {}", tally.unexpected, tally.runs, missed(fail_on)), seed)
        });
        let finding =
            |(message, seed)| Finding { message, reproduce: (swept.reproduce)(*point, seed) };
        Check {
            name: format!("halfclose sweep {}{}", swept.title, words.concat()),
            findings: failing.chain(unexpected).map(finding).collect(),
        }
    });
    points.collect()
}

/// What an unexpected run did.
fn missed(fail_on: &[Verdict]) -> &'static str {
    match fail_on.is_empty() {
        true => "missed the expectation of the scenario",
        false => "broke a law",
    }
}

/// What counts as a finding of a sweep, a line for each kind.
pub(super) fn findings(fail_on: &[Verdict], swept: &SweepReport<'_>) -> Vec<String> {
    let total = swept.summary.total();
    let mut said = Vec::new();
    for verdict in fail_on {
        if let Some(count) = total.verdicts.get(verdict) {
            said.push(format!("{count} of {} runs are {verdict}", total.runs));
        }
    }
    if total.unexpected > 0 {
        said.push(format!("{} of {} runs {}", total.unexpected, total.runs, missed(fail_on)));
    }
    said
}
