//! `model::text` is what a model says: replies as codes and texts, with places for what only the
//! transfer knows.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::time::Duration;

/// A reply: its code, and its text. Lines are separated by `\n`. `{path}` stands for the file's
/// name, `{moved}` for the bytes that were moved, `{seconds}` for the time since
/// the command, `{rate}` for the bytes of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase(pub u16, pub &'static str);

/// What a text may speak of.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplyValues<'a> {
    /// The file's name.
    pub path: &'a str,
    /// How long the transfer took.
    pub took: Duration,
    /// Bytes moved.
    pub moved: u64,
}

/// The replies' texts that differ between servers (and that users quote).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerTexts {
    /// 1yz where a data connection is still to be made.
    pub opening: Phrase,
    /// 1yz where it is there.
    pub already_open: Phrase,
    /// 2yz after a transfer.
    pub complete: Phrase,
    /// 4yz of a transfer that failed.
    pub aborted: Phrase,
    /// 425.
    pub no_data: &'static str,
    /// 426 when a data connection was idle for too long.
    pub data_timeout: &'static str,
    /// 421 when a control connection was.
    pub control_timeout: &'static str,
    /// 221.
    pub goodbye: &'static str,
}

impl ServerTexts {
    /// Our own, and what most say.
    pub const PLAIN: Self = Self {
        opening: Phrase(150, "Opening BINARY mode data connection."),
        already_open: Phrase(150, "Opening BINARY mode data connection."),
        complete: Phrase(226, "Transfer complete."),
        aborted: Phrase(426, "Connection Closed, transfer aborted."),
        no_data: "Can't open data connection.",
        data_timeout: "Data timeout.",
        control_timeout: "Timeout, closing control connection.",
        goodbye: "Goodbye.",
    };
}

impl Phrase {
    /// The text, its places filled.
    #[must_use]
    pub fn with(self, facts: ReplyValues<'_>) -> Cow<'static, str> {
        if !self.1.contains('{') {
            return Cow::Borrowed(self.1);
        }
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = fill(self.1, facts, &mut text);
        Cow::Owned(text)
    }
}

fn fill(text: &str, facts: ReplyValues<'_>, out: &mut String) -> fmt::Result {
    let mut rest = text;
    while let Some((plain, (name, after))) =
        rest.split_once('{').and_then(|(plain, rest)| Some((plain, rest.split_once('}')?)))
    {
        out.write_str(plain)?;
        match name {
            "path" => out.write_str(facts.path)?,
            "moved" => write!(out, "{}", facts.moved)?,
            "seconds" => seconds(facts.took, out)?,
            "rate" => rate(facts, out)?,
            _ => write!(out, "{{{name}}}")?,
        }
        rest = after;
    }
    out.write_str(rest)
}

fn seconds(took: Duration, out: &mut impl Write) -> fmt::Result {
    write!(out, "{}.{:03}", took.as_secs(), took.subsec_millis())
}

/// In integers: a decision is not made here, but a digest covers what is said.
fn rate(facts: ReplyValues<'_>, out: &mut impl Write) -> fmt::Result {
    let micros = facts.took.as_micros().max(1);
    let bytes = u128::from(facts.moved) * 1_000_000;
    let (unit, name) = match bytes / micros {
        0..1024 => (1, "bytes"),
        1024..1_048_576 => (1 << 10, "Kbytes"),
        _ => (1 << 20, "Mbytes"),
    };
    let hundredths = bytes * 100 / (micros * unit);
    write!(out, "{}.{:02} {name}", hundredths / 100, hundredths % 100)
}
