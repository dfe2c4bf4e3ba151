//! `fault` owns the faults of single packets as values: the name of a packet, and an action on the
//! packet. `fault_words` reads and writes faults; `network::faults` finds the packets in a run.

mod fault_words;

#[cfg(test)]
mod fault_tests;

pub(crate) use fault_words::Draft;
#[cfg(test)]
use fault_words::KEYS;

use std::collections::BTreeMap;
use std::time::Duration;

use halfclose_stack::Kind;

use crate::side::Side;

/// A packet, and an action on the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The packet of the fault.
    pub packet: Which,
    /// The action on the packet.
    pub action: Action,
}

/// The packet of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// The packet of this emission number.
    Emission(u64),
    /// The packet of this name.
    Named(PacketName),
}

/// A packet's name, independent of the fates of earlier packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PacketName {
    /// The side that sends the packet.
    pub from: Side,
    /// The connection of the packet.
    pub channel: OnChannel,
    /// Kind of the segment; `None`: any kind.
    pub segment: Option<Kind>,
    /// Relative sequence number of the segment; of an ACK, the relative acknowledgment number.
    pub at: Option<u32>,
    /// Ordinal, from 1, among the packets that the rest of the name fits; [`PacketName::EVERY`]: each of
    /// the packets.
    pub nth: u64,
}

/// The name of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnChannel {
    /// Any connection of the run.
    Any,
    /// The control connection of the run.
    Control,
    /// Any data connection of the run.
    Data,
    /// The n-th data connection, from 1.
    DataNumber(u32),
}

/// An action on a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// The packet is lost.
    Drop,
    /// The packet arrives twice.
    Duplicate,
    /// The packet arrives this much later.
    Delay(Duration),
    /// The packet arrives this much earlier, at least a microsecond after sending.
    Early(Duration),
    /// The packet arrives just behind the next packet of the same connection and direction, or 200
    /// ms late.
    Hold,
    /// The packet arrives with a flipped bit: the given bit or the last bit.
    Corrupt {
        /// Counted from the first bit of the IPv4 header, modulo the packet's length.
        bit: Option<u32>,
    },
    /// The packet keeps its fate, and a forged segment follows the packet.
    Inject(Forgery),
}

/// A segment that no host sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Forgery {
    /// Kind of the forged segment.
    pub segment: Forged,
    /// Sequence number, relative to the receiver's next expected sequence number.
    pub place: Place,
    /// The side in whose name the segment is forged; `None`: the sender of the named packet.
    pub sender: Option<Side>,
}

/// The kinds of segments that can be forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forged {
    /// A reset with an acknowledgment.
    Rst,
    /// An end of data.
    Fin,
}

/// A sequence number relative to RCV.NXT of the receiver. RCV.NXT is meant as it will be once
/// everything sent so far has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The sequence number is RCV.NXT.
    Exact,
    /// The sequence number is RCV.NXT + 1.
    InWindow,
    /// The sequence number is RCV.NXT - 2^20: no window moves back.
    OutOfWindow,
}

impl PacketName {
    /// The ordinal of a name that means every packet that the rest of the name fits.
    pub const EVERY: u64 = 0;

    /// Whether this name fits the packet of the complete name `exact`, apart from the ordinal.
    #[must_use]
    pub fn fits(&self, exact: &Self) -> bool {
        self.from == exact.from
            && self.channel.covers(exact.channel)
            && (self.segment.is_none() || self.segment == exact.segment)
            && (self.at.is_none() || self.at == exact.at)
    }
}

impl OnChannel {
    /// Whether this name includes a connection of the name `other`. In a run with a single data
    /// connection, `data` names the connection.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        match self {
            Self::Any => true,
            Self::Data => matches!(other, Self::Data | Self::DataNumber(_)),
            Self::DataNumber(1) => matches!(other, Self::Data | Self::DataNumber(1)),
            Self::Control | Self::DataNumber(_) => self == other,
        }
    }
}

/// The aspects of a packet's fate that an action can decide. Two actions on a packet must decide
/// different aspects.
#[derive(PartialEq, Eq)]
enum Decides {
    Whether,
    When,
    HowOften,
    What,
}

impl Action {
    /// The actions that an exploration tries.
    pub const EXPLORED: [Self; 3] = [Self::Drop, Self::Duplicate, Self::Hold];

    fn part(&self) -> Option<Decides> {
        match self {
            Self::Drop => Some(Decides::Whether),
            Self::Delay(_) | Self::Early(_) | Self::Hold => Some(Decides::When),
            Self::Duplicate => Some(Decides::HowOften),
            Self::Corrupt { .. } => Some(Decides::What),
            Self::Inject(_) => None,
        }
    }

    /// Whether a packet can have both actions.
    fn goes_with(&self, other: &Self) -> bool {
        let (Some(one), Some(other)) = (self.part(), other.part()) else { return true };
        one != other && one != Decides::Whether && other != Decides::Whether
    }
}

/// The first contradiction in a list of faults: two fates for a packet. Each fault is compared with the
/// faults of the same packet alone, so that thousands of faults are checked at once.
pub(super) fn check(faults: &[Fault]) -> Result<(), String> {
    let mut known: BTreeMap<Which, Vec<&Fault>> = BTreeMap::new();
    for fault in faults {
        let same = known.entry(fault.packet).or_default();
        if let Some(other) = same.iter().find(|other| !other.action.goes_with(&fault.action)) {
            return Err(format!(
                "`{other}` and `{fault}` contradict each other: one packet, two fates"
            ));
        }
        same.push(fault);
    }
    Ok(())
}
