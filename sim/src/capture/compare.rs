//! `compare` finds the first packet at which a run differs from a capture. Packets are numbered
//! from 1, as in Wireshark.

use std::fmt;
use std::time::Duration;

use halfclose_stack::field_at;

use super::{CapturedPacket, OwnedCapturedPacket};

/// Where two runs part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The number of the packet, from 1.
    pub packet: usize,
    /// The first difference in the packet.
    pub difference: PacketDifference,
}

/// A difference in a packet. `captured` is the value in the capture, `run` the value in the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PacketDifference {
    /// The capture has the packet, the run does not.
    Missing,
    /// The run has the packet, the capture does not.
    Extra,
    /// The packet leaves at another time.
    Time {
        /// Time in the capture.
        captured: Duration,
        /// Time in the run.
        run: Duration,
    },
    /// A byte is another.
    Byte {
        /// The byte's offset from the start of the IPv4 header.
        offset: usize,
        /// The field of the byte.
        field: String,
        /// Byte in the capture.
        captured: u8,
        /// Byte in the run.
        run: u8,
    },
    /// The shorter packet is the beginning of the longer packet.
    Length {
        /// Length in the capture, in bytes.
        captured: usize,
        /// Length in the run, in bytes.
        run: usize,
    },
    /// The fate of the packet differs.
    Comment {
        /// Fate in the capture.
        captured: String,
        /// Fate in the run.
        run: String,
    },
}

/// The first difference between a run and a capture; `None`: they are identical.
#[must_use]
pub fn first_difference<'a>(
    capture: &[OwnedCapturedPacket],
    run: impl IntoIterator<Item = CapturedPacket<'a>>,
) -> Option<Difference> {
    let mut run = run.into_iter();
    for (index, captured) in capture.iter().enumerate() {
        let difference = match run.next() {
            None => Some(PacketDifference::Missing),
            Some(again) => difference(captured.borrowed(), again),
        };
        if let Some(difference) = difference {
            return Some(Difference { packet: index + 1, difference });
        }
    }
    run.next()
        .map(|_| Difference { packet: capture.len() + 1, difference: PacketDifference::Extra })
}

fn difference(captured: CapturedPacket<'_>, run: CapturedPacket<'_>) -> Option<PacketDifference> {
    if captured.at != run.at {
        return Some(PacketDifference::Time { captured: captured.at, run: run.at });
    }
    let mut pairs = captured.bytes.iter().zip(run.bytes);
    if let Some(offset) = pairs.position(|(a, b)| a != b) {
        return Some(PacketDifference::Byte {
            offset,
            // The run's packet is sound, so its header lengths can be believed.
            field: field_at(run.bytes, offset),
            captured: captured.bytes[offset],
            run: run.bytes[offset],
        });
    }
    if captured.bytes.len() != run.bytes.len() {
        let (captured, run) = (captured.bytes.len(), run.bytes.len());
        return Some(PacketDifference::Length { captured, run });
    }
    (captured.comment != run.comment).then(|| PacketDifference::Comment {
        captured: captured.comment.to_owned(),
        run: run.comment.to_owned(),
    })
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "packet {}: {}", self.packet, self.difference)
    }
}

impl fmt::Display for PacketDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "only the capture has it, the run has ended"),
            Self::Extra => write!(f, "only the run has it, the capture has ended"),
            Self::Time { captured, run } => {
                let (captured, run) = (captured.as_micros(), run.as_micros());
                write!(f, "time: {captured} us in the capture, {run} us in the run")
            }
            Self::Byte { offset, field, captured, run } => write!(
                f,
                "{field} (byte {offset}): {captured:#04x} in the capture, {run:#04x} in the run"
            ),
            Self::Length { captured, run } => {
                write!(f, "length: {captured} bytes in the capture, {run} in the run")
            }
            Self::Comment { captured, run } => {
                let fate = |comment: &str| match comment {
                    "" => "delivered".to_owned(),
                    other => format!("`{other}`"),
                };
                write!(f, "fate: {} in the capture, {} in the run", fate(captured), fate(run))
            }
        }
    }
}
