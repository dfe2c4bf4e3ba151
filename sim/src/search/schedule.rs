//! `schedule` is a list of faults by emission number, the faults of one run of an exploration, and the
//! names of the packets for a scenario file.

use std::collections::BTreeMap;
use std::fmt;

use halfclose_stack::Segment;

use crate::network::channel::Channels;
use crate::network::fate::Fate;
use crate::network::faults::fate_of;
use crate::network::trace::{Event, Recording, Trace};
use crate::run::run_loaded;
use crate::scenario::Scenario;
use crate::scenario::fault::{Action, Fault, OnChannel, PacketName, Which};
use crate::workload::Workload;

/// A fault: a packet and an action. Lists of faults are compared packet by packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    /// The emission number of the packet in the run with all earlier faults of the list.
    pub emission: u64,
    /// The action on the packet: one of [`Action::EXPLORED`].
    pub action: Action,
}

impl Placed {
    /// The fault in the form of `World::order`: the emission number and the fate.
    #[must_use]
    pub fn order(self) -> (u64, Fate) {
        (self.emission, fate_of(self.action, 0))
    }
}

impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = Fault { packet: Which::Emission(self.emission), action: self.action };
        fault.fmt(f)
    }
}

/// The faults of `list` with the names of the packets, for a scenario. The named faults lead to the
/// same run.
///
/// # Panics
/// If the run has no packet with an emission number of the list.
#[must_use]
pub fn named(scenario: &Scenario, workload: &Workload, seed: u64, list: &[Placed]) -> Vec<Fault> {
    let mut with = scenario.clone();
    let fault =
        |placed: &Placed| Fault { packet: Which::Emission(placed.emission), action: placed.action };
    with.faults.extend(list.iter().map(fault));
    let finished = run_loaded(&with, workload, seed, Recording::Headers);
    let names = Names::of(&finished.trace);
    let fault = |placed: &Placed| Fault {
        packet: Which::Named(names.name(placed.emission)),
        action: placed.action,
    };
    list.iter().map(fault).collect()
}

/// The names of a run's packets.
pub(crate) struct Names {
    /// The names of the packets, by emission number.
    names: Vec<PacketName>,
    /// The number of data connections.
    data: u32,
}

impl Names {
    /// Names the packets of a recorded run.
    ///
    /// # Panics
    /// If packets were not recorded.
    #[must_use]
    pub(crate) fn of(trace: &Trace) -> Self {
        assert!(trace.recording() > Recording::Digest, "packets are recorded");
        let mut channels = Channels::default();
        let (mut names, mut data, mut seen) = (Vec::new(), 0, BTreeMap::new());
        for event in trace.events() {
            let Event::Packet(packet) = event else { continue };
            let segment = Segment::parse_headers(trace.bytes(packet));
            let segment = segment.expect("hosts send segments");
            let channel = channels.of(packet.from, &segment);
            data = data.max(channel.data.unwrap_or(0));
            let mut name = channel.packet_name(packet.from, &segment);
            let nth = seen.entry((packet.from, channel.data, name.segment, name.at)).or_insert(0);
            *nth += 1;
            name.nth = *nth;
            names.push(name);
        }
        Self { names, data }
    }

    /// The name of the packet with this emission number. No further packet has this name.
    ///
    /// # Panics
    /// If there is no such packet.
    #[must_use]
    pub(crate) fn name(&self, emission: u64) -> PacketName {
        let at = usize::try_from(emission).expect("packets are counted in memory");
        let mut name = self.names[at];
        if self.data == 1 && name.channel == OnChannel::DataNumber(1) {
            name.channel = OnChannel::Data;
        }
        name
    }

    /// How many packets have names.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}
