//! `halfclose run`: one run of a scenario.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::capture::{self, CaptureHeader, OwnedCapturedPacket};
use crate::cli::args::RunArgs;
use crate::cli::output_file::OutputFile;
use crate::cli::selection::Selection;
use crate::cli::streams::UntilClosed;
use crate::cli::{CommandError, Status};
use crate::network::trace::Recording;
use crate::report::{self, ShownRun, ladder};
use crate::run::run_record::{Choices, RunRecord};
use crate::run::{Finished, run_loaded};
use crate::scenario::{Choice, Pinned, Scenario, file};
use crate::workload::Workload;

/// What `run` is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RunRequest {
    /// What to run.
    pub selection: Selection,
    /// The scenario of this run: what is open in the selection's is its seed's.
    pub scenario: Scenario,
    /// What its seed drew for the keys that are open.
    pub choices: Vec<Choice>,
    /// What every random draw comes from.
    pub seed: u64,
    /// One JSON object in place of words.
    pub json: bool,
    /// Every packet.
    pub trace: bool,
    /// Where to write a capture.
    pub pcap: Option<PathBuf>,
}

impl RunRequest {
    pub(super) fn new(args: RunArgs) -> Result<Self, CommandError> {
        let RunArgs { what, seed, json, trace, pcap } = args;
        let selection = Selection::new(what)?;
        let seed = selection.seed(seed);
        let Pinned { scenario, choices } = selection.pinned(seed)?;
        Ok(Self { selection, scenario, choices, seed, json, trace, pcap })
    }

    /// The command that runs it again.
    #[must_use]
    pub(crate) fn reproduce(&self) -> String {
        format!("halfclose run {} --seed {}", self.selection.words, self.seed)
    }

    fn recording(&self) -> Recording {
        match self.pcap {
            Some(_) => Recording::Packets,
            None if self.trace => Recording::Headers,
            // The summary quotes the dialogue.
            None if !self.json => Recording::Dialogue,
            None => Recording::Digest,
        }
    }
}

/// Runs a scenario once. The report goes to `err` if a capture takes standard output, which is a terminal
/// if there are `columns`.
pub(in crate::cli) fn execute(
    args: RunArgs,
    columns: Option<usize>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let request = &RunRequest::new(args)?;
    let scenario = &request.scenario;
    // A capture that cannot be written is an error before the run, not after the run.
    let pcap = request.pcap.as_deref().map(|path| Capture::create(path, request.json, columns));
    let pcap = pcap.transpose()?;
    let out: &mut dyn Write = if matches!(pcap, Some(Capture::Standard)) { err } else { out };
    let workload = Workload::load(scenario).map_err(CommandError::input)?;
    let began = wall_clock();
    let finished = run_loaded(scenario, &workload, request.seed, request.recording());
    let wall = began.elapsed();
    workload.verify().map_err(CommandError::input)?;
    if let Some(pcap) = pcap {
        pcap.write(request, &finished)?;
    }
    let reproduce = request.reproduce();
    let outcome = &finished.outcome;
    let shown = ShownRun { scenario, outcome, reproduce: &reproduce };
    match request.json {
        true => print_json(out, request, &shown, &finished)?,
        false => print(out, request, &shown, &finished, wall)?,
    }
    let broken = report::unmet(&scenario.expect, outcome);
    if !request.json && !broken.is_empty() {
        for what in &broken {
            writeln!(out, "broken: {what}")?;
        }
        writeln!(out, "reproduce: {reproduce}")?;
    }
    Ok(if broken.is_empty() { Status::AsExpected } else { Status::Broken })
}

fn print(
    out: &mut dyn Write,
    request: &RunRequest,
    shown: &ShownRun<'_>,
    finished: &Finished,
    wall: Duration,
) -> Result<(), CommandError> {
    if request.trace {
        writeln!(out, "{}{}: {}", ladder::MAGIC, ladder::VERSION, request.reproduce())?;
        writeln!(out, "{}", ladder::head())?;
        for line in ladder::lines(&finished.trace) {
            writeln!(out, "{line}")?;
        }
        writeln!(out)?;
    }
    let mut text = String::new();
    report::summary(&mut text, shown, wall).expect("a String takes everything");
    write!(out, "{text}")?;
    for (key, value) in &request.choices {
        writeln!(out, "  drawn    {key}={value}")?;
    }
    Ok(())
}

/// A run, and what `run` alone adds.
#[derive(Serialize)]
struct RunObject<'a> {
    #[serde(flatten)]
    run: RunRecord<'a>,
    /// The values that the seed drew.
    #[serde(skip_serializing_if = "Option::is_none")]
    point: Option<Choices<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<Vec<String>>,
}

fn print_json(
    out: &mut dyn Write,
    request: &RunRequest,
    shown: &ShownRun<'_>,
    finished: &Finished,
) -> Result<(), CommandError> {
    let object = RunObject {
        run: shown.record(),
        point: (!request.choices.is_empty()).then_some(Choices(&request.choices)),
        trace: request.trace.then(|| ladder::lines(&finished.trace)),
    };
    let object = serde_json::to_string(&object).expect("no key is anything but text");
    writeln!(out, "{object}")?;
    Ok(())
}

/// Where the capture of a run goes.
enum Capture {
    /// To a file, which appears when the capture is whole.
    File(OutputFile),
    /// To the reader of standard output.
    Standard,
}

impl Capture {
    /// Opens the file at `path`, or standard output for `-`.
    fn create(path: &Path, json: bool, columns: Option<usize>) -> Result<Self, CommandError> {
        if path != Path::new("-") {
            return OutputFile::create(path).map(Self::File).map_err(CommandError::input);
        }
        if json {
            return Err(CommandError::input("--pcap - and --json: both need standard output"));
        }
        if columns.is_some() {
            let problem = "--pcap -: standard output is a terminal: name a file, or add a pipe \
                           such as `| tshark -r -`";
            return Err(CommandError::input(problem));
        }
        Ok(Self::Standard)
    }

    /// Writes the packets of a run. A reader that closes its pipe early is no error.
    fn write(self, request: &RunRequest, finished: &Finished) -> Result<(), CommandError> {
        let header = CaptureHeader::new(request.seed, file::print(&request.scenario));
        let packets = finished.captured();
        let packets = packets.iter().map(OwnedCapturedPacket::borrowed);
        match self {
            Self::Standard => {
                let mut stdout = io::stdout();
                let mut to = BufWriter::new(UntilClosed::new(&mut stdout));
                capture::write(&mut to, &header, packets)?;
                Ok(to.flush()?)
            }
            Self::File(mut file) => {
                capture::write(&mut file, &header, packets)
                    .map_err(|error| CommandError::input(file.failed(&error)))?;
                file.commit().map_err(CommandError::input)
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "real time is shown beside virtual time; it does not reach the run"
)]
fn wall_clock() -> Instant {
    Instant::now()
}
