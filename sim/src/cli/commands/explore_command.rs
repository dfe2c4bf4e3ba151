//! `halfclose explore`: every placement of a few faults.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::cli::args::{CiArgs, ExploreArgs};
use crate::cli::ci_report::{Check, Finding};
use crate::cli::page_file::PageFile;
use crate::cli::search_bar::{SearchBar, cut_short, interrupted, wall_clock};
use crate::cli::selection::{Selection, quoted};
use crate::cli::{CommandError, Status};
use crate::network::trace::Recording;
use crate::report::page::explore_page;
use crate::report::{Exploration, ExploredArm, explore_json, explore_table, scope_name};
use crate::run::run_loaded;
use crate::scenario::{Fault, Scenario};
use crate::search::explore::{Explored, Scope};
use crate::search::results::ExploreRecord;
use crate::search::schedule::{Placed, named};
use crate::search::{SearchProgress, Shard, explore};
use crate::verdict::Verdict;
use crate::workload::Workload;

/// The request of an `explore` command.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ExploreRequest {
    /// The scenario; with `--compare`, also the second scenario.
    arms: Vec<ExploreArm>,
    faults: usize,
    scope: Scope,
    last: Option<usize>,
    seed: u64,
    jobs: usize,
    most: Option<u64>,
    guided: Option<u64>,
    merge: bool,
    classes: bool,
    time: Option<Duration>,
    fail_on: Vec<Verdict>,
    shard: Shard,
    summary: Option<PathBuf>,
    report: Option<PathBuf>,
    findings_ok: bool,
    ci: CiArgs,
    json: bool,
}

/// A scenario to explore.
#[derive(Clone, Debug, PartialEq)]
struct ExploreArm {
    scenario: Scenario,
    selection: Selection,
}

impl ExploreRequest {
    pub(super) fn new(args: ExploreArgs) -> Result<Self, CommandError> {
        let ExploreArgs { what, compare, faults, channel, last, seed, .. } = args;
        let mut first = what.clone();
        let mut selections = Vec::new();
        if let Some(settings) = compare.settings {
            if settings == what.settings.len() {
                let problem = "--compare compares with what? write --compare -s KEY=VALUE";
                return Err(CommandError::input(problem));
            }
            first.settings.truncate(settings);
            selections.push(Selection::new(what)?);
        }
        selections.insert(0, Selection::new(first)?);
        let jobs = args.jobs.map_or(0, NonZeroUsize::get);
        selections.iter().try_for_each(|selection| selection.check_memory(jobs))?;
        let seed = selections[0].seed(seed);
        let arm = |selection: Selection| {
            Ok(ExploreArm { scenario: selection.pinned(seed)?.scenario, selection })
        };
        Ok(Self {
            arms: selections.into_iter().map(arm).collect::<Result<_, CommandError>>()?,
            faults,
            scope: channel,
            last,
            seed,
            jobs,
            most: args.max_schedules,
            guided: args.guided,
            merge: args.merge,
            classes: !args.no_classes,
            time: args.max_time,
            fail_on: args.fail_on,
            shard: args.shard.or(args.shard_index).unwrap_or(Shard::WHOLE),
            summary: args.summary,
            report: args.report,
            findings_ok: args.findings_ok,
            ci: args.ci,
            json: args.json,
        })
    }

    /// Every option that decides a count.
    fn options(&self) -> Vec<String> {
        let Self { faults, scope, last, seed, fail_on, .. } = self;
        let mut options =
            format!("--faults {faults} --channel {} --seed {seed}", scope_name(*scope));
        if let Some(last) = last {
            options.push_str(&format!(" --last {last}"));
        }
        if !fail_on.is_empty() {
            let names: Vec<_> = fail_on.iter().map(|verdict| verdict.name()).collect();
            options.push_str(&format!(" --fail-on {}", names.join(",")));
        }
        options.split(' ').map(str::to_owned).collect()
    }

