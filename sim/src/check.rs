//! `check` gives a search the form of a test: a property of every run, or a share of verdicts. A failure
//! prints the cause, the packets, the scenario and the line that repeats the failure.
//!
//! ```
//! use halfclose::{Scenario, Verdict, explore, sweep};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut scenario = Scenario::catalogue("q123208")?;
//! scenario.vary(["client.profile=tcpip32-3.11b", "link.loss=5%"])?;
//! // Every run of 200 seeds.
//! sweep(&scenario, 0..200).check(|outcome| outcome.verdict == Verdict::Intact);
//! // Every placement of one fault on the data connection.
//! scenario.vary(["link.loss=0%"])?;
//! explore(&scenario, 1).check(|outcome| outcome.verdict == Verdict::Intact);
//! // A share of the runs: the client that ends with a RST.
//! scenario.vary(["client.profile=tcpip32-3.11", "link.loss=5%"])?;
//! sweep(&scenario, 0..200).at_most(Verdict::Truncated, 30.0).check_shares();
//! # Ok(())
//! # }
//! ```
//!
//! With [`Sweep::corpus`], the seeds that failed once run first, and a failure adds a seed.
//!
//! With `HALFCLOSE_SEED=N` in the environment, a check of a sweep runs that seed alone. With
//! `HALFCLOSE_FAULTS='FAULT; ...'`, a check of an exploration runs that list of faults alone. A failure
//! prints the line that sets the variable.

mod failure;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use crate::judge::expectation::lawful;
use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::run::run_loaded;
use crate::scenario::fault::Fault;
use crate::search::corpus::{self, FailedSeed};
use crate::search::explore::Visit;
use crate::search::schedule::named;
use crate::search::shrink::idle;
use crate::search::tally::Counted;
use crate::search::tally::shares::ShareBound;
use crate::search::{Explore, Explored, Placed, Sweep, Swept, SweptRun, Tally};
use crate::verdict::Verdict;
use crate::workload::Workload;
use failure::{Failure, environment};

/// The variable that names the seed of a check.
const SEED: &str = "HALFCLOSE_SEED";

/// The variable that names the faults of a check.
const FAULTS: &str = "HALFCLOSE_FAULTS";

