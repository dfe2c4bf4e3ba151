//! `shown_run` is a run as every form of output takes the run: the outcome with the scenario, the command
//! line and the reason.

use crate::explain::truth;
use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::run::Finished;
use crate::run::run_record::RunRecord;
use crate::scenario::Scenario;

/// A run with the command line for the same run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShownRun<'a> {
    /// The scenario of the run.
    pub scenario: &'a Scenario,
    /// The outcome of the run.
    pub outcome: &'a Outcome,
    /// The command line of the run.
    pub reproduce: &'a str,
    /// The reason for the end of the worst transfer, as a sentence, if the run was recorded.
    pub because: Option<&'a str>,
}

impl<'a> ShownRun<'a> {
    /// The run as `run --json` prints it.
    #[must_use]
    pub(crate) fn record(&self) -> RunRecord<'a> {
        let Self { scenario, outcome, reproduce, because } = *self;
        let record = RunRecord::new(scenario, outcome, reproduce);
        record.with_details(scenario, outcome, because)
    }
}

/// Why the worst transfer of a run ended as it did, in a sentence; none if too little was recorded.
pub(crate) fn because(finished: &Finished) -> Option<String> {
    if finished.trace.recording() < Recording::Headers {
        return None;
    }
    let worst = finished.outcome.worst()?;
    let place = finished.outcome.transfers.iter().position(|one| std::ptr::eq(one, worst))?;
    let truth = truth::of(finished).into_iter().nth(place)?;
    Some(format!("{} ({})", truth.because, truth.cause))
}
