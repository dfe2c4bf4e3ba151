//! `corpus_runs` makes the runs of a sweep's corpus before the sweep, and adds the seeds of new findings
//! to the corpus.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::SweepRequest;
use crate::cli::CommandError;
use crate::cli::ci_report::{Check, Finding};
use crate::report::SweepReport;
use crate::search::corpus::{self, FailedSeed};
use crate::verdict::Verdict;

/// The runs of the corpus.
pub(super) struct CorpusRuns {
    path: PathBuf,
    scenario: String,
    fail_on: Vec<Verdict>,
    /// Each run that was made, with a finding if the run still fails.
    runs: Vec<(String, Option<String>)>,
}

impl CorpusRuns {
    /// Runs every seed of the corpus, at every point of the grid.
    pub(super) fn run(request: &SweepRequest, path: &Path) -> Result<Self, CommandError> {
        request.selection.inputs().protect("--corpus", path)?;
        let scenario = &request.selection.scenario;
        let seeds = corpus::seeds(path, &scenario.name).map_err(CommandError::input)?;
        let (sweep, mut runs) = (request.sweep(), Vec::new());
        for seed in seeds {
            let each = |point: usize, outcome: &crate::Outcome| {
                let choices = scenario.pin(point, seed).choices;
                let listed: Vec<_> = sweep.listed(&choices).cloned().collect();
                let words = request.selection.words_at(point, seed, &listed);
                let named = request.fail_on.contains(&outcome.verdict);
                let why = match (named, sweep.is_expected(outcome)) {
                    (true, _) => Some(format!("the verdict is {}", outcome.verdict)),
                    (false, false) => Some(format!("the run {}", super::missed(&request.fail_on))),
                    (false, true) => None,
                };
                runs.push((format!("halfclose run {words} --seed {seed}"), why));
                ControlFlow::Continue(())
            };
            sweep.only(seed).visit(each).map_err(CommandError::input)?;
        }
        let (path, scenario) = (path.to_owned(), scenario.name.clone());
        Ok(Self { path, scenario, fail_on: request.fail_on.clone(), runs })
    }

    /// Adds the first seeds of the sweep's findings to the corpus, and the keys of the corpus to `more`.
    /// Returns how many seeds were new.
    pub(super) fn add(
        &self,
        swept: &SweepReport<'_>,
        more: &mut Map<String, Value>,
    ) -> Result<usize, CommandError> {
        let mut failed = Vec::new();
        for (point, tally) in &swept.summary.points {
            let mut keep = |seed: u64, what: &str| {
                let comment = format!("{what}: {}", (swept.reproduce)(*point, seed));
                failed.push(FailedSeed { seed, comment });
            };
            for verdict in &self.fail_on {
                let seeds = tally.first_seeds.get(verdict).into_iter().flatten();
                seeds.for_each(|seed| keep(*seed, verdict.name()));
            }
            tally.first_unexpected.iter().for_each(|seed| keep(*seed, "unexpected"));
        }
        let added =
            corpus::add(&self.path, &self.scenario, &failed).map_err(CommandError::input)?;
        let failing = self.failing().map(|(line, why)| json!({ "reproduce": line, "why": why }));
        let failing: Vec<_> = failing.collect();
        let value = json!({ "runs": self.runs.len(), "failing": failing, "added": added });
        more.insert("corpus".to_owned(), value);
        Ok(added)
    }

    fn failing(&self) -> impl Iterator<Item = (&str, &str)> {
        self.runs.iter().filter_map(|(line, why)| Some((&**line, why.as_deref()?)))
    }

    /// Prints the runs of the corpus that still fail, and returns whether there is one.
    pub(super) fn show(
        &self,
        added: usize,
        json: bool,
        out: &mut dyn Write,
    ) -> Result<bool, CommandError> {
        let (runs, failing) = (self.runs.len(), self.failing().count());
        if !json {
            let path = self.path.display();
            writeln!(out, "corpus: {runs} runs of {path}, {failing} fail; {added} seeds are new")?;
            for (line, why) in self.failing() {
                writeln!(out, "broken: a run of the corpus: {why}")?;
                writeln!(out, "reproduce: {line}")?;
            }
        }
        Ok(failing > 0)
    }

    /// A check for each run of the corpus.
    pub(super) fn into_checks(self) -> impl Iterator<Item = Check> {
        self.runs.into_iter().map(|(line, why)| {
            let finding = |message| Finding { message, reproduce: line.clone() };
            let findings = why.map(finding).into_iter().collect();
            Check { name: format!("corpus: {line}"), findings }
        })
    }
}
