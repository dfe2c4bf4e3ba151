//! `check` is the search as somebody else's `#[test]` uses it: a property of every run, and a failure
//! whose text alone is enough to see the cause and to see it again.
//!
//! ```
//! use halfclose::{Verdict, catalogue, explore, sweep};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut scenario = catalogue::find("q123208")?;
//! scenario.vary(["client.profile=tcpip32-3.11b", "link.loss=5%"])?;
//! // Whatever is lost: 200 seeds, and every single fault on the data connection.
//! sweep(&scenario, 0..200).check(|outcome| outcome.verdict == Verdict::Intact);
//! scenario.vary(["link.loss=0%"])?;
//! explore(&scenario, 1).check(|outcome| outcome.verdict == Verdict::Intact);
//! # Ok(())
//! # }
//! ```
//!
//! With `HALFCLOSE_SEED=N` in the environment a sweep runs that seed alone; with
//! `HALFCLOSE_FAULTS='FAULT; ...'` an exploration runs that list of faults alone. A failure prints
//! the line that sets them.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::report::{ended, last_lines, lawful, shrunk_lines, told};
use crate::run::{Finished, run_loaded};
use crate::scenario::fault::Fault;
use crate::scenario::{Scenario, file};
use crate::search::explore::Visit;
use crate::search::schedule::named;
use crate::search::shrink::idle;
use crate::search::{Explore, Sweep, SweptRun, shrink, sweep};
use crate::workload::Workload;

/// Names the seed that a check runs alone.
const SEED: &str = "HALFCLOSE_SEED";

/// Names the faults that a check runs alone.
const FAULTS: &str = "HALFCLOSE_FAULTS";

/// Lines of a trace in a failure, where no fault is left to show.
const LINES: usize = 20;

impl Sweep<'_> {
    /// Require that `holds` is true of every run, and that none breaks a law that the scenario does
    /// not expect to be broken.
    ///
    /// # Panics
    /// If it is not so: the text says what the first such run came to, its cause, its last packets, and
    /// how to run it again. Also if the sweep cannot begin or has no run, or `HALFCLOSE_SEED` names no
    /// seed.
    #[track_caller]
    pub fn check(&self, holds: impl Fn(&Outcome) -> bool + Sync) {
        let alone = environment(SEED).map(|text| match text.trim().parse::<u64>() {
            Ok(seed) => seed..=seed,
            Err(_) => panic!("{SEED}: `{text}` is no seed from 0 to {}", u64::MAX),
        });
        let single = alone.map(|seeds| sweep(self.scenario(), seeds));
        let sweep = single.as_ref().unwrap_or(self);
        #[derive(Default)]
        struct Chunk {
            runs: u64,
            failed: u64,
            first: Option<u64>,
        }
        let fails =
            |outcome: &Outcome| !lawful(&self.scenario().expect, outcome) || !holds(outcome);
        let add = |chunk: &mut Chunk, run: SweptRun<'_>| {
            chunk.runs += 1;
            if fails(run.outcome) {
                chunk.failed += 1;
                chunk.first.get_or_insert(run.outcome.seed);
            }
        };
        let (mut runs, mut failed, mut first) = (0, 0, None);
        let ready = |point, chunk: Chunk| {
            runs += chunk.runs;
            failed += chunk.failed;
            first = first.or(chunk.first.map(|seed| (point, seed)));
            ControlFlow::Continue(())
        };
        let begun = sweep.fold(add, ready);
        begun.unwrap_or_else(|error| panic!("the sweep cannot begin: {error}"));
        let name = &self.scenario().name;
        assert!(runs > 0, "{name}: nothing was run: the range of seeds is empty");
        let Some((point, seed)) = first else { return };
        let pinned = self.scenario().pin(point, seed);
        let mut title = format!("{failed} of {runs} runs fail; the first is seed {seed}");
        for (key, value) in &pinned.choices {
            write!(title, ", {key}={value}").expect("a String takes everything");
        }
        let variable = format!("{SEED}={seed}");
        panic!("{}", Failure { title, scenario: &pinned.scenario, seed, variable }.text(&fails));
    }
}

