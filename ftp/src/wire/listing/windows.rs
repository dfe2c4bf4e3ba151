//! `listing::windows` reads the form that `dir` of Windows prints, as IIS and imitations send.

use super::read::{ListingLine, clock, entry, number, three, words};
use crate::store::EntryKind;
use crate::wire::date::Civil;
use std::time::Duration;

/// Reads `02-06-02  12:34PM       <DIR>          photos`, with a size in place of `<DIR>` for a file.
pub(super) fn read(line: &[u8], _: Duration) -> Option<ListingLine<'_>> {
    let words = words(line).take(4).collect::<Vec<_>>();
    let (year, month, day) = date(words.first()?.text)?;
    let mut time = words.get(1)?.text.to_ascii_uppercase();
    let mut next = 2;
    if matches!(&*words.get(2)?.text.to_ascii_uppercase(), "AM" | "PM") {
        time.push_str(&words[2].text.to_ascii_uppercase());
        next = 3;
    }
    let (hour, minute, second) = half_day(&time)?;
    let modified = Civil { year, month, day, hour, minute, second }.since();
    let what = words.get(next)?;
    let name = line.get(what.end..)?;
    match what.text {
        "<DIR>" => entry(name.trim_ascii_start(), Some(EntryKind::Directory), None, modified),
        "<SYMLINKD>" | "<SYMLINK>" | "<JUNCTION>" => {
            entry(name.trim_ascii_start(), Some(EntryKind::Other), None, modified)
        }
        size => {
            let size = number(&size.replace([',', '.', '\u{a0}'], "")).filter(|_| !size.is_empty());
            entry(name.strip_prefix(b" ")?, Some(EntryKind::File), Some(size?), modified)
        }
    }
}

/// Reads a date in one of the orders of Windows: `02-06-02`, `02/06/2002`, `2002-02-06`,
/// `06.02.2002` (with dots the day stands first).
fn date(text: &str) -> Option<(u64, u64, u64)> {
    if let Some((day, month, year)) = three(text, '.') {
        return Some((full_year(year), month, day));
    }
    let (first, second, third) = three(text, '-').or_else(|| three(text, '/'))?;
    Some(match (first, second) {
        (32.., _) => (first, second, third),
        // A number over 12 in the first place can only be the day.
        (13.., 1..=12) => (full_year(third), second, first),
        _ => (full_year(third), first, second),
    })
}

fn half_day(time: &str) -> Option<(u64, u64, u64)> {
    let (hour, minute, second) = clock(time.trim_end_matches(['A', 'P', 'M']))?;
    let hour = match (time.ends_with("PM"), time.ends_with("AM"), hour) {
        (true, _, 1..=11) => hour + 12,
        (_, true, 12) => 0,
        _ => hour,
    };
    Some((hour, minute, second))
}

fn full_year(year: u64) -> u64 {
    match year {
        0..70 => 2000 + year,
        70..100 => 1900 + year,
        year => year,
    }
}
