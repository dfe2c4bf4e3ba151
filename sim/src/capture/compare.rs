//! Comparing: the first packet at which two runs part, and in what. Packets are numbered as
//! Wireshark numbers them, from 1.

use std::fmt;
use std::time::Duration;

use halfclose_stack::field_at;

use super::{CapturedPacket, OwnedCapturedPacket};

/// Where two runs part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The number of the packet, from 1.
    pub packet: usize,
    /// In what it differs.
    pub parting: Parting,
}

/// In what a packet differs. `captured` is the capture's, `run` is this run's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parting {
    /// The capture has it, the run does not emit it.
    Missing,
    /// The run emits it, the capture does not have it.
    Extra,
    /// It leaves at another time.
    Time {
        /// In the capture.
        captured: Duration,
        /// In this run.
        run: Duration,
    },
    /// A byte is another.
    Byte {
        /// The byte's offset from the start of the IPv4 header.
        offset: usize,
        /// What the byte belongs to.
        field: String,
        /// In the capture.
        captured: u8,
        /// In this run.
        run: u8,
    },
    /// One is the beginning of the other.
    Length {
        /// In the capture.
        captured: usize,
        /// In this run.
        run: usize,
    },
    /// Its fate is another.
    Comment {
        /// In the capture.
        captured: String,
        /// In this run.
        run: String,
    },
}

/// The first packet at which a run parts from a capture; `None`: they are identical.
#[must_use]
pub fn first_difference<'a>(
    capture: &[OwnedCapturedPacket],
    run: impl IntoIterator<Item = CapturedPacket<'a>>,
) -> Option<Difference> {
    let mut run = run.into_iter();
    for (index, captured) in capture.iter().enumerate() {
        let parting = match run.next() {
            None => Some(Parting::Missing),
            Some(again) => parting(captured.borrowed(), again),
        };
        if let Some(parting) = parting {
            return Some(Difference { packet: index + 1, parting });
        }
    }
    run.next().map(|_| Difference { packet: capture.len() + 1, parting: Parting::Extra })
}

fn parting(captured: CapturedPacket<'_>, run: CapturedPacket<'_>) -> Option<Parting> {
    if captured.at != run.at {
        return Some(Parting::Time { captured: captured.at, run: run.at });
    }
    let mut pairs = captured.bytes.iter().zip(run.bytes);
    if let Some(offset) = pairs.position(|(a, b)| a != b) {
        return Some(Parting::Byte {
            offset,
            // The run's packet is sound, so its header lengths can be believed.
            field: field_at(run.bytes, offset),
            captured: captured.bytes[offset],
            run: run.bytes[offset],
        });
    }
    if captured.bytes.len() != run.bytes.len() {
        let (captured, run) = (captured.bytes.len(), run.bytes.len());
        return Some(Parting::Length { captured, run });
    }
    (captured.comment != run.comment).then(|| Parting::Comment {
        captured: captured.comment.to_owned(),
        run: run.comment.to_owned(),
    })
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "packet {}: {}", self.packet, self.parting)
    }
}

impl fmt::Display for Parting {
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
