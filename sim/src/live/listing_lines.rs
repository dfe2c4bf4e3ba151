//! `live::listing_lines` prints a listing for people, for scripts, or as the server wrote the listing.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::ops::Range;
use std::time::Duration;

use halfclose_ftp::store::EntryKind;
use halfclose_ftp::wire::date::Civil;
use halfclose_ftp::wire::listing::{self, Form, ListedEntry, ListingLine};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::json;

/// The longest line in bytes that is kept; the rest of a longer line is dropped.
const LINE_LIMIT: usize = 64 << 10;
/// The bytes of a listing that are kept for sorting. Behind them the listing is printed as it comes.
const SORT_LIMIT: usize = 64 << 20;
/// The bytes of a name that a URL writes as they are (RFC 3986 §2.3).
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The way in which a listing is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListingStyle {
    /// The server's own lines, at once; control characters are escaped.
    Raw,
    /// One line for each entry; lines in no known form stay as they are.
    Table(ListingOrder),
    /// JSON objects, separated by commas.
    Json(ListingOrder),
}

/// The order of the entries of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ListingOrder {
    /// By name, in the order of the bytes.
    #[default]
    Name,
    /// By time, the newest first.
    Time,
    /// By size, the largest first.
    Size,
    /// As the server sends them.
    None,
}

/// A sink for the text of a listing, in pieces of any length.
pub(crate) struct ListingLines<'a> {
    out: &'a mut dyn Write,
    style: ListingStyle,
    /// Completes a date without a year.
    now: Duration,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// The text of the lines that wait for the end of the listing.
    held: Vec<u8>,
    /// The places of the lines in `held`.
    lines: Vec<Range<usize>>,
    /// How many entries and lines have been written.
    written: u64,
    /// The listing is longer than [`SORT_LIMIT`].
    spilled: bool,
}

impl<'a> ListingLines<'a> {
    pub(crate) fn new(out: &'a mut dyn Write, style: ListingStyle) -> Self {
        let now = super::today();
        let (line, held, lines) = (Vec::new(), Vec::new(), Vec::new());
        Self { out, style, now, line, held, lines, written: 0, spilled: false }
    }

    /// Ends the listing, whose form the server has settled by now. Returns how many entries and
    /// lines were written.
    pub(crate) fn finish(mut self, form: Form) -> io::Result<u64> {
        if !self.line.is_empty() {
            self.end_line()?;
        }
        self.print_held(form)?;
        Ok(self.written)
    }

    fn end_line(&mut self) -> io::Result<()> {
        let mut line = std::mem::take(&mut self.line);
        while line.ends_with(b"\n") || line.ends_with(b"\r") {
            line.pop();
        }
        if self.style == ListingStyle::Raw {
            self.written += 1;
            self.out.write_all(&super::clean_bytes(&line))?;
            return self.out.write_all(b"\n");
        }
        let start = self.held.len();
        self.held.extend_from_slice(&line);
        self.lines.push(start..self.held.len());
        if self.held.len() > SORT_LIMIT || self.spilled {
            self.spilled = true;
            self.print_held(Form::Facts)?;
        }
        Ok(())
    }

    /// Prints the lines that are held, in order, and forgets them.
    fn print_held(&mut self, form: Form) -> io::Result<()> {
        let (ListingStyle::Table(order) | ListingStyle::Json(order)) = self.style else {
            return Ok(());
        };
        let (held, lines) = (std::mem::take(&mut self.held), std::mem::take(&mut self.lines));
        let read = |line: &Range<usize>| {
            let line = &held[line.clone()];
            (line, understand(form, line, self.now))
        };
        let mut lines: Vec<_> = lines.iter().map(read).collect();
        lines.retain(|(_, meaning)| *meaning != ListingLine::Heading);
        sort(&mut lines, order);
        for (line, meaning) in lines {
            match self.style {
                ListingStyle::Json(_) => {
                    let comma = if self.written == 0 { "" } else { "," };
                    let object = super::json_text(&object(line, meaning));
                    write!(self.out, "{comma}\n  {object}")?;
                }
                _ => match meaning.entry() {
                    Some(entry) => writeln!(self.out, "{}", table(&entry))?,
                    None => writeln!(self.out, "{}", super::clean(&lossy(line)))?,
                },
            }
            self.written += 1;
        }
        Ok(())
    }
}

/// Reads a line; a server may answer one command with the lines of another.
fn understand(form: Form, line: &[u8], now: Duration) -> ListingLine<'_> {
    let other = if form == Form::Facts { Form::Long } else { Form::Facts };
    match listing::read(form, line, now) {
        ListingLine::Unknown => listing::read(other, line, now),
        meaning => meaning,
    }
}

