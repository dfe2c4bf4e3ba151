//! `units` reads and prints quantities: durations, sizes, rates, percentages. All arithmetic is in
//! integers, so that a scenario means the same on every machine. Keys and ranges are known
//! elsewhere.

use std::time::Duration;

use thiserror::Error;

/// A quantity that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` {problem}")]
pub(crate) struct UnitError {
    /// The text that is no quantity of this kind.
    pub text: String,
    /// The problem and, where there is a correct form, examples.
    pub problem: String,
}

impl UnitError {
    fn new(text: &str, problem: impl Into<String>) -> Self {
        Self { text: text.to_owned(), problem: problem.into() }
    }
}

/// A kind of quantity: names of units, each as a multiple of the smallest step.
struct UnitSystem {
    example: &'static str,
    grain: &'static str,
    units: &'static [(&'static str, u64)],
    /// The multiple for a number without a unit.
    bare: Option<u64>,
    /// Units with two common meanings, which are refused.
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

// tc and netem: bit, kbit, mbit, gbit count in powers of 1000. Their `mbps` means megabytes a
// second; most people read megabits, so `mbps` is refused.
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
/// The text is no duration; the error gives examples.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    DURATION.parse(text).map(Duration::from_micros)
}

/// Print a duration of whole microseconds in the largest unit without a fraction.
#[must_use]
pub(crate) fn print_duration(duration: Duration) -> String {
    print_whole(duration.as_micros(), &[("s", 1_000_000), ("ms", 1_000), ("us", 1)])
}

/// Read a size in bytes: `10000`, `10kB`, `64KiB`.
///
/// # Errors
/// The text is no size; the error gives examples.
pub(crate) fn parse_size(text: &str) -> Result<u64, UnitError> {
    SIZE.parse(text)
}

/// Print a size in the largest power of 1024 without a fraction, or in bytes.
#[must_use]
pub(crate) fn print_size(bytes: u64) -> String {
    if bytes == 0 {
        return "0".to_owned();
    }
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1)];
    print_whole(u128::from(bytes), &units)
}

/// Print a size in memory as [`print_size`] does.
#[must_use]
pub(crate) fn print_memory(bytes: usize) -> String {
    print_size(bytes as u64)
}

/// Read a rate in bits per second: `10mbit`, `200KB/s`.
///
/// # Errors
/// The text is no rate; the error gives examples.
pub(crate) fn parse_rate(text: &str) -> Result<u64, UnitError> {
    RATE.parse(text)
}

/// Print a rate in bits.
#[must_use]
pub(crate) fn print_rate(bits_per_second: u64) -> String {
    let units = [("gbit", 1_000_000_000), ("mbit", 1_000_000), ("kbit", 1_000), ("bit", 1)];
    print_whole(u128::from(bits_per_second), &units)
}

/// Print a rate in bytes.
#[must_use]
pub(crate) fn print_byte_rate(bytes_per_second: u64) -> String {
    let units = [("GB/s", 1_000_000_000), ("MB/s", 1_000_000), ("KB/s", 1_000), ("B/s", 1)];
    print_whole(u128::from(bytes_per_second), &units)
}

/// Read a percentage as parts per million: `1%`, `0.1%`; at most `100%`.
///
/// # Errors
/// The text is no percentage; the error gives examples.
pub(crate) fn parse_percentage(text: &str) -> Result<u32, UnitError> {
    let ppm = SHARE.parse(text)?;
    u32::try_from(ppm)
        .ok()
        .filter(|ppm| *ppm <= 1_000_000)
        .ok_or_else(|| UnitError::new(text, "is more than 100%"))
}

/// Print parts per million as a percentage.
#[must_use]
pub(crate) fn print_percentage(ppm: u32) -> String {
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
        let (digits, scale) = decimal(number).ok_or_else(|| {
            let problem = format!("is not a number with a unit: write {}", self.example);
            UnitError::new(text, problem)
        })?;
        let multiple = self.multiple(unit, digits == Some(0));
        let multiple = multiple.map_err(|problem| UnitError::new(text, problem))?;
        let too_large = || UnitError::new(text, "is too large");
        let value = digits.and_then(|digits| digits.checked_mul(u128::from(multiple)));
        let value = value.ok_or_else(too_large)?;
        if value % scale != 0 {
            return Err(UnitError::new(text, format!("is not a whole number of {}", self.grain)));
        }
        u64::try_from(value / scale).map_err(|_| too_large())
    }

    fn multiple(&self, unit: &str, zero: bool) -> Result<u64, String> {
        if unit.is_empty() {
            // Zero needs no unit.
            let bare = self.bare.or(zero.then_some(1));
            return bare.ok_or_else(|| format!("has no unit: write {}", self.example));
        }
        if self.ambiguous.contains(&unit) {
            return Err(format!("can be read in two ways: write {}", self.ambiguous_example));
        }
        let found = self.units.iter().find(|(name, _)| *name == unit);
        found
            .map(|(_, multiple)| *multiple)
            .ok_or_else(|| format!("has an unknown unit `{unit}`: write {}", self.example))
    }
}

/// The digits of a decimal number without the point (`None`: too many digits), and the divisor for
/// them.
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
    // Twenty digits fill 64 bits; longer or finer numbers fit no quantity here.
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
