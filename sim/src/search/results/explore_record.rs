//! `explore_record` runs a shard of an exploration and keeps the counts in a summary file, from which the
//! exploration continues and the counts of shards add up.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use super::explore_counts::ExploreCounts;
use super::shard_file::{Counts, Files, Lock, ShardFile};
use super::{Identity, ResultsError};
use crate::run::RunError;
use crate::scenario::Scenario;
use crate::search::explore::{Explore, Explored, Reached};
use crate::search::limits::now;
use crate::search::schedule::{Placed, named};
use crate::verdict::Verdict;
use crate::workload::Workload;

/// The real time between two writes of the summary file.
const SAVED_EVERY: Duration = Duration::from_secs(60);

/// The summary of an exploration, and the words of the command.
pub(crate) struct ExploreRecord<'a> {
    /// The path of the summary file.
    pub(crate) summary: &'a Path,
    /// Every word of the command that decides a count, but for the scenario and the shard.
    pub(crate) options: &'a [String],
    /// The words behind `halfclose run` that select the scenario, quoted for a shell.
    pub(crate) words: &'a str,
    /// The verdicts that count as findings.
    pub(crate) fail_on: &'a [Verdict],
    /// The faults of the scenario that meet no packet.
    pub(crate) unmatched: &'a [String],
}

impl ExploreRecord<'_> {
    /// Makes the runs of the shard that the summary does not count yet, and counts all runs. Returns the
    /// counts, and the number of runs that the summary had.
    ///
    /// # Errors
    /// The exploration cannot be run, the summary cannot be written or is of another exploration, or
    /// another process writes the summary.
    pub(crate) fn run(&self, explore: &Explore<'_>) -> Result<(Explored, u64), ResultsError> {
        let scenario = explore.scenario();
        let workload = Workload::load(scenario).map_err(RunError::from)?;
        let identity = Identity::of(scenario, self.words, &workload, false);
        workload.verify().map_err(RunError::from)?;
        let _lock = Lock::take(self.summary)?;
        let mut file = self.blank(&identity, explore);
        let start = self.found(&file)?.unwrap_or_default();
        let resumed = start.explored.runs();
        if start.explored.exhaustive {
            return Ok((start.explored, resumed));
        }
        let seed = explore.drawn_by();
        let mut write = |explored: &Explored, families: u64| {
            let name = |list: &[Placed]| {
                let faults = named(scenario, &workload, seed, list);
                faults.iter().map(ToString::to_string).collect()
            };
            let mut counts = ExploreCounts::new(explored, families, name);
            counts.waived = waived(scenario);
            file.complete = explored.exhaustive;
            file.counts = Counts::Explore(counts);
            file.write(self.summary)
        };
        let (mut due, mut failed) = (now() + SAVED_EVERY, None);
        let mut saved = |explored: &Explored, families: u64| {
            if now() >= due {
                due = now() + SAVED_EVERY;
                failed = write(explored, families).err();
            }
            if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let visit = &mut |_: crate::search::Visit<'_>| ControlFlow::Continue(());
        let reached = explore.walk(start, None, visit, Some(&mut saved))?;
        failed.map_or(Ok(()), Err)?;
        write(&reached.explored, reached.families)?;
        Ok((reached.explored, resumed))
    }

    /// The summary of the shard before the first run.
    fn blank(&self, identity: &Identity, explore: &Explore<'_>) -> ShardFile {
        let summary = self.summary.to_string_lossy().into_owned();
        let search = (identity.text(), self.words);
        let counts = Counts::Explore(ExploreCounts::default());
        let files = Some(Files { summary, out: None });
        let mut file = ShardFile::new(search, self.options, explore.part(), files, counts);
        file.fail_on = self.fail_on.iter().map(|verdict| verdict.name().to_owned()).collect();
        file.unmatched = (explore.drawn_by(), self.unmatched.to_vec());
        file
    }

    /// What an existing summary of this shard has reached.
    fn found(&self, blank: &ShardFile) -> Result<Option<Reached>, ResultsError> {
        let Some(found) = ShardFile::read(self.summary)? else { return Ok(None) };
        if let Some(problem) = found.is_no_part_like(blank) {
            let problem = format!("{problem}: name another file, or remove this one");
            return Err(ResultsError::summary(self.summary, problem));
        }
        let Counts::Explore(counts) = &found.counts else { return Ok(None) };
        let explored = counts.explored(found.complete).ok_or_else(|| {
            ResultsError::summary(self.summary, "has a word or a number that no search writes")
        })?;
        Ok(Some(Reached { explored, families: counts.families }))
    }
}

/// The laws that the scenario expects to be broken.
fn waived(scenario: &Scenario) -> Vec<String> {
    scenario.expect.broken_laws.iter().map(|law| (*law).to_owned()).collect()
}
