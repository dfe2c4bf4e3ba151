//! `schedule` is a list of faults by emission number: what goes wrong in one run of an exploration,
//! and the names of its packets, which stand in a scenario.

use std::collections::BTreeMap;
use std::fmt;

use halfclose_stack::{Kind, Segment};

use crate::network::channel::{Channel, Channels};
use crate::network::fate::{Changes, Fate, Moved};
use crate::network::trace::{Event, Recording, Trace};
use crate::run::run_loaded;
use crate::scenario::Scenario;
use crate::scenario::fault::{Action, Fault, OnChannel, PacketName, Which};
use crate::side::Side;
use crate::workload::Workload;

/// What an exploration does to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// It is lost.
    Drop,
    /// It arrives twice.
    Duplicate,
    /// It arrives just behind the next packet of its connection and direction, or 200 ms late.
    Hold,
}

impl Act {
    /// Every one, in their order.
    pub const ALL: [Self; 3] = [Self::Drop, Self::Duplicate, Self::Hold];

    fn fate(self) -> Fate {
        let plain = Changes::default();
        match self {
            Self::Drop => Fate::Dropped,
            Self::Duplicate => Fate::Changed(Changes { duplicated: true, ..plain }),
            Self::Hold => Fate::Changed(Changes { moved: Moved::Held, ..plain }),
        }
    }

    fn action(self) -> Action {
        match self {
            Self::Drop => Action::Drop,
            Self::Duplicate => Action::Duplicate,
            Self::Hold => Action::Hold,
        }
    }
}

/// One fault: which packet, and what. Lists of them are compared packet by packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    /// The packet's emission number, in the run that has the faults before this one.
    pub emission: u64,
    /// What happens to it.
    pub act: Act,
}

impl Placed {
    /// As a world takes it.
    #[must_use]
    pub fn order(self) -> (u64, Fate) {
        (self.emission, self.act.fate())
    }
}

impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = Fault { packet: Which::Emission(self.emission), action: self.act.action() };
        fault.fmt(f)
    }
}

/// The faults of `list` by the names of their packets, for a scenario: they make the same run.
///
/// # Panics
/// If a packet of the list is not there.
#[must_use]
pub fn named(scenario: &Scenario, workload: &Workload, seed: u64, list: &[Placed]) -> Vec<Fault> {
    let mut with = scenario.clone();
    let fault = |placed: &Placed| Fault {
        packet: Which::Emission(placed.emission),
        action: placed.act.action(),
    };
    with.faults.extend(list.iter().map(fault));
    let finished = run_loaded(&with, workload, seed, Recording::Headers);
    let names = Names::of(&finished.trace);
    let fault = |placed: &Placed| Fault {
        packet: Which::Named(names.name(placed.emission)),
        action: placed.act.action(),
    };
    list.iter().map(fault).collect()
}

/// The names of a run's packets.
pub struct Names {
    /// By emission number.
    names: Vec<PacketName>,
    /// How many data connections there are.
    data: u32,
}

impl Names {
    /// Of the packets of a recorded run.
    ///
    /// # Panics
    /// If packets were not recorded.
    #[must_use]
    pub fn of(trace: &Trace) -> Self {
        assert!(trace.recording() > Recording::Digest, "packets are recorded");
        let mut channels = Channels::default();
        let (mut names, mut data, mut seen) = (Vec::new(), 0, BTreeMap::new());
        for event in trace.events() {
            let Event::Packet(packet) = event else { continue };
            let segment = Segment::parse_headers(trace.bytes(packet));
            let segment = segment.expect("hosts send segments");
            let channel = channels.of(packet.from, &segment);
            data = data.max(channel.data.unwrap_or(0));
            let (kind, at) = (segment.kind(), place(packet.from, &segment, channel));
            let nth = seen.entry((packet.from, channel.data, kind, at)).or_insert(0);
            *nth += 1;
            let on = channel.data.map_or(OnChannel::Control, OnChannel::DataNumber);
            let (segment, at) = (Some(kind), Some(at));
            names.push(PacketName { from: packet.from, channel: on, segment, at, nth: *nth });
        }
        Self { names, data }
    }

    /// The name of the packet of this emission number: exactly this one is it.
    ///
    /// # Panics
    /// If there is no such packet.
    #[must_use]
    pub fn name(&self, emission: u64) -> PacketName {
        let at = usize::try_from(emission).expect("packets are counted in memory");
        let mut name = self.names[at].clone();
        if self.data == 1 && name.channel == OnChannel::DataNumber(1) {
            name.channel = OnChannel::Data;
        }
        name
    }

    /// How many packets have names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// Where a segment is in its connection: its relative sequence number, or what an ACK acknowledges.
fn place(from: Side, segment: &Segment, channel: &Channel) -> u32 {
    match segment.kind() {
        Kind::Ack => segment.ack.wrapping_sub(channel.isn(from.peer())),
        _ => segment.seq.wrapping_sub(channel.isn(from)),
    }
}
