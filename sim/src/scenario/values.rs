//! `values` reads and prints single values, each within a range. A refusal says in one line the
//! problem and a correct value. Keys are known elsewhere.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use halfclose_ftp::ServerModel;
use halfclose_ftp::model::PRESETS;
use thiserror::Error;

use super::nearest::hint;
use super::units;
use crate::side::CONTROL_PORT;

/// A setting that a scenario refuses.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{key}: {problem}")]
pub struct InvalidSetting {
    /// The key, as the caller wrote the key.
    pub key: String,
    /// The problem and a correct value, in one line.
    pub problem: String,
}

impl InvalidSetting {
    pub(super) fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { key: key.into(), problem: problem.into() }
    }
}

/// IPv4 and TCP headers without options (RFC 791 §3.1, RFC 9293 §3.1).
pub(super) const HEADERS: usize = 40;

/// The word for an absent value.
pub(super) const NONE: &str = "none";

/// A day: longer than any timer of TCP or FTP, and a sum of several days does not overflow.
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

/// The most bytes that a host holds in memory.
pub(super) const GIB: u64 = 1 << 30;

/// How many clients there may be: each has a control connection, and a listener or a data connection,
/// and a host has 16,384 ephemeral ports.
pub(super) const CLIENTS: RangeInclusive<usize> = 1..=10_000;

/// RFC 791 §3.2: every internet module forwards datagrams of 68 octets without fragmentation, and
/// the simulated link fragments nothing. The upper end is the maximum of IPv4's length field.
pub(super) const MTUS: RangeInclusive<usize> = 68..=65_535;

/// The rates of a link, in bits per second. Below a kilobit, a full queue would wait for years.
pub(super) const RATES: RangeInclusive<u64> = 1_000..=1_000_000_000_000;

pub(super) fn duration(text: &str, range: RangeInclusive<Duration>) -> Result<Duration, String> {
    let read = units::parse_duration(text).map_err(|error| error.to_string())?;
    in_range(text, read, &range, units::print_duration)
}

pub(super) fn size(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let read = units::parse_size(text).map_err(|error| error.to_string())?;
    in_range(text, read, &range, units::print_size)
}

/// A size in bytes, no larger than this machine can address.
pub(super) fn memory(text: &str, range: RangeInclusive<usize>) -> Result<usize, String> {
    let bytes = size(text, *range.start() as u64..=*range.end() as u64)?;
    usize::try_from(bytes).map_err(|_| format!("`{text}` does not fit this machine"))
}

/// A rate in bits per second.
pub(super) fn rate(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let read = units::parse_rate(text).map_err(|error| error.to_string())?;
    in_range(text, read, &range, units::print_rate)
}

/// A rate in bytes per second.
pub(super) fn byte_rate(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let bits = units::parse_rate(text).map_err(|error| error.to_string())?;
    if bits % 8 != 0 {
        return Err(format!("`{text}` is not a whole number of bytes per second"));
    }
    in_range(text, bits / 8, &range, units::print_byte_rate)
}

pub(super) fn percentage(text: &str) -> Result<u32, String> {
    units::parse_percentage(text).map_err(|error| error.to_string())
}

/// A whole number, whose digits underscores may part.
pub(super) fn number<T>(text: &str, range: RangeInclusive<T>) -> Result<T, String>
where
    T: Copy + PartialOrd + fmt::Display + TryFrom<u64>,
{
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let read: u64 = plain.parse().map_err(|_| format!("`{text}` is not a whole number"))?;
    in_range(text, T::try_from(read).ok(), &range, |value: T| value.to_string())
}

/// The port from which a server's data connections leave. A data connection from port 21 would look
/// like a control connection in the headers of its packets.
pub(super) fn active_port(text: &str) -> Result<u16, String> {
    match number(text, 1..=u16::MAX)? {
        CONTROL_PORT => {
            Err("21 is the port of control connections: write another, as in 20".to_owned())
        }
        port => Ok(port),
    }
}

/// The size of the largest packet, in bytes.
pub(super) fn mtu(text: &str) -> Result<usize, String> {
    let mtu = usize::try_from(size(text, 0..=u64::MAX)?).unwrap_or(usize::MAX);
    if MTUS.contains(&mtu) {
        return Ok(mtu);
    }
    let wrong = match mtu <= HEADERS {
        true => format!("does not even hold the {HEADERS} bytes of IPv4 and TCP headers"),
        false => "is out of range".to_owned(),
    };
    Err(format!("`{text}` {wrong}: it must be 68 (RFC 791) to 65535"))
}

/// `None` if the text is the word `absent`, else the value that `read` reads.
pub(super) fn optional<T>(
    text: &str,
    absent: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    if text == absent { Ok(None) } else { read(text).map(Some) }
}

/// The value as `print` prints the value; the word `absent` for `None`.
pub(super) fn print_optional<T>(
    value: Option<T>,
    absent: &str,
    print: impl FnOnce(T) -> String,
) -> String {
    value.map_or_else(|| absent.to_owned(), print)
}

/// The value of one of several words.
pub(super) fn choice<T: Clone>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(value.clone());
    }
    let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    let hint = hint(text, all.iter().copied());
    Err(format!("`{text}` is none of {}{hint}", all.join(", ")))
}

/// The word for one of several values.
pub(super) fn word<T: PartialEq>(value: &T, words: &[(&str, T)]) -> String {
    let found = words.iter().find(|(_, known)| known == value);
    found.map(|(word, _)| (*word).to_owned()).expect("every value has a word")
}

/// The parts of a text between commas, without empty parts.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// The server model of a name.
pub(super) fn model(text: &str) -> Result<&'static ServerModel, String> {
    ServerModel::by_name(text).ok_or_else(|| {
        let names = || PRESETS.iter().map(|model| model.name);
        // A program's name without a version names no model, but says which models to offer.
        let begun = names().find(|name| name.split('-').next() == Some(text));
        let mut hint = match begun {
            Some(name) => format!("; did you mean `{name}`?"),
            None => hint(text, names()),
        };
        if hint.is_empty() {
            hint = format!("; there are {}", names().collect::<Vec<_>>().join(", "));
        }
        format!("unknown server model `{text}`{hint}")
    })
}

fn in_range<T: PartialOrd + Copy>(
    text: &str,
    value: impl Into<Option<T>>,
    range: &RangeInclusive<T>,
    print: impl Fn(T) -> String,
) -> Result<T, String> {
    value.into().filter(|value| range.contains(value)).ok_or_else(|| {
        let (least, most) = (print(*range.start()), print(*range.end()));
        format!("`{text}` is out of range: it must be {least} to {most}")
    })
}
