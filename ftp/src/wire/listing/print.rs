//! `listing::print` writes the lines of a listing, entry by entry, as far as the buffer has room.
//! Each read makes a limited number of steps, so that a large directory or a costly pattern does not
//! delay the other sessions.

use super::{FactSet, Form, KINDS, Pattern};
use crate::store::{Entry, EntryKind, Listing, Metadata, Read, Store, StoreError};
use crate::wire::date::Ls;
use std::fmt::Write;
use std::time::Duration;

/// The source of the names in a listing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NameSource {
    /// An open directory of the store.
    Directory(Listing),
    /// A single name with its metadata.
    One(String, Metadata),
    /// No name is left.
    Done,
}

/// The steps that one visited name costs, beside the steps of a pattern: asking a disk for the
/// properties of a name takes as long as a thousand comparisons.
const NAME_STEPS: u32 = 64;

/// The result of looking for the next line.
enum NextLine {
    /// A line is ready.
    Line,
    /// The limit of this read is reached: read again later.
    Enough,
    /// The store has not given the next name yet.
    Waits,
    /// The listing is complete.
    End,
}

/// A listing under way. The owner closes the listing in the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Printer {
    /// The source of the names.
    pub source: NameSource,
    /// The form of the lines.
    pub form: Form,
    /// The facts to tell, in the form of facts.
    pub facts: FactSet,
    /// A pattern that the listed names must match.
    pub pattern: Option<Pattern>,
    /// Text before each name: RETR must accept the names of NLST (RFC 1123 §4.1.2.7).
    pub prefix: String,
    /// Whether the name of a directory ends with `/` (`ls -F`).
    pub slashes: bool,
    /// Whether the reader may change the store.
    pub writable: bool,
    /// The present time, since 1970-01-01T00:00:00Z.
    pub now: Duration,
    /// The number of names that may still be looked at, names outside the pattern included.
    pub left: u64,
    /// The number of names after which the listing ends as if no name followed.
    pub ends_after: u64,
    /// The line under way, and how much of the line is written.
    line: String,
    written: usize,
}

impl Printer {
    /// A listing of all names in `source`.
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
            ends_after: u64::MAX,
            line: String::new(),
            written: 0,
        }
    }

    /// Splits `path` into the directory and the last name, if the last name is a pattern.
    #[must_use]
    pub fn split_pattern(path: &str) -> Option<(&str, &str)> {
        let (directory, last) = path.rsplit_once('/').unwrap_or(("", path));
        Pattern::is_in(last).then_some((directory, last))
    }

    /// Writes as many lines as `into` has room for, with at most `steps` steps (and one name more):
    /// [`Work`](crate::Work) gives the steps out. A short read without `last` means: no step is
    /// left. Takes the steps made from `steps`.
    ///
    /// # Errors
    /// The directory cannot be read, or has too many names ([`StoreError::TooLarge`]); or the store
    /// has given no further name yet ([`StoreError::Waits`]).
    pub fn read<S: Store>(
        &mut self,
        store: &mut S,
        into: &mut [u8],
        steps: &mut u32,
    ) -> Result<Read, StoreError> {
        let mut bytes = 0;
        loop {
            let rest = &self.line.as_bytes()[self.written..];
            let count = rest.len().min(into.len() - bytes);
            into[bytes..bytes + count].copy_from_slice(&rest[..count]);
            bytes += count;
            self.written += count;
            if self.written < self.line.len() {
                return Ok(Read { bytes, last: false });
            }
            match self.next_line(store, steps)? {
                NextLine::Line => {}
                NextLine::Waits if bytes == 0 => return Err(StoreError::Waits),
                NextLine::Enough | NextLine::Waits => return Ok(Read { bytes, last: false }),
                NextLine::End => return Ok(Read { bytes, last: true }),
            }
        }
    }

    /// Begins the line of the next name, if `steps` suffice to find the name.
    fn next_line<S: Store>(
        &mut self,
        store: &mut S,
        steps: &mut u32,
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
        while *steps > 0 {
            if self.ends_after == 0 {
                self.source = NameSource::Done;
                return Ok(NextLine::End);
            }
            *steps = steps.saturating_sub(NAME_STEPS);
            let entry = match store.next_entry(source) {
                Err(StoreError::Waits) => return Ok(NextLine::Waits),
                entry => entry?,
            };
            let Some(entry) = entry else {
                self.source = NameSource::Done;
                return Ok(NextLine::End);
            };
            self.left = self.left.checked_sub(1).ok_or(StoreError::TooLarge)?;
            let mut made = 0;
            let pattern = self.pattern.as_ref();
            let wanted = pattern.is_none_or(|pattern| pattern.matches(entry.name, &mut made));
            *steps = steps.saturating_sub(made);
            if wanted {
                self.print(entry);
                return Ok(NextLine::Line);
            }
        }
        Ok(NextLine::Enough)
    }

    fn print(&mut self, Entry { name, metadata }: Entry<'_>) {
        self.ends_after = self.ends_after.saturating_sub(1);
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
        // A control character could end the line or steer a terminal: written as `?`, as `ls` does.
        line.extend(name.chars().map(|c| if c.is_control() { '?' } else { c }));
        if self.slashes && metadata.kind == EntryKind::Directory {
            line.push('/');
        }
        line.push_str("\r\n");
    }
}

/// Writes the columns of `ls -l` before the name: permissions, links, owner, group, size, date.
fn long(out: &mut String, metadata: Metadata, now: Duration) -> std::fmt::Result {
    let Metadata { kind, size, modified, mode } = metadata;
    out.extend(KINDS.iter().filter(|known| known.0 == kind).map(|known| known.1));
    for (at, letter) in "rwxrwxrwx".chars().enumerate() {
        out.push(if mode >> (8 - at) & 1 == 1 { letter } else { '-' });
    }
    let links = if kind == EntryKind::Directory { 2 } else { 1 };
    write!(out, " {links:3} ftp      ftp      {size:12} {} ", Ls { at: modified, now })
}
