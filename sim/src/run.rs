//! `run` is one run from beginning to end: a scenario and a seed in, an outcome out.

use halfclose_stack::checksum;

use crate::capture::OwnedCapturedPacket;
use crate::network::fate::{Changes, Fate, flip};
use crate::network::trace::{Recording, Trace};
use crate::outcome::Outcome;
use crate::scenario::Scenario;
use crate::workload::Workload;
use crate::world::World;

/// What is left of a run.
pub struct Finished {
    /// What it came to.
    pub outcome: Outcome,
    /// What happened, as far as it was recorded.
    pub trace: Trace,
}

/// Run `scenario` with `seed`. A run that reads a file of the user's is worth something if
/// [`Workload::verify`] says so afterwards.
#[must_use]
pub fn run(scenario: &Scenario, workload: &Workload, seed: u64, recording: Recording) -> Finished {
    let mut world = World::new(scenario, workload, seed, recording);
    let end = world.run();
    let outcome = world.conclude(end);
    Finished { outcome, trace: world.into_trace() }
}

impl Finished {
    /// The packets of a run recorded at [`Recording::Packets`], as a capture holds them: checksums
    /// filled in, with a word on every fate that was not plain delivery. A flipped bit stands as it
    /// arrived, beside the checksum of what was sent.
    #[must_use]
    pub fn captured(&self) -> Vec<OwnedCapturedPacket> {
        let packet = |(event, bytes): (&crate::network::trace::PacketEvent, &[u8])| {
            let mut bytes = bytes.to_vec();
            checksum::fill(&mut bytes);
            if let Fate::Changed(Changes { corrupted: Some(bit), .. }) = event.fate {
                flip(&mut bytes, bit);
            }
            OwnedCapturedPacket { at: event.at, bytes, comment: event.fate.words().into_owned() }
        };
        self.trace.wire().map(packet).collect()
    }
}
