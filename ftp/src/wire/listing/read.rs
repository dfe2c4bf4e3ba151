//! `listing::read` understands one line of a listing that somebody else's server has written. The
//! form of LIST is nobody's standard: what `ls -l` prints on Unix, what `dir` prints on Windows, and
//! their kin.

use super::{Form, KINDS, facts};
use crate::store::EntryKind;
use crate::wire::date::{Civil, DAY, MONTHS};
use std::time::Duration;

/// What a line tells of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedEntry<'a> {
    /// The name, as the server wrote it (NLST's may have directories before it).
    pub name: &'a str,
    /// What it stands for.
    pub kind: Option<EntryKind>,
    /// Bytes, of a file.
    pub size: Option<u64>,
    /// When it was modified last, since 1970-01-01T00:00:00Z: as exactly as the line says, and in
    /// the server's time zone, which only facts say is UTC.
    pub modified: Option<Duration>,
}

impl<'a> ListedEntry<'a> {
    /// A name, of which nothing else is known yet; none if it is no name.
    pub(super) fn named(name: &'a str) -> Option<Self> {
        let strange = name.is_empty() || name == "." || name == "..";
        (!strange).then_some(Self { name, kind: None, size: None, modified: None })
    }
}

/// Reads one line, without its end. `now` (since 1970-01-01T00:00:00Z) completes a date without a
/// year. None for a line that names nothing: a heading, an empty line, the directory itself.
#[must_use]
pub fn read(form: Form, line: &str, now: Duration) -> Option<ListedEntry<'_>> {
    match form {
        Form::Facts => facts::read(line),
        Form::Long => unix(line, now).or_else(|| dos(line)),
        Form::Names => ListedEntry::named(line),
    }
}

/// `-rw-r--r--   1 ftp      ftp          10000 Feb  6  2002 a.bin`
fn unix(line: &str, now: Duration) -> Option<ListedEntry<'_>> {
    let letter = line.chars().next()?;
    let &(kind, ..) = KINDS.iter().find(|known| known.1 == letter)?;
    let words = words(line).take(12).collect::<Vec<_>>();
    // What stands before the date differs: links, owner and group may be missing. The size is last.
    let date = (2..words.len().min(9)).find_map(|at| {
        let (modified, length) = date(&words[at..], now)?;
        let size = words[at - 1].1.parse::<u64>().ok();
        Some((modified, size, at + length))
    });
    let (modified, size, behind) = date?;
    let (start, last) = *words.get(behind - 1)?;
    // One space, and then the name, which may begin with another one.
    let name = line.get(start + last.len() + 1..)?;
    let name = if letter == 'l' { name.split(" -> ").next().unwrap_or(name) } else { name };
    let size = size.filter(|_| kind == EntryKind::File);
    Some(ListedEntry { kind: Some(kind), size, modified, ..ListedEntry::named(name)? })
}

/// A date at the beginning of these words, and how many of them it takes. There may be a date where
/// no time can be made of it.
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
        // The last such date: tomorrow's belongs to a server that is ahead of us.
        let year = Civil::of(now).year;
        let soon = now + Duration::from_secs(DAY);
        let this = at(year, time).filter(|at| *at <= soon);
        return Some((this.or_else(|| at(year - 1, time)), 3));
    }
    let year = third.parse().ok().filter(|year| (1970..=9999).contains(year))?;
    Some((at(year, (0, 0)), 3))
}

/// `02-06-02  12:34PM       <DIR>          photos`, or a size in place of `<DIR>`.
fn dos(line: &str) -> Option<ListedEntry<'_>> {
    let words = words(line).take(3).collect::<Vec<_>>();
    let [(_, date), (_, time), (start, what)] = words[..] else { return None };
    let (month, day, year) = three(date, '-').or_else(|| three(date, '/'))?;
    // Windows writes the month first; where the year is first, it has been set so.
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

/// `12:34`, perhaps with seconds.
fn clock(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.split(':').map(|part| part.parse::<u64>().ok());
    let (hour, minute) = (numbers.next()??, numbers.next()??);
    (hour < 24 && minute < 60).then_some((hour, minute))
}

fn month(text: &str) -> Option<u64> {
    let at = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(text))?;
    u64::try_from(at + 1).ok()
}

/// Words of a line, each with its place.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 0;
    let places = line.split([' ', '\t']).map(move |word| {
        let start = next;
        next += word.len() + 1;
        (start, word)
    });
    places.filter(|(_, word)| !word.is_empty())
}
