//! `failure` writes the message of a check that fails.

use std::fmt::Write as _;

use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::report::{ended, last_lines, shrunk_lines, told};
use crate::run::{Finished, run_loaded};
use crate::scenario::{Scenario, file};
use crate::search::shrink;
use crate::workload::Workload;

/// The number of trace lines in a message that has no fault to show.
const LINES: usize = 20;

/// A run that fails a check.
pub(super) struct Failure<'a> {
    pub(super) title: String,
    pub(super) scenario: &'a Scenario,
    pub(super) seed: u64,
    /// The assignment of the environment variable that repeats the run.
    pub(super) variable: String,
}

impl Failure<'_> {
    /// The message of the failure; `fails` is the property that the run fails.
    pub(super) fn text(&self, fails: &dyn Fn(&Outcome) -> bool) -> String {
        let mut text = String::new();
        self.write(&mut text, fails).expect("a String takes everything");
        text
    }

    fn write(&self, to: &mut String, fails: &dyn Fn(&Outcome) -> bool) -> std::fmt::Result {
        let workload = Workload::load(self.scenario).expect("the files were read before");
        let finished = run_loaded(self.scenario, &workload, self.seed, Recording::Headers);
        writeln!(to, "{}: {}", self.scenario.name, self.title)?;
        write_outcome(to, &finished.outcome)?;
        // The shrunk run must fail as well: a check may ask for more than a shrink keeps.
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
                write_packets(to, &shrunk.finished, !faults.is_empty())?;
                writeln!(to, "  as a file, for `halfclose run FILE`")?;
                let (source, story) = Default::default();
                let alone = Scenario { source, story, ..shrunk.scenario.clone() };
                for line in file::print(&alone).lines().filter(|line| !line.is_empty()) {
                    writeln!(to, "    {line}")?;
                }
            }
            None => write_packets(to, &finished, false)?,
        }
        write!(to, "reproduce: {} {}", self.variable, command())
    }
}

fn write_outcome(to: &mut String, outcome: &Outcome) -> std::fmt::Result {
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

fn write_packets(to: &mut String, finished: &Finished, faults: bool) -> std::fmt::Result {
    let lines = match faults {
        true => shrunk_lines(&finished.trace),
        false => last_lines(&finished.trace, LINES),
    };
    writeln!(to, "  the last packets{}", if faults { ", and those of the faults" } else { "" })?;
    lines.iter().try_for_each(|line| writeln!(to, "  {line}"))
}

/// The command that runs the failing test alone, as far as the thread's name says which test.
#[expect(clippy::disallowed_methods, reason = "the name of a test, for the message alone")]
pub(super) fn command() -> String {
    let package = environment("CARGO_PKG_NAME").map(|name| format!(" -p {name}"));
    let thread = std::thread::current();
    let test = thread.name().filter(|name| *name != "main");
    let test = test.map(|name| format!(" -- --exact {name}"));
    format!("cargo test{}{}", package.unwrap_or_default(), test.unwrap_or_default())
}

/// A variable of the environment, which selects a run and reaches no run.
#[expect(clippy::disallowed_methods, reason = "the variable selects a run, and reaches no run")]
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
