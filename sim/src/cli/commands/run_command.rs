//! `halfclose run` makes a single run of a scenario.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cli::args::{CiArgs, RunArgs};
use crate::cli::ci_report::{Check, Finding};
use crate::cli::output_file::{OutputFile, end_without_leavings};
use crate::cli::page_file::PageFile;
use crate::cli::selection::Selection;
use crate::cli::streams::UntilClosed;
use crate::cli::{CommandError, Status};
use crate::judge::expectation::Unmet;
use crate::network::trace::Recording;
use crate::report::ladder::TraceScope;
use crate::report::page::{LadderForm, RunPage};
use crate::report::{self, ShownRun, ladder, terminal_trace};
use crate::run::run_record::{Choices, RunRecord};
use crate::run::{CapturePoint, Finished, run_loaded};
use crate::scenario::{Choice, Pinned, Scenario};
use crate::workload::Workload;

/// The request of a `run` command.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RunRequest {
    /// The scenario as the command line selects it.
    pub selection: Selection,
    /// The scenario of this run, with the values drawn by the seed.
    pub scenario: Scenario,
    /// The values drawn by the seed, with their keys.
    pub choices: Vec<Choice>,
    /// The seed of every random draw.
    pub seed: u64,
    /// Whether to print a JSON object.
    pub json: bool,
    /// The connections whose packets are printed.
    pub trace: Option<TraceScope>,
    /// The file of the capture; `-` is standard output.
    pub pcap: Option<PathBuf>,
    /// Where the capture is taken.
    pub pcap_at: CapturePoint,
    /// The file of the page.
    pub report: Option<PathBuf>,
    /// The form of a ladder on standard output.
    pub ladder: Option<LadderForm>,
    /// How findings are told to continuous integration.
    ci: CiArgs,
}

impl RunRequest {
    pub(super) fn new(args: RunArgs) -> Result<Self, CommandError> {
        let RunArgs { what, seed, json, trace, pcap, pcap_at, report, ladder, ci } = args;
        let selection = Selection::new(what)?;
        let seed = selection.seed(seed);
        let Pinned { scenario, choices } = selection.pinned(seed)?;
        Ok(Self {
            selection,
            scenario,
            choices,
            seed,
            json,
            trace,
            pcap,
            pcap_at,
            report,
            ladder,
            ci,
        })
    }

    /// The command line of this run.
    #[must_use]
    pub(crate) fn reproduce(&self) -> String {
        format!("halfclose run {} --seed {}", self.selection.words, self.seed)
    }

    /// What is recorded of a run that moves so many bytes: why a large run ended is not said, for the
    /// headers of its packets would fill the memory.
    fn recording(&self, bytes: u64) -> Recording {
        let packets = self.trace.is_some() || self.report.is_some() || self.ladder.is_some();
        match self.pcap {
            Some(_) => Recording::Packets,
            None if packets || bytes <= EXPLAINED_MAX => Recording::Headers,
            // The summary quotes the dialogue.
            None if !self.json => Recording::Dialogue,
            None => Recording::Digest,
        }
    }
}

/// Bytes of all files of a run that is explained, at most.
const EXPLAINED_MAX: u64 = 64 << 20;

/// Runs a scenario once. The report goes to `err` if a capture takes standard output. Standard output is a
/// terminal if `columns` is not `None`.
pub(in crate::cli) fn execute(
    args: RunArgs,
    columns: Option<usize>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let request = &RunRequest::new(args)?;
    let scenario = &request.scenario;
    if let Some(path) = &request.pcap {
        request.selection.inputs().protect("--pcap", path)?;
    }
    request.ci.protect(&request.selection.inputs())?;
    // A capture that cannot be written is an error before the run, not after the run.
    let pcap = request.pcap.as_deref().map(|path| Capture::create(path, request.json, columns));
    let pcap = pcap.transpose()?;
    let standard = matches!(pcap, Some(Capture::Standard));
    end_without_leavings();
    let page = PageFile::create(request.report.as_deref(), &["html"], &request.selection)?;
    let workload = Workload::load(scenario).map_err(CommandError::input)?;
    let began = wall_clock();
    let finished =
        run_loaded(scenario, &workload, request.seed, request.recording(workload.bytes()));
    let wall = began.elapsed();
    workload.verify().map_err(CommandError::input)?;
    if let Some(pcap) = pcap {
        pcap.write(request, &finished)?;
    }
    // One line alone says what is wrong with the input, so this note comes after every error.
    request.selection.tell_dropped(err)?;
    let out: &mut dyn Write = if standard { err } else { out };
    let reproduce = request.reproduce();
    let outcome = &finished.outcome;
    let because = report::because(&finished);
    let because = because.as_deref();
    let shown = ShownRun { scenario, outcome, reproduce: &reproduce, because };
    let broken = report::unmet(&scenario.expect, outcome);
    if let Some(page) = page {
        page.write(&RunPage::new(shown, &finished, &workload).text())?;
    }
    match (request.ladder, request.json) {
        (Some(form), _) => {
            write!(out, "{}", form.of(&finished, request.trace.unwrap_or_default()))?;
        }
        (None, true) => print_json(out, request, &shown, &finished)?,
        (None, false) => print(out, request, &shown, &finished, (columns, wall))?,
    }
    if !request.json && request.ladder.is_none() && !broken.is_empty() {
        for what in &broken {
            writeln!(out, "broken: {what}")?;
        }
        writeln!(out, "reproduce: {reproduce}")?;
    }
    let finding =
        |what: &Unmet| Finding { message: what.to_string(), reproduce: reproduce.clone() };
    let checks =
        [Check { name: reproduce.clone(), findings: broken.iter().map(finding).collect() }];
    request.ci.tell("halfclose run", &checks, err)?;
    Ok(if broken.is_empty() { Status::AsExpected } else { Status::Broken })
}

