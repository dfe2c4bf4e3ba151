//! Readers and printers of values, each with its range and the reason for it.

use std::ops::RangeInclusive;
use std::time::Duration;

use halfclose_ftp::ServerModel;
use halfclose_ftp::model::PRESETS;

use crate::scenario::clients::CLIENTS;
use crate::scenario::nearest::hint;
use crate::scenario::units;

/// IPv4 and TCP headers without options (RFC 791 §3.1, RFC 9293 §3.1).
pub(super) const HEADERS: usize = 40;

/// The word for a value that is not there.
pub(super) const NONE: &str = "none";

/// A day: longer than any timer of TCP or FTP, and no sum of a few overflows.
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

/// The most that both sides hold in memory.
pub(super) const GIB: u64 = 1 << 30;

pub(super) fn duration(text: &str, range: RangeInclusive<Duration>) -> Result<Duration, String> {
    let read = units::parse_duration(text).map_err(|error| error.to_string())?;
    in_range(text, read, &range, units::print_duration)
}

pub(super) fn size(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let read = units::parse_size(text).map_err(|error| error.to_string())?;
    in_range(text, read, &range, units::print_size)
}

pub(super) fn memory(text: &str, range: RangeInclusive<u64>) -> Result<usize, String> {
    let bytes = size(text, range)?;
    usize::try_from(bytes).map_err(|_| format!("`{text}` does not fit this machine"))
}

/// A rate in bits per second. Below a kilobit, a full queue would wait for years.
pub(super) fn rate(text: &str) -> Result<u64, String> {
    let read = units::parse_rate(text).map_err(|error| error.to_string())?;
    in_range(text, read, &(1_000..=1_000_000_000_000), units::print_rate)
}

/// A rate in bytes per second.
pub(super) fn byte_rate(text: &str) -> Result<u64, String> {
    let bits = units::parse_rate(text).map_err(|error| error.to_string())?;
    if bits % 8 != 0 {
        return Err(format!("`{text}` is not a whole number of bytes per second"));
    }
    in_range(text, bits / 8, &(1..=1_000_000_000_000), units::print_byte_rate)
}

pub(super) fn percentage(text: &str) -> Result<u32, String> {
    units::parse_percentage(text).map_err(|error| error.to_string())
}

pub(super) fn number(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let read = plain.parse().map_err(|_| format!("`{text}` is not a whole number"))?;
    in_range(text, read, &range, |value: u64| value.to_string())
}

/// How many clients there are.
pub(super) fn clients(text: &str) -> Result<usize, String> {
    let count = number(text, CLIENTS)?;
    usize::try_from(count).map_err(|_| format!("`{text}` does not fit this machine"))
}

/// RFC 791 §3.2: every internet module forwards datagrams of 68 octets without fragmentation, and
/// nothing here fragments. The upper end is what IPv4's length field holds.
pub(super) fn mtu(text: &str) -> Result<usize, String> {
    let bytes = size(text, 0..=u64::MAX)?;
    match usize::try_from(bytes) {
        Ok(mtu @ 68..=65_535) => Ok(mtu),
        Ok(mtu) if mtu <= HEADERS => Err(format!(
            "`{text}` does not even hold the {HEADERS} bytes of IPv4 and TCP headers: \
             it must be 68 (RFC 791) to 65535"
        )),
        _ => Err(format!("`{text}` is out of range: it must be 68 (RFC 791) to 65535")),
    }
}

/// `none`, or what `read` makes of the text.
pub(super) fn optional<T>(
    text: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    if text == NONE { Ok(None) } else { read(text).map(Some) }
}

pub(super) fn print_optional<T>(value: Option<T>, print: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| NONE.to_owned(), print)
}

/// One of several words.
pub(super) fn choice<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    let hint = hint(text, all.iter().copied());
    Err(format!("`{text}` is none of {}{hint}", all.join(", ")))
}

/// What commas part.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// A length of time that passes, or `none`.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    duration(text, Duration::from_micros(1)..=DAY)
}

/// A server model.
pub(super) fn model(text: &str) -> Result<&'static ServerModel, String> {
    ServerModel::by_name(text).ok_or_else(|| {
        let names = || PRESETS.iter().map(|model| model.name);
        // A program without its version is enough to be understood, not enough to be meant.
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

/// The word for one of several values.
pub(super) fn word<T: PartialEq>(value: &T, words: &[(&str, T)]) -> String {
    let found = words.iter().find(|(_, known)| known == value);
    found.map(|(word, _)| (*word).to_owned()).expect("every value has a word")
}

fn in_range<T: PartialOrd + Copy>(
    text: &str,
    value: T,
    range: &RangeInclusive<T>,
    print: impl Fn(T) -> String,
) -> Result<T, String> {
    if range.contains(&value) {
        return Ok(value);
    }
    let (least, most) = (print(*range.start()), print(*range.end()));
    Err(format!("`{text}` is out of range: it must be {least} to {most}"))
}
