//! `live::lines` prints a listing as it comes: line by line, and none of it is kept.

use std::fmt::Write as _;
use std::io::{self, Write};

use halfclose_ftp::store::EntryKind;
use halfclose_ftp::wire::date::Civil;
use halfclose_ftp::wire::listing::{self, Form};
use serde_json::json;

/// A name with what belongs to it is not longer: RFC 959 knows no limit, and memory has one.
const LIMIT: usize = 64 << 10;

/// How a listing is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListingStyle {
    /// As the server writes it.
    Raw,
    /// A line for each name that is understood; others as they are.
    Table,
    /// One JSON object, whose list of entries is written as it comes.
    Json,
}

/// Takes a listing as a server writes it.
pub(crate) struct ListingLines<'a> {
    out: &'a mut dyn Write,
    style: ListingStyle,
    /// What completes a date without a year.
    now: std::time::Duration,
    /// What has come of the line that is not whole yet.
    line: Vec<u8>,
    /// How many entries have been written.
    entries: u64,
}

impl<'a> ListingLines<'a> {
    pub(crate) fn new(out: &'a mut dyn Write, style: ListingStyle) -> Self {
        Self { out, style, now: super::today(), line: Vec::new(), entries: 0 }
    }

    /// The listing is over. Returns how many entries it had.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        if !self.line.is_empty() {
            self.end_line()?;
        }
        Ok(self.entries)
    }

    fn end_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        let understood = [Form::Facts, Form::Long].into_iter();
        let read = understood.filter_map(|form| listing::read(form, text, self.now)).next();
        match (self.style, read) {
            (ListingStyle::Table, Some(entry)) => writeln!(self.out, "{}", table(&entry))?,
            // A heading, or the directory itself.
            (ListingStyle::Table, None) if is_heading(text) => {}
            (ListingStyle::Raw, _) | (ListingStyle::Table, None) => {
                writeln!(self.out, "{}", super::clean(text))?;
            }
            (ListingStyle::Json, entry) => {
                let entry = match &entry {
                    Some(entry) => object(entry),
                    None if is_heading(text) => return Ok(()),
                    None => json!({ "name": text }),
                };
                let comma = if self.entries == 0 { "" } else { "," };
                write!(self.out, "{comma}\n  {entry}")?;
            }
        }
        self.entries += 1;
        Ok(())
    }
}

impl Write for ListingLines<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LIMIT - self.line.len().min(LIMIT);
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.end_line()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What names nothing: `total 12`, and facts of the directory itself.
fn is_heading(text: &str) -> bool {
    let total = text.strip_prefix("total ").is_some_and(|rest| rest.parse::<u64>().is_ok());
    let itself = text.contains("type=cdir;") || text.contains("type=pdir;");
    text.is_empty() || total || itself
}

fn table(entry: &listing::ListedEntry<'_>) -> String {
    let kind = match entry.kind {
        Some(EntryKind::Directory) => 'd',
        Some(EntryKind::File) | None => '-',
        Some(_) => '?',
    };
    let size = entry.size.map_or_else(|| "-".to_owned(), |size| size.to_string());
    let mut line = format!("{kind} {size:>12} ");
    match entry.modified.map(Civil::of) {
        Some(Civil { year, month, day, hour, minute, .. }) => {
            write!(line, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
        }
        None => write!(line, "{:16}", "-"),
    }
    .expect("a String takes everything");
    let slash = if entry.kind == Some(EntryKind::Directory) { "/" } else { "" };
    format!("{line} {}{slash}", super::clean(entry.name))
}

fn object(entry: &listing::ListedEntry<'_>) -> serde_json::Value {
    json!({
        "name": entry.name,
        "kind": entry.kind.map(|kind| match kind {
            EntryKind::File => "file",
            EntryKind::Directory => "directory",
            _ => "other",
        }),
        "size": entry.size,
        "modified": entry.modified.map(|date| date.as_secs()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(style: ListingStyle, listing: &str) -> String {
        let mut out = Vec::new();
        let mut lines = ListingLines::new(&mut out, style);
        // In pieces, as a network brings it.
        for piece in listing.as_bytes().chunks(7) {
            lines.write_all(piece).expect("a Vec takes everything");
        }
        lines.finish().expect("as before");
        String::from_utf8(out).expect("text")
    }

    const FACTS: &str = "type=cdir;modify=20020206120000; .\n\
        type=file;size=10000;modify=20020206123456; a b.bin\n\
        type=dir;modify=20020206000000; photos\n\
        type=file;size=3;modify=20020206000000; \u{1b}[2Jx\n";

    #[test]
    fn facts_are_shown_for_people() {
        assert_eq!(
            shown(ListingStyle::Table, FACTS),
            "-        10000 2002-02-06 12:34 a b.bin\n\
             d            - 2002-02-06 00:00 photos/\n\
             -            3 2002-02-06 00:00 \\u{1b}[2Jx\n"
        );
        let unix = "total 4\n-rw-r--r--   1 ftp      ftp          10000 Feb  6  2002 a.bin\n";
        assert_eq!(shown(ListingStyle::Table, unix), "-        10000 2002-02-06 00:00 a.bin\n");
        assert_eq!(shown(ListingStyle::Table, "strange words\r\nlast"), "strange words\nlast\n");
        assert_eq!(shown(ListingStyle::Raw, unix), unix);
    }

    #[test]
    fn facts_are_shown_for_programs() {
        let all = format!("[{}]", shown(ListingStyle::Json, FACTS));
        let all: serde_json::Value = serde_json::from_str(&all).expect("JSON");
        let first =
            json!({"name": "a b.bin", "kind": "file", "size": 10000, "modified": 1_012_998_896});
        assert_eq!((&all[0], all.as_array().map(Vec::len)), (&first, Some(3)));
    }

    #[test]
    fn a_line_without_an_end_is_bounded() {
        assert!(shown(ListingStyle::Raw, &"x".repeat(LIMIT * 3)).len() <= LIMIT + 1);
    }
}
