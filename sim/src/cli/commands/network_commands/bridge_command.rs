//! `halfclose bridge` runs real programs on the ends of the link of a scenario.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rustix::fs::OFlags;
use rustix::process::geteuid;
use serde_json::json;
use tempfile::TempDir;

use crate::bridge::{BridgeError, Folders, Plan, cross};
use crate::capture::{CaptureHeader, CaptureWriter};
use crate::cli::args::bridge_args::BridgeArgs;
use crate::cli::commands::run_command::Capture;
use crate::cli::page_file::PageFile;
use crate::cli::selection::{Selection, quoted};
use crate::cli::{CommandError, Status};
use crate::live::PasswordSource;
use crate::report::page::{BridgedEnds, RunPage};
use crate::report::{self, BridgedRun, ShownRun};
use crate::scenario::{Expect, Scenario};
use crate::side::Side;
use crate::workload::Workload;

impl From<BridgeError> for CommandError {
    fn from(error: BridgeError) -> Self {
        match error {
            BridgeError::Refused(what) => Self::Input(what),
            file @ BridgeError::File(..) => Self::input(file),
            other => Self::Transfer(other.to_string()),
        }
    }
}

/// A bridge as the command line asks for it.
struct Request<'a> {
    args: &'a BridgeArgs,
    selection: Selection,
    login: Option<(String, String)>,
    interrupted: Arc<AtomicBool>,
}

/// Runs a bridge once, or once for each seed. The report goes to `err` if a capture takes standard
/// output.
pub(in crate::cli) fn execute(
    args: &BridgeArgs,
    columns: Option<usize>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let selection = Selection::new(args.what.clone())?;
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    // A handler that cannot be set leaves the signal as it was: the kernel then ends the commands.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    let login = args.user.as_ref().map(|user| {
        let source = PasswordSource { file: args.password_file.clone() };
        Ok::<_, CommandError>((user.clone(), source.find(user, err)?))
    });
    let login = login.transpose()?;
    let mut inputs = selection.inputs();
    args.password_file.iter().for_each(|it| inputs.add("the file of the password", it));
    for (option, path) in [("--pcap", &args.pcap), ("--report", &args.report)] {
        path.as_ref().map_or(Ok(()), |path| inputs.protect(option, path))?;
    }
    let request = Request { args, selection, login, interrupted };
    let done = match args.seeds {
        Some(_) => many(&request, out),
        None => one(&request, columns, out, err),
    };
    if done.is_ok() {
        request.selection.tell_dropped(err)?;
    }
    match done {
        Err(_) if request.interrupted.load(Ordering::Relaxed) => Ok(Status::Interrupted),
        done => done,
    }
}

impl Request<'_> {
    /// The command line of the run of a seed.
    fn again(&self, seed: u64) -> String {
        let mut words = format!("halfclose bridge {} --seed {seed}", self.selection.words);
        for (option, command) in [("client", &self.args.client), ("server", &self.args.server)] {
            if let Some(command) = command {
                words.push_str(&format!(" --{option} {}", quoted(command)));
            }
        }
        if let Some(user) = &self.args.user {
            words.push_str(&format!(" --user {}", quoted(user)));
        }
        words
    }

    /// The scenario of the run of a seed. The expectation of a scenario holds for programs of ours.
    fn scenario(&self, seed: u64) -> Result<Scenario, CommandError> {
        let mut scenario = self.selection.pinned(seed)?.scenario;
        let foreign = self.args.client.is_some() || self.args.server.is_some();
        let asked = self.args.what.settings.iter().any(|setting| setting.starts_with("expect."));
        if foreign && !asked && !self.args.what.keep_expect {
            scenario.expect = Expect::default();
        }
        Ok(scenario)
    }

    /// Makes the run of a seed, with its directories below `base`.
    fn cross(
        &self,
        (scenario, seed): (&Scenario, u64),
        base: &Path,
        capture: Option<&mut Capture>,
        told: &mut dyn FnMut(&BridgedRun<'_>) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let workload = Workload::load(scenario).map_err(CommandError::input)?;
        let folders = Folders::make(base)?;
        let plan = Plan {
            scenario,
            workload: &workload,
            seed,
            commands: [self.args.client.as_deref(), self.args.server.as_deref()],
            login: self.login.as_ref(),
            folders: &folders,
            checks: &self.args.checks,
            limit: self.args.limit,
            keeps: self.args.trace.is_some() || self.args.report.is_some(),
            interrupted: &self.interrupted,
        };
        let crossed = match capture {
            None => cross(&plan, None)?,
            Some(capture) => {
                let header = CaptureHeader::new(seed, scenario.to_string());
                let mut to = capture.writer();
                let to: &mut dyn Write = &mut *to;
                let writer = CaptureWriter::new(to, &header)?;
                cross(&plan, Some((writer, self.args.pcap_at)))?
            }
        };
        workload.verify().map_err(CommandError::input)?;
        let unmet = match crossed.has_verdict() {
            true => report::unmet(&scenario.expect, &crossed.finished.outcome),
            false => Vec::new(),
        };
        let said = [Side::Client, Side::Server].map(|side| {
            let failed = crossed.ended[side as usize].is_some_and(|ended| !ended.is_success());
            if failed { folders.last_lines(side, 3) } else { Vec::new() }
        });
        let (commands, again) = (plan.commands, self.again(seed));
        let (crossed, again, scope) = (&crossed, &*again, self.args.trace);
        told(&BridgedRun { scenario, crossed, commands, again, unmet, said, scope })
    }
}

