//! `notation.rs` prints segments in the notation of packetdrill: flags, `first:last(length)`, ack,
//! window and options, with sequence numbers relative to the initial sequence number of each side.

use std::fmt;

use crate::packet::options::Options;
use crate::packet::segment::{Flags, Segment};

/// A segment to print, with the initial sequence numbers of both sides.
#[derive(Clone, Copy, Debug)]
pub struct Relative<'a> {
    segment: &'a Segment,
    options: Options,
    source_isn: u32,
    destination_isn: u32,
}

impl Segment {
    /// The segment to print with the options in `packet`, relative to the initial sequence numbers of
    /// the source and of the destination.
    ///
    /// # Panics
    /// If the segment was not decoded from `packet`.
    #[must_use]
    pub fn relative(&self, packet: &[u8], [source_isn, destination_isn]: [u32; 2]) -> Relative<'_> {
        Relative { segment: self, options: self.options(packet), source_isn, destination_isn }
    }
}

impl fmt::Display for Relative<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let segment = self.segment;
        let first = segment.seq.wrapping_sub(self.source_isn);
        let last = first.wrapping_add(u32::from(segment.payload_len));
        write!(f, "{} {first}:{last}({})", segment.flags, segment.payload_len)?;
        if segment.flags.has(Flags::ACK) {
            write!(f, " ack {}", segment.ack.wrapping_sub(self.destination_isn))?;
        }
        write!(f, " win {}", segment.window)?;
        if segment.flags.has(Flags::URG) {
            write!(f, " urg {}", segment.urgent)?;
        }
        self.options(f)
    }
}

impl Relative<'_> {
    fn options(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.options;
        let relative = |edge: u32| edge.wrapping_sub(self.destination_isn);
        let blocks = options.sack.iter().flatten();
        let blocks = blocks.map(|&(left, right)| format!("{}:{}", relative(left), relative(right)));
        let blocks = blocks.collect::<Vec<_>>().join(",");
        let words = [
            options.max_segment_size.map(|size| format!("mss {size}")),
            options.sack_permitted.then(|| "sackOK".to_owned()),
            options.window_scale.map(|shift| format!("wscale {shift}")),
            (!blocks.is_empty()).then(|| format!("sack {blocks}")),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        if words.is_empty() { Ok(()) } else { write!(f, " <{}>", words.join(",")) }
    }
}

impl fmt::Display for Segment {
    /// Print absolute sequence numbers, and no options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = Options::default();
        Relative { segment: self, options, source_isn: 0, destination_isn: 0 }.fmt(f)
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} > {}: {self}", self.source, self.destination)
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LETTERS: [(Flags, &str); 6] = [
            (Flags::FIN, "F"),
            (Flags::SYN, "S"),
            (Flags::RST, "R"),
            (Flags::PSH, "P"),
            (Flags::URG, "U"),
            (Flags::ACK, "."),
        ];
        if self.0 == 0 {
            return f.write_str("-");
        }
        LETTERS
            .iter()
            .filter(|(flag, _)| self.has(*flag))
            .try_for_each(|(_, name)| f.write_str(name))
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
