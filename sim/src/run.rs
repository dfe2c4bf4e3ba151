//! `run` makes one run: a scenario and a seed in, an outcome out.

#[cfg(feature = "results")]
pub mod run_record;
mod unlike;

pub use unlike::{DERIVED_IS_MADE, Unlike};

use std::collections::BTreeMap;

use halfclose_stack::checksum;
use thiserror::Error;

use crate::capture::OwnedCapturedPacket;
use crate::network::fate::{Changes, Fate, flip};
use crate::network::trace::{Arrived, Event, PacketEvent, Recording, Trace};
use crate::outcome::Outcome;
use crate::scenario::Scenario;
use crate::side::Side;
use crate::workload::{Unreadable, Workload};
use crate::world::World;

/// A finished run: what the run came to, and what was recorded of it.
pub struct Finished {
    /// What the run came to.
    pub outcome: Outcome,
    /// The packets, notes and events, as far as the run was told to record them.
    pub trace: Trace,
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
        /// The key.
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
    /// The faults that a shrink has written down lead to another run: a bug of this crate.
    #[error("the run of seed {0} cannot be written out as faults: please report this")]
    NotTheSame(u64),
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
    Finished { outcome, trace: world.into_trace() }
}

/// Where a capture of a run is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CapturePoint {
    /// At the client's host: what the host sends, and what reaches the host.
    Client,
    /// At the server's host.
    Server,
    /// On the link: every packet as a host hands it over, lost packets too.
    #[default]
    Link,
}

impl CapturePoint {
    /// Every point, with its word on the command line.
    pub const ALL: [(&'static str, Self); 3] =
        [("client", Self::Client), ("server", Self::Server), ("link", Self::Link)];
}

impl Finished {
    /// The packets of a run recorded at [`Recording::Packets`], as a capture holds them: checksums are
    /// filled in, every fate but plain delivery has a comment, and so has every RST, with the reason.
    /// A corrupted packet has its flipped bit and the checksum of the packet that was sent.
    #[must_use]
    pub fn captured(&self) -> Vec<OwnedCapturedPacket> {
        let reasons = self.reasons();
        self.trace.wire().map(|(event, bytes)| emitted(event, bytes, &reasons)).collect()
    }

    /// The packets as a capture at `point` holds them, in order of time. What a host sends and what
    /// reaches the host is all that a capture at the host shows; the comments say no more than the
    /// reasons of the host's own RSTs.
    #[must_use]
    pub fn captured_at(&self, point: CapturePoint) -> Vec<OwnedCapturedPacket> {
        let here = match point {
            CapturePoint::Link => return self.captured(),
            CapturePoint::Client => Side::Client,
            CapturePoint::Server => Side::Server,
        };
        let reasons = self.reasons();
        let mut arrivals =
            self.trace.arrivals().filter(|(arrived, _)| arrived.to == here).peekable();
        let mut packets = Vec::new();
        let take = |packets: &mut Vec<_>, (arrived, bytes): (&Arrived, &[u8])| {
            let mut bytes = bytes.to_vec();
            if checksum::are_absent(&bytes) {
                checksum::fill(&mut bytes);
            }
            let (at, comment) = (arrived.at, String::new());
            packets.push(OwnedCapturedPacket { at, bytes, comment });
        };
        for (index, event) in self.trace.events().iter().enumerate() {
            while let Some(arrival) = arrivals.next_if(|(arrived, _)| arrived.after <= index) {
                take(&mut packets, arrival);
            }
            if let Event::Packet(event) = event
                && event.from == here
            {
                let mut bytes = self.trace.bytes(event).to_vec();
                checksum::fill(&mut bytes);
                let comment = reasons.get(&event.emission).cloned().unwrap_or_default();
                packets.push(OwnedCapturedPacket { at: event.at, bytes, comment });
            }
        }
        arrivals.for_each(|arrival| take(&mut packets, arrival));
        packets
    }

    /// The reason of each RST, in words, by emission number.
    fn reasons(&self) -> BTreeMap<u64, String> {
        let resets = self.outcome.resets.iter();
        resets.filter_map(|it| Some((it.packet?, format!("reset: {}", it.cause.words())))).collect()
    }
}

fn emitted(
    event: &PacketEvent,
    bytes: &[u8],
    reasons: &BTreeMap<u64, String>,
) -> OwnedCapturedPacket {
    let mut bytes = bytes.to_vec();
    checksum::fill(&mut bytes);
    if let Fate::Changed(Changes { corrupted: Some(bit), .. }) = event.fate {
        flip(&mut bytes, bit);
    }
    let mut comment = event.fate.words().into_owned();
    if event.fate != Fate::Forged
        && let Some(reason) = reasons.get(&event.emission)
    {
        let between = if comment.is_empty() { "" } else { "; " };
        comment.push_str(between);
        comment.push_str(reason);
    }
    OwnedCapturedPacket { at: event.at, bytes, comment }
}
