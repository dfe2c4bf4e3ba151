//! `line` owns the lines of a control connection (RFC 959 §5.3, on the Telnet of RFC 854): bytes
//! become lines, and lines become bytes. The file knows CR LF, Telnet's IAC and a length limit, but
//! no commands.

use crate::clone_by_field::clone_by_field;
use std::hash::{Hash, Hasher};
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
/// The size of a header in bytes. In the buffer a header stands before each line: the length of the
/// line in the low bits, and two flags.
const HEADER: usize = 2;
/// The flag of a header: the line was cut.
const CUT: u16 = 1 << 14;
/// The flag of a header: a Synch came before the end of the line.
const SYNCH_SEEN: u16 = 1 << 15;
/// The most bytes that may wait, headers included: lines pipelined behind a transfer.
const BUFFER: usize = 2 * (LINE_LIMIT + HEADER);

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

/// A header as it stands in the buffer.
#[derive(Clone, Copy, Debug)]
struct Header {
    length: usize,
    cut: bool,
    synch: bool,
}

impl Header {
    fn read(bytes: [u8; HEADER]) -> Self {
        let bits = u16::from_le_bytes(bytes);
        let length = usize::from(bits & !(CUT | SYNCH_SEEN));
        Self { length, cut: bits & CUT != 0, synch: bits & SYNCH_SEEN != 0 }
    }

    fn bytes(self) -> [u8; HEADER] {
        let length = u16::try_from(self.length).expect("a line is at most LINE_LIMIT bytes");
        let flags = (u16::from(self.cut) * CUT) | (u16::from(self.synch) * SYNCH_SEEN);
        (length | flags).to_le_bytes()
    }
}

/// State of the Telnet scanner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
///
/// One buffer holds everything that waits, so that one limit bounds the memory: an empty line takes
/// two bytes.
#[derive(Debug, Default)]
pub struct Lines {
    /// The waiting lines, each behind its header, then the incomplete line.
    bytes: Vec<u8>,
    /// The number of complete lines.
    complete: usize,
    /// The start of the first complete line's header.
    head: usize,
    /// The start of the incomplete line's header. The header is there from the first byte on.
    partial: usize,
    cut: bool,
    synch: bool,
    telnet: Telnet,
}

clone_by_field! { Lines { bytes, complete, head, partial, cut, synch, telnet } }

impl Hash for Lines {
    /// Hashes the bytes that wait. Where the bytes begin in the buffer does not count.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { bytes, complete, head, partial, cut, synch, telnet } = self;
        bytes[*head..].hash(state);
        (complete, partial.checked_sub(*head), cut, synch, telnet).hash(state);
    }
}

impl Lines {
    /// Forgets all lines and keeps the buffer.
    pub fn reset(&mut self) {
        self.bytes.clear();
        (self.complete, self.head, self.partial) = (0, 0, 0);
        (self.cut, self.synch) = (false, false);
        self.telnet = Telnet::Data;
    }

    /// The most bytes that `handle_bytes` should be given now (back-pressure).
    #[must_use]
    pub fn room(&self) -> usize {
        BUFFER.saturating_sub(self.bytes.len() - self.head)
    }

    /// Takes bytes as they came from the connection.
    pub fn handle_bytes(&mut self, mut chunk: &[u8]) {
        if self.complete == 0 && self.head == self.bytes.len() {
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
        self.complete > 0
    }

    /// Returns whether a complete line waits that `wanted` accepts.
    #[must_use]
    pub fn any(&self, wanted: impl Fn(&[u8]) -> bool) -> bool {
        let mut at = self.head;
        (0..self.complete).any(|_| {
            let (line, Range { end, .. }) = self.line(at);
            at = end;
            wanted(line.bytes)
        })
    }

    /// Returns the bytes of the first complete line, which stays.
    #[must_use]
    pub fn first(&self) -> Option<&[u8]> {
        self.has_line().then(|| self.line(self.head).0.bytes)
    }

    /// Returns how many complete lines wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.complete
    }

    /// Returns the bytes of the line whose end has not come.
    #[must_use]
    pub fn unfinished(&self) -> &[u8] {
        self.bytes.get(self.partial + HEADER..).unwrap_or_default()
    }

