//! `listing::print` writes a listing down, an entry at a time, as far as there is room for it, and
//! looks at so many names at a time: a directory may be large, and its reader is not alone.

use super::{FactSet, Form, KINDS, glob};
use crate::store::{Entry, EntryKind, Listing, Metadata, Read, Store, StoreError};
use crate::wire::date::Ls;
use std::fmt::Write;
use std::time::Duration;

/// Where the names come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameSource {
    /// A directory.
    Directory(Listing),
    /// This one name.
    One(String, Metadata),
    /// Nothing more.
    Done,
}

/// Names that are looked at in one read: some milliseconds of a disk.
const NAMES_PER_READ: u32 = 4096;

/// What comes next.
enum NextLine {
    /// A line.
    Line,
    /// Something, when it is read again.
    Enough,
    /// Nothing more.
    End,
}

/// One listing on its way. Its owner closes the store's listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printer {
    /// Where the names come from.
    pub source: NameSource,
    /// How they are written.
    pub form: Form,
    /// Which facts are told of them, in that form.
    pub facts: FactSet,
    /// Only names that this means.
    pub pattern: Option<String>,
    /// What stands before each name: NLST's are to be good for RETR (RFC 1123 §4.1.2.7).
    pub prefix: String,
    /// A `/` behind the name of a directory (`ls -F`).
    pub slashes: bool,
    /// The reader may change things.
    pub writable: bool,
    /// What date it is, since 1970-01-01T00:00:00Z.
    pub now: Duration,
    /// How many names more may be looked at, those that the pattern does not mean included.
    pub left: u64,
    /// The line under way, and how much of it is written.
    line: String,
    written: usize,
}

impl Printer {
    /// A listing of everything in `source`.
    #[must_use]
    pub fn new(source: NameSource, form: Form, now: Duration) -> Self {
        Self {
            source,
            form,
            facts: FactSet::default(),
            pattern: None,
            prefix: String::new(),
            slashes: false,
            writable: true,
            now,
            left: u64::MAX,
            line: String::new(),
            written: 0,
        }
    }

    /// What `path`'s last name means, if it is a pattern, and the rest of the path.
    #[must_use]
    pub fn split_pattern(path: &str) -> Option<(&str, &str)> {
        let (directory, last) = path.rsplit_once('/').unwrap_or(("", path));
        glob::is_pattern(last).then_some((directory, last))
    }

    /// Writes what there is room for. Less than that, and not `last`: it has looked at enough names
    /// for one time.
    ///
    /// # Errors
    /// The directory cannot be read, or has more names than there may be ([`StoreError::TooLarge`]).
    pub fn read<S: Store>(&mut self, store: &mut S, into: &mut [u8]) -> Result<Read, StoreError> {
        let mut bytes = 0;
        let mut names = NAMES_PER_READ;
        loop {
            let rest = &self.line.as_bytes()[self.written..];
            let count = rest.len().min(into.len() - bytes);
            into[bytes..bytes + count].copy_from_slice(&rest[..count]);
            bytes += count;
            self.written += count;
            if self.written < self.line.len() {
                return Ok(Read { bytes, last: false });
            }
            match self.next_line(store, &mut names)? {
                NextLine::Line => {}
                NextLine::Enough => return Ok(Read { bytes, last: false }),
                NextLine::End => return Ok(Read { bytes, last: true }),
            }
        }
    }

    /// Begins the line of the next name, if it is among the next `names`.
    fn next_line<S: Store>(
        &mut self,
        store: &mut S,
        names: &mut u32,
    ) -> Result<NextLine, StoreError> {
        self.line.clear();
        self.written = 0;
        let source = match &self.source {
            NameSource::Directory(listing) => *listing,
            NameSource::One(..) => {
                if let NameSource::One(name, metadata) =
                    std::mem::replace(&mut self.source, NameSource::Done)
                {
                    self.print(Entry { name: &name, metadata });
                }
                return Ok(NextLine::Line);
            }
            NameSource::Done => return Ok(NextLine::End),
        };
        while let Some(left) = names.checked_sub(1) {
            *names = left;
            let Some(entry) = store.next_entry(source)? else {
                self.source = NameSource::Done;
                return Ok(NextLine::End);
            };
            self.left = self.left.checked_sub(1).ok_or(StoreError::TooLarge)?;
            if self.pattern.as_deref().is_none_or(|pattern| glob::matches(pattern, entry.name)) {
                self.print(entry);
                return Ok(NextLine::Line);
            }
        }
        Ok(NextLine::Enough)
    }

    fn print(&mut self, Entry { name, metadata }: Entry<'_>) {
        let line = &mut self.line;
        // Writing to a String cannot fail.
        let _ = match self.form {
            Form::Facts => self.facts.write(line, metadata, self.writable),
            Form::Long => long(line, metadata, self.now),
            Form::Names => Ok(()),
        };
        if self.form == Form::Facts {
            line.push(' ');
        }
        line.push_str(&self.prefix);
        // No name may end a line or begin a terminal's command: `ls` writes `?` for such characters.
        line.extend(name.chars().map(|c| if c.is_control() { '?' } else { c }));
        if self.slashes && metadata.kind == EntryKind::Directory {
            line.push('/');
        }
        line.push_str("\r\n");
    }
}

/// As `ls -l` of Unix: permissions, links, owner, group, size, date, and then the name.
fn long(out: &mut String, metadata: Metadata, now: Duration) -> std::fmt::Result {
    let Metadata { kind, size, modified, mode } = metadata;
    out.extend(KINDS.iter().filter(|known| known.0 == kind).map(|known| known.1));
    for (at, letter) in "rwxrwxrwx".chars().enumerate() {
        out.push(if mode >> (8 - at) & 1 == 1 { letter } else { '-' });
    }
    let links = if kind == EntryKind::Directory { 2 } else { 1 };
    write!(out, " {links:3} ftp      ftp      {size:12} {} ", Ls { at: modified, now })
}
