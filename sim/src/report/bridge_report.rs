//! `bridge_report` prints a bridge run: both ends, the dialogue, the files, the end of each connection,
//! and the verdict where there is one.

use std::fmt::{self, Write};

use serde_json::{Value, json};

use super::ladder::{self, TraceScope};
use super::summary;
use super::told;
use super::verdict_style::style;
use crate::bridge::Crossed;
use crate::explain::{Selected, explain_text};
use crate::judge::expectation::Unmet;
use crate::outcome::TransferOutcome;
use crate::run::run_record::RunRecord;
use crate::scenario::Scenario;
use crate::side::Side;

/// A bridge run with the words for its report.
pub(crate) struct BridgedRun<'a> {
    /// The scenario of the run.
    pub scenario: &'a Scenario,
    /// The result of the run.
    pub crossed: &'a Crossed,
    /// The commands, as the user gave them; `None`: a program of ours.
    pub commands: [Option<&'a str>; 2],
    /// The command line of the run.
    pub again: &'a str,
    /// The expectations that the run does not meet.
    pub unmet: Vec<Unmet>,
    /// The last lines of each command that failed.
    pub said: [Vec<String>; 2],
    /// The connections whose packets are printed; `None`: no packet is.
    pub scope: Option<TraceScope>,
}

/// Lines of a dialogue that are printed.
const LINES: usize = 8;
/// Transfers and connections that are explained in text.
const EXPLAINED: usize = 5;

/// How the report knows what a client command told its user.
const INFERRED: &str = "a client's exit status 0 is taken for success told, any other for failure";

/// The run for a person.
pub(crate) fn text(run: &BridgedRun<'_>) -> String {
    let mut text = String::new();
    write_text(&mut text, run).expect("a String takes everything");
    text
}

fn write_text(to: &mut String, run: &BridgedRun<'_>) -> fmt::Result {
    let crossed = run.crossed;
    let outcome = &crossed.finished.outcome;
    if let Some(scope) = run.scope {
        writeln!(to, "{}", ladder::head())?;
        for line in ladder::lines_in(&crossed.finished.trace, scope) {
            writeln!(to, "{line}")?;
        }
        writeln!(to)?;
    }
    writeln!(to, "{} (seed {}), in real time", run.scenario.name, outcome.seed)?;
    for side in [Side::Client, Side::Server] {
        writeln!(to, "  {:<8} {}", side.name(), end(run, side))?;
        for line in &run.said[side as usize] {
            writeln!(to, "           | {line}")?;
        }
    }
    for (one, known) in outcome.transfers.iter().zip(&crossed.known).take(EXPLAINED) {
        transfer(to, run, one, *known)?;
    }
    for file in &crossed.files {
        let found = file.found.as_ref().map_or_else(
            || "no such file".to_owned(),
            |(bytes, hash)| format!("{bytes} bytes, SHA-256 {hash}"),
        );
        writeln!(to, "  file     {} at the {}: {found}", file.path, file.side.name())?;
    }
    match crossed.has_verdict() {
        true => {
            let style = style(outcome.verdict);
            writeln!(to, "  verdict  {style}{}{style:#}{}", outcome.verdict, limit(crossed))?;
        }
        false => writeln!(
            to,
            "  verdict  none: the file may lie outside {{dir}} (name {{dir}} in the command, or use \
             --check){}",
            limit(crossed)
        )?,
    }
    if crossed.has_verdict() && run.commands[Side::Client as usize].is_some() {
        writeln!(to, "  told     inferred: {INFERRED}")?;
    }
    for what in &run.unmet {
        writeln!(to, "  broken   {what}")?;
    }
    if !crossed.unmatched.is_empty() {
        writeln!(to, "  fault    met no packet: {}", crossed.unmatched.join("; "))?;
    }
    let packets = crossed.packets;
    writeln!(
        to,
        "  time     {:.3} s real; {} packets, {} dropped{}{}",
        crossed.took.as_secs_f64(),
        packets.client + packets.server,
        packets.dropped,
        counted(crossed.beside, "that are no TCP"),
        counted(crossed.overflowed, "lost in a device before the link"),
    )?;
    writeln!(
        to,
        "  again    {}\n           not a replay: the seed decides the fate of packet n, real programs \
         decide the packets\n",
        run.again
    )?;
    let selected = Selected { most: EXPLAINED, ..Selected::default() };
    explain_text::write(to, "the packets on the link", &crossed.explanation, &selected)
}

fn limit(crossed: &Crossed) -> &'static str {
    if crossed.out_of_time { " (cut off: --limit)" } else { "" }
}