    /// Explores an arm. Returns the counts, the real time, and the number of runs from a summary.
    fn explore(
        &self,
        arm: &ExploreArm,
        unmatched: &[String],
    ) -> Result<(Explored, Duration, u64), CommandError> {
        let mut exploration = explore(&arm.scenario, self.faults);
        exploration = exploration.scope(self.scope).seed(self.seed).jobs(self.jobs);
        exploration = exploration.shard(self.shard).classes(self.classes);
        if let Some(last) = self.last {
            exploration = exploration.last(last);
        }
        if let Some(most) = self.most {
            exploration = exploration.max_runs(most);
        }
        if let Some(time) = self.time {
            exploration = exploration.max_time(time);
        }
        let bar = SearchBar::new(1, "explore");
        let (began, faults) = (wall_clock(), AtomicUsize::new(usize::MAX));
        let reached = |reached: SearchProgress| {
            if faults.swap(reached.faults, Ordering::Relaxed) != reached.faults {
                let what = format!("explore: {} of {}", reached.faults, self.faults);
                bar.stretch(reached.all, &what);
            }
            bar.at(reached);
        };
        let exploration = exploration.stop(interrupted()).progress(&reached);
        let (explored, resumed) = match &self.summary {
            None if self.guided.is_some() => {
                let runs = self.guided.unwrap_or_default();
                (exploration.guided(runs)?, 0)
            }
            None if self.merge => (exploration.merged()?, 0),
            None => (exploration.run()?, 0),
            Some(summary) => {
                let (options, words) = (&self.options(), &*arm.selection.words);
                let fail_on = &self.fail_on;
                let record = ExploreRecord { summary, options, words, fail_on, unmatched };
                record.run(&exploration)?
            }
        };
        Ok((explored, began.elapsed(), resumed))
    }
}

pub(in crate::cli) fn execute(
    args: ExploreArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let request = &ExploreRequest::new(args)?;
    request.ci.protect(&request.arms[0].selection.inputs())?;
    if let Some(path) = &request.summary {
        request.arms[0].selection.inputs().protect("--summary", path)?;
    }
    let workloads: Result<Vec<_>, _> =
        request.arms.iter().map(|arm| Workload::load(&arm.scenario)).collect();
    let workloads = workloads.map_err(CommandError::input)?;
    let seed = request.seed;
    let unmatched: Vec<_> = request.arms.iter().zip(&workloads).map(unmatched(seed)).collect();
    let page = PageFile::create(request.report.as_deref(), &["html"], &request.arms[0].selection)?;
    let mut explored = Vec::new();
    for (arm, unmatched) in request.arms.iter().zip(&unmatched) {
        explored.push(request.explore(arm, unmatched)?);
    }
    workloads.iter().try_for_each(Workload::verify).map_err(CommandError::input)?;
    let named = |at: usize| {
        let (scenario, workload) = (&request.arms[at].scenario, &workloads[at]);
        move |list: &[Placed]| named(scenario, workload, seed, list)
    };
    let reproduce = |at: usize| {
        let words = &request.arms[at].selection.words;
        move |faults: &[Fault]| with_faults(words, faults, seed)
    };
    let named: Vec<_> = (0..explored.len()).map(named).collect();
    let reproduce: Vec<_> = (0..explored.len()).map(reproduce).collect();
    let arm = |at: usize| ExploredArm {
        title: &request.arms[at].selection.words,
        explored: &explored[at].0,
        took: explored[at].1,
        made: explored[at].0.runs() - explored[at].2,
        unmatched: &unmatched[at],
        named: &named[at],
        reproduce: &reproduce[at],
    };
    let arms: Vec<_> = (0..explored.len()).map(arm).collect();
    let ExploreRequest { faults, scope, last, .. } = *request;
    let exploration = Exploration { faults, scope, last, shard: request.shard, arms: &arms };
    if let Some(page) = page {
        let run = |at: usize, list: &[Fault]| {
            let mut scenario = request.arms[at].scenario.clone();
            scenario.faults.extend(list);
            run_loaded(&scenario, &workloads[at], seed, Recording::Headers)
        };
        let title = format!("explore {} --faults {faults}", request.arms[0].selection.words);
        page.write(&explore_page::text(&title, &exploration, &run))?;
    }
    for arm in &request.arms {
        arm.selection.tell_dropped_laws(err)?;
    }
    let expected: Vec<_> =
        request.arms.iter().map(|arm| &*arm.scenario.expect.broken_laws).collect();
    let findings = Findings { fail_on: &request.fail_on, expected: &expected };
    let broken = show(&exploration, &findings, request.json, Map::new(), out)?;
    request.ci.tell("halfclose explore", &checks(&exploration, &findings), err)?;
    let status = if broken { Status::Broken } else { Status::AsExpected };
    let runs: u64 = explored.iter().map(|(explored, ..)| explored.runs()).sum();
    let guided = |explored: &Explored| explored.guided.as_ref().is_some_and(|it| it.complete);
    let limited = |of: &Explored| Some(of.runs()) == request.most || guided(of);
    if explored.iter().all(|(explored, ..)| explored.exhaustive || limited(explored)) {
        return Ok(if request.findings_ok { Status::AsExpected } else { status });
    }
    // With `--findings-ok`, status 0 says that nothing is missing.
    let status = if request.findings_ok { Status::Broken } else { status };
    let done = format!("{runs} runs: not every placement was visited");
    Ok(cut_short(err, &done)?.unwrap_or(status))
}