impl Explore<'_> {
    /// Require that `holds` is true of the run of every list of faults, and that none breaks a law that
    /// the scenario does not expect to be broken.
    ///
    /// # Panics
    /// If it is not so: the text says what a least such list came to, its packets, and how to run it
    /// again. Also if a file of the scenario cannot be read, `HALFCLOSE_FAULTS` has something else than
    /// faults in it or one that meets no packet, or the count is not closed.
    #[track_caller]
    pub fn check(&self, holds: impl Fn(&Outcome) -> bool + Sync) {
        let seed = self.drawn_by();
        let scenario = self.scenario().pin(0, seed).scenario;
        let workload = Workload::load(&scenario).unwrap_or_else(|error| panic!("{error}"));
        let fails = |outcome: &Outcome| !lawful(&scenario.expect, outcome) || !holds(outcome);
        let (title, faults) = match environment(FAULTS) {
            Some(text) => {
                let lines = text.split(';').filter(|line| !line.trim().is_empty());
                let read = lines.map(str::parse).collect::<Result<Vec<Fault>, _>>();
                let faults = read.unwrap_or_else(|problem| panic!("{FAULTS}: {problem}"));
                (format!("with {FAULTS} it fails"), faults)
            }
            None => {
                let mut first = None;
                let visit = |visit: Visit<'_>| {
                    if !visit.holds {
                        first = Some(visit.faults.to_vec());
                        return ControlFlow::Break(());
                    }
                    ControlFlow::Continue(())
                };
                let keeps = |outcome: &Outcome| !fails(outcome);
                let explored = self.visit(keeps, visit);
                let explored = explored.unwrap_or_else(|error| panic!("{error}"));
                let Some(list) = first else {
                    let lists = explored.runs();
                    assert!(
                        explored.exhaustive,
                        "{lists} lists hold, and the exploration is not exhaustive"
                    );
                    return;
                };
                let faults = named(&scenario, &workload, seed, &list);
                let count = match faults.len() {
                    0 => "the run without faults fails".to_owned(),
                    1 => "one fault is enough to fail".to_owned(),
                    many => format!("{many} faults are enough to fail, and no fewer"),
                };
                (count, faults)
            }
        };
        let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let mut with = scenario.clone();
        with.faults.extend(faults);
        let outcome = run_loaded(&with, &workload, seed, Recording::Digest).outcome;
        for line in &lines {
            let idle = idle(line, &outcome);
            assert!(
                !idle,
                "{FAULTS}: `{line}` meets no packet, so this is not the run that failed"
            );
        }
        if !fails(&outcome) {
            return;
        }
        let variable = format!("{FAULTS}='{}'", lines.join("; "));
        panic!("{}", Failure { title, scenario: &with, seed, variable }.text(&fails));
    }
}

/// A run that fails, to be told.
struct Failure<'a> {
    title: String,
    scenario: &'a Scenario,
    seed: u64,
    /// What the environment must say to run it alone.
    variable: String,
}

impl Failure<'_> {
    fn text(&self, fails: &dyn Fn(&Outcome) -> bool) -> String {
        let mut text = String::new();
        self.tell(&mut text, fails).expect("a String takes everything");
        text
    }

    fn tell(&self, to: &mut String, fails: &dyn Fn(&Outcome) -> bool) -> std::fmt::Result {
        let workload = Workload::load(self.scenario).expect("it was read before");
        let finished = run_loaded(self.scenario, &workload, self.seed, Recording::Headers);
        writeln!(to, "{}: {}", self.scenario.name, self.title)?;
        came_to(to, &finished.outcome)?;
        // What is left of it must fail as well: a check may ask for more than shrinking keeps.
        let shrunk = shrink(self.scenario, self.seed).run().ok();
        match shrunk.filter(|shrunk| fails(&shrunk.finished.outcome)) {
            Some(shrunk) => {
                let faults = &shrunk.scenario.faults;
                match faults.len() {
                    0 => writeln!(to, "  cause    none of its faults: it fails without")?,
                    left if left == shrunk.before => writeln!(to, "  cause    its faults")?,
                    left => writeln!(to, "  cause    {left} of its {} faults", shrunk.before)?,
                }
                for fault in faults {
                    writeln!(to, "    {fault}")?;
                }
                packets(to, &shrunk.finished, !faults.is_empty())?;
                writeln!(to, "  as a file, for `halfclose run FILE`")?;
                let (source, story) = Default::default();
                let alone = Scenario { source, story, ..shrunk.scenario.clone() };
                for line in file::print(&alone).lines().filter(|line| !line.is_empty()) {
                    writeln!(to, "    {line}")?;
                }
            }
            None => packets(to, &finished, false)?,
        }
        write!(to, "reproduce: {} {}", self.variable, command())
    }
}

fn came_to(to: &mut String, outcome: &Outcome) -> std::fmt::Result {
    writeln!(to, "  verdict  {}", outcome.verdict)?;
    if let Some(worst) = outcome.worst() {
        let (client, server) = (ended(worst.ending.client), ended(worst.ending.server));
        let (sent, stored, file) = (worst.sent, worst.stored, worst.file.name());
        writeln!(to, "  bytes    sent {sent}, stored {stored}: {file}; told {}", told(worst.told))?;
        writeln!(to, "  told     {}", worst.client)?;
        writeln!(to, "  data     client {client}, server {server}")?;
    }
    for law in &outcome.broken_laws {
        writeln!(to, "  broken   {law}")?;
    }
    Ok(())
}

fn packets(to: &mut String, finished: &Finished, faults: bool) -> std::fmt::Result {
    let lines = match faults {
        true => shrunk_lines(&finished.trace),
        false => last_lines(&finished.trace, LINES),
    };
    writeln!(to, "  the last packets{}", if faults { ", and those of the faults" } else { "" })?;
    lines.iter().try_for_each(|line| writeln!(to, "  {line}"))
}

/// The command that runs the test again, as far as its own thread knows it.
#[expect(clippy::disallowed_methods, reason = "a test's name, for its failure alone")]
fn command() -> String {
    let package = environment("CARGO_PKG_NAME").map(|name| format!(" -p {name}"));
    let thread = std::thread::current();
    let test = thread.name().filter(|name| *name != "main");
    let test = test.map(|name| format!(" -- --exact {name}"));
    format!("cargo test{}{}", package.unwrap_or_default(), test.unwrap_or_default())
}

#[expect(clippy::disallowed_methods, reason = "it says which run is wanted, and reaches none")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
