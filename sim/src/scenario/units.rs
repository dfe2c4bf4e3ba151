//! `units` reads and prints quantities: durations, sizes, rates, percentages. All of it is integer
//! arithmetic, so that a scenario means the same on every machine. It knows no key and no range.

use std::time::Duration;

use thiserror::Error;

/// Why a quantity could not be read, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnitError {
    /// A number alone, where the unit matters.
    #[error("`{text}` has no unit: write {example}")]
    NoUnit {
        /// What was written.
        text: String,
        /// What would be right.
        example: &'static str,
    },
    /// A unit that is not of this kind.
    #[error("`{text}` has an unknown unit `{unit}`: write {example}")]
    UnknownUnit {
        /// What was written.
        text: String,
        /// The part after the number.
        unit: String,
        /// What would be right.
        example: &'static str,
    },
    /// A unit that people use for two things.
    #[error("`{text}` can be read in two ways: write {example}")]
    Ambiguous {
        /// What was written.
        text: String,
        /// What would be right.
        example: &'static str,
    },
    /// No number at the start.
    #[error("`{text}` is not a number with a unit: write {example}")]
    NotANumber {
        /// What was written.
        text: String,
        /// What would be right.
        example: &'static str,
    },
    /// A fraction of the smallest step.
    #[error("`{text}` is not a whole number of {grain}")]
    TooFine {
        /// What was written.
        text: String,
        /// The smallest step.
        grain: &'static str,
    },
    /// More than 64 bits hold.
    #[error("`{text}` is too large")]
    TooLarge {
        /// What was written.
        text: String,
    },
    /// A share above the whole.
    #[error("`{text}` is more than 100%")]
    MoreThanAll {
        /// What was written.
        text: String,
    },
}

/// A kind of quantity: its units as multiples of its smallest step.
struct UnitSystem {
    example: &'static str,
    grain: &'static str,
    units: &'static [(&'static str, u64)],
    /// What a number without a unit counts.
    bare: Option<u64>,
    /// Units that are refused, since people use them for two things.
    ambiguous: &'static [&'static str],
    ambiguous_example: &'static str,
}

const DURATION: UnitSystem = UnitSystem {
    example: "20ms, 1.5s or 200us",
    grain: "microseconds",
    units: &[
        ("us", 1),
        ("µs", 1),
        ("ms", 1_000),
        ("s", 1_000_000),
        ("min", 60_000_000),
        ("h", 3_600_000_000),
    ],
    bare: None,
    ambiguous: &["m"],
    ambiguous_example: "ms for milliseconds or min for minutes",
};

const SIZE: UnitSystem = UnitSystem {
    example: "10000, 10kB or 64KiB",
    grain: "bytes",
    units: &[
        ("B", 1),
        ("kB", 1_000),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
    ],
    bare: Some(1),
    ambiguous: &["k", "K", "M", "G"],
    ambiguous_example: "kB, MB or GB for powers of 1000, KiB, MiB or GiB for powers of 1024",
};

// tc and netem: bit, kbit, mbit, gbit count in powers of 1000. Their `mbps` is megabytes a second,
// which most people read as megabits: it is refused.
const RATE: UnitSystem = UnitSystem {
    example: "10mbit, 56kbit or 200KB/s",
    grain: "bits per second",
    units: &[
        ("bit", 1),
        ("kbit", 1_000),
        ("mbit", 1_000_000),
        ("gbit", 1_000_000_000),
        ("B/s", 8),
        ("kB/s", 8_000),
        ("KB/s", 8_000),
        ("MB/s", 8_000_000),
        ("GB/s", 8_000_000_000),
        ("KiB/s", 8 << 10),
        ("MiB/s", 8 << 20),
        ("GiB/s", 8 << 30),
    ],
    bare: None,
    ambiguous: &["bps", "kbps", "mbps", "gbps", "Kbps", "Mbps", "Gbps"],
    ambiguous_example: "10mbit for bits or 10MB/s for bytes",
};

const SHARE: UnitSystem = UnitSystem {
    example: "1% or 0.1%",
    grain: "parts per million",
    units: &[("%", 10_000)],
    bare: None,
    ambiguous: &[],
    ambiguous_example: "",
};

/// Read a duration: `20ms`, `1.5s`, `200us`.
///
/// # Errors
/// Says what is wrong with the text, and what would be right.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    DURATION.parse(text).map(Duration::from_micros)
}

/// Print a duration of whole microseconds in the largest unit that needs no fraction.
#[must_use]
pub fn print_duration(duration: Duration) -> String {
    print_whole(duration.as_micros(), &[("s", 1_000_000), ("ms", 1_000), ("us", 1)])
}

/// Read a size in bytes: `10000`, `10kB`, `64KiB`.
///
/// # Errors
/// Says what is wrong with the text, and what would be right.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    SIZE.parse(text)
}

