//! `socket_text.rs` owns the text of a socket's fields, for the hash of the socket: smoltcp prints every field,
//! and shows few.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::time::{Moment, TimeKind};

/// A time, with what later decisions read of the time; `None`: nothing.
pub(super) type Time = (Option<TimeKind>, Moment);

/// The fields of a socket as a formatter writes the fields, with the times apart.
#[derive(Default)]
pub(super) struct Text {
    /// The text, and room for more.
    bytes: Vec<u8>,
    /// The number of bytes of the text.
    length: usize,
    /// Each time of the text, in order.
    times: Vec<Time>,
    /// Whether the next number is a time.
    in_time: bool,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.in_time && text.starts_with(|first: char| first.is_ascii_digit()) {
            return self.push_time(text);
        }
        if text == "Instant" {
            self.in_time = true;
        }
        self.push(text.as_bytes());
        Ok(())
    }
}

impl Text {
    /// The text so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The times so far.
    pub(super) fn times(&self) -> &[Time] {
        &self.times
    }

    /// Add a time, apart from the text.
    #[inline(never)]
    fn push_time(&mut self, text: &str) -> fmt::Result {
        self.in_time = false;
        let micros = text.parse().map_err(|_| fmt::Error)?;
        let kind = match self.bytes() {
            // smoltcp asks whether the present is earlier.
            field if field.ends_with(b"challenge_ack_timer: Instant { micros: ") => {
                Some(TimeKind::Ahead)
            }
            // The timeout of a socket reads this time, and no socket of a host has a timeout. Otherwise
            // smoltcp asks whether there is a time.
            field if field.ends_with(b"remote_last_ts: Some(Instant { micros: ") => None,
            _ => Some(TimeKind::Distance),
        };
        self.times.push((kind, Moment::from(Duration::from_micros(micros))));
        Ok(())
    }

    /// Add a piece of text. A formatter writes hundreds of pieces of a few bytes, for which a call of `memcpy` is
    /// slow: a short piece is written as its first and its last bytes, which may overlap.
    #[inline]
    fn push(&mut self, piece: &[u8]) {
        let length = piece.len();
        let room = self.bytes.get_mut(self.length..).and_then(|room| room.first_chunk_mut::<16>());
        let Some(room) = room.filter(|_| length <= 16) else {
            return self.push_long(piece);
        };
        if let (Some(first), Some(last)) = (piece.first_chunk::<8>(), piece.last_chunk::<8>()) {
            room[..8].copy_from_slice(first);
            room[length - 8..length].copy_from_slice(last);
        } else if let (Some(first), Some(last)) =
            (piece.first_chunk::<4>(), piece.last_chunk::<4>())
        {
            room[..4].copy_from_slice(first);
            room[length - 4..length].copy_from_slice(last);
        } else if let [first, .., last] = *piece {
            // Two bytes, or three.
            room[..3].copy_from_slice(&[first, piece[1], last]);
        } else if let [one] = *piece {
            room[0] = one;
        }
        self.length += length;
    }

    /// Add a piece of any length.
    #[inline(never)]
    fn push_long(&mut self, piece: &[u8]) {
        let end = self.length + piece.len();
        if self.bytes.len() < end {
            self.bytes.resize(end + ROOM, 0);
        }
        self.bytes[self.length..end].copy_from_slice(piece);
        self.length = end;
    }

    /// Forget the text and the times.
    pub(super) fn clear(&mut self) {
        self.length = 0;
        self.times.clear();
    }
}

/// Room for the rest of the text of a socket, in bytes.
const ROOM: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_every_piece() {
        let letters = "abcdefghijklmnopqrstuvwxyz";
        let (mut text, mut expected) = (Text::default(), String::new());
        for length in (0..20).chain((0..20).rev()) {
            let piece = &letters[length / 3..][..length];
            text.write_str(piece).expect("a text takes everything");
            expected.push_str(piece);
        }
        assert_eq!(String::from_utf8_lossy(text.bytes()), expected);
    }
}