impl Sweep<'_> {
    /// Makes the runs and requires that `holds` is true for every outcome, that no run breaks a law
    /// unless the scenario expects so, and that the shares are within their bounds.
    ///
    /// # Panics
    /// If a requirement fails. The message has the first such run: the outcome, the cause, the last
    /// packets, the scenario, and the line that repeats the run. Also if the sweep cannot begin, has no
    /// run or is stopped early, or if `HALFCLOSE_SEED` is not a seed.
    #[track_caller]
    pub fn check(&self, holds: impl Fn(&Outcome) -> bool + Sync) -> Swept {
        let alone = environment(SEED).map(|text| match text.trim().parse::<u64>() {
            Ok(seed) => self.only(seed),
            Err(_) => panic!("{SEED}: `{text}` is no seed from 0 to {}", u64::MAX),
        });
        if alone.is_none() {
            self.check_corpus(&holds);
        }
        alone.as_ref().unwrap_or(self).check_here(&holds)
    }

    /// Makes the runs and requires that no run breaks a law unless the scenario expects so, and that
    /// the shares are within the bounds of [`at_most`](Self::at_most) and [`at_least`](Self::at_least).
    ///
    /// # Panics
    /// As [`check`](Self::check).
    #[track_caller]
    pub fn check_shares(&self) -> Swept {
        self.check(|_| true)
    }

    /// Checks every seed of the corpus.
    #[track_caller]
    fn check_corpus(&self, holds: &(dyn Fn(&Outcome) -> bool + Sync)) {
        let Some(path) = self.corpus else { return };
        let seeds = corpus::seeds(path, &self.scenario().name);
        for seed in seeds.unwrap_or_else(|error| panic!("{error}")) {
            // A share of one run means nothing.
            let mut alone = self.only(seed);
            alone.bounds.clear();
            alone.check_here(holds);
        }
    }

    #[track_caller]
    fn check_here(&self, holds: &(dyn Fn(&Outcome) -> bool + Sync)) -> Swept {
        #[derive(Default)]
        struct Checked {
            tally: Tally,
            failed: u64,
            first: Option<u64>,
        }
        let scenario = self.scenario();
        let name = &scenario.name;
        let fails = |outcome: &Outcome| !lawful(&scenario.expect, outcome) || !holds(outcome);
        let add = |checked: &mut Checked, run: SweptRun<'_>| {
            checked.tally.add(&Counted::of(run.outcome, self.is_expected(run.outcome)));
            if fails(run.outcome) {
                checked.failed += 1;
                checked.first.get_or_insert(run.outcome.seed);
            }
        };
        let rows = self.rows().unwrap_or_else(|error| panic!("the sweep cannot begin: {error}"));
        let mut swept = Swept::new(self.wanted(&rows));
        let (mut failed, mut first) = (0, None);
        let ready = |point, checked: Checked| {
            swept.merge(point, &checked.tally);
            failed += checked.failed;
            first = first.or(checked.first.map(|seed| (point, seed)));
            ControlFlow::Continue(())
        };
        let swept_all = self.fold(add, ready);
        swept_all.unwrap_or_else(|error| panic!("the sweep cannot begin: {error}"));
        let runs = swept.runs();
        assert!(runs > 0, "{name}: nothing was run: the range of seeds is empty");
        if let Some(first) = first {
            self.fail(&format!("{failed} of {runs} runs fail"), first, &fails);
        }
        let verdicts = swept.total().verdicts;
        if let Some(bound) = self.bounds.iter().find(|bound| !bound.holds(&verdicts)) {
            let against = verdicts.keys().filter(|verdict| bound.is_against(**verdict));
            let first = against.filter_map(|verdict| swept.first(*verdict)).min();
            let first = first.expect("a run is against a bound that does not hold");
            let against = |outcome: &Outcome| bound.is_against(outcome.verdict);
            self.fail(&bound.breach(&verdicts), first, &against);
        }
        let wanted = swept.wanted;
        assert!(
            swept.is_complete(),
            "{name}: only {runs} of {wanted} runs were made: too little time"
        );
        swept
    }

    /// Panics with the run at this point and seed as the example.
    #[track_caller]
    fn fail(
        &self,
        title: &str,
        (point, seed): (usize, u64),
        fails: &dyn Fn(&Outcome) -> bool,
    ) -> ! {
        let pinned = self.scenario().pin(point, seed);
        let mut title = format!("{title}; the first is seed {seed}");
        for (key, value) in &pinned.choices {
            write!(title, ", {key}={value}").expect("a String takes everything");
        }
        let variable = format!("{SEED}={seed}");
        if let Some(path) = self.corpus {
            let comment = format!("{}: {variable} {}", one_line(&title), failure::command());
            let failed = [FailedSeed { seed, comment }];
            let added = corpus::add(path, &self.scenario().name, &failed);
            added.unwrap_or_else(|error| panic!("{error}"));
        }
        panic!("{}", Failure { title, scenario: &pinned.scenario, seed, variable }.text(fails));
    }
}

