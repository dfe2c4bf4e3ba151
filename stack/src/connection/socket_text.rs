//! `socket_text.rs` owns the text of a socket's fields, for the hash of the socket: smoltcp prints every field,
//! and shows few.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::clone_by_field::clone_by_field;
use crate::time::{Moment, TimeKind};

/// The text of an unused contig, without the last brace. A contig is a gap in the received bytes with the bytes
/// behind the gap. Of the 32 contigs of a socket nearly all are unused, which is half of the text: the text of
/// these contigs is left out, and the commas between contigs stay.
pub(super) const NO_CONTIG: &[u8] = b"Contig { hole_size: 0, data_size: 0";

/// The fields of a socket as a formatter writes the fields, with the times apart.
#[derive(Default)]
pub(super) struct Text {
    pub(super) bytes: Vec<u8>,
    /// Each time of the text, in order: what later decisions read of the time; `None`: nothing.
    pub(super) times: Vec<(Option<TimeKind>, Moment)>,
    /// Whether the next number is a time.
    in_time: bool,
}

clone_by_field! { Text { bytes, times, in_time } }

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.in_time && text.starts_with(|first: char| first.is_ascii_digit()) {
            self.in_time = false;
            let micros = text.parse().map_err(|_| fmt::Error)?;
            let kind = match &self.bytes[..] {
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
            return Ok(());
        }
        self.in_time |= text == "Instant";
        if text == " }" && self.bytes.ends_with(NO_CONTIG) {
            self.bytes.truncate(self.bytes.len() - NO_CONTIG.len());
            return Ok(());
        }
        self.push(text.as_bytes());
        Ok(())
    }
}

impl Text {
    /// Add a piece of text. A formatter writes hundreds of pieces of a few bytes, for which a call of `memcpy` is
    /// slow: a short piece is put together in a number.
    #[inline]
    fn push(&mut self, piece: &[u8]) {
        let length = piece.len();
        if let [one] = *piece {
            return self.bytes.push(one);
        }
        if length > 16 {
            return self.bytes.extend_from_slice(piece);
        }
        // The first and the last bytes of a piece overlap where the piece is shorter than both.
        let [low, high] =
            if let (Some(first), Some(last)) = (piece.first_chunk(), piece.last_chunk()) {
                [u64::from_le_bytes(*first), shifted(u64::from_le_bytes(*last), 16 - length)]
            } else if let (Some(first), Some(last)) = (piece.first_chunk(), piece.last_chunk()) {
                let last = shifted(u64::from(u32::from_le_bytes(*last)) << 32, 8 - length);
                [u64::from(u32::from_le_bytes(*first)) | last, 0]
            } else {
                let number = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
                [piece.iter().rev().fold(0, number), 0]
            };
        let end = self.bytes.len() + length;
        self.bytes.extend_from_slice(&low.to_le_bytes());
        if length > 8 {
            self.bytes.extend_from_slice(&high.to_le_bytes());
        }
        self.bytes.truncate(end);
    }

    /// Forget the text and the times.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.times.clear();
    }
}

/// The bytes of a number without the first `bytes`.
#[inline]
fn shifted(number: u64, bytes: usize) -> u64 {
    number.checked_shr(8 * u32::try_from(bytes).unwrap_or(8)).unwrap_or(0)
}

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
        assert_eq!(String::from_utf8_lossy(&text.bytes), expected);
    }
}
