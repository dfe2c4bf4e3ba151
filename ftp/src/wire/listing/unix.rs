//! `listing::unix` reads the long form of Unix (`ls -l`) and the forms of servers that imitate `ls`:
//! with ISO dates, the year behind the time, months in other languages, or fewer columns.

use super::KINDS;
use super::read::{ListingLine, Word, clock, entry, number, three, words};
use crate::store::EntryKind;
use crate::wire::date::{Civil, DAY};
use std::time::Duration;

/// The words of a line that may stand before the name.
const COLUMNS: usize = 14;

/// Reads `-rw-r--r--   1 ftp      ftp          10000 Feb  6  2002 a.bin`. Links, owner, group and
/// size may be missing: the reader looks for the date and takes the word before it for the size.
pub(super) fn read(line: &[u8], now: Duration) -> Option<ListingLine<'_>> {
    if is_total(line) {
        return Some(ListingLine::Heading);
    }
    let letter = char::from(*line.first()?);
    let &(kind, ..) = KINDS.iter().find(|known| known.1 == letter)?;
    let words = words(line).take(COLUMNS).collect::<Vec<_>>();
    let netware = words.get(1).is_some_and(|word| word.text.starts_with('['));
    if !netware && !is_mode(words.first()?.text) {
        return None;
    }
    let (date, at) = (1..words.len()).find_map(|at| Some((date(&words[at..], now)?, at)))?;
    let size = Some(words[at - 1]).filter(|_| at > 1 && kind == EntryKind::File);
    let size = size.and_then(|word| number(word.text));
    let end = words[at + date.words - 1].end;
    // One space, and then the name, which may begin with another space.
    let name = line.get(end + 1..)?;
    let name = if netware { name.trim_ascii_start() } else { name };
    let name = if letter == 'l' { before_arrow(name) } else { name };
    entry(name, Some(kind), size, date.at)
}

/// Returns whether a line is the first line of `ls -l`: `total 12`, in the languages of `MONTHS`.
fn is_total(line: &[u8]) -> bool {
    let mut words = words(line);
    let (Some(first), Some(second), None) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    let word = first.text.trim_end_matches(':').to_lowercase();
    let known = ["total", "insgesamt", "totale", "totaal", "razem", "итого", "yhteensä", "合計"];
    known.contains(&&*word) && second.text.starts_with(|c: char| c.is_ascii_digit())
}

/// Returns whether a word looks like `-rw-r--r--`, perhaps with a mark of an access control list.
fn is_mode(word: &str) -> bool {
    let bits = word.get(1..).unwrap_or("");
    bits.len() >= 9 && bits.bytes().take(9).all(|bit| b"rwxsStTlL-".contains(&bit))
}

fn before_arrow(name: &[u8]) -> &[u8] {
    let arrow = name.windows(4).position(|four| four == b" -> ");
    &name[..arrow.unwrap_or(name.len())]
}

/// A date that stands in a line.
pub(super) struct LineDate {
    /// The time; `None` where the calendar has no such day.
    at: Option<Duration>,
    /// How many words of the line belong to the date.
    words: usize,
}

/// Finds a date at the beginning of these words.
fn date(words: &[Word<'_>], now: Duration) -> Option<LineDate> {
    let word = |at: usize| words.get(at).map_or("", |word| word.text);
    iso(word, now).or_else(|| named_month(words, now))
}

/// Reads `2002-02-06 12:34`, `2002-02-06 12:34:56.000 +0100`, and `02-06 12:34` of this year.
fn iso<'a>(word: impl Fn(usize) -> &'a str, now: Duration) -> Option<LineDate> {
    let (hour, minute, second) = clock(word(1))?;
    let zone = word(2);
    let zoned = zone.len() == 5 && zone.starts_with(['+', '-']) && number(&zone[1..]).is_some();
    let words = 2 + usize::from(zoned);
    if let Some((year, month, day)) = three(word(0), '-').or_else(|| three(word(0), '/')) {
        let date = Civil { year, month, day, hour, minute, second };
        return (year >= 1970).then(|| LineDate { at: date.since(), words });
    }
    let (month, day) = word(0).split_once('-')?;
    if word(0).len() != 5 {
        return None;
    }
    let at = last_such_date(now, number(month)?, number(day)?, (hour, minute, second));
    Some(LineDate { at, words })
}