/// Print a size: in powers of 1024 where that needs no fraction, else in bytes.
#[must_use]
pub fn print_size(bytes: u64) -> String {
    if bytes == 0 {
        return "0".to_owned();
    }
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1)];
    print_whole(u128::from(bytes), &units)
}

/// Print a size that is held in memory, as [`print_size`] does.
#[must_use]
pub fn print_memory(bytes: usize) -> String {
    print_size(bytes as u64)
}

/// Read a rate in bits per second: `10mbit`, `200KB/s`.
///
/// # Errors
/// Says what is wrong with the text, and what would be right.
pub fn parse_rate(text: &str) -> Result<u64, UnitError> {
    RATE.parse(text)
}

/// Print a rate in bits.
#[must_use]
pub fn print_rate(bits_per_second: u64) -> String {
    let units = [("gbit", 1_000_000_000), ("mbit", 1_000_000), ("kbit", 1_000), ("bit", 1)];
    print_whole(u128::from(bits_per_second), &units)
}

/// Print a rate in bytes.
#[must_use]
pub fn print_byte_rate(bytes_per_second: u64) -> String {
    let units = [("GB/s", 1_000_000_000), ("MB/s", 1_000_000), ("KB/s", 1_000), ("B/s", 1)];
    print_whole(u128::from(bytes_per_second), &units)
}

/// Read a percentage as parts per million: `1%`, `0.1%`; at most `100%`.
///
/// # Errors
/// Says what is wrong with the text, and what would be right.
pub fn parse_percentage(text: &str) -> Result<u32, UnitError> {
    let ppm = SHARE.parse(text)?;
    u32::try_from(ppm)
        .ok()
        .filter(|ppm| *ppm <= 1_000_000)
        .ok_or_else(|| UnitError::MoreThanAll { text: text.to_owned() })
}

/// Print parts per million as a percentage.
#[must_use]
pub fn print_percentage(ppm: u32) -> String {
    let (whole, rest) = (ppm / 10_000, ppm % 10_000);
    if rest == 0 {
        return format!("{whole}%");
    }
    let digits = format!("{rest:04}");
    format!("{whole}.{}%", digits.trim_end_matches('0'))
}

impl UnitSystem {
    fn parse(&self, text: &str) -> Result<u64, UnitError> {
        let trimmed = text.trim();
        let split = trimmed
            .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')
            .unwrap_or(trimmed.len());
        let (number, unit) = (&trimmed[..split], trimmed[split..].trim_start());
        let (digits, scale) = decimal(number).ok_or_else(|| UnitError::NotANumber {
            text: text.to_owned(),
            example: self.example,
        })?;
        let too_large = || UnitError::TooLarge { text: text.to_owned() };
        let value = digits
            .ok_or_else(too_large)?
            .checked_mul(u128::from(self.multiple(text, unit, digits == Some(0))?))
            .ok_or_else(too_large)?;
        if value % scale != 0 {
            return Err(UnitError::TooFine { text: text.to_owned(), grain: self.grain });
        }
        u64::try_from(value / scale).map_err(|_| too_large())
    }

    fn multiple(&self, text: &str, unit: &str, zero: bool) -> Result<u64, UnitError> {
        let text = text.to_owned();
        if unit.is_empty() {
            // Nothing is nothing in every unit.
            let bare = self.bare.or(zero.then_some(1));
            return bare.ok_or(UnitError::NoUnit { text, example: self.example });
        }
        if self.ambiguous.contains(&unit) {
            return Err(UnitError::Ambiguous { text, example: self.ambiguous_example });
        }
        let found = self.units.iter().find(|(name, _)| *name == unit);
        found.map(|(_, multiple)| *multiple).ok_or_else(|| UnitError::UnknownUnit {
            text,
            unit: unit.to_owned(),
            example: self.example,
        })
    }
}

/// The digits of a decimal number without its point (`None`: too many), and what to divide them by.
fn decimal(number: &str) -> Option<(Option<u128>, u128)> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = fraction.trim_end_matches('0');
    let plain = |part: &str| part.chars().all(|c| c.is_ascii_digit() || c == '_');
    if !number.starts_with(|c: char| c.is_ascii_digit())
        || number.ends_with(['.', '_'])
        || !plain(whole)
        || !plain(fraction)
    {
        return None;
    }
    let digits: String = whole.chars().chain(fraction.chars()).filter(|c| *c != '_').collect();
    let places = fraction.chars().filter(|c| *c != '_').count();
    // Twenty digits fill 64 bits; what is longer, or finer, fits no quantity here.
    let scale = u32::try_from(places).ok().filter(|places| *places <= 18);
    let Some(scale) = scale else { return Some((None, 1)) };
    Some((digits.parse().ok(), 10_u128.pow(scale)))
}

fn print_whole(value: u128, units: &[(&str, u128)]) -> String {
    let fits = units.iter().find(|(_, multiple)| value.is_multiple_of(*multiple));
    let (name, multiple) = fits.expect("the last unit is the smallest step");
    format!("{}{name}", value / multiple)
}

#[cfg(test)]
mod units_tests;
