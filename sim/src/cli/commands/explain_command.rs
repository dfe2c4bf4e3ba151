//! `halfclose explain`: why each connection and each transfer ended as it did, in a capture of any
//! program or in a run of a scenario.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::catalogue;
use crate::cli::args::{ExplainArgs, ScenarioArgs};
use crate::cli::ci_report::{Check, Finding};
use crate::cli::input_files::InputFiles;
use crate::cli::output_file::OutputFile;
use crate::cli::selection::{Selection, quoted};
use crate::cli::{CommandError, Status};
use crate::explain::counterfactual::{self, Decisive};
use crate::explain::{
    Analysis, Explanation, Recreation, Selected, Whole, explain_run, explain_text, read_capture,
    recreate, truth,
};
use crate::network::trace::Recording;
use crate::run::{CapturePoint, Finished, run_loaded};
use crate::scenario::Scenario;
use crate::workload::Workload;

/// The most transfers and connections printed separately in the text.
const SAID: usize = 20;

/// Explains a capture, or a run of a scenario.
pub(in crate::cli) fn execute(
    args: &ExplainArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let is_capture = args.what == "-" || (!is_scenario(args) && Path::new(&args.what).exists());
    if is_capture {
        return capture(args, out, err);
    }
    scenario(args, out, err)
}

fn is_scenario(args: &ExplainArgs) -> bool {
    let named = catalogue::names().any(|name| name == args.what);
    let toml = Path::new(&args.what).extension().is_some_and(|it| it == "toml");
    named || toml || args.seed.is_some() || args.arm.is_some() || !args.settings.is_empty()
}

fn capture(
    args: &ExplainArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let name = if args.what == "-" { "standard input" } else { &args.what };
    let refuse =
        |problem: &dyn std::fmt::Display| CommandError::Input(format!("`{name}` {problem}"));
    let from: Box<dyn Read> = match &*args.what {
        "-" => Box::new(io::stdin().lock()),
        path => {
            Box::new(File::open(path).map_err(|error| refuse(&format!("cannot be read: {error}")))?)
        }
    };
    let again = format!("halfclose explain {}", quoted(&args.what));
    let Some(path) = &args.scenario else {
        let mut analysis = Analysis::new();
        read_capture(from, &mut analysis).map_err(|problem| refuse(&problem))?;
        let explanation = analysis.finish();
        check_stream(args.stream, &explanation).map_err(|problem| refuse(&problem))?;
        say(args, name, &explanation, None, out)?;
        return verdict(args, &explanation, &again, err);
    };
    let mut inputs = InputFiles::default();
    inputs.add("the capture", &args.what);
    inputs.protect("--scenario", path)?;
    let mut file = OutputFile::create(path).map_err(CommandError::input)?;
    let mut analysis = Analysis::new().keep_packets();
    read_capture(from, &mut analysis).map_err(|problem| refuse(&problem))?;
    let (explanation, sketches) = analysis.finish_with_sketches();
    check_stream(args.stream, &explanation).map_err(|problem| refuse(&problem))?;
    let session = session_of(&explanation, args.stream);
    let sketch = sketches.iter().find(|(control, _)| Some(*control) == session);
    let (_, sketch) = sketch.ok_or_else(|| refuse(&"has no FTP transfer to make a scenario of"))?;
    let made =
        recreate(sketch).map_err(|problem| refuse(&format!("gives no scenario: {problem}")))?;
    file.write_all(made.scenario.to_string().as_bytes())
        .map_err(|source| CommandError::Input(file.failed(&source).to_string()))?;
    file.commit().map_err(CommandError::input)?;
    say(args, name, &explanation, Some((path, &made)), out)?;
    verdict(args, &explanation, &again, err)
}

/// Whether the capture has the connection of `--stream`, and lists the connection.
fn check_stream(stream: Option<u64>, explanation: &Explanation) -> Result<(), String> {
    let Some(stream) = stream else { return Ok(()) };
    if explanation.connections.iter().any(|one| one.number == stream) {
        return Ok(());
    }
    let all: u64 = explanation.connection_causes.values().sum();
    Err(match all {
        0 => "has no TCP connection".to_owned(),
        _ if stream < all => {
            format!("has more connections than are listed: {stream} is counted alone")
        }
        _ => format!("has no connection {stream}: its connections are 0 to {}", all - 1),
    })
}

