//! `line` owns the lines of a control connection (RFC 959 §5.3, on the Telnet of RFC 854): bytes
//! become lines, and lines become bytes. The file knows CR LF, Telnet's IAC and a length limit, but
//! no commands.

use std::collections::VecDeque;
use std::ops::Range;

/// Telnet's code IAC: interpret as command.
pub const IAC: u8 = 255;
/// Telnet's code DM: data mark, the urgent byte of a Synch.
pub const DM: u8 = 242;
/// Telnet's code IP: interrupt process.
pub const IP: u8 = 244;
const SB: u8 = 250;
const SE: u8 = 240;
const WILL: u8 = 251;

/// The Synch that a client sends before `ABOR`, so that a busy server reads the line (RFC 959
/// §4.1.3). The data mark is urgent.
pub const SYNCH: [u8; 4] = [IAC, IP, IAC, DM];

/// The longest line in bytes. RFC 959 names no limit; a verb and a path fit.
pub const LINE_LIMIT: usize = 4096;
/// The most bytes that may wait: lines pipelined behind a transfer.
const BUFFER: usize = 2 * LINE_LIMIT;

/// One line, without the line end and without Telnet commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The bytes of the line, cut at [`LINE_LIMIT`].
    pub bytes: &'a [u8],
    /// The line was longer than the limit.
    pub cut: bool,
    /// A Telnet Synch (IAC IP or IAC DM) came before the end of the line.
    pub synch: bool,
}

/// A line together with the buffer that holds the line, lent by [`Lines::lend_line`].
#[derive(Debug)]
pub struct Lent {
    buffer: Vec<u8>,
    line: Range<usize>,
    cut: bool,
    synch: bool,
}

impl Lent {
    /// The line in the lent buffer.
    #[must_use]
    pub fn line(&self) -> Line<'_> {
        Line { bytes: &self.buffer[self.line.clone()], cut: self.cut, synch: self.synch }
    }
}

/// The end of a complete line in the buffer.
#[derive(Clone, Copy, Debug)]
struct Mark {
    end: usize,
    cut: bool,
    synch: bool,
}

/// State of the Telnet scanner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Telnet {
    #[default]
    Data,
    /// After an IAC byte.
    Command,
    /// After IAC WILL, WONT, DO or DONT.
    Option,
    /// Between IAC SB and IAC SE.
    Subnegotiation,
    SubnegotiationCommand,
}

/// Splits bytes into lines. `handle_bytes` takes any chunk; `next_line` returns complete lines.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// The ends of the complete lines.
    ends: VecDeque<Mark>,
    /// The start of the first complete line.
    head: usize,
    /// The start of the incomplete line.
    partial: usize,
    cut: bool,
    synch: bool,
    telnet: Telnet,
}

impl Lines {
    /// Forgets all lines and keeps the buffers.
    pub fn reset(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        (self.head, self.partial, self.cut, self.synch) = (0, 0, false, false);
        self.telnet = Telnet::Data;
    }

    /// The most bytes that `handle_bytes` should be given now (back-pressure).
    #[must_use]
    pub fn room(&self) -> usize {
        BUFFER.saturating_sub(self.bytes.len() - self.head)
    }

    /// Takes bytes as they came from the connection.
    pub fn handle_bytes(&mut self, mut chunk: &[u8]) {
        if self.ends.is_empty() && self.head == self.bytes.len() {
            self.bytes.clear();
            (self.head, self.partial) = (0, 0);
        } else if self.head > 0 {
            self.compact();
        }
        while let Some(&first) = chunk.first() {
            if self.telnet != Telnet::Data || first == IAC {
                self.telnet(first);
                chunk = &chunk[1..];
                continue;
            }
            let (run, rest) = chunk.split_at(plain(chunk));
            self.append(run);
            chunk = rest;
            if let Some((b'\n', rest)) = chunk.split_first() {
                self.end_line();
                chunk = rest;
            }
        }
    }

    /// Whether a complete line waits.
    #[must_use]
    pub fn has_line(&self) -> bool {
        !self.ends.is_empty()
    }

    /// Returns whether a complete line waits that `wanted` accepts.
    #[must_use]
    pub fn any(&self, wanted: impl Fn(&[u8]) -> bool) -> bool {
        let mut start = self.head;
        self.ends.iter().any(|mark| {
            let line = &self.bytes[start..mark.end];
            start = mark.end;
            wanted(line)
        })
    }

