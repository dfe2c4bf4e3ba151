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
    /// slow: two copies of one fixed length, which may overlap, cover a short piece.
    #[inline]
    fn push(&mut self, piece: &[u8]) {
        let length = piece.len();
        let mut short = [0; 16];
        match length {
            0..4 => short.iter_mut().zip(piece).for_each(|(to, from)| *to = *from),
            4..8 => cover::<4>(&mut short, piece),
            8..=16 => cover::<8>(&mut short, piece),
            _ => return self.bytes.extend_from_slice(piece),
        }
        let end = self.bytes.len() + length;
        self.bytes.extend_from_slice(&short);
        self.bytes.truncate(end);
    }

    /// Forget the text and the times.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.times.clear();
    }
}

/// Copy a piece of `N` to twice `N` bytes.
#[inline]
fn cover<const N: usize>(to: &mut [u8; 16], piece: &[u8]) {
    let behind = piece.len() - N;
    to[..N].copy_from_slice(&piece[..N]);
    to[behind..][..N].copy_from_slice(&piece[behind..]);
}
