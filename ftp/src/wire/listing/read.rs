//! `listing::read` turns one line of a server's listing into an entry. No standard gives the form
//! of LIST: `unix`, `windows` and `other_systems` know the forms that real servers print, and a
//! line in no known form stays a line, never a name.

use super::{Form, facts, other_systems, unix, windows};
use crate::store::EntryKind;
use std::time::Duration;

/// The meaning of one line of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingLine<'a> {
    /// The line describes one name.
    Entry(ListedEntry<'a>),
    /// The line names nothing by design: `total 12`, an empty line, column titles, the listed
    /// directory itself or the directory above.
    Heading,
    /// The line has no form that this reader knows.
    Unknown,
}

impl<'a> ListingLine<'a> {
    /// Returns the entry of a line that describes one.
    #[must_use]
    pub fn entry(self) -> Option<ListedEntry<'a>> {
        match self {
            Self::Entry(entry) => Some(entry),
            Self::Heading | Self::Unknown => None,
        }
    }
}

/// One name of a listing, with the facts that its line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedEntry<'a> {
    /// The name in the server's own bytes (NLST may put directories before the name).
    pub name: &'a [u8],
    /// The kind of the file, where the line tells the kind.
    pub kind: Option<EntryKind>,
    /// The exact size of a file in bytes; `None` where the line rounds the size (`4.0K`, blocks).
    pub size: Option<u64>,
    /// The time of the last modification since 1970-01-01T00:00:00Z, as exact as the line. Only
    /// facts (MLSD) are in UTC; every form of LIST uses the server's time zone.
    pub modified: Option<Duration>,
}

impl<'a> ListedEntry<'a> {
    /// Returns an entry without facts, or `None` for the empty name, `.` and `..`.
    pub(super) fn named(name: &'a [u8]) -> Option<Self> {
        let strange = matches!(name, b"" | b"." | b"..");
        (!strange).then_some(Self { name, kind: None, size: None, modified: None })
    }
}

/// Reads one line, without its line end, of a listing that was asked for in `form`. `now` (since
/// 1970-01-01T00:00:00Z) completes a date without a year. A server that answers MLSD with the lines
/// of LIST is understood.
#[must_use]
pub fn read(form: Form, line: &[u8], now: Duration) -> ListingLine<'_> {
    // A name may be nothing but spaces; a line of facts or of LIST may not.
    if line.is_empty() || form != Form::Names && line.trim_ascii().is_empty() {
        return ListingLine::Heading;
    }
    let readers: &[Reader] = match form {
        Form::Facts => &[facts::read, unix::read, windows::read],
        Form::Long => &[other_systems::eplf, unix::read, windows::read, other_systems::read],
        Form::Names => &[names],
    };
    readers.iter().find_map(|reader| reader(line, now)).unwrap_or(ListingLine::Unknown)
}

/// Reads a line in one form; `None` for a line in another form.
type Reader = fn(&[u8], Duration) -> Option<ListingLine<'_>>;

fn names(line: &[u8], _: Duration) -> Option<ListingLine<'_>> {
    Some(ListedEntry::named(line).map_or(ListingLine::Heading, ListingLine::Entry))
}

/// Returns the entry of `name` with these facts, or a heading for `.` and `..`.
pub(super) fn entry(
    name: &[u8],
    kind: Option<EntryKind>,
    size: Option<u64>,
    modified: Option<Duration>,
) -> Option<ListingLine<'_>> {
    match name {
        b"" => None,
        _ => Some(ListedEntry::named(name).map_or(ListingLine::Heading, |entry| {
            ListingLine::Entry(ListedEntry { kind, size, modified, ..entry })
        })),
    }
}

/// One word of a line.
#[derive(Clone, Copy)]
pub(super) struct Word<'a> {
    /// The offset of the first byte behind the word in the line.
    pub end: usize,
    /// The word as text; empty for a word that is not UTF-8.
    pub text: &'a str,
    /// The bytes of the word.
    pub bytes: &'a [u8],
}

/// Returns the words of a line, which spaces and tabs separate.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = Word<'_>> {
    let mut next = 0;
    let all = line.split(|byte| matches!(byte, b' ' | b'\t')).map(move |bytes| {
        let end = next + bytes.len();
        next = end + 1;
        Word { end, text: std::str::from_utf8(bytes).unwrap_or(""), bytes }
    });
    all.filter(|word| !word.bytes.is_empty())
}

/// Returns three numbers between two equal separators, such as `2002-02-06`.
pub(super) fn three(text: &str, by: char) -> Option<(u64, u64, u64)> {
    let mut numbers = text.split(by).map(number);
    let found = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(found)
}

/// Returns a decimal number without a sign.
pub(super) fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Returns hour, minute and second of `12:34`, `12:34:56` or `12:34:56.789`.
pub(super) fn clock(text: &str) -> Option<(u64, u64, u64)> {
    let mut parts = text.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let second = match parts.next() {
        Some(second) => number(second.split('.').next()?)?,
        None => 0,
    };
    let valid = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    valid.then_some((hour, minute, second))
}
