//! `compare` finds the first packet at which a run differs from a capture. Packets are numbered
//! from 1, as in Wireshark.

use std::fmt;

use halfclose_stack::field_at;

use super::{CapturedPacket, OwnedCapturedPacket};

/// The first difference between a capture and a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The number of the packet, from 1.
    pub packet: usize,
    /// The field that differs, with its value in the capture and in the run.
    pub field: String,
}

/// The first difference between a run and a capture; `None`: they are identical.
#[must_use]
pub fn first_difference<'a>(
    capture: &[OwnedCapturedPacket],
    run: impl IntoIterator<Item = CapturedPacket<'a>>,
) -> Option<Difference> {
    let mut run = run.into_iter();
    for (packet, captured) in (1..).zip(capture) {
        let field = match run.next() {
            None => Some("only the capture has it, the run has ended".to_owned()),
            Some(again) => differing_field(captured.borrowed(), again),
        };
        if let Some(field) = field {
            return Some(Difference { packet, field });
        }
    }
    run.next().map(|_| Difference {
        packet: capture.len() + 1,
        field: "only the run has it, the capture has ended".to_owned(),
    })
}

fn differing_field(captured: CapturedPacket<'_>, run: CapturedPacket<'_>) -> Option<String> {
    let [at, again] = [captured.at, run.at].map(|at| at.as_micros());
    if at != again {
        return Some(format!("time: {at} us in the capture, {again} us in the run"));
    }
    let mut pairs = captured.bytes.iter().zip(run.bytes);
    if let Some(offset) = pairs.position(|(a, b)| a != b) {
        // The run's packet is sound, so its header lengths can be believed.
        let field = field_at(run.bytes, offset);
        let [was, is] = [captured.bytes, run.bytes].map(|bytes| bytes[offset]);
        return Some(format!(
            "{field} (byte {offset}): {was:#04x} in the capture, {is:#04x} in the run"
        ));
    }
    let [was, is] = [captured.bytes, run.bytes].map(<[u8]>::len);
    if was != is {
        return Some(format!("length: {was} bytes in the capture, {is} in the run"));
    }
    let fate = |comment: &str| match comment {
        "" => "delivered".to_owned(),
        comment => format!("`{comment}`"),
    };
    let [was, is] = [captured.comment, run.comment].map(fate);
    (was != is).then(|| format!("fate: {was} in the capture, {is} in the run"))
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "packet {}: {}", self.packet, self.field)
    }
}