/// The control connection of the session to recreate: the one of connection `stream`, or the one with
/// the worst transfer.
fn session_of(explanation: &Explanation, stream: Option<u64>) -> Option<u64> {
    let transfers = explanation.transfers.iter();
    match stream {
        Some(stream) => {
            let mut own = transfers.filter(|it| it.control == stream || it.data == Some(stream));
            own.next().map(|it| it.control)
        }
        None => transfers.min_by_key(|it| it.cause).map(|it| it.control),
    }
}

fn say(
    args: &ExplainArgs,
    name: &str,
    explanation: &Explanation,
    made: Option<(&PathBuf, &Recreation)>,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let most = if args.all { usize::MAX } else { SAID };
    let selected = Selected { only: args.only.clone(), stream: args.stream, most };
    if args.json {
        let mut value = object(explanation, &selected);
        if let Some((path, made)) = made {
            value["scenario"] = json!({
                "file": path.display().to_string(),
                "same": made.same,
                "missing": made.missing,
                "runs": made.runs,
            });
        }
        writeln!(out, "{value}")?;
        return Ok(());
    }
    let mut said = String::new();
    match args.ticket {
        true => explain_text::write_ticket(&mut said, name, explanation, &selected),
        false => explain_text::write(&mut said, name, explanation, &selected),
    }
    .expect("a String takes everything");
    write!(out, "{said}")?;
    if let Some((path, made)) = made {
        say_scenario(path, made, out)?;
    }
    Ok(())
}

fn say_scenario(path: &Path, made: &Recreation, out: &mut dyn Write) -> Result<(), CommandError> {
    let path = quoted(&path.display().to_string()).to_string();
    let runs = made.runs;
    match made.same {
        true => writeln!(out, "scenario: {path}; its run has the same explanation (run {runs})")?,
        false => writeln!(out, "scenario: {path}; the nearest of {runs} runs")?,
    }
    for missing in &made.missing {
        writeln!(out, "  not recreated: {missing}")?;
    }
    writeln!(out, "  again    halfclose run {path} --seed 0")?;
    Ok(())
}

/// The explanation as JSON, with the selected transfers and connections.
fn object(explanation: &Explanation, selected: &Selected) -> Value {
    let mut chosen = explanation.clone();
    chosen.transfers.retain(|one| selected.takes_transfer(one));
    chosen.connections.retain(|one| selected.takes_connection(one));
    serde_json::to_value(&chosen).expect("an explanation has names and numbers alone")
}

/// Exit status 1 if the explanation has a finding of `--fail-on`: each word is a check.
fn verdict(
    args: &ExplainArgs,
    explanation: &Explanation,
    again: &str,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let check = |word: &String| {
        let found = found(word, explanation);
        let finding = |because| Finding { message: because, reproduce: again.to_owned() };
        Check {
            name: format!("{again} --fail-on {word}"),
            findings: found.into_iter().map(finding).collect(),
        }
    };
    let mut checks: Vec<_> = args.fail_on.iter().map(check).collect();
    let failed = checks.iter().any(|check| !check.findings.is_empty());
    if checks.is_empty() {
        checks.push(Check { name: again.to_owned(), findings: Vec::new() });
    }
    args.ci.tell("halfclose explain", &checks, err)?;
    Ok(if failed { Status::Broken } else { Status::AsExpected })
}

/// What an explanation has of a word of `--fail-on`, a line for each kind.
fn found(word: &str, explanation: &Explanation) -> Option<String> {
    let count = |listed: usize, more: u64, what: &str| {
        let all = listed as u64 + more;
        (all > 0).then(|| format!("{all} {what}"))
    };
    let forgotten = &explanation.forgotten;
    match word {
        "short" => {
            let short = explanation.transfers.iter().filter(|one| one.whole == Whole::Short);
            let what = "transfers have a file that is not whole";
            count(short.count(), forgotten.short_not_listed, what)
        }
        "reset-on-data" => {
            let data = explanation.connections.iter().filter(|one| one.channel == Some("data"));
            let reset = data.filter(|one| !one.resets.is_empty());
            let more = forgotten.resets_on_data_not_listed;
            count(reset.count(), more, "data connections have a RST")
        }
        cause => {
            let transfers = explanation.transfer_causes.keys();
            let mut all = transfers.chain(explanation.connection_causes.keys());
            all.any(|it| it.name() == cause).then(|| format!("a connection or transfer: {cause}"))
        }
    }
}

