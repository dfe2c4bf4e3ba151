//! `line` turns the bytes of a control connection into lines and back (RFC 959 §5.3, on the Telnet
//! of RFC 854). It knows CRLF, Telnet's IAC and a length limit; it does not know commands.

use std::collections::VecDeque;
use std::ops::Range;

/// Telnet: interpret as command.
pub const IAC: u8 = 255;
/// Telnet: data mark, the urgent byte of a Synch.
pub const DM: u8 = 242;
/// Telnet: interrupt process.
pub const IP: u8 = 244;
const SB: u8 = 250;
const SE: u8 = 240;
const WILL: u8 = 251;

/// What a client sends before `ABOR` so that a busy server looks up (RFC 959 §4.1.3). The data mark
/// is urgent.
pub const SYNCH: [u8; 4] = [IAC, IP, IAC, DM];

/// The longest line that is kept. RFC 959 names no limit; a path and a verb fit.
pub const LINE_LIMIT: usize = 4096;
/// Bytes that may wait unread: lines pipelined behind a transfer.
const BUFFER: usize = 2 * LINE_LIMIT;

/// One line, without its end and without Telnet commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its bytes, cut at [`LINE_LIMIT`].
    pub bytes: &'a [u8],
    /// It was longer.
    pub cut: bool,
    /// A Telnet Synch (IAC IP or IAC DM) came with it.
    pub synch: bool,
}

/// A line, with the buffer that it is lent in.
#[derive(Debug)]
pub struct Lent {
    buffer: Vec<u8>,
    line: Range<usize>,
    cut: bool,
    synch: bool,
}

impl Lent {
    /// The line.
    #[must_use]
    pub fn line(&self) -> Line<'_> {
        Line { bytes: &self.buffer[self.line.clone()], cut: self.cut, synch: self.synch }
    }
}

/// Where a complete line ends.
#[derive(Clone, Copy, Debug)]
struct Mark {
    end: usize,
    cut: bool,
    synch: bool,
}

/// Where the Telnet scanner is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Telnet {
    #[default]
    Data,
    /// After IAC.
    Command,
    /// After IAC WILL, WONT, DO or DONT.
    Option,
    /// Between IAC SB and IAC SE.
    Subnegotiation,
    SubnegotiationCommand,
}

/// Bytes in, lines out. `handle_bytes` takes any chunk; `next_line` gives what is complete.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// Complete lines.
    ends: VecDeque<Mark>,
    /// Where the first complete line begins.
    head: usize,
    /// Where the incomplete line begins.
    partial: usize,
    cut: bool,
    synch: bool,
    telnet: Telnet,
}

impl Lines {
    /// Forgets everything but its buffers.
    pub fn reset(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        (self.head, self.partial, self.cut, self.synch) = (0, 0, false, false);
        self.telnet = Telnet::Data;
    }

    /// How many bytes `handle_bytes` should be given at most: the back-pressure.
    #[must_use]
    pub fn room(&self) -> usize {
        BUFFER.saturating_sub(self.bytes.len() - self.head)
    }

    /// Takes bytes as they came.
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

    /// The next complete line.
    pub fn next_line(&mut self) -> Option<Line<'_>> {
        let Mark { end, cut, synch } = self.ends.pop_front()?;
        let bytes = &self.bytes[self.head..end];
        self.head = end;
        Some(Line { bytes, cut, synch })
    }

    /// The next complete line, in the buffer it stands in: that is lent, and given back by
    /// [`Lines::give_back`] before anything else is asked for. So whoever owns the lines can act on one.
    pub fn lend_line(&mut self) -> Option<Lent> {
        let Mark { end, cut, synch } = self.ends.pop_front()?;
        let line = std::mem::replace(&mut self.head, end)..end;
        Some(Lent { buffer: std::mem::take(&mut self.bytes), line, cut, synch })
    }

    /// Takes the buffer of a lent line back.
    pub fn give_back(&mut self, lent: Lent) {
        self.bytes = lent.buffer;
    }

    /// Removes the first complete line of which `wanted` makes something, out of turn.
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

    /// Moves what is left to the front, so that the buffer never grows past its limit.
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
        // CR LF ends a line. A lone LF does too: some clients send it, and nothing else can be meant.
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
            // IP, DM and the rest say nothing that the line after them does not.
            (Telnet::Command | Telnet::Option, _) | (Telnet::SubnegotiationCommand, SE) => {
                Telnet::Data
            }
            (Telnet::Subnegotiation, IAC) => Telnet::SubnegotiationCommand,
            (Telnet::Subnegotiation | Telnet::SubnegotiationCommand, _) => Telnet::Subnegotiation,
        };
    }
}

/// How many bytes come before a line's end or an IAC.
fn plain(chunk: &[u8]) -> usize {
    // Lines are short: to search a word at a time takes longer to begin than they last.
    chunk.iter().position(|&byte| byte == b'\n' || byte == IAC).unwrap_or(chunk.len())
}

/// Lines out: a buffer that a connection empties.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
    /// Where the byte after the urgent one stands.
    urgent: Option<usize>,
}

impl Outbox {
    /// Forgets everything but its buffer.
    pub fn reset(&mut self) {
        self.bytes.clear();
        self.sent = 0;
        self.urgent = None;
    }

    /// Where to write the next line, its CRLF included.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// A Telnet Synch: IAC IP, IAC DM, the last byte urgent.
    pub fn push_synch(&mut self) {
        self.bytes.extend_from_slice(&SYNCH);
        self.urgent = Some(self.bytes.len());
    }

    /// What is to be sent now: no further than an urgent byte.
    #[must_use]
    pub fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..self.urgent.unwrap_or(self.bytes.len())]
    }

    /// The first `count` bytes of `unsent` have been taken. Says whether the last of them is urgent.
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