    /// Returns how many complete lines wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.ends.len()
    }

    /// Returns the bytes of the line whose end has not come.
    #[must_use]
    pub fn unfinished(&self) -> &[u8] {
        &self.bytes[self.partial..]
    }

    /// Returns the next complete line.
    pub fn next_line(&mut self) -> Option<Line<'_>> {
        let Mark { end, cut, synch } = self.ends.pop_front()?;
        let bytes = &self.bytes[self.head..end];
        self.head = end;
        Some(Line { bytes, cut, synch })
    }

    /// Lends the next complete line together with the buffer, so that the owner of `self` can act
    /// on the line. Call [`Lines::give_back`] before any other method.
    pub fn lend_line(&mut self) -> Option<Lent> {
        let Mark { end, cut, synch } = self.ends.pop_front()?;
        let line = std::mem::replace(&mut self.head, end)..end;
        Some(Lent { buffer: std::mem::take(&mut self.bytes), line, cut, synch })
    }

    /// Takes back the buffer of a lent line.
    pub fn give_back(&mut self, lent: Lent) {
        self.bytes = lent.buffer;
    }

    /// Removes the first complete line for which `wanted` returns a value, out of turn.
    pub fn take_line<R>(&mut self, wanted: impl Fn(Line<'_>) -> Option<R>) -> Option<R> {
        let mut start = self.head;
        for (at, &Mark { end, cut, synch }) in self.ends.iter().enumerate() {
            let bytes = &self.bytes[start..end];
            if let Some(found) = wanted(Line { bytes, cut, synch }) {
                self.remove(at);
                return Some(found);
            }
            start = end;
        }
        None
    }

    fn remove(&mut self, at: usize) {
        let start = if at == 0 { self.head } else { self.ends[at - 1].end };
        let Some(Mark { end, .. }) = self.ends.remove(at) else {
            return;
        };
        let gone: Range<usize> = start..end;
        let length = gone.len();
        self.bytes.drain(gone);
        for mark in self.ends.iter_mut().skip(at) {
            mark.end -= length;
        }
        self.partial -= length;
    }

    /// Moves the remaining bytes to the front, so that the buffer never exceeds the limit.
    fn compact(&mut self) {
        self.bytes.drain(..self.head);
        for mark in &mut self.ends {
            mark.end -= self.head;
        }
        self.partial -= self.head;
        self.head = 0;
    }

    fn append(&mut self, run: &[u8]) {
        let room = LINE_LIMIT - (self.bytes.len() - self.partial);
        self.bytes.extend_from_slice(&run[..run.len().min(room)]);
        self.cut |= run.len() > room;
    }

    fn end_line(&mut self) {
        // CR LF ends a line. A lone LF also ends a line: some clients send LF alone, and no other
        // meaning is possible.
        if self.bytes.len() > self.partial && self.bytes.last() == Some(&b'\r') && !self.cut {
            self.bytes.pop();
        }
        self.partial = self.bytes.len();
        self.ends.push_back(Mark { end: self.partial, cut: self.cut, synch: self.synch });
        (self.cut, self.synch) = (false, false);
    }

    fn telnet(&mut self, byte: u8) {
        self.synch |= self.telnet == Telnet::Command && matches!(byte, IP | DM);
        self.telnet = match (self.telnet, byte) {
            (Telnet::Data, _) => Telnet::Command,
            (Telnet::Command, IAC) => {
                self.append(&[IAC]);
                Telnet::Data
            }
            (Telnet::Command, SB) => Telnet::Subnegotiation,
            (Telnet::Command, WILL..) => Telnet::Option,
            // IP, DM and the other codes add nothing to the line after the codes.
            (Telnet::Command | Telnet::Option, _) | (Telnet::SubnegotiationCommand, SE) => {
                Telnet::Data
            }
            (Telnet::Subnegotiation, IAC) => Telnet::SubnegotiationCommand,
            (Telnet::Subnegotiation | Telnet::SubnegotiationCommand, _) => Telnet::Subnegotiation,
        };
    }
}

/// The number of bytes before a line end or an IAC.
fn plain(chunk: &[u8]) -> usize {
    // Lines are short: a search by machine words would cost more to set up than it saves.
    chunk.iter().position(|&byte| byte == b'\n' || byte == IAC).unwrap_or(chunk.len())
}

/// The outgoing bytes of a control connection.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
    /// The position after the urgent byte.
    urgent: Option<usize>,
}

impl Outbox {
    /// Forgets all bytes and keeps the buffer.
    pub fn reset(&mut self) {
        self.bytes.clear();
        self.sent = 0;
        self.urgent = None;
    }

    /// The buffer to append the next line to, CR LF included.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Appends a Telnet Synch: IAC IP, IAC DM, with an urgent last byte.
    pub fn push_synch(&mut self) {
        self.bytes.extend_from_slice(&SYNCH);
        self.urgent = Some(self.bytes.len());
    }

    /// The bytes to send now, at most up to an urgent byte.
    #[must_use]
    pub fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..self.urgent.unwrap_or(self.bytes.len())]
    }

    /// Removes the first `count` bytes of `unsent`. Returns true if the last of these bytes is
    /// urgent.
    pub fn sent(&mut self, count: usize) -> bool {
        self.sent += count;
        let urgent = self.urgent == Some(self.sent);
        if urgent {
            self.urgent = None;
        }
        if self.sent == self.bytes.len() {
            self.reset();
        }
        urgent
    }
}
