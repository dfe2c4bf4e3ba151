//! `halfclose replay`: run again what a capture or a trace holds, and say where the two part.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::{Value, json};

use super::args::{Arguments, Command, ReplayArgs};
use super::{Failure, Status, run};
use crate::capture::{self, OwnedCapturedPacket};
use crate::report::ladder;
use crate::run::{Finished, run as run_scenario};
use crate::scenario::file;
use crate::trace::Recording;
use crate::workload::Workload;

/// What `replay` is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The capture or trace.
    pub file: PathBuf,
    /// One JSON object in place of words.
    pub json: bool,
}

impl From<ReplayArgs> for Request {
    fn from(ReplayArgs { file, json }: ReplayArgs) -> Self {
        Self { file, json }
    }
}

/// What a replay came to.
struct Replayed {
    /// Packets of the file.
    packets: usize,
    /// Where the run parts from the file, if it does.
    parting: Option<String>,
    finished: Finished,
}

pub(super) fn execute(request: &Request, out: &mut dyn Write) -> Result<Status, Failure> {
    let replayed = match trace_text(&request.file) {
        Some(text) => replay_trace(&request.file, &text)?,
        None => replay_capture(&request.file)?,
    };
    let Replayed { packets, parting, finished } = &replayed;
    let digest = format!("{:032x}", finished.outcome.digest);
    let file = request.file.display();
    if request.json {
        let object = json!({
            "file": file.to_string(),
            "identical": parting.is_none(),
            "packets": packets,
            "parting": parting.as_ref().map_or(Value::Null, |parting| json!(parting)),
            "verdict": finished.outcome.verdict.name(),
            "digest": digest,
        });
        writeln!(out, "{object}")?;
    } else {
        match parting {
            None => writeln!(out, "{file}: identical, {packets} packets (digest {digest})")?,
            Some(parting) => {
                writeln!(out, "{file}: {parting}")?;
                writeln!(out, "reproduce: halfclose replay {file}")?;
            }
        }
    }
    Ok(if parting.is_none() { Status::AsExpected } else { Status::Broken })
}

fn replay_capture(path: &Path) -> Result<Replayed, Failure> {
    let (header, captured) = capture::read(path).map_err(Failure::input)?;
    let name = path.display().to_string();
    let inside = format!("{name} (the scenario inside)");
    let scenario = file::parse(&header.scenario_toml, &name, &inside).map_err(Failure::input)?;
    let workload = Workload::load(&scenario).map_err(Failure::input)?;
    let finished = run_scenario(&scenario, &workload, header.seed, Recording::Packets);
    let again = finished.captured();
    let again = again.iter().map(OwnedCapturedPacket::borrowed);
    let parting = capture::first_difference(&captured, again).map(|parting| parting.to_string());
    Ok(Replayed { packets: captured.len(), parting, finished })
}

/// The text of a file that `run --trace` printed.
fn trace_text(path: &Path) -> Option<String> {
    let text = std::fs::read(path).ok()?;
    text.starts_with(ladder::MAGIC.as_bytes()).then(|| String::from_utf8(text).ok()).flatten()
}

fn replay_trace(path: &Path, text: &str) -> Result<Replayed, Failure> {
    let refuse = |problem: &str| Failure::Input(format!("{}: {problem}", path.display()));
    let (command, rest) = text[ladder::MAGIC.len()..].split_once('\n').unwrap_or_default();
    let words = shlex::split(command).unwrap_or_default();
    let request = match Arguments::try_parse_from(words) {
        Ok(Arguments { command: Command::Run(args) }) => run::Request::new(args)?,
        _ => return Err(refuse("its first line does not name the run it is a trace of")),
    };
    let lines: Vec<_> = rest.lines().skip(1).take_while(|line| !line.is_empty()).collect();
    if !rest.contains("\n\n") {
        return Err(refuse("it is cut off: a trace ends with an empty line"));
    }
    let scenario = &request.selection.scenario;
    let workload = Workload::load(scenario).map_err(Failure::input)?;
    let finished = run_scenario(scenario, &workload, request.seed, Recording::Headers);
    let again = ladder::lines(&finished.trace);
    let parts = (0..lines.len().max(again.len()))
        .find(|at| lines.get(*at).copied() != again.get(*at).map(String::as_str));
    let parting = parts.map(|at| {
        let line = |line: Option<&str>| line.unwrap_or("nothing").trim().to_owned();
        let (captured, run) = (line(lines.get(at).copied()), line(again.get(at).map(|s| &**s)));
        format!(
            "parts at line {} of the trace: `{captured}` in the file, `{run}` in this run",
            at + 1
        )
    });
    let packets = lines.iter().filter(|line| ladder::is_packet(line)).count();
    Ok(Replayed { packets, parting, finished })
}