fn counted(count: u64, what: &str) -> String {
    if count == 0 { String::new() } else { format!(", {count} {what}") }
}

/// Writes a transfer: the dialogue of our client, or the task alone where a command was the client;
/// the end of the data connection; and the state of the file, if `known`.
fn transfer(
    to: &mut String,
    run: &BridgedRun<'_>,
    one: &TransferOutcome,
    known: bool,
) -> fmt::Result {
    if run.commands[Side::Client as usize].is_none() && known {
        return summary::transfer(to, one, LINES);
    }
    writeln!(to, "  task     {}", one.task)?;
    for line in &one.dialogue[one.dialogue.len().saturating_sub(LINES)..] {
        writeln!(to, "    {line}")?;
    }
    summary::data_connection(to, one)?;
    let word = told(one.told);
    match known {
        true => {
            let (sent, stored, file) = (one.sent, one.stored, one.file.name());
            writeln!(to, "  bytes    sent {sent}, stored {stored}: {file}; told {word}")
        }
        false => writeln!(to, "  bytes    to send {}, stored: unknown; told {word}", one.sent),
    }
}

/// An end in a line.
fn end(run: &BridgedRun<'_>, side: Side) -> String {
    let Some(command) = run.commands[side as usize] else {
        return format!("ours, on a host `{}`", host(run.scenario, side));
    };
    match run.crossed.ended[side as usize] {
        Some(ended) => format!("{command}: {ended}"),
        None => format!("{command}: ended by the bridge"),
    }
}

fn host(scenario: &Scenario, side: Side) -> &str {
    match side {
        Side::Client => &scenario.client.host,
        Side::Server => &scenario.server.host,
    }
}

/// The run for a script: the keys of `run --json`, where an end is ours or a file is known, and the
/// keys of a bridge.
pub(crate) fn object(run: &BridgedRun<'_>) -> Value {
    let crossed = run.crossed;
    let outcome = &crossed.finished.outcome;
    let record = RunRecord::new(run.scenario, outcome, run.again);
    let record = record.with_details(run.scenario, outcome, None);
    let mut object = serde_json::to_value(record).expect("no key is anything but text");
    // A bridge run is no function of the seed: it has no digest, and no law was watched.
    for key in ["digest", "broken_laws", "breaches", "waived_laws"] {
        object[key] = Value::Null;
    }
    object["virtual_us"] = Value::Null;
    object["quiet_us"] = Value::Null;
    if !crossed.has_verdict() {
        for key in ["verdict", "file", "stored"] {
            object[key] = Value::Null;
        }
    }
    if let Some(transfers) = object["transfers"].as_array_mut() {
        for (transfer, known) in transfers.iter_mut().zip(&crossed.known) {
            for key in ["verdict", "file", "stored"].into_iter().filter(|_| !known) {
                transfer[key] = Value::Null;
            }
        }
    }
    for side in [Side::Client, Side::Server] {
        let ended = run.crossed.ended[side as usize];
        if let Some(command) = run.commands[side as usize] {
            object[side.name()] = json!({
                "command": command,
                "status": ended.and_then(crate::bridge::Ended::status),
                "signal": ended.and_then(crate::bridge::Ended::signal),
                "said": run.said[side as usize],
            });
            // The host of the scenario is no part of this end: a kernel is.
            object["hosts"][side.name()] = Value::Null;
        } else if side == Side::Server {
            object[side.name()] = json!({ "host": host(run.scenario, side) });
        }
    }
    if !crossed.has_verdict() {
        object["expected"] = Value::Null;
        object["unmet"] = json!([]);
    }
    object["told_by"] = match run.commands[Side::Client as usize] {
        Some(_) => "exit status",
        None => "client",
    }
    .into();
    object["replayable"] = false.into();
    object["out_of_time"] = crossed.out_of_time.into();
    object["real_us"] = u64::try_from(crossed.took.as_micros()).unwrap_or(u64::MAX).into();
    object["beside"] = crossed.beside.into();
    object["overflowed"] = crossed.overflowed.into();
    object["files"] = crossed
        .files
        .iter()
        .map(|file| {
            let found = file.found.as_ref();
            json!({
                "path": file.path,
                "side": file.side.name(),
                "bytes": found.map(|(bytes, _)| bytes),
                "sha256": found.map(|(_, hash)| hash),
            })
        })
        .collect();
    object["explanation"] =
        serde_json::to_value(&crossed.explanation).expect("an explanation has names and numbers");
    if let Some(scope) = run.scope {
        object["trace"] = ladder::lines_in(&crossed.finished.trace, scope).into();
    }
    object
}
