//! `listing::other_systems` reads the forms of EPLF (cr.yp.to/ftp/list/eplf.html), VMS, MVS and
//! AS/400. The form of `NetWare` is near enough to Unix for `unix` to read.

use super::read::{ListingLine, Word, clock, entry, number, three, words};
use crate::store::EntryKind;
use crate::wire::date::{Civil, MONTHS};
use std::time::Duration;

/// Reads a line of EPLF: `+i8388621.44468,m839956783,r,s10376,\tRFCEPLF`.
pub(super) fn eplf(line: &[u8], _: Duration) -> Option<ListingLine<'_>> {
    let facts = line.strip_prefix(b"+")?;
    let tab = facts.iter().position(|byte| *byte == b'\t')?;
    let (facts, name) = (std::str::from_utf8(&facts[..tab]).ok()?, &facts[tab + 1..]);
    let (mut kind, mut size, mut modified) = (None, None, None);
    for fact in facts.split(',') {
        match fact.split_at_checked(1) {
            Some(("/", "")) => kind = Some(EntryKind::Directory),
            Some(("r", "")) => kind = kind.or(Some(EntryKind::File)),
            Some(("s", value)) => size = number(value),
            Some(("m", value)) => modified = number(value).map(Duration::from_secs),
            _ => {}
        }
    }
    entry(name, kind, size, modified)
}

/// Reads the forms of VMS, MVS and AS/400.
pub(super) fn read(line: &[u8], _: Duration) -> Option<ListingLine<'_>> {
    let words = words(line).take(12).collect::<Vec<_>>();
    vms(&words).or_else(|| mvs(&words)).or_else(|| as400(line, &words))
}

/// Reads `00README.TXT;1      2 30-DEC-1996 17:44 [SYSTEM] (RWED,RWED,RE,RE)`. VMS counts a size in
/// blocks, so the size in bytes stays unknown. The name keeps its version, as RETR wants the name.
fn vms<'a>(words: &[Word<'a>]) -> Option<ListingLine<'a>> {
    let first = words.first()?;
    let second = words.get(1)?.text;
    let directory = first.text == "Directory" && second.ends_with(']');
    let total = first.text == "Total" && second == "of" && number(words.get(2)?.text).is_some();
    if directory || total {
        return Some(ListingLine::Heading);
    }
    if !is_versioned(first.text) {
        return None;
    }
    let at = words.iter().position(|word| vms_day(word.text).is_some())?;
    let (year, month, day) = vms_day(words[at].text)?;
    let (hour, minute, second) = clock(words.get(at + 1)?.text)?;
    let modified = Civil { year, month, day, hour, minute, second }.since();
    let upper = first.text.to_ascii_uppercase();
    let directory = upper.split(';').next().is_some_and(|name| name.ends_with(".DIR"));
    let kind = if directory { EntryKind::Directory } else { EntryKind::File };
    entry(first.bytes, Some(kind), None, modified)
}

/// Returns whether a name has a version of VMS behind it: `A.B;1`.
fn is_versioned(name: &str) -> bool {
    let version = name.rsplit_once(';').map(|(_, version)| version);
    version.is_some_and(|version| !version.is_empty() && number(version).is_some())
}

/// Reads a date of VMS: `30-DEC-1996`.
fn vms_day(text: &str) -> Option<(u64, u64, u64)> {
    let mut parts = text.split('-');
    let (day, month, year) = (number(parts.next()?)?, parts.next()?, number(parts.next()?)?);
    let at = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    Some((year, u64::try_from(at + 1).ok()?, day))
}

/// Reads a data set of MVS (`WEB3SA 3390   2023/12/11  1    6  VB   256  6233  PS  USER.DATA`, or
/// `Migrated   A.B`) or a member of a library (`MEMBER1  01.04 2002/09/12 2002/10/11 09:37 11 11 0
/// ID`). Sizes count tracks or records, not bytes.
fn mvs<'a>(words: &[Word<'a>]) -> Option<ListingLine<'a>> {
    let text = |at: usize| words.get(at).map_or("", |word| word.text);
    match (text(0), text(1)) {
        ("Volume", "Unit") | ("Name", "VV.MM") => return Some(ListingLine::Heading),
        ("Migrated" | "ARCIVE", _) if words.len() == 2 => {
            return entry(words[1].bytes, None, None, None);
        }
        _ => {}
    }
    if words.len() == 10 && matches!(text(8), "PS" | "PO" | "PO-E" | "VS" | "DA") {
        let library = text(8).starts_with("PO");
        let kind = if library { EntryKind::Directory } else { EntryKind::File };
        return entry(words[9].bytes, Some(kind), None, None);
    }
    let (year, month, day) = three(text(3), '/')?;
    let (hour, minute, second) = clock(text(4))?;
    let version = text(1).split_once('.').filter(|(major, minor)| {
        major.len() == 2 && minor.len() == 2 && number(major).and(number(minor)).is_some()
    });
    version.and(three(text(2), '/'))?;
    let modified = Civil { year, month, day, hour, minute, second }.since();
    entry(words[0].bytes, Some(EntryKind::File), None, modified)
}

/// Reads `QSYS   77824 02/23/00 15:09:55 *DIR QOpenSys/`. The order of day and month depends on the
/// system's setting, so a date that both orders allow stays unknown.
fn as400<'a>(line: &'a [u8], words: &[Word<'a>]) -> Option<ListingLine<'a>> {
    let at = words.iter().position(|word| word.text.starts_with('*') && word.text.len() > 1)?;
    let kind = words[at].text;
    let known = ["*DIR", "*DDIR", "*FLR", "*LIB", "*FILE", "*MEM", "*STMF", "*DSTMF", "*SAVF"];
    if at == 0 || at > 4 || !known.contains(&kind) {
        return None;
    }
    let name = line.get(words[at].end..)?.trim_ascii_start();
    let directory = matches!(kind, "*DIR" | "*DDIR" | "*FLR" | "*LIB");
    let name = if directory { name.strip_suffix(b"/").unwrap_or(name) } else { name };
    let size = words.get(1).filter(|_| at == 4 && !directory).and_then(|word| number(word.text));
    let kind = if directory { EntryKind::Directory } else { EntryKind::File };
    entry(name, Some(kind), size, None)
}
