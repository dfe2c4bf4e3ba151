//! `model::reply_text` owns the reply texts of a model, with placeholders for values of the
//! transfer.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::time::Duration;

/// A reply: code and text. `\n` separates lines. Placeholders: `{path}` is the name of the file,
/// `{moved}` the number of moved bytes, `{seconds}` the time since the command, `{rate}` the bytes
/// per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Phrase(pub u16, pub &'static str);

/// The values for the placeholders of a text.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplyValues<'a> {
    /// The name of the file.
    pub path: &'a str,
    /// The duration of the transfer.
    pub took: Duration,
    /// The number of moved bytes.
    pub moved: u64,
}

/// The reply texts that differ between servers (and that users quote).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerTexts {
    /// The 1yz reply if the data connection is not open yet.
    pub opening: Phrase,
    /// The 1yz reply if the data connection is open already.
    pub already_open: Phrase,
    /// The 2yz reply after a complete transfer.
    pub complete: Phrase,
    /// The 4yz reply after a failed transfer.
    pub aborted: Phrase,
    /// The text of 425, without a data connection.
    pub no_data: &'static str,
    /// The text of 426 after an idle data connection.
    pub data_timeout: &'static str,
    /// The text of 421 after an idle control connection.
    pub control_timeout: &'static str,
    /// The text of 221, the reply to QUIT.
    pub goodbye: &'static str,
}

impl ServerTexts {
    /// Our own texts, which most servers share.
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
    /// Whether the text has a placeholder for the time of a transfer or for a rate.
    pub(super) fn tells_duration(self) -> bool {
        self.1.contains("{seconds}") || self.1.contains("{rate}")
    }

    /// The text with the placeholders filled.
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

/// In integer arithmetic: digests of runs cover the reply texts.
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