impl Explore<'_> {
    /// Makes the runs and requires that `holds` is true for every outcome, that no run breaks a law
    /// unless the scenario expects so, and that the shares are within their bounds.
    ///
    /// # Panics
    /// If a requirement fails. The message has a least such list of faults: the outcome, the packets, the
    /// scenario, and the line that repeats the run. Also if a file of the scenario cannot be read, if the
    /// exploration is not exhaustive, or if `HALFCLOSE_FAULTS` is not a list of faults that each meet a
    /// packet.
    #[track_caller]
    pub fn check(&self, holds: impl Fn(&Outcome) -> bool + Sync) -> Explored {
        let seed = self.drawn_by();
        let scenario = self.scenario().pin(0, seed).scenario;
        let workload = Workload::load(&scenario).unwrap_or_else(|error| panic!("{error}"));
        let unlawful = |outcome: &Outcome| !lawful(&scenario.expect, outcome) || !holds(outcome);
        let against = |outcome: &Outcome| {
            self.bounds.iter().any(|bound| !bound.holds(&BTreeMap::from([(outcome.verdict, 1)])))
        };
        let fails = |outcome: &Outcome| unlawful(outcome) || against(outcome);
        let (title, faults) = match environment(FAULTS) {
            Some(text) => (format!("with {FAULTS} it fails"), listed(&text)),
            None => match self.first_failure(&unlawful) {
                Ok(explored) => return explored,
                Err((title, list)) => {
                    let faults = named(&scenario, &workload, seed, &list);
                    (title.unwrap_or_else(|| enough(faults.len())), faults)
                }
            },
        };
        let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let mut with = scenario.clone();
        with.faults.extend(faults);
        let outcome = run_loaded(&with, &workload, seed, Recording::Digest).outcome;
        for line in &lines {
            assert!(
                !idle(line, &outcome),
                "{FAULTS}: `{line}` meets no packet, so this is not the run that failed"
            );
        }
        if fails(&outcome) {
            let variable = format!("{FAULTS}='{}'", lines.join("; "));
            panic!("{}", Failure { title, scenario: &with, seed, variable }.text(&fails));
        }
        Explored::of_one(lines.len(), &outcome)
    }

    /// Makes the runs and requires that no run breaks a law unless the scenario expects so, and that
    /// the shares are within the bounds of [`at_most`](Self::at_most) and [`at_least`](Self::at_least).
    ///
    /// # Panics
    /// As [`check`](Self::check).
    #[track_caller]
    pub fn check_shares(&self) -> Explored {
        self.check(|_| true)
    }

    /// Explores until a list fails. The error is a least list that fails, and a title where a share
    /// is what fails.
    #[track_caller]
    fn first_failure(
        &self,
        fails: &(dyn Fn(&Outcome) -> bool + Sync),
    ) -> Result<Explored, (Option<String>, Vec<Placed>)> {
        let mut first = None;
        let visit = |visit: Visit<'_>| {
            if visit.holds {
                return ControlFlow::Continue(());
            }
            first = Some(visit.faults.to_vec());
            ControlFlow::Break(())
        };
        let explored = self.visit(|outcome| !fails(outcome), visit);
        let explored = explored.unwrap_or_else(|error| panic!("{error}"));
        if let Some(list) = first {
            return Err((None, list));
        }
        let lists = explored.runs();
        assert!(explored.exhaustive, "{lists} lists hold, and the exploration is not exhaustive");
        let broken = |bound: &&ShareBound| !bound.holds(&explored.verdicts);
        let Some(bound) = self.bounds.iter().find(broken) else { return Ok(explored) };
        let against = |(verdict, _): &(&Verdict, _)| bound.is_against(**verdict);
        let lists = explored.least.iter().filter(against).map(|(_, list)| list);
        let least = lists.min_by_key(|list| (list.len(), (*list).clone()));
        let least = least.expect("a list is against a bound that does not hold").clone();
        Err((Some(bound.breach(&explored.verdicts)), least))
    }
}

/// The faults that the environment names.
#[track_caller]
fn listed(text: &str) -> Vec<Fault> {
    let lines = text.split(';').filter(|line| !line.trim().is_empty());
    let read = lines.map(str::parse).collect::<Result<Vec<Fault>, _>>();
    read.unwrap_or_else(|problem| panic!("{FAULTS}: {problem}"))
}

/// The text without line breaks.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn enough(faults: usize) -> String {
    match faults {
        0 => "the run without faults fails".to_owned(),
        1 => "one fault is enough to fail".to_owned(),
        many => format!("{many} faults are enough to fail, and no fewer"),
    }
}
