//! `listing::facts` owns the facts of a name as MLST and MLSD write and read them (RFC 3659 §7.2).

use super::KINDS;
use super::read::{ListingLine, entry};
use crate::store::{EntryKind, Metadata};
use crate::wire::date::{Digits, parse_digits};
use std::fmt::{self, Display, Write};
use std::time::Duration;

/// The set of facts that a session tells; OPTS MLST selects the facts (RFC 3659 §7.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FactSet(u8);

/// All known facts, in the order of the line.
const FACTS: [&str; 5] = ["type", "size", "modify", "perm", "UNIX.mode"];
const TYPE: u8 = 1;
const SIZE: u8 = 2;
const MODIFY: u8 = 4;
const PERM: u8 = 8;
const MODE: u8 = 16;

impl Default for FactSet {
    /// The set of all facts.
    fn default() -> Self {
        Self(31)
    }
}

impl FactSet {
    /// Reads the argument of OPTS MLST, a list of facts. Unknown facts are ignored.
    #[must_use]
    pub fn parse(argument: &str) -> Self {
        let wanted = |name: &&str| argument.split(';').any(|it| it.eq_ignore_ascii_case(name));
        let bits = FACTS.iter().enumerate().filter(|(_, name)| wanted(name));
        Self(bits.map(|(at, _)| 1 << at).sum())
    }

    /// The names of the facts in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let told = FACTS.iter().enumerate().filter(move |(at, _)| self.0 >> at & 1 == 1);
        told.map(|(_, name)| *name)
    }

    /// The line of FEAT: all facts, with `*` after each fact in the set (RFC 3659 §7.8).
    #[must_use]
    pub fn feature(self) -> impl Display {
        Feature(self)
    }

    /// Writes the facts of a name.
    ///
    /// # Errors
    /// Writing to `out` failed.
    pub(super) fn write(
        self,
        out: &mut impl Write,
        metadata: Metadata,
        writable: bool,
    ) -> fmt::Result {
        let Metadata { kind, size, modified, mode } = metadata;
        if self.0 & TYPE != 0 {
            let mut known = KINDS.iter().filter(|known| known.0 == kind);
            write!(out, "type={};", known.next().map_or("", |known| known.2))?;
        }
        if self.0 & SIZE != 0 && kind == EntryKind::File {
            write!(out, "size={size};")?;
        }
        if self.0 & MODIFY != 0 {
            write!(out, "modify={};", Digits(modified))?;
        }
        if self.0 & PERM != 0 {
            // RFC 3659 §7.5.5: the actions that are open to the session's user.
            let perm = match (kind, writable) {
                (EntryKind::File, true) => "adfrw",
                (EntryKind::File, false) => "r",
                (EntryKind::Directory, true) => "cdeflmp",
                (EntryKind::Directory, false) => "el",
                (_, true) => "df",
                (_, false) => "",
            };
            write!(out, "perm={perm};")?;
        }
        if self.0 & MODE != 0 {
            write!(out, "UNIX.mode=0{mode:o};")?;
        }
        Ok(())
    }
}

struct Feature(FactSet);

impl Display for Feature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in FACTS.iter().enumerate() {
            let told = if self.0.0 >> at & 1 == 1 { "*" } else { "" };
            write!(out, "{name}{told};")?;
        }
        Ok(())
    }
}

/// Reads one line of MLSD: facts, one space, the name (RFC 3659 §7.2). The facts of the listed
/// directory and of the directory above (`type=cdir`, `type=pdir`) are a heading. A line without a
/// space, or with a word between the semicolons that is no fact, is not understood.
pub(super) fn read(line: &[u8], _: Duration) -> Option<ListingLine<'_>> {
    // Some servers put a space before the facts, as RFC 3659 §7.2 has it for MLST's reply.
    let shifted = line
        .strip_prefix(b" ")
        .filter(|line| line.get(..5).is_some_and(|first| first.eq_ignore_ascii_case(b"type=")));
    let line = shifted.unwrap_or(line);
    let space = line.iter().position(|byte| *byte == b' ')?;
    let (facts, name) = (std::str::from_utf8(&line[..space]).ok()?, &line[space + 1..]);
    let (mut kind, mut size, mut modified, mut own) = (None, None, None, false);
    for fact in facts.split(';').filter(|fact| !fact.is_empty()) {
        let (key, value) = fact.split_once('=')?;
        if key.eq_ignore_ascii_case("type") {
            own = ["cdir", "pdir"].iter().any(|own| own.eq_ignore_ascii_case(value));
            let known = KINDS.iter().find(|known| known.2.eq_ignore_ascii_case(value));
            kind = Some(known.map_or(EntryKind::Other, |known| known.0));
        } else if key.eq_ignore_ascii_case("size") {
            size = value.parse().ok();
        } else if key.eq_ignore_ascii_case("modify") {
            modified = parse_digits(value).map(whole_seconds);
        }
    }
    if own { Some(ListingLine::Heading) } else { entry(name, kind, size, modified) }
}

fn whole_seconds(at: Duration) -> Duration {
    Duration::from_secs(at.as_secs())
}
