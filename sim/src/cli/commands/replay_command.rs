//! `halfclose replay` runs the scenario of a capture or a trace again, and names the first difference.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::Path;

use clap::Parser;
use serde_json::{Value, json};

use super::run_command;
use crate::capture::{self, OwnedCapturedPacket};
use crate::cli::args::{Arguments, Invocation, ReplayArgs};
use crate::cli::selection::quoted;
use crate::cli::usage::one_line;
use crate::cli::{CommandError, Status};
use crate::network::trace::Recording;
use crate::report::ladder;
use crate::run::{CapturePoint, Finished, run_loaded};
use crate::scenario::file;
use crate::workload::Workload;

/// The result of a replay.
struct Replayed {
    /// The number of packets in the file.
    packets: usize,
    /// The first difference between the file and the run, if there is any.
    parting: Option<String>,
    finished: Finished,
}

pub(in crate::cli) fn execute(
    args: &ReplayArgs,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let path = &args.file;
    let bytes =
        read_recorded(path).map_err(|error| refuse(path, &format!("cannot be read: {error}")))?;
    let replayed = match bytes.starts_with(ladder::MAGIC.as_bytes()) {
        true => replay_trace(path, &bytes)?,
        false => replay_capture(path, &bytes)?,
    };
    let Replayed { packets, parting, finished } = &replayed;
    let digest = format!("{:032x}", finished.outcome.digest);
    let file = path.display();
    let reproduce = format!("halfclose replay {}", quoted(&file.to_string()));
    if args.json {
        let object = json!({
            "file": file.to_string(),
            "identical": parting.is_none(),
            "packets": packets,
            "parting": parting.as_ref().map_or(Value::Null, |parting| json!(parting)),
            "verdict": finished.outcome.verdict.name(),
            "digest": digest,
            "reproduce": reproduce,
        });
        writeln!(out, "{object}")?;
    } else {
        match parting {
            None => writeln!(out, "{file}: identical, {packets} packets (digest {digest})")?,
            Some(parting) => {
                writeln!(out, "{file}: {parting}")?;
                writeln!(out, "reproduce: {reproduce}")?;
            }
        }
    }
    Ok(if parting.is_none() { Status::AsExpected } else { Status::Broken })
}

fn refuse(path: &Path, problem: &str) -> CommandError {
    CommandError::Input(format!("`{}` {problem}", path.display()))
}

/// Reads a file or a pipe. The first 4,096 bytes are enough to refuse an endless stream.
fn read_recorded(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    (&file).take(4096).read_to_end(&mut bytes)?;
    if bytes.starts_with(ladder::MAGIC.as_bytes()) || capture::begins_like_capture(&bytes) {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn replay_capture(path: &Path, bytes: &[u8]) -> Result<Replayed, CommandError> {
    let (header, captured) =
        capture::read_bytes(bytes).map_err(|problem| refuse(path, &problem.to_string()))?;
    let name = path.display().to_string();
    let inside = format!("{name} (the scenario inside)");
    let scenario =
        file::parse(&header.scenario_toml, &name, &inside).map_err(CommandError::input)?;
    if scenario.points() > 1 {
        return Err(refuse(path, "holds a scenario with several values for a key"));
    }
    let scenario = scenario.pin(0, header.seed).scenario;
    let workload = Workload::load(&scenario)
        .map_err(|error| refuse(path, &format!("needs a file of yours: {error}")))?;
    let finished = run_loaded(&scenario, &workload, header.seed, Recording::Packets);
    workload.verify().map_err(CommandError::input)?;
    let parting_at = |point| {
        let again = finished.captured_at(point);
        let again = again.iter().map(OwnedCapturedPacket::borrowed);
        capture::first_difference(&captured, again).map(|parting| parting.to_string())
    };
    // `run --pcap-at` captures at a host too, and the file does not say where.
    let parting = parting_at(CapturePoint::Link).filter(|_| {
        parting_at(CapturePoint::Client).and(parting_at(CapturePoint::Server)).is_some()
    });
    Ok(Replayed { packets: captured.len(), parting, finished })
}

fn replay_trace(path: &Path, bytes: &[u8]) -> Result<Replayed, CommandError> {
    let text = std::str::from_utf8(bytes).map_err(|_| refuse(path, "is not UTF-8 text"))?;
    let request = traced(path, text.lines().next().unwrap_or_default())?;
    let lines: Vec<_> = text.lines().skip(HEAD).take_while(|line| !line.is_empty()).collect();
    if text.lines().nth(HEAD + lines.len()).is_none() {
        return Err(refuse(path, "is cut off: a trace ends with an empty line"));
    }
    let scenario = &request.scenario;
    let workload = Workload::load(scenario).map_err(CommandError::input)?;
    let finished = run_loaded(scenario, &workload, request.seed, Recording::Headers);
    workload.verify().map_err(CommandError::input)?;
    let again = ladder::lines_in(&finished.trace, request.trace.unwrap_or_default());
    let parts = (0..lines.len().max(again.len()))
        .find(|at| lines.get(*at).copied() != again.get(*at).map(String::as_str));
    let parting = parts.map(|at| {
        let line = |line: Option<&str>| line.unwrap_or("nothing").trim().to_owned();
        let (captured, run) = (line(lines.get(at).copied()), line(again.get(at).map(|s| &**s)));
        format!("differs at line {}: `{captured}` in the file, `{run}` in this run", at + HEAD + 1)
    });
    let packets = lines.iter().filter(|line| ladder::is_packet(line)).count();
    Ok(Replayed { packets, parting, finished })
}

/// The lines of a trace before the first event.
const HEAD: usize = 2;

/// The run named in the first line of a trace.
fn traced(path: &Path, first: &str) -> Result<run_command::RunRequest, CommandError> {
    let rest = first.strip_prefix(ladder::MAGIC).unwrap_or_default();
    let (version, command) = rest.split_once(": ").unwrap_or((rest, ""));
    if version != ladder::VERSION {
        let problem = format!("has trace format {version}; this is {}", ladder::VERSION);
        return Err(refuse(path, &problem));
    }
    let words = shlex::split(command).unwrap_or_default();
    match Arguments::try_parse_from(words) {
        Ok(Arguments { command: Invocation::Run(args), .. }) => run_command::RunRequest::new(args),
        Ok(_) => Err(refuse(path, "names a command without a trace")),
        Err(error) => {
            let problem = one_line(&error);
            Err(refuse(path, &format!("names a run that cannot be repeated: {problem}")))
        }
    }
}