fn scenario(
    args: &ExplainArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let (arm, settings) = (args.arm.clone(), args.settings.clone());
    let scenario = args.what.clone();
    let what = ScenarioArgs { scenario, arm, settings, keep_expect: false, file: None };
    let selection = Selection::new(what)?;
    let seed = selection.seed(args.seed);
    let scenario = selection.pinned(seed)?.scenario;
    let workload = Workload::load(&scenario).map_err(CommandError::input)?;
    let finished = run_loaded(&scenario, &workload, seed, Recording::Packets);
    workload.verify().map_err(CommandError::input)?;
    let explanation = explain_run(&finished, CapturePoint::Link);
    let problem = |what| CommandError::Input(format!("the run {what}"));
    check_stream(args.stream, &explanation).map_err(problem)?;
    let truths = truth::of(&finished);
    let decisive = counterfactual::decisive(&scenario, &workload, &finished);
    let unasked = decisive.unasked_packets + decisive.unasked_faults;
    let told = Told { truths: &truths, decisive: &decisive.asked, unasked };
    let again = format!("halfclose explain {} --seed {seed}", selection.words);
    if args.json {
        let most = usize::MAX;
        let selected = Selected { only: args.only.clone(), stream: args.stream, most };
        let mut value = object(&explanation, &selected);
        value["run"] = run_object(&finished, &told, &again);
        writeln!(out, "{value}")?;
    } else {
        said_of_run(&scenario, &finished, &told, &again, out)?;
        say(args, &format!("the run of {}", quoted(&scenario.name)), &explanation, None, out)?;
    }
    verdict(args, &explanation, &again, err)
}

/// The facts of a run beyond the packets.
struct Told<'a> {
    truths: &'a [truth::Truth],
    decisive: &'a [Decisive],
    unasked: usize,
}

fn run_object(finished: &Finished, told: &Told<'_>, again: &str) -> Value {
    let outcome = &finished.outcome;
    let truths = outcome.transfers.iter().zip(told.truths);
    json!({
        "seed": outcome.seed,
        "verdict": outcome.verdict.name(),
        "digest": format!("{:032x}", outcome.digest),
        "truth": truths.map(|(transfer, truth)| json!({
            "task": transfer.task,
            "verdict": transfer.verdict.name(),
            "cause": truth.cause,
            "because": truth.because,
            "packets": truth.packets,
        })).collect::<Vec<_>>(),
        "decisive": told.decisive.iter().map(|it| json!({
            "packet": it.packet,
            "what": it.what,
            "verdict": it.verdict.name(),
        })).collect::<Vec<_>>(),
        "not_asked": told.unasked,
        "reproduce": again,
    })
}

fn said_of_run(
    scenario: &Scenario,
    finished: &Finished,
    told: &Told<'_>,
    again: &str,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let outcome = &finished.outcome;
    writeln!(out, "{} (seed {}): {}", scenario.name, outcome.seed, outcome.verdict)?;
    for (transfer, truth) in outcome.transfers.iter().zip(told.truths).take(SAID) {
        writeln!(out, "  {}: {} ({})", transfer.task, transfer.verdict, truth.cause)?;
        writeln!(out, "    because  {}", truth.because)?;
        if truth.cause != crate::explain::Cause::Orderly {
            writeln!(out, "    change   {}", truth.cause.change())?;
        }
    }
    for it in told.decisive.iter().take(SAID) {
        let packet = it.packet.map_or(String::new(), |number| format!("packet {number}: "));
        writeln!(out, "  decided  {packet}{}; without that: {}", it.what, it.verdict)?;
    }
    match (told.decisive.len(), told.unasked) {
        (0, 0) => writeln!(out, "  decided  by no packet: what the programs and hosts do decides")?,
        (_, 0) => {}
        (_, more) => {
            writeln!(out, "  decided  {more} lost packets or faults were not asked about")?;
        }
    }
    if let Some(fix) = scenario.arms.iter().find(|arm| arm.name == "fix") {
        writeln!(out, "  cure     {} (--arm fix)", fix.about)?;
    }
    writeln!(out, "  again    {again}\n")?;
    Ok(())
}
