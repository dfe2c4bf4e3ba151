//! `lines` puts the bytes of one direction of a control connection in order and cuts them into lines,
//! with the packet that completed each.

use std::collections::BTreeMap;

/// Bytes that may wait behind a hole.
const WAITING_MAX: usize = 64 * 1024;

/// The longest line that is kept.
const LINE_MAX: usize = 1024;

/// Telnet: the next byte is a command (RFC 854).
const IAC: u8 = 255;

/// One direction of a control connection.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The relative number of the next byte; none before the first.
    expected: Option<i64>,
    waiting: BTreeMap<i64, (Vec<u8>, u64, u64)>,
    /// The relative number of the next byte of `push`.
    at: i64,
    waiting_bytes: usize,
    line: Vec<u8>,
    /// Bytes of a Telnet command that are still to be skipped.
    telnet: Telnet,
    /// The line under way has lost bytes: it is no line.
    broken: bool,
    /// Bytes were missing for good.
    pub(crate) gaps: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Telnet {
    #[default]
    Text,
    Command,
    Option,
}

/// Where a line ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The packet that completed the line.
    pub(crate) frame: u64,
    /// When that packet passed, in nanoseconds.
    pub(crate) at: u64,
    /// The relative sequence number behind the line.
    pub(crate) end: i64,
}

/// Data of one segment: where it begins, the packet, and the time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    /// The relative sequence number of the first byte.
    pub(crate) start: i64,
    /// Bytes on the wire.
    pub(crate) len: u32,
    /// Bytes that were captured.
    pub(crate) bytes: &'a [u8],
    /// The packet, and when it passed.
    pub(crate) passed: (u64, u64),
    /// What the other end has acknowledged: a hole before that was missed by the capture.
    pub(crate) acked: i64,
}

impl Lines {
    /// Takes the data of a segment; gives each line that is complete now to `each`.
    pub(crate) fn take(&mut self, piece: Piece<'_>, each: &mut dyn FnMut(&[u8], Place)) {
        let expected = *self.expected.get_or_insert(piece.start);
        let end = piece.start + i64::from(piece.len);
        if piece.start > expected {
            if !self.waiting.contains_key(&piece.start) {
                self.waiting_bytes += piece.bytes.len();
                self.waiting
                    .insert(piece.start, (piece.bytes.to_vec(), piece.passed.0, piece.passed.1));
            }
        } else if end > expected {
            let known = usize::try_from(expected - piece.start).unwrap_or(0);
            self.at = expected;
            self.push(piece.bytes.get(known..).unwrap_or_default(), piece.passed, each);
            self.expected = Some(end);
            if (piece.bytes.len() as u64) < u64::from(piece.len) {
                self.breaks();
            }
        }
        self.goes_on(piece.acked, each);
    }

    /// Takes what waits, as far as no hole is before it, or none that can still be filled.
    fn goes_on(&mut self, acked: i64, each: &mut dyn FnMut(&[u8], Place)) {
        while let Some((&start, (bytes, ..))) = self.waiting.first_key_value() {
            let expected = self.expected.unwrap_or(start);
            if start > expected && acked <= start && self.waiting_bytes <= WAITING_MAX {
                return;
            }
            let length = bytes.len();
            let Some((_, (bytes, frame, at))) = self.waiting.pop_first() else { return };
            self.waiting_bytes -= length;
            if start > expected {
                self.breaks();
            }
            let known = usize::try_from(expected - start).unwrap_or(0);
            self.at = expected.max(start);
            self.push(bytes.get(known..).unwrap_or_default(), (frame, at), each);
            let end = start + i64::try_from(length).unwrap_or(0);
            self.expected = Some(expected.max(end));
        }
    }

    fn breaks(&mut self) {
        self.gaps += 1;
        self.broken = true;
        self.line.clear();
    }

    fn push(&mut self, bytes: &[u8], (frame, at): (u64, u64), each: &mut dyn FnMut(&[u8], Place)) {
        for &byte in bytes {
            self.at += 1;
            match (self.telnet, byte) {
                (Telnet::Text, IAC) => self.telnet = Telnet::Command,
                (Telnet::Command, 251..=254) => self.telnet = Telnet::Option,
                (Telnet::Command | Telnet::Option, _) => self.telnet = Telnet::Text,
                (Telnet::Text, b'\n') => {
                    if !std::mem::take(&mut self.broken) {
                        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
                        each(line, Place { frame, at, end: self.at });
                    }
                    self.line.clear();
                }
                (Telnet::Text, _) if self.line.len() < LINE_MAX => self.line.push(byte),
                (Telnet::Text, _) => {}
            }
        }
    }
}
