//! A fault is one thing that goes wrong with one packet: which packet, and what. `words` reads and
//! writes it, as one line and as a table of a file; `crate::fault` finds its packet in a run.

mod fault_words;

#[cfg(test)]
mod fault_tests;

pub use fault_words::{Draft, KEYS};

use std::time::Duration;

use halfclose_stack::Kind;

use crate::side::Side;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// With which packet.
    pub packet: Which,
    /// What.
    pub action: Action,
}

/// The packet of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one of this emission number.
    Emission(u64),
    /// The one of this name.
    Named(PacketName),
}

/// A packet's name, which other packets' fates do not shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketName {
    /// Who sends it.
    pub from: Side,
    /// On which connection.
    pub channel: OnChannel,
    /// What it is; `None`: anything.
    pub segment: Option<Kind>,
    /// Its relative sequence number; of an ACK, its relative acknowledgment number.
    pub at: Option<u32>,
    /// How manieth of those that all this fits, from 1.
    pub nth: u64,
}

/// A connection's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnChannel {
    /// Any.
    Any,
    /// The control connection.
    Control,
    /// Any data connection.
    Data,
    /// The n-th data connection, from 1.
    DataNumber(u32),
}

/// What goes wrong with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is lost.
    Drop,
    /// It arrives twice.
    Duplicate,
    /// It arrives so much later.
    Delay(Duration),
    /// It arrives so much earlier, a microsecond after it was sent at the soonest.
    Early(Duration),
    /// It arrives just behind the next packet of its connection and direction, or 200 ms late.
    Hold,
    /// It arrives with a bit flipped: this one, or the last.
    Corrupt {
        /// Counted from the first bit of the IPv4 header, modulo the packet's length.
        bit: Option<u32>,
    },
    /// It stays as it is, and a forged segment is sent behind it.
    Inject(Forgery),
}

/// A segment that no host sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Forgery {
    /// Which.
    pub segment: Forged,
    /// Its sequence number, beside what its receiver expects next.
    pub place: Place,
    /// Whose it claims to be; `None`: the named packet's sender's.
    pub sender: Option<Side>,
}

/// The segments that can be forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forged {
    /// A reset.
    Rst,
    /// An end of data.
    Fin,
}

/// A sequence number beside what its receiver expects once all is there that its sender has sent so
/// far. What the forged segment does not overtake, and what is not lost, makes that RCV.NXT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// RCV.NXT.
    Exact,
    /// One beyond it.
    InWindow,
    /// 2^20 before it: no window moves back.
    OutOfWindow,
}

impl PacketName {
    /// Whether the packet of the name `exact`, which leaves no part out, has this name but for the
    /// ordinal.
    #[must_use]
    pub fn fits(&self, exact: &Self) -> bool {
        self.from == exact.from
            && self.channel.covers(exact.channel)
            && (self.segment.is_none() || self.segment == exact.segment)
            && (self.at.is_none() || self.at == exact.at)
    }
}

impl OnChannel {
    /// Whether a connection of that name is one of these. `data` is the only data connection of a run
    /// that has one.
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

/// What two actions on one packet cannot both decide.
#[derive(PartialEq, Eq)]
enum Decides {
    Whether,
    When,
    HowOften,
    What,
}

impl Action {
    /// What an exploration does to packets.
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

    /// Whether both can be done to one packet.
    fn goes_with(&self, other: &Self) -> bool {
        let (Some(one), Some(other)) = (self.part(), other.part()) else { return true };
        one != other && one != Decides::Whether && other != Decides::Whether
    }
}

/// What is wrong with a list of faults: two fates for one packet.
pub(super) fn check(faults: &[Fault]) -> Result<(), String> {
    for (index, fault) in faults.iter().enumerate() {
        let same =
            |other: &&Fault| other.packet == fault.packet && !other.action.goes_with(&fault.action);
        if let Some(other) = faults[..index].iter().find(same) {
            return Err(format!(
                "`{other}` and `{fault}` contradict each other: one packet, two fates"
            ));
        }
    }
    Ok(())
}
