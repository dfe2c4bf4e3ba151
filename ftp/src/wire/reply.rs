//! `reply` owns the written form of replies (RFC 959 §4.2): three digits and text, on one or
//! several lines. When a reply is sent is the session's business.

use crate::clone_by_field::clone_by_field;
use crate::wire::text::Text;
use std::fmt::{self, Display};

/// The class of a reply, by the first digit (RFC 959 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// 1yz: the command has begun, and another reply follows.
    Preliminary,
    /// 2yz: the command is complete.
    Completion,
    /// 3yz: the next command of the sequence is expected.
    Intermediate,
    /// 4yz: the command failed, and may be tried again.
    TransientFailure,
    /// 5yz: the command failed for good.
    PermanentFailure,
}

impl Class {
    /// The class of a code; `None` if the number is no reply code.
    #[must_use]
    pub fn of(code: u16) -> Option<Self> {
        match code {
            100..200 => Some(Self::Preliminary),
            200..300 => Some(Self::Completion),
            300..400 => Some(Self::Intermediate),
            400..500 => Some(Self::TransientFailure),
            500..600 => Some(Self::PermanentFailure),
            _ => None,
        }
    }
}

/// A reply. In the text, `\n` separates lines.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub struct Reply {
    /// The reply code, three digits.
    pub code: u16,
    /// The text after the code.
    pub text: String,
}

clone_by_field! { Reply { code, text } }

impl Reply {
    /// A reply with this code and text.
    pub fn new(code: u16, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// The class of the reply, if the code has a class.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        Class::of(self.code)
    }

    /// Appends the reply to `out` as a user sees the reply: with the code, without the last line
    /// end.
    pub fn append_to(&self, out: &mut String) {
        let digits = digits(self.code).map(char::from);
        let mut rest = &*self.text;
        let mut first = true;
        while let Some((line, after)) = rest.split_once('\n') {
            if first {
                out.extend(digits);
            }
            out.push_str(if first { "-" } else { " " });
            out.push_str(line);
            out.push('\n');
            (rest, first) = (after, false);
        }
        out.extend(digits);
        out.push(' ');
        out.push_str(rest);
    }
}

impl Display for Reply {
    /// Writes the reply as [`Reply::append_to`] does.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.append_to(&mut text);
        out.write_str(&text)
    }
}

/// The three digits of a code.
fn digits(code: u16) -> [u8; 3] {
    [code / 100, code / 10, code].map(|value| b'0' + u8::try_from(value % 10).unwrap_or(0))
}

/// The path in the text of 257: between quotes, with doubled quotes inside (RFC 959, appendix II).
#[must_use]
pub fn quoted(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('"')?;
    let mut path = String::new();
    let mut parts = rest.split('"').peekable();
    while let Some(part) = parts.next() {
        path.push_str(part);
        // An empty part is the place between two quotes.
        match parts.next_if(|next| next.is_empty()) {
            Some(_) if parts.peek().is_some() => path.push('"'),
            _ => return parts.peek().is_some().then_some(path).or(None),
        }
    }
    None
}

/// Writes a reply. In `text`, `\n` separates lines. Lines between the first and the last are
/// indented, so that no such line looks like the last (RFC 959 §4.2).
pub fn write(out: &mut Vec<u8>, code: u16, text: &dyn Text) {
    let start = out.len();
    let [a, b, c] = digits(code);
    out.extend_from_slice(&[a, b, c, b' ']);
    text.append_to(out);
    if out[start..].contains(&b'\n') {
        split(out, start, code);
    }
    out.extend_from_slice(b"\r\n");
}

/// Rewrites the reply that begins at `start` as several lines.
#[cold]
fn split(out: &mut Vec<u8>, start: usize, code: u16) {
    let text = String::from_utf8_lossy(&out[start + 4..]).replace('\r', "");
    out.truncate(start);
    let whole = Reply { code, text }.to_string().replace('\n', "\r\n");
    out.extend_from_slice(whole.as_bytes());
}

/// The state of a reply after a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The reply goes on.
    More,
    /// The reply is complete: see [`Parser::reply`].
    Complete,
    /// The line was no reply, and was skipped.
    Malformed,
}

/// The most bytes of a reply's text that are kept: a reply without an end costs no more.
const TEXT_LIMIT: usize = 1 << 16;

/// Joins lines into replies.
#[derive(Debug, Default, Hash)]
pub struct Parser {
    reply: Reply,
    inside: bool,
}

clone_by_field! { Parser { reply, inside } }

impl Parser {
    /// Forgets everything and keeps the buffer.
    pub fn reset(&mut self) {
        self.reply.code = 0;
        self.reply.text.clear();
        self.inside = false;
    }

    /// The reply that was completed last.
    #[must_use]
    pub fn reply(&self) -> &Reply {
        &self.reply
    }

    /// Returns whether a reply has begun and not ended.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.inside
    }

    /// Returns whether a line begins no reply and belongs to none: no FTP server sends such a line.
    #[must_use]
    pub fn is_foreign(&self, line: &[u8]) -> bool {
        !self.inside && code_of(line).is_none() && !line.trim_ascii().is_empty()
    }

    /// Returns the first line of a reply whose last line has not come.
    #[must_use]
    pub fn unfinished(&self) -> Option<String> {
        let first = self.reply.text.lines().next().unwrap_or_default();
        self.inside.then(|| format!("{}-{first}", self.reply.code))
    }

    /// Takes one line of a server.
    pub fn handle_line(&mut self, line: &[u8]) -> Progress {
        let head = code_of(line);
        if !self.inside {
            let Some((code, goes_on)) = head else {
                return Progress::Malformed;
            };
            self.reply.code = code;
            self.reply.text.clear();
            self.append(line.get(4..).unwrap_or_default());
            self.inside = goes_on;
        } else if head == Some((self.reply.code, false)) {
            self.append_line(line.get(4..).unwrap_or_default());
            self.inside = false;
        } else {
            let text = match head {
                // Many servers begin every line with the code.
                Some((code, true)) if code == self.reply.code => &line[4..],
                _ => line.strip_prefix(b" ").unwrap_or(line),
            };
            self.append_line(text);
        }
        if self.inside { Progress::More } else { Progress::Complete }
    }

    fn append_line(&mut self, text: &[u8]) {
        if self.reply.text.len() < TEXT_LIMIT {
            self.reply.text.push('\n');
            self.append(text);
        }
    }

    fn append(&mut self, text: &[u8]) {
        if self.reply.text.len() + text.len() <= TEXT_LIMIT {
            match std::str::from_utf8(text) {
                Ok(text) => self.reply.text.push_str(text),
                Err(_) => self.reply.text.push_str(&String::from_utf8_lossy(text)),
            }
        }
    }
}

/// The code at the start of a line; true if more lines follow.
fn code_of(line: &[u8]) -> Option<(u16, bool)> {
    let [a @ b'1'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else {
        return None;
    };
    let digit = |byte: &u8| u16::from(byte - b'0');
    let code = digit(a) * 100 + digit(b) * 10 + digit(c);
    match rest.first() {
        None | Some(b' ') => Some((code, false)),
        Some(b'-') => Some((code, true)),
        Some(_) => None,
    }
}
