//! `range` owns a range of a quantity, `5ms..50ms` (end excluded) or `5ms..=50ms` (end included),
//! and draws a value evenly among the smallest steps of the quantity.

use std::time::Duration;

use crate::scenario::units;

/// A range of a quantity, in the quantity's smallest steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ValueRange {
    kind: Quantity,
    /// First value of the range.
    pub(super) first: u64,
    /// Last value of the range.
    pub(super) last: u64,
    /// The range as the user wrote it.
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantity {
    /// A time in microseconds.
    Time,
    /// A share in parts per million.
    Share,
    /// A rate in bytes per second.
    ByteRate,
    /// A rate in bits per second.
    BitRate,
    /// Bytes, or a plain number.
    Count,
}

const FORM: &str = "write A..B (without B) or A..=B (with it)";

impl ValueRange {
    /// Read a range. The units of both ends tell the quantity.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once("..").expect("the caller found the dots");
        let (to, closed) = to.strip_prefix('=').map_or((to, false), |to| (to, true));
        let (from, to) = (from.trim(), to.trim());
        let kinds = [
            Quantity::Time,
            Quantity::Share,
            Quantity::ByteRate,
            Quantity::BitRate,
            Quantity::Count,
        ];
        let found =
            kinds.into_iter().find_map(|kind| Some((kind, kind.read(from)?, kind.read(to)?)));
        let Some((kind, first, end)) = found else {
            return Err(format!("`{text}` is no range of one quantity, as in 5ms..50ms: {FORM}"));
        };
        if first > end {
            return Err(format!("`{text}` runs backwards: {FORM}, A first"));
        }
        if first == end && !closed {
            return Err(format!("`{text}` is empty: {FORM}"));
        }
        let last = if closed { end } else { end - 1 };
        Ok(Self { kind, first, last, text: text.to_owned() })
    }

    /// The value that a random number of 64 bits draws.
    pub(super) fn draw(&self, number: u64) -> String {
        let values = u128::from(self.last - self.first) + 1;
        let above = (u128::from(number) * values) >> 64;
        self.print(self.first + u64::try_from(above).expect("less than there are values"))
    }

    /// A value of the range, in the form that the key reads.
    pub(super) fn print(&self, value: u64) -> String {
        match self.kind {
            Quantity::Time => units::print_duration(Duration::from_micros(value)),
            Quantity::Share => {
                units::print_percentage(u32::try_from(value).expect("a share is a million at most"))
            }
            Quantity::ByteRate => units::print_byte_rate(value),
            Quantity::BitRate => units::print_rate(value),
            Quantity::Count => value.to_string(),
        }
    }
}

impl Quantity {
    fn read(self, text: &str) -> Option<u64> {
        match self {
            Self::Time => {
                let time = units::parse_duration(text).ok()?;
                u64::try_from(time.as_micros()).ok()
            }
            Self::Share => units::parse_percentage(text).ok().map(u64::from),
            // A rate in bytes is drawn in whole bytes.
            Self::ByteRate if !text.ends_with("/s") => None,
            Self::ByteRate => units::parse_rate(text).ok().map(|bits| bits / 8),
            Self::BitRate => units::parse_rate(text).ok(),
            Self::Count => units::parse_size(text).ok(),
        }
    }
}
