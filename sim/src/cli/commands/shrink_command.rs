//! `halfclose shrink` cuts a run down to the fewest faults with the same verdict.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::cli::args::ShrinkArgs;
use crate::cli::output_file::OutputFile;
use crate::cli::search_bar::{SearchBar, cut_short, interrupted};
use crate::cli::selection::{Selection, quoted};
use crate::cli::{CommandError, Status};
use crate::report::{self, ended, shrunk_lines};
use crate::scenario::{Scenario, file};
use crate::search::{SearchProgress, Shrunk, Weakened, shrink};
use crate::verdict::Verdict;

/// The request of a `shrink` command.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ShrinkRequest {
    selection: Selection,
    scenario: Scenario,
    seed: u64,
    max_time: Option<Duration>,
    out: Option<PathBuf>,
    weaken: bool,
    json: bool,
}

impl ShrinkRequest {
    pub(super) fn new(args: ShrinkArgs) -> Result<Self, CommandError> {
        let ShrinkArgs { what, seed, max_time, out, weaken, json } = args;
        let selection = Selection::new(what)?;
        let seed = selection.seed(seed);
        let scenario = selection.pinned(seed)?.scenario;
        Ok(Self { selection, scenario, seed, max_time, out, weaken, json })
    }
}

pub(in crate::cli) fn execute(
    args: ShrinkArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let request = &ShrinkRequest::new(args)?;
    if let Some(path) = &request.out {
        request.selection.inputs().protect("--out", path)?;
    }
    let file =
        request.out.as_deref().map(OutputFile::create).transpose().map_err(CommandError::input)?;
    let bar = SearchBar::new(1, "shrink");
    let tried = |tried: SearchProgress| {
        bar.stretch(1, &format!("shrink: {} faults", tried.faults));
        bar.at(tried);
    };
    let mut search = shrink(&request.scenario, request.seed).stop(interrupted()).progress(&tried);
    search = search.weaken(request.weaken);
    if let Some(time) = request.max_time {
        search = search.max_time(time);
    }
    let mut shrunk = search.run()?;
    drop(bar);
    let outcome = &shrunk.finished.outcome;
    // A run that misses the expectation of the scenario is worth shrinking, even if intact.
    let verdict = outcome.verdict;
    let unmet = !report::unmet(&request.scenario.expect, outcome).is_empty();
    if verdict == Verdict::Intact && outcome.broken_laws.is_empty() && !unmet {
        return Err(CommandError::Input(format!(
            "seed {} is intact and breaks no law: there is nothing to shrink (`halfclose sweep` finds \
             seeds that are not)",
            request.seed
        )));
    }
    if shrunk.changed {
        let Selection { words, .. } = &request.selection;
        shrunk.scenario.source =
            format!("shrunk from: halfclose run {words} --seed {}", request.seed);
        shrunk.scenario.story.clear();
        let (name, left) = (&shrunk.scenario.name, shrunk.scenario.faults.len());
        let faults = if left == 1 { "1 fault".to_owned() } else { format!("{left} faults") };
        shrunk.scenario.about = format!("what is left of a run of {name}: {verdict} by {faults}");
    }
    let text = file::print(&shrunk.scenario);
    if let Some(mut to) = file {
        to.write_all(text.as_bytes()).map_err(|error| CommandError::input(to.failed(&error)))?;
        to.commit().map_err(CommandError::input)?;
    }
    request.selection.tell_dropped(err)?;
    match request.json {
        true => writeln!(out, "{}", object(request, &shrunk, &text))?,
        false => print(request, &shrunk, &text, out)?,
    }
    if !shrunk.cut_short {
        return Ok(Status::AsExpected);
    }
    let done = format!("{} runs: fewer faults may lead to the same verdict", shrunk.runs);
    Ok(cut_short(err, &done)?.unwrap_or(Status::AsExpected))
}

fn faults(shrunk: &Shrunk) -> Vec<String> {
    shrunk.scenario.faults.iter().map(ToString::to_string).collect()
}

/// Prints the report for a person. Without `--out` the scenario comes last, and every line before the
/// scenario is a comment, so the output as a whole is a scenario file.
fn print(
    request: &ShrinkRequest,
    shrunk: &Shrunk,
    text: &str,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let before = if request.out.is_some() { "" } else { "# " };
    let outcome = &shrunk.finished.outcome;
    let style = report::style(outcome.verdict);
    let verdict = outcome.verdict;
    let ends = outcome.worst().map(|worst| {
        let (client, server) = (ended(worst.ending.client), ended(worst.ending.server));
        format!("; data client {client}, server {server}")
    });
    let ends = ends.unwrap_or_default();
    writeln!(out, "{before}{}: {style}{verdict}{style:#}{ends}", shrunk.scenario.name)?;
    for law in &outcome.broken_laws {
        writeln!(out, "{before}  broken  {law}")?;
    }
    let left = shrunk.scenario.faults.len();
    let proof = match (left, shrunk.fewest) {
        (0, _) => "no fault is needed",
        _ if shrunk.cut_short => "not finished, fewer may be enough",
        (_, true) => "no smaller set leads to the same verdict",
        (_, false) => "each of them is needed",
    };
    let Shrunk { before: faults_before, runs, .. } = *shrunk;
    let faults_before = match faults_before {
        1 => "1 fault".to_owned(),
        many => format!("{many} faults"),
    };
    writeln!(out, "{before}  {faults_before}, {left} left after {runs} runs: {proof}")?;
    for fault in faults(shrunk) {
        writeln!(out, "{before}    {fault}")?;
    }
    for Weakened { fault, milder } in &shrunk.late {
        writeln!(out, "{before}  late is enough: {milder} (instead of {fault})")?;
    }
    writeln!(out, "{}", before.trim_end())?;
    for line in shrunk_lines(&shrunk.finished.trace) {
        writeln!(out, "{}", format!("{before}{line}").trim_end())?;
    }
    writeln!(out, "{}", before.trim_end())?;
    match &request.out {
        Some(path) => {
            let path = path.display().to_string();
            writeln!(out, "  again    halfclose run {}", quoted(&path))?;
        }
        None => write!(out, "{text}")?,
    }
    Ok(())
}

fn object(request: &ShrinkRequest, shrunk: &Shrunk, text: &str) -> serde_json::Value {
    let outcome = &shrunk.finished.outcome;
    json!({
        "verdict": outcome.verdict.name(),
        "faults": faults(shrunk),
        "late": shrunk.late.iter().map(|it| json!({
            "fault": it.fault.to_string(),
            "milder": it.milder.to_string(),
        })).collect::<Vec<_>>(),
        "faults_before": shrunk.before,
        "fewest": shrunk.fewest,
        "finished": !shrunk.cut_short,
        "runs": shrunk.runs,
        "seed": request.seed,
        "broken_laws": outcome.broken_laws.iter().map(|law| law.name).collect::<Vec<_>>(),
        "digest": format!("{:032x}", outcome.digest),
        "ladder": shrunk_lines(&shrunk.finished.trace),
        "scenario": text,
    })
}