fn print(
    out: &mut dyn Write,
    request: &RunRequest,
    shown: &ShownRun<'_>,
    finished: &Finished,
    (columns, wall): (Option<usize>, Duration),
) -> Result<(), CommandError> {
    match (request.trace, columns) {
        (Some(scope), Some(columns)) => {
            write!(out, "{}", terminal_trace(finished, scope, columns))?;
        }
        (Some(scope), None) => {
            let scoped = match scope {
                TraceScope::All => "",
                TraceScope::Data => " --trace=data",
                TraceScope::Control => " --trace=control",
            };
            let (magic, version) = (ladder::MAGIC, ladder::VERSION);
            writeln!(out, "{magic}{version}: {}{scoped}", request.reproduce())?;
            writeln!(out, "{}", ladder::head())?;
            for line in ladder::lines_in(&finished.trace, scope) {
                writeln!(out, "{line}")?;
            }
            writeln!(out)?;
        }
        (None, _) => {}
    }
    let mut text = String::new();
    report::summary(&mut text, shown, wall).expect("a String takes everything");
    write!(out, "{text}")?;
    for (key, value) in &request.choices {
        writeln!(out, "  drawn    {key}={value}")?;
    }
    Ok(())
}

/// A run, with the keys of `run --json` alone.
#[derive(Serialize)]
struct RunObject<'a> {
    #[serde(flatten)]
    run: RunRecord<'a>,
    /// The values drawn by the seed.
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
        trace: request.trace.map(|scope| ladder::lines_in(&finished.trace, scope)),
    };
    let object = serde_json::to_string(&object).expect("no key is anything but text");
    writeln!(out, "{object}")?;
    Ok(())
}

/// The destination of a capture.
pub(super) enum Capture {
    /// A file, visible once the capture is whole.
    File(OutputFile),
    /// The reader of standard output.
    Standard,
}

impl Capture {
    /// Opens the file at `path`, or standard output for `-`.
    pub(super) fn create(
        path: &Path,
        json: bool,
        columns: Option<usize>,
    ) -> Result<Self, CommandError> {
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

    /// Where the packets of a bridge go, one by one.
    #[cfg(all(feature = "net", target_os = "linux"))]
    pub(super) fn writer(&mut self) -> Box<dyn Write + '_> {
        match self {
            Self::Standard => Box::new(BufWriter::new(io::stdout())),
            Self::File(file) => Box::new(file),
        }
    }

    /// Gives a capture that is whole its name.
    #[cfg(all(feature = "net", target_os = "linux"))]
    pub(super) fn commit(self) -> Result<(), CommandError> {
        match self {
            Self::Standard => Ok(()),
            Self::File(file) => file.commit().map_err(CommandError::input),
        }
    }

    /// Writes the packets of a run. A reader may close the pipe early without an error.
    fn write(self, request: &RunRequest, finished: &Finished) -> Result<(), CommandError> {
        let (scenario, point) = (&request.scenario, request.pcap_at);
        match self {
            Self::Standard => {
                let mut stdout = io::stdout();
                let mut to = BufWriter::new(UntilClosed::new(&mut stdout));
                finished.write_pcap(scenario, point, &mut to)?;
                Ok(to.flush()?)
            }
            Self::File(mut file) => {
                finished
                    .write_pcap(scenario, point, &mut file)
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
