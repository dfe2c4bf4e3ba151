//! `halfclose explain`: why each connection and each transfer ended as it did, in a capture of any
//! program or in a run of a scenario.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde_json::{Value, json};

use crate::catalogue;
use crate::cli::args::{ExplainArgs, ScenarioArgs};
use crate::cli::selection::{Selection, quoted};
use crate::cli::{CommandError, Status};
use crate::explain::counterfactual::{self, Decisive};
use crate::explain::{
    Analysis, Explanation, Frame, LinkLayer, Selected, Whole, explain_text, read_capture, truth,
};
use crate::network::trace::Recording;
use crate::run::{Finished, run_loaded};
use crate::scenario::Scenario;
use crate::workload::Workload;

/// The most transfers and connections printed separately in the text.
const SAID: usize = 20;

/// Explains a capture, or a run of a scenario.
pub(in crate::cli) fn execute(
    args: &ExplainArgs,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let is_capture = args.what == "-" || (!is_scenario(args) && Path::new(&args.what).exists());
    if is_capture {
        return capture(args, out);
    }
    scenario(args, out)
}

fn is_scenario(args: &ExplainArgs) -> bool {
    let named = catalogue::names().any(|name| name == args.what);
    let toml = Path::new(&args.what).extension().is_some_and(|it| it == "toml");
    named || toml || args.seed.is_some() || args.arm.is_some() || !args.settings.is_empty()
}

fn capture(args: &ExplainArgs, out: &mut dyn Write) -> Result<Status, CommandError> {
    let name = if args.what == "-" { "standard input" } else { &args.what };
    let refuse =
        |problem: &dyn std::fmt::Display| CommandError::Input(format!("`{name}` {problem}"));
    let from: Box<dyn Read> = match &*args.what {
        "-" => Box::new(io::stdin().lock()),
        path => {
            Box::new(File::open(path).map_err(|error| refuse(&format!("cannot be read: {error}")))?)
        }
    };
    let mut analysis = Analysis::new();
    read_capture(from, &mut analysis).map_err(|problem| refuse(&problem))?;
    let explanation = analysis.finish();
    say(args, name, &explanation, out)?;
    verdict(args, &explanation)
}

fn say(
    args: &ExplainArgs,
    name: &str,
    explanation: &Explanation,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let most = if args.all { usize::MAX } else { SAID };
    let selected = Selected { only: args.only.clone(), stream: args.stream, most };
    if args.json {
        writeln!(out, "{}", object(explanation, &selected))?;
        return Ok(());
    }
    let mut said = String::new();
    match args.ticket {
        true => explain_text::write_ticket(&mut said, name, explanation, &selected),
        false => explain_text::write(&mut said, name, explanation, &selected),
    }
    .expect("a String takes everything");
    write!(out, "{said}")?;
    Ok(())
}

/// The explanation as JSON, with the selected transfers and connections.
fn object(explanation: &Explanation, selected: &Selected) -> Value {
    let mut chosen = explanation.clone();
    chosen.transfers.retain(|one| selected.takes_transfer(one));
    chosen.connections.retain(|one| selected.takes_connection(one));
    serde_json::to_value(&chosen).expect("an explanation has names and numbers alone")
}

/// Exit status 1 if the explanation has a finding of `--fail-on`.
fn verdict(args: &ExplainArgs, explanation: &Explanation) -> Result<Status, CommandError> {
    let mut failed = false;
    for word in &args.fail_on {
        failed |= match &**word {
            "short" => explanation.transfers.iter().any(|one| one.whole == Whole::Short),
            "reset-on-data" => explanation
                .connections
                .iter()
                .any(|one| one.channel == Some("data") && !one.resets.is_empty()),
            cause => {
                let transfers = explanation.transfer_causes.keys();
                transfers.chain(explanation.connection_causes.keys()).any(|it| it.name() == cause)
            }
        };
    }
    Ok(if failed { Status::Broken } else { Status::AsExpected })
}

fn scenario(args: &ExplainArgs, out: &mut dyn Write) -> Result<Status, CommandError> {
    let (arm, settings) = (args.arm.clone(), args.settings.clone());
    let scenario = args.what.clone();
    let what = ScenarioArgs { scenario, arm, settings, keep_expect: false, file: None };
    let selection = Selection::new(what)?;
    let seed = selection.seed(args.seed);
    let scenario = selection.pinned(seed)?.scenario;
    let workload = Workload::load(&scenario).map_err(CommandError::input)?;
    let finished = run_loaded(&scenario, &workload, seed, Recording::Packets);
    workload.verify().map_err(CommandError::input)?;
    let explanation = explained(&finished);
    let truths = truth::of(&finished);
    let (decisive, unasked) = counterfactual::decisive(&scenario, &workload, &finished);
    let told = Told { truths: &truths, decisive: &decisive, unasked };
    let again = format!("halfclose explain {} --seed {seed}", selection.words);
    if args.json {
        let most = usize::MAX;
        let selected = Selected { only: args.only.clone(), stream: args.stream, most };
        let mut value = object(&explanation, &selected);
        value["run"] = run_object(&finished, &told, &again);
        writeln!(out, "{value}")?;
    } else {
        said_of_run(&scenario, &finished, &told, &again, out)?;
        say(args, &format!("the run of {}", quoted(&scenario.name)), &explanation, out)?;
    }
    verdict(args, &explanation)
}

/// The analysis of a run's own packets.
pub(in crate::cli) fn explained(finished: &Finished) -> Explanation {
    let mut analysis = Analysis::new();
    for (index, packet) in finished.captured().iter().enumerate() {
        let frame = Frame {
            number: index as u64 + 1,
            at: u64::try_from(packet.at.as_nanos()).unwrap_or(u64::MAX),
            link: LinkLayer::Raw,
            bytes: &packet.bytes,
        };
        analysis.packet(&frame, &packet.comment);
    }
    analysis.finish()
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
        (_, more) => writeln!(out, "  decided  {more} lost packets were not asked about")?,
    }
    if let Some(fix) = scenario.arms.iter().find(|arm| arm.name == "fix") {
        writeln!(out, "  cure     {} (--arm fix)", fix.about)?;
    }
    writeln!(out, "  again    {again}\n")?;
    Ok(())
}