/// Sorts entries; lines in no known form stand behind them, as they came.
fn sort(lines: &mut [(&[u8], ListingLine<'_>)], order: ListingOrder) {
    if order == ListingOrder::None {
        return;
    }
    lines.sort_by(|(_, a), (_, b)| match (a.entry(), b.entry()) {
        (Some(a), Some(b)) => match order {
            ListingOrder::Time => b.modified.cmp(&a.modified),
            ListingOrder::Size => b.size.cmp(&a.size),
            ListingOrder::Name | ListingOrder::None => a.name.cmp(b.name),
        },
        (a, b) => a.is_none().cmp(&b.is_none()),
    });
}

impl Write for ListingLines<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_LIMIT - self.line.len().min(LINE_LIMIT);
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

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn table(entry: &ListedEntry<'_>) -> String {
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
    format!("{line} {}{slash}", super::clean(&lossy(entry.name)))
}

/// Returns an entry with its name twice: as text, and percent-encoded as in a URL, which keeps the
/// bytes of a name that is not UTF-8. A line in no known form has the key `line` instead.
fn object(line: &[u8], meaning: ListingLine<'_>) -> serde_json::Value {
    let Some(entry) = meaning.entry() else { return json!({ "line": lossy(line) }) };
    json!({
        "name": lossy(entry.name),
        "kind": entry.kind.map(|kind| match kind {
            EntryKind::File => "file",
            EntryKind::Directory => "directory",
            _ => "other",
        }),
        "size": entry.size,
        "modified": entry.modified.map(|date| date.as_secs()),
        "encoded": percent_encode(entry.name, ENCODED).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: ListingStyle = ListingStyle::Table(ListingOrder::Name);
    const JSON: ListingStyle = ListingStyle::Json(ListingOrder::Name);

    fn shown(style: ListingStyle, form: Form, listing: impl AsRef<[u8]>) -> Vec<u8> {
        let mut out = Vec::new();
        let mut lines = ListingLines::new(&mut out, style);
        // In pieces, as a network brings it.
        for piece in listing.as_ref().chunks(7) {
            lines.write_all(piece).expect("a Vec takes everything");
        }
        lines.finish(form).expect("as before");
        out
    }

    fn text(style: ListingStyle, form: Form, listing: impl AsRef<[u8]>) -> String {
        String::from_utf8(shown(style, form, listing)).expect("text")
    }

    fn json(form: Form, listing: impl AsRef<[u8]>) -> serde_json::Value {
        let all = format!("[{}]", text(JSON, form, listing));
        serde_json::from_str(&all).expect("JSON")
    }

    const FACTS: &str = "Type=cdir;modify=20020206120000; .\n\
        type=dir;modify=20020206000000; photos\n\
        type=file;size=10000;modify=20020206123456; a b.bin\n\
        type=file;size=3;modify=20020207000000; \u{1b}[2Jx\n";

    #[test]
    fn facts_are_shown_for_people() {
        let [escape, a, photos] = [
            "-            3 2002-02-07 00:00 \\u{1b}[2Jx\n",
            "-        10000 2002-02-06 12:34 a b.bin\n",
            "d            - 2002-02-06 00:00 photos/\n",
        ];
        for (order, expected) in [
            (ListingOrder::Name, [escape, a, photos]),
            (ListingOrder::Time, [escape, a, photos]),
            (ListingOrder::Size, [a, escape, photos]),
            (ListingOrder::None, [photos, a, escape]),
        ] {
            let shown = text(ListingStyle::Table(order), Form::Facts, FACTS);
            assert_eq!(shown, expected.concat(), "{order:?}");
        }
        let unix = "total 4\n-rw-r--r--   1 ftp      ftp          10000 Feb  6  2002 a.bin\n";
        let a = "-        10000 2002-02-06 00:00 a.bin\n";
        assert_eq!(text(TABLE, Form::Long, unix), a);
        assert_eq!(text(ListingStyle::Raw, Form::Long, unix), unix);
    }

    #[test]
    fn a_line_that_is_not_understood_is_never_a_name() {
        assert_eq!(text(TABLE, Form::Long, "strange words\r\nlast"), "strange words\nlast\n");
        assert_eq!(json(Form::Long, "strange words")[0], json!({"line": "strange words"}));
        assert_eq!(json(Form::Names, "strange words")[0]["name"], "strange words");
    }

    #[test]
    fn facts_are_shown_for_programs() {
        let all = json(Form::Facts, FACTS);
        let expected = json!({
            "name": "a b.bin", "kind": "file", "size": 10000, "modified": 1_012_998_896,
            "encoded": "a%20b.bin",
        });
        assert_eq!((&all[1], all.as_array().map(Vec::len)), (&expected, Some(3)));
    }

    #[test]
    fn names_keep_their_bytes() {
        let latin1 = b"r\xe4ksm\xf6rg\xe5s.txt\r\n";
        let entry = &json(Form::Names, latin1)[0];
        assert_eq!(entry["name"], "r\u{fffd}ksm\u{fffd}rg\u{fffd}s.txt");
        assert_eq!(entry["encoded"], "r%E4ksm%F6rg%E5s.txt");
        let raw = shown(ListingStyle::Raw, Form::Names, latin1);
        assert_eq!(raw, b"r\xe4ksm\xf6rg\xe5s.txt\n");
        // A control character of eight bits (CSI) moves a terminal's cursor.
        let raw = shown(ListingStyle::Raw, Form::Names, b"\x1b[2J\x9b2J\xc2\x9b2J");
        assert_eq!(raw, b"\\x1b[2J\\x9b2J\\xc2\\x9b2J\n");
    }

    #[test]
    fn a_line_without_an_end_is_bounded() {
        let long = "x".repeat(LINE_LIMIT * 3);
        assert!(shown(ListingStyle::Raw, Form::Long, long).len() <= LINE_LIMIT + 1);
    }
}