    /// Returns the next complete line.
    pub fn next_line(&mut self) -> Option<Line<'_>> {
        let at = self.pop()?;
        Some(self.line(at).0)
    }

    /// Lends the next complete line together with the buffer, so that the owner of `self` can act
    /// on the line. Call [`Lines::give_back`] before any other method.
    pub fn lend_line(&mut self) -> Option<Lent> {
        let at = self.pop()?;
        let (Line { cut, synch, .. }, line) = self.line(at);
        Some(Lent { buffer: std::mem::take(&mut self.bytes), line, cut, synch })
    }

    /// Takes back the buffer of a lent line.
    pub fn give_back(&mut self, lent: Lent) {
        self.bytes = lent.buffer;
    }

    /// Takes back a lent line whose turn has not come yet: the line is the next line again.
    pub fn put_back(&mut self, lent: Lent) {
        self.head = lent.line.start - HEADER;
        self.complete += 1;
        self.bytes = lent.buffer;
    }

    /// Removes the first complete line for which `wanted` returns a value, out of turn.
    pub fn take_line<R>(&mut self, wanted: impl Fn(Line<'_>) -> Option<R>) -> Option<R> {
        let mut at = self.head;
        for _ in 0..self.complete {
            let (line, Range { end, .. }) = self.line(at);
            if let Some(found) = wanted(line) {
                self.bytes.drain(at..end);
                self.complete -= 1;
                self.partial -= end - at;
                return Some(found);
            }
            at = end;
        }
        None
    }

    /// Passes over the first complete line. Returns the place of its header.
    fn pop(&mut self) -> Option<usize> {
        self.complete = self.complete.checked_sub(1)?;
        let end = self.line(self.head).1.end;
        Some(std::mem::replace(&mut self.head, end))
    }

    /// The complete line whose header is at `at`, and the place of its bytes.
    fn line(&self, at: usize) -> (Line<'_>, Range<usize>) {
        let start = at + HEADER;
        let header = self.bytes[at..start].try_into().expect("a header has two bytes");
        let Header { length, cut, synch } = Header::read(header);
        let place = start..start + length;
        (Line { bytes: &self.bytes[place.clone()], cut, synch }, place)
    }

    /// Moves the remaining bytes to the front, so that the buffer never exceeds the limit.
    fn compact(&mut self) {
        self.bytes.drain(..self.head);
        self.partial -= self.head;
        self.head = 0;
    }

    /// Begins the incomplete line, unless the line has begun.
    fn begin_line(&mut self) {
        if self.bytes.len() == self.partial {
            self.bytes.extend_from_slice(&[0; HEADER]);
        }
    }

    fn append(&mut self, run: &[u8]) {
        if run.is_empty() {
            return;
        }
        self.begin_line();
        let room = LINE_LIMIT - self.unfinished().len();
        self.bytes.extend_from_slice(&run[..run.len().min(room)]);
        self.cut |= run.len() > room;
    }

    fn end_line(&mut self) {
        self.begin_line();
        // CR LF ends a line. A lone LF also ends a line: some clients send LF alone, and no other
        // meaning is possible.
        if self.unfinished().last() == Some(&b'\r') && !self.cut {
            self.bytes.pop();
        }
        let length = self.unfinished().len();
        let header = Header { length, cut: self.cut, synch: self.synch };
        self.bytes[self.partial..self.partial + HEADER].copy_from_slice(&header.bytes());
        self.partial = self.bytes.len();
        self.complete += 1;
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
    const PIECE: usize = 16;
    let ends = |byte: &u8| *byte == b'\n' || *byte == IAC;
    // Without an end inside the loop, the machine compares a piece at once.
    let any = |piece: &[u8; PIECE]| piece.iter().fold(false, |any, byte| any | ends(byte));
    let (pieces, _) = chunk.as_chunks();
    let clean = pieces.iter().take_while(|piece| !any(piece)).count() * PIECE;
    let rest = &chunk[clean..];
    clean + rest.iter().position(ends).unwrap_or(rest.len())
}

/// The outgoing bytes of a control connection.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
    /// The position after the urgent byte.
    urgent: Option<usize>,
}

clone_by_field! { Outbox { bytes, sent, urgent } }

impl Hash for Outbox {
    /// Hashes the buffer: where the unsent bytes begin decides when the buffer moves its bytes.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { bytes, sent, urgent } = self;
        (bytes, sent, urgent).hash(state);
    }
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
        } else if self.sent > self.bytes.len() / 2 {
            // A peer that never reads everything must not make the buffer grow.
            self.bytes.drain(..self.sent);
            self.urgent = self.urgent.map(|at| at - self.sent);
            self.sent = 0;
        }
        urgent
    }
}