/// The directory of a run: the one that the user names, or one that goes away.
enum Base {
    Kept(PathBuf),
    /// The lock tells other bridges that the directory is in use.
    Temporary {
        folder: TempDir,
        _lock: File,
    },
}

/// The beginning of the names of temporary directories.
const PREFIX: &str = "halfclose-bridge";
/// The locked file in a temporary directory.
const LOCK: &str = "lock";

impl Base {
    fn new(args: &BridgeArgs) -> Result<Self, CommandError> {
        match &args.dir {
            Some(dir) => std::path::absolute(dir).map(Self::Kept),
            None => Self::temporary(),
        }
        .map_err(|error| CommandError::Input(format!("no directory for the run: {error}")))
    }

    /// Makes a temporary directory, and removes those of bridges that were killed.
    fn temporary() -> io::Result<Self> {
        remove_stale(&std::env::temp_dir());
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        // No other bridge sees the file before the file is locked.
        let unlocked = folder.path().join("unlocked");
        let lock = File::create(&unlocked)?;
        lock.try_lock()?;
        std::fs::rename(unlocked, folder.path().join(LOCK))?;
        Ok(Self::Temporary { folder, _lock: lock })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary { folder, .. } => folder.path(),
        }
    }
}

/// Removes the directories of bridges that are gone: the directories whose file can be locked.
fn remove_stale(within: &Path) {
    let entries = std::fs::read_dir(within).into_iter().flatten().filter_map(Result::ok);
    for entry in entries.filter(|it| it.file_name().to_string_lossy().starts_with(PREFIX)) {
        // A symbolic link may lead anywhere, and another user's directory may hold anything.
        let own = geteuid().as_raw();
        if !entry.metadata().is_ok_and(|known| known.is_dir() && known.uid() == own) {
            continue;
        }
        // Opening a pipe would wait for a writer.
        let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
        let lock = File::options().read(true).custom_flags(flags).open(entry.path().join(LOCK));
        if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            // What cannot be removed stays.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn one(
    request: &Request<'_>,
    columns: Option<usize>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let args = request.args;
    let seed = request.selection.seed(args.seed);
    let scenario = request.scenario(seed)?;
    let capture = args.pcap.as_deref().map(|path| Capture::create(path, args.json, columns));
    let mut capture = capture.transpose()?;
    let page = PageFile::create(args.report.as_deref(), &["html"], &request.selection)?;
    let out: &mut dyn Write = if matches!(capture, Some(Capture::Standard)) { err } else { out };
    let base = Base::new(args)?;
    let mut status = Status::AsExpected;
    let mut text = None;
    request.cross((&scenario, seed), base.path(), capture.as_mut(), &mut |told| {
        if !told.unmet.is_empty() {
            status = Status::Broken;
        }
        if page.is_some() {
            let BridgedRun { scenario, crossed, again: reproduce, commands, .. } = *told;
            let (finished, outcome) = (&crossed.finished, &crossed.finished.outcome);
            let shown = ShownRun { scenario, outcome, reproduce, because: None };
            let (known, object) = (crossed.has_verdict(), report::bridge_json(told));
            let ends = BridgedEnds { commands, known, object };
            text = Some(RunPage::of_bridge(shown, finished, ends).text());
        }
        match args.json {
            true => writeln!(out, "{}", report::bridge_json(told))?,
            false => write!(out, "{}", report::bridge(told))?,
        }
        Ok(())
    })?;
    if let Some(capture) = capture {
        capture.commit()?;
    }
    if let (Some(page), Some(text)) = (page, text) {
        page.write(&text)?;
    }
    Ok(status)
}

/// The counts of many runs.
#[derive(Default)]
struct Counted {
    verdicts: BTreeMap<&'static str, u64>,
    statuses: BTreeMap<String, u64>,
    /// The first seeds of each verdict, in ascending order.
    first_seeds: BTreeMap<&'static str, Vec<u64>>,
    unmet: u64,
    runs: u64,
    error: Option<CommandError>,
}

fn many(request: &Request<'_>, out: &mut dyn Write) -> Result<Status, CommandError> {
    let args = request.args;
    let seeds = args.seeds.expect("the caller asks for many seeds alone");
    let base = Base::new(args)?;
    let next = AtomicU64::new(0);
    let counted = Mutex::new(Counted::default());
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.get() {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let stop = request.interrupted.load(Ordering::Relaxed);
                    if u128::from(number) >= seeds.count() || stop {
                        return;
                    }
                    if let Err(error) = count(request, seeds.at(number), base.path(), &counted) {
                        let mut counted = counted.lock().expect("no thread panics with the lock");
                        counted.error.get_or_insert(error);
                        next.store(u64::MAX / 2, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let counted = counted.into_inner().expect("no thread panics with the lock");
    if let Some(error) = counted.error {
        return Err(error);
    }
    let Counted { verdicts, statuses, first_seeds, unmet, runs, .. } = &counted;
    if args.json {
        let object = json!({
            "scenario": request.selection.scenario.name,
            "runs": runs,
            "verdicts": verdicts,
            "first_seeds": first_seeds,
            "statuses": statuses,
            "unexpected": unmet,
            "replayable": false,
        });
        writeln!(out, "{object}")?;
    } else {
        writeln!(out, "{}: {runs} bridge runs in real time", request.selection.scenario.name)?;
        for (verdict, count) in verdicts {
            let first = first_seeds.get(verdict).and_then(|seeds| seeds.first());
            let first = first.map_or_else(String::new, |seed| request.again(*seed));
            writeln!(out, "  {verdict:<18} {count:>6}  {first}")?;
        }
        for (ended, count) in statuses {
            writeln!(out, "  {ended:<18} {count:>6}")?;
        }
    }
    Ok(match (request.interrupted.load(Ordering::Relaxed), *unmet) {
        (true, _) => Status::Interrupted,
        (false, 0) => Status::AsExpected,
        (false, _) => Status::Broken,
    })
}

/// Seeds that are named for each verdict.
const FIRST: usize = 5;

/// Makes the run of a seed, and counts the result.
fn count(
    request: &Request<'_>,
    seed: u64,
    base: &Path,
    counted: &Mutex<Counted>,
) -> Result<(), CommandError> {
    let scenario = request.scenario(seed)?;
    let folder = base.join(format!("seed-{seed}"));
    request.cross((&scenario, seed), &folder, None, &mut |told| {
        let mut counted = counted.lock().expect("no thread panics with the lock");
        counted.runs += 1;
        counted.unmet += u64::from(!told.unmet.is_empty());
        let verdict = match told.crossed.has_verdict() {
            true => told.crossed.finished.outcome.verdict.name(),
            false => "no verdict",
        };
        *counted.verdicts.entry(verdict).or_default() += 1;
        let first = counted.first_seeds.entry(verdict).or_default();
        first.push(seed);
        first.sort_unstable();
        first.truncate(FIRST);
        for side in [Side::Client, Side::Server] {
            if let Some(ended) = told.crossed.ended[side as usize] {
                *counted.statuses.entry(format!("{}: {ended}", side.name())).or_default() += 1;
            }
        }
        Ok(())
    })?;
    if request.args.dir.is_none() {
        // A server may still hold a name of the directory: the whole goes away at the end.
        let _ = std::fs::remove_dir_all(folder);
    }
    Ok(())
}
