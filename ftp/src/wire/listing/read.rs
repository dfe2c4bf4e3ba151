//! `listing::read` reads one line of a listing from any server. No standard defines the form of
//! LIST: the file reads the forms of Unix' `ls -l` and Windows' `dir`, and variants.

use super::{Form, KINDS, facts};
use crate::store::EntryKind;
use crate::wire::date::{Civil, DAY, MONTHS};
use std::time::Duration;

/// One entry of a server's listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedEntry<'a> {
    /// The name as the server wrote the name (NLST may add directories before the name).
    pub name: &'a str,
    /// The kind of the entry, if the line tells.
    pub kind: Option<EntryKind>,
    /// The size in bytes, of a file.
    pub size: Option<u64>,
    /// The last modification, since 1970-01-01T00:00:00Z, as exact as the line. Facts are in UTC;
    /// the forms of LIST are in the server's time zone.
    pub modified: Option<Duration>,
}

impl<'a> ListedEntry<'a> {
    /// An entry with a name only; `None` for `.`, `..` and the empty name.
    pub(super) fn named(name: &'a str) -> Option<Self> {
        let strange = name.is_empty() || name == "." || name == "..";
        (!strange).then_some(Self { name, kind: None, size: None, modified: None })
    }
}

/// Reads one line, without the line end. `now` (since 1970-01-01T00:00:00Z) completes a date
/// without a year. `None` for a line without an entry: a heading, an empty line, the directory
/// itself.
#[must_use]
pub fn read(form: Form, line: &str, now: Duration) -> Option<ListedEntry<'_>> {
    match form {
        Form::Facts => facts::read(line),
        Form::Long => unix(line, now).or_else(|| dos(line)),
        Form::Names => ListedEntry::named(line),
    }
}

/// Reads a line of `ls -l`: `-rw-r--r--   1 ftp      ftp          10000 Feb  6  2002 a.bin`
fn unix(line: &str, now: Duration) -> Option<ListedEntry<'_>> {
    let letter = line.chars().next()?;
    let &(kind, ..) = KINDS.iter().find(|known| known.1 == letter)?;
    let words = words(line).take(12).collect::<Vec<_>>();
    // The words before the date vary: links, owner and group may be missing. The size is last.
    let date = (2..words.len().min(9)).find_map(|at| {
        let (modified, length) = date(&words[at..], now)?;
        let size = words[at - 1].1.parse::<u64>().ok();
        Some((modified, size, at + length))
    });
    let (modified, size, behind) = date?;
    let (start, last) = *words.get(behind - 1)?;
    // One space separates the name, and a name may begin with a space.
    let name = line.get(start + last.len() + 1..)?;
    let name = if letter == 'l' { name.split(" -> ").next().unwrap_or(name) } else { name };
    let size = size.filter(|_| kind == EntryKind::File);
    Some(ListedEntry { kind: Some(kind), size, modified, ..ListedEntry::named(name)? })
}

/// Reads a date at the start of `words`. Returns the time, if the date is valid, and the number of
/// words.
fn date(words: &[(usize, &str)], now: Duration) -> Option<(Option<Duration>, usize)> {
    let word = |at: usize| words.get(at).map(|(_, word)| *word);
    let (first, second) = (word(0)?, word(1)?);
    // 2002-02-06 12:34
    if let Some((year, month, day)) = three(first, '-') {
        let (hour, minute) = clock(second)?;
        return Some((Civil { year, month, day, hour, minute, second: 0 }.since(), 2));
    }
    // Feb 6, or 6 Feb
    let (month, day) = match (month(first), month(second)) {
        (Some(month), None) => (month, second.parse().ok()?),
        (None, Some(month)) => (month, first.parse().ok()?),
        _ => return None,
    };
    let third = word(2)?;
    let at = |year, (hour, minute)| Civil { year, month, day, hour, minute, second: 0 }.since();
    if let Some(time) = clock(third) {
        // The most recent such date; a date of tomorrow is that of a server ahead of UTC.
        let year = Civil::of(now).year;
        let soon = now + Duration::from_secs(DAY);
        let this = at(year, time).filter(|at| *at <= soon);
        return Some((this.or_else(|| at(year - 1, time)), 3));
    }
    let year = third.parse().ok().filter(|year| (1970..=9999).contains(year))?;
    Some((at(year, (0, 0)), 3))
}

/// Reads a line of Windows' `dir`: `02-06-02  12:34PM       <DIR>          photos`, or a size in
/// place of `<DIR>`.
fn dos(line: &str) -> Option<ListedEntry<'_>> {
    let words = words(line).take(3).collect::<Vec<_>>();
    let [(_, date), (_, time), (start, what)] = words[..] else { return None };
    let (month, day, year) = three(date, '-').or_else(|| three(date, '/'))?;
    // Windows writes the month first, unless the server is set to write the year first.
    let (year, month, day) =
        if month > 31 { (month, day, year) } else { (short_year(year), month, day) };
    let upper = time.to_ascii_uppercase();
    let (hour, minute) = clock(upper.trim_end_matches(['A', 'P', 'M']))?;
    let hour = match (upper.ends_with("PM"), upper.ends_with("AM"), hour) {
        (true, _, 12) => 12,
        (true, _, hour) => hour + 12,
        (_, true, 12) => 0,
        (_, _, hour) => hour,
    };
    let modified = Civil { year, month, day, hour, minute, second: 0 }.since();
    let name = line.get(start + what.len()..)?;
    let (kind, size, name) = match what {
        "<DIR>" => (EntryKind::Directory, None, name.trim_start_matches(' ')),
        "<SYMLINKD>" | "<JUNCTION>" => (EntryKind::Other, None, name.trim_start_matches(' ')),
        size => (
            EntryKind::File,
            Some(size.replace([',', '.'], "").parse().ok()?),
            name.strip_prefix(' ')?,
        ),
    };
    Some(ListedEntry { kind: Some(kind), size, modified, ..ListedEntry::named(name)? })
}

fn short_year(year: u64) -> u64 {
    match year {
        0..70 => 2000 + year,
        70..100 => 1900 + year,
        year => year,
    }
}

fn three(text: &str, by: char) -> Option<(u64, u64, u64)> {
    let mut numbers = text.split(by).map(|part| part.parse::<u64>().ok());
    let found = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(found)
}

/// Reads `12:34`, with or without seconds.
fn clock(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.split(':').map(|part| part.parse::<u64>().ok());
    let (hour, minute) = (numbers.next()??, numbers.next()??);
    (hour < 24 && minute < 60).then_some((hour, minute))
}

fn month(text: &str) -> Option<u64> {
    let at = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(text))?;
    u64::try_from(at + 1).ok()
}

/// The words of a line, each with its position.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 0;
    let places = line.split([' ', '\t']).map(move |word| {
        let start = next;
        next += word.len() + 1;
        (start, word)
    });
    places.filter(|(_, word)| !word.is_empty())
}
