//! `run` makes one run: a scenario and a seed in, an outcome out.

#[cfg(feature = "pcap")]
mod captured;
#[cfg(feature = "results")]
pub(crate) mod run_record;
mod unlike;

#[cfg(feature = "pcap")]
pub use captured::CapturePoint;
#[cfg(all(feature = "net", target_os = "linux"))]
pub(crate) use captured::emitted;
pub use unlike::{DERIVED_IS_MADE, Unlike};

use thiserror::Error;

use crate::network::trace::{Recording, Trace};
use crate::outcome::Outcome;
use crate::scenario::Scenario;
use crate::workload::{Unreadable, Workload};
use crate::world::World;

/// A finished run: what the run came to, and what was recorded of it.
pub struct Finished {
    /// What the run came to.
    pub outcome: Outcome,
    /// The packets, notes and events, as far as the run was told to record them.
    pub trace: Trace,
    /// The lines of all client programs, in order; empty at [`Recording::Digest`].
    #[cfg(feature = "report")]
    pub(crate) dialogue: Vec<halfclose_ftp::report::Spoken>,
    /// Received bytes that a host destroyed, in order.
    #[cfg(feature = "report")]
    pub(crate) discarded: Vec<crate::outcome::Discarded>,
}

/// Why runs cannot be made.
#[derive(Debug, Error)]
pub enum RunError {
    /// A file that the scenario names cannot be read, or has changed since the first run.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A key has several values, where only a sweep takes a grid.
    #[error(
        "{key}: has several values ({values}), and a single run takes one: set {key}, or sweep"
    )]
    SeveralValues {
        /// The name of the key.
        key: String,
        /// The values, as the scenario writes them.
        values: String,
    },
    /// A sweep has more runs than 64 bits count.
    #[error("there are 2^64 runs or more in this sweep: name fewer seeds")]
    TooMany,
    /// A run that a search derived is not the run of its seed: the search broke a law of its own.
    #[error(transparent)]
    Unlike(#[from] Box<Unlike>),
    /// Two runs in the same state went on differently: a search that merges equal states broke a law of its own.
    #[error(
        "equal-states-go-on-alike: two runs were in one state and went on differently, in the run of seed \
         {seed} with {faults}: please report this, and explore with --no-classes, without --merge"
    )]
    NotAlike {
        /// The seed of both runs.
        seed: u64,
        /// The faults of the run in which the difference was seen, as a scenario has them.
        faults: String,
    },
    /// A run that went on from a copy of an earlier run is not the run from its beginning: the search broke
    /// a law of its own.
    #[error(
        "resumed-run-is-the-whole-run: a run that went on from a copy is not the run from its beginning, of \
         seed {seed} with {faults}: please report this"
    )]
    NotResumed {
        /// The seed of the run.
        seed: u64,
        /// The faults of the run, as a scenario has them.
        faults: String,
    },
    /// The faults that a shrink has written down lead to another run: a bug of this crate.
    #[error("the run of seed {0} cannot be written out as faults: please report this")]
    NotTheSame(u64),
}

impl RunError {
    /// Whether a search broke a law of its own, and the caller did nothing wrong.
    #[cfg(feature = "cli")]
    pub(crate) fn is_breach(&self) -> bool {
        match self {
            Self::Unlike(_)
            | Self::NotAlike { .. }
            | Self::NotResumed { .. }
            | Self::NotTheSame(_) => true,
            Self::Unreadable(_) | Self::SeveralValues { .. } | Self::TooMany => false,
        }
    }
}

/// Runs `scenario` with `seed` and returns what the run came to.
///
/// # Errors
/// A key of the scenario has several values, or a file of the scenario cannot be read.
pub fn run(scenario: &Scenario, seed: u64) -> Result<Outcome, RunError> {
    record(scenario, seed, Recording::Digest).map(|finished| finished.outcome)
}

/// Runs `scenario` with `seed`, and records packets and notes beside the outcome.
///
/// # Errors
/// A key of the scenario has several values, or a file of the scenario cannot be read.
pub fn record(scenario: &Scenario, seed: u64, recording: Recording) -> Result<Finished, RunError> {
    let scenario = one_point(scenario, seed)?;
    let workload = Workload::load(&scenario)?;
    let finished = run_loaded(&scenario, &workload, seed, recording);
    workload.verify()?;
    Ok(finished)
}

/// The scenario with one value for each key: the value that `seed` draws where the key has a range.
pub(crate) fn one_point(scenario: &Scenario, seed: u64) -> Result<Scenario, RunError> {
    if scenario.points() > 1 {
        let listed = scenario.open_keys().into_iter().find(|(_, text)| text.contains(','));
        let (key, values) = listed.expect("a grid has a list");
        return Err(RunError::SeveralValues { key, values });
    }
    Ok(scenario.pin(0, seed).scenario)
}

/// Runs a scenario whose workload is loaded. A run that reads a file of the user's is valid only if
/// [`Workload::verify`] succeeds afterwards.
#[must_use]
pub fn run_loaded(
    scenario: &Scenario,
    workload: &Workload,
    seed: u64,
    recording: Recording,
) -> Finished {
    let mut world = World::new(scenario, workload, seed, recording);
    let end = world.run();
    let outcome = world.conclude(end);
    Finished {
        outcome,
        #[cfg(feature = "report")]
        dialogue: world.client().dialogue().to_vec(),
        #[cfg(feature = "report")]
        discarded: world.discarded().to_vec(),
        trace: world.into_trace(),
    }
}
