//! `halfclose explore`: every placement of a few faults.

use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::cli::args::ExploreArgs;
use crate::cli::search_bar::{SearchBar, cut_short, interrupted, wall_clock};
use crate::cli::selection::{Selection, quoted};
use crate::cli::{CommandError, Status};
use crate::network::trace::Recording;
use crate::report::{Exploration, ExploredArm, explore_json, explore_table};
use crate::run::run_loaded;
use crate::scenario::{Fault, Scenario};
use crate::search::explore::{Explored, Scope};
use crate::search::schedule::{Placed, named};
use crate::search::{SearchProgress, explore};
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
    time: Option<Duration>,
    fail_on: Vec<Verdict>,
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
            jobs: args.jobs.map_or(0, NonZeroUsize::get),
            most: args.max_schedules,
            time: args.max_time,
            fail_on: args.fail_on,
            json: args.json,
        })
    }

    fn explore(&self, arm: &ExploreArm) -> Result<(Explored, Duration), CommandError> {
        let mut exploration = explore(&arm.scenario, self.faults);
        exploration = exploration.scope(self.scope).seed(self.seed).jobs(self.jobs);
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
        let explored = exploration.stop(interrupted()).progress(&reached).run();
        Ok((explored.map_err(CommandError::input)?, began.elapsed()))
    }
}

pub(in crate::cli) fn execute(
    args: ExploreArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let request = &ExploreRequest::new(args)?;
    let mut explored = Vec::new();
    for arm in &request.arms {
        explored.push(request.explore(arm)?);
    }
    let workloads: Result<Vec<_>, _> =
        request.arms.iter().map(|arm| Workload::load(&arm.scenario)).collect();
    let workloads = workloads.map_err(CommandError::input)?;
    let seed = request.seed;
    let unmatched: Vec<_> = request.arms.iter().zip(&workloads).map(unmatched(seed)).collect();
    workloads.iter().try_for_each(Workload::verify).map_err(CommandError::input)?;
    let named = |at: usize| {
        let (scenario, workload) = (&request.arms[at].scenario, &workloads[at]);
        move |list: &[Placed]| named(scenario, workload, seed, list)
    };
    let reproduce = |at: usize| {
        let words = &request.arms[at].selection.words;
        move |faults: &[Fault]| {
            let faults =
                faults.iter().map(|fault| format!(" -s {}", quoted(&format!("fault={fault}"))));
            format!("halfclose run {words}{} --seed {seed}", faults.collect::<String>())
        }
    };
    let named: Vec<_> = (0..explored.len()).map(named).collect();
    let reproduce: Vec<_> = (0..explored.len()).map(reproduce).collect();
    let arm = |at: usize| ExploredArm {
        title: &request.arms[at].selection.words,
        explored: &explored[at].0,
        took: explored[at].1,
        unmatched: &unmatched[at],
        named: &named[at],
        reproduce: &reproduce[at],
    };
    let arms: Vec<_> = (0..explored.len()).map(arm).collect();
    let ExploreRequest { faults, scope, last, .. } = *request;
    let exploration = Exploration { faults, scope, last, arms: &arms };
    for arm in &request.arms {
        arm.selection.tell_dropped_laws(err)?;
    }
    match request.json {
        true => writeln!(out, "{}", explore_json(&exploration))?,
        false => {
            let mut text = String::new();
            explore_table(&mut text, &exploration).expect("a String takes everything");
            write!(out, "{text}")?;
        }
    }
    let broken = broken(request, &arms, out)?;
    let status = if broken { Status::Broken } else { Status::AsExpected };
    let runs: u64 = explored.iter().map(|(explored, _)| explored.runs()).sum();
    let limited = |explored: &Explored| Some(explored.runs()) == request.most;
    if explored.iter().all(|(explored, _)| explored.exhaustive || limited(explored)) {
        return Ok(status);
    }
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

/// Prints each broken law and each verdict of `--fail-on`, and returns whether there was any. The
/// expectation of the scenario is about the run without faults, so it does not count here.
fn broken(
    request: &ExploreRequest,
    arms: &[ExploredArm<'_>],
    out: &mut dyn Write,
) -> Result<bool, CommandError> {
    let mut any = false;
    for (arm, of) in arms.iter().zip(&request.arms) {
        let laws = arm.explored.broken_laws.iter();
        let expected = &of.scenario.expect.broken_laws;
        let laws = laws.filter(|(law, _)| !expected.contains(law));
        let laws = laws.map(|(law, (_, list))| (format!("law {law}"), list));
        let verdicts = request
            .fail_on
            .iter()
            .filter_map(|verdict| Some((verdict.to_string(), arm.explored.least.get(verdict)?)));
        for (what, list) in laws.chain(verdicts) {
            any = true;
            if !request.json {
                writeln!(out, "broken: {what}")?;
                writeln!(out, "reproduce: {}", (arm.reproduce)(&(arm.named)(list)))?;
            }
        }
    }
    Ok(any)
}