/// Reads `Feb  6  2002`, `6 Feb 12:34`, `Oct 08, 2002 09:47` and `Feb 6 12:34:56 2002`.
fn named_month(words: &[Word<'_>], now: Duration) -> Option<LineDate> {
    let day = |at: usize| {
        let day = words.get(at)?.text.trim_end_matches(['.', ',', '日']);
        number(day).filter(|day| (1..=31).contains(day))
    };
    let month_at = |at: usize| words.get(at).and_then(|word| month(word.bytes));
    let (month, day) = match (month_at(0), month_at(1)) {
        (Some(month), _) if day(1).is_some() => (month, day(1)?),
        (_, Some(month)) => (month, day(0)?),
        _ => return None,
    };
    let text = |at: usize| words.get(at).map_or("", |word| word.text);
    let year_at = |at: usize| number(text(at)).filter(|year| (1970..=9999).contains(year));
    let date =
        |year, (hour, minute, second)| Civil { year, month, day, hour, minute, second }.since();
    if let Some(time) = clock(text(2)) {
        // A year behind the time belongs to the date if a name follows the year.
        if let Some(year) = year_at(3).filter(|_| words.len() > 4) {
            return Some(LineDate { at: date(year, time), words: 4 });
        }
        return Some(LineDate { at: last_such_date(now, month, day, time), words: 3 });
    }
    let year = year_at(2)?;
    match clock(text(3)).filter(|_| words.len() > 4 && text(1).ends_with(',')) {
        Some(time) => Some(LineDate { at: date(year, time), words: 4 }),
        None => Some(LineDate { at: date(year, (0, 0, 0)), words: 3 }),
    }
}

/// Completes a date without a year: the last such date before tomorrow. A date of tomorrow comes
/// from a server whose time zone is ahead.
fn last_such_date(
    now: Duration,
    month: u64,
    day: u64,
    (hour, minute, second): (u64, u64, u64),
) -> Option<Duration> {
    let at = |year| Civil { year, month, day, hour, minute, second }.since();
    let year = Civil::of(now).year;
    let soon = now + Duration::from_secs(DAY);
    at(year).filter(|at| *at <= soon).or_else(|| at(year - 1))
}

/// Names of the months as `ls` and imitations print them, without a final dot: English, German,
/// French, Spanish, Italian, Portuguese, Dutch, the Scandinavian languages, Polish, Russian.
const MONTHS: [&str; 12] = [
    "jan janv ene gen sty янв",
    "feb févr fév fev lut фев",
    "mar mär mrz mars mrt maa märz мар",
    "apr avr abr kwi апр",
    "may mai mag mei maj май мая",
    "jun juin giu cze juni июн",
    "jul juil lug lip juli июл",
    "aug août ago aoû sie авг",
    "sep sept set wrz сен",
    "oct okt out ott paź окт",
    "nov lis ноя",
    "dec dez dic déc gru des дек",
];

/// Returns the number of a month by its name, in UTF-8 or Latin-1, or by a number with `月`.
fn month(word: &[u8]) -> Option<u64> {
    let text: String = match std::str::from_utf8(word) {
        Ok(text) => text.to_lowercase(),
        Err(_) => word.iter().map(|&byte| char::from(byte)).collect::<String>().to_lowercase(),
    };
    if let Some(month) = text.strip_suffix('月') {
        return number(month).filter(|month| (1..=12).contains(month));
    }
    let text = text.trim_end_matches('.');
    let at = MONTHS.iter().position(|names| names.split(' ').any(|name| name == text))?;
    u64::try_from(at + 1).ok()
}