/// The scenario's own faults without a packet, in the run without further faults.
fn unmatched(seed: u64) -> impl Fn((&ExploreArm, &Workload)) -> Vec<String> {
    move |(ExploreArm { scenario, .. }, workload)| match scenario.faults.is_empty() {
        true => Vec::new(),
        false => run_loaded(scenario, workload, seed, Recording::Digest).outcome.unmatched_faults,
    }
}

/// The command line of a run with these faults.
pub(super) fn with_faults(words: &str, faults: &[Fault], seed: u64) -> String {
    let faults = faults.iter().map(|fault| format!(" -s {}", quoted(&format!("fault={fault}"))));
    format!("halfclose run {words}{} --seed {seed}", faults.collect::<String>())
}

/// What counts as a finding of an exploration. The expectation of the scenario is about the run without
/// faults, so the expected verdict does not count here.
pub(super) struct Findings<'a> {
    /// The verdicts of `--fail-on`.
    pub(super) fail_on: &'a [Verdict],
    /// The laws that each arm expects to be broken.
    pub(super) expected: &'a [&'a [&'static str]],
}

impl Findings<'_> {
    /// What an arm came to that counts, with the least list of faults.
    pub(super) fn of<'e>(&self, at: usize, explored: &'e Explored) -> Vec<(String, &'e [Placed])> {
        let laws = explored.broken_laws.iter();
        let laws = laws.filter(|(law, _)| !self.expected[at].contains(law));
        let laws = laws.map(|(law, (_, list))| (format!("law {law}"), &**list));
        let verdicts = self
            .fail_on
            .iter()
            .filter_map(|verdict| Some((verdict.to_string(), &**explored.least.get(verdict)?)));
        laws.chain(verdicts).collect()
    }
}

/// A check for each arm.
fn checks(exploration: &Exploration<'_>, findings: &Findings<'_>) -> Vec<Check> {
    let check = |(at, arm): (usize, &ExploredArm<'_>)| {
        let finding = |(what, list): (String, &[Placed])| {
            let faults = (arm.named)(list);
            let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
            let message = match &lines[..] {
                [] => format!("{what}, without a fault"),
                [line] => format!("{what}, with 1 fault: {line}"),
                lines => format!("{what}, with {} faults: {}", lines.len(), lines.join("; ")),
            };
            Finding { message, reproduce: (arm.reproduce)(&faults) }
        };
        let name = format!("halfclose explore {} --faults {}", arm.title, exploration.faults);
        Check { name, findings: findings.of(at, arm.explored).into_iter().map(finding).collect() }
    };
    exploration.arms.iter().enumerate().map(check).collect()
}

/// Prints the counts, with `more` keys in the JSON object, then each finding. Returns whether there was
/// any finding.
pub(super) fn show(
    exploration: &Exploration<'_>,
    findings: &Findings<'_>,
    json: bool,
    more: Map<String, Value>,
    out: &mut dyn Write,
) -> Result<bool, CommandError> {
    match json {
        true => {
            let mut object = explore_json(exploration);
            object.as_object_mut().expect("an exploration is an object").extend(more);
            writeln!(out, "{object}")?;
        }
        false => {
            let mut text = String::new();
            explore_table(&mut text, exploration).expect("a String takes everything");
            write!(out, "{text}")?;
        }
    }
    let mut any = false;
    for (at, arm) in exploration.arms.iter().enumerate() {
        for (what, list) in findings.of(at, arm.explored) {
            any = true;
            if !json {
                writeln!(out, "broken: {what}")?;
                writeln!(out, "reproduce: {}", (arm.reproduce)(&(arm.named)(list)))?;
            }
        }
    }
    Ok(any)
}
