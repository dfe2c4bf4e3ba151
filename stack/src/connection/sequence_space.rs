//! `sequence_space.rs` owns the sequence variables of a connection (RFC 9293 §3.3.1), read from the headers
//! of passing packets. smoltcp does not show its variables, and rewinds SND.NXT at a timeout.

use crate::connection::seq::{after, before, distance, earlier, later};
use crate::packet::segment::{Flags, Segment};

/// The variables of the sending direction.
#[derive(Clone, Copy, Debug, Default, Hash)]
pub(crate) struct SendSpace {
    /// Whether the local SYN has left, so ISS is known.
    pub(crate) begun: bool,
    /// ISS, the initial send sequence number.
    iss: u32,
    /// SND.UNA, the oldest unacknowledged sequence number.
    pub(crate) una: u32,
    /// SND.MAX: the number after the highest sequence number ever sent. SND.NXT of RFC 9293.
    pub(crate) max: u32,
    /// The number after the highest sequence number ever permitted by a window of the peer.
    right_edge: Option<u32>,
    /// The shift of the peer's windows.
    scale: u8,
    /// The number of bytes given by the user, modulo 2^32.
    taken: u32,
    /// The number of bytes given by the user, or the greatest number.
    filled: usize,
    /// Whether the user has marked a byte as urgent, or Nagle's algorithm is Minshall's: a look at this
    /// flag alone is spent on the packets of every other connection.
    pub(crate) rare: bool,
    /// SND.UP: the number after the urgent byte, until the byte is acknowledged.
    pub(crate) urgent: Option<u32>,
    /// SND.SML of draft-minshall-nagle-01: the number after the last short segment.
    pub(crate) short: u32,
    /// Whether bytes may wait that were never transmitted.
    pub(crate) waiting: bool,
    /// Whether the last packet ended at SND.MAX: smoltcp does not retransmit.
    at_front: bool,
}

impl SendSpace {
    /// Account for a packet with `len` sequence numbers from `seq` on.
    #[inline]
    pub(crate) fn left(&mut self, seq: u32, len: u32, syn: bool) {
        if syn && !self.begun {
            self.begun = true;
            self.iss = seq;
            self.una = seq;
            self.max = seq;
        }
        let end = seq.wrapping_add(len);
        self.max = later(self.max, end);
        self.at_front = end == self.max;
    }

    /// Whether the last packet was the end of everything to send: the bytes of the user and, if the user
    /// has `closed`, the FIN.
    pub(crate) fn all_left(&self, closed: bool) -> bool {
        self.at_front && self.max == self.end().wrapping_add(u32::from(closed))
    }

    /// Whether everything sent is acknowledged.
    pub(crate) fn rests(&self) -> bool {
        self.at_front && self.una == self.max
    }

    /// Account for `len` bytes given by the user.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
    pub(crate) fn took(&mut self, len: usize) {
        self.taken = self.taken.wrapping_add(len as u32);
        self.filled = self.filled.saturating_add(len);
        self.waiting |= len > 0;
    }

    /// The sequence number after the last byte given by the user.
    pub(crate) fn end(&self) -> u32 {
        self.iss.wrapping_add(1).wrapping_add(self.taken)
    }

    /// The number of bytes given by the user and never transmitted.
    #[inline]
    pub(crate) fn unsent(&self) -> usize {
        if self.taken == 0 && !self.waiting {
            return 0;
        }
        usize::try_from(distance(self.max, self.end())).unwrap_or(0)
    }

    /// How many bytes at the beginning of a send buffer of `len` bytes were ever in use. A fresh buffer is
    /// filled from the beginning.
    pub(crate) fn filled(&self, len: usize) -> usize {
        len.min(self.filled)
    }

    /// Whether RFC 9293 §3.10.7.4 accepts `ack`: not before SND.UNA, and not after SND.MAX.
    pub(crate) fn accepts(&self, ack: u32) -> bool {
        !before(ack, self.una) && !after(ack, self.max)
    }

    /// Take the acknowledgment and the window of an acceptable segment.
    #[inline]
    pub(crate) fn acknowledged(&mut self, segment: &Segment) {
        self.una = segment.ack;
        let syn = segment.flags.has(Flags::SYN);
        let window = u32::from(segment.window) << if syn { 0 } else { self.scale };
        let edge = segment.ack.wrapping_add(window);
        self.right_edge = Some(self.right_edge.map_or(edge, |known| later(known, edge)));
    }

    /// Forget the urgent mark once the marked byte is acknowledged.
    pub(crate) fn forget_mark(&mut self) {
        if self.urgent.is_some_and(|mark| !after(mark, self.una)) {
            self.urgent = None;
        }
    }

    /// Whether a short segment is unacknowledged, as far as `short` says.
    pub(crate) fn short_waits(&self) -> bool {
        self.begun && after(self.short, self.una) && !after(self.short, self.max)
    }

    /// The window that slow start leaves a peer who acknowledges `ack`, from a window of `initial` bytes
    /// on: RFC 5681 §3.1 without a threshold.
    pub(crate) fn slow_start(&self, ack: u32, initial: u32) -> u32 {
        let first = self.iss.wrapping_add(1);
        let acknowledged = u32::try_from(distance(first, ack)).unwrap_or(0);
        initial.saturating_add(acknowledged)
    }

    /// The field for a window of `bytes` bytes of the peer, or more where no field says so little.
    pub(crate) fn field_of(&self, bytes: u32) -> u16 {
        u16::try_from((bytes >> self.scale).max(1)).unwrap_or(u16::MAX)
    }

    /// The bytes of a window of the peer, by the field of a segment without SYN.
    pub(crate) fn bytes_of(&self, field: u16) -> u32 {
        u32::from(field) << self.scale
    }

    /// Whether a window of the peer has permitted numbers after `ack`.
    pub(crate) fn has_window_beyond(&self, ack: u32) -> bool {
        self.right_edge.is_some_and(|edge| after(edge, ack))
    }

    /// The window field of a segment of the peer with the acknowledgment `ack` that changes no window.
    pub(crate) fn window_field(&self, ack: u32) -> u16 {
        let window = self.right_edge.map_or(0, |edge| edge.wrapping_sub(ack));
        u16::try_from(window >> self.scale).unwrap_or(u16::MAX)
    }

    /// Set the shift of the peer's windows, from the peer's SYN.
    pub(crate) fn scaled_by(&mut self, shift: Option<u8>) {
        self.scale = shift.unwrap_or(0);
    }

    /// The number of a RST that the peer believes: the peer's RCV.NXT, as far as this side can know. The
    /// number is SND.MAX, but at most the end of the peer's window, because a refused zero-window probe
    /// counts in SND.MAX and not in the peer's RCV.NXT.
    pub(crate) fn reset_seq(&self) -> u32 {
        self.right_edge.map_or(self.max, |edge| earlier(self.max, edge))
    }
}

/// The variables of the receiving direction.
#[derive(Clone, Copy, Debug, Default, Hash)]
pub(crate) struct ReceiveSpace {
    /// IRS, the initial receive sequence number.
    pub(crate) irs: u32,
    /// The number of bytes taken by the user, modulo 2^32.
    taken: u32,
    /// The number of bytes up to the last byte that ever entered the receive buffer, modulo 2^32.
    reach: u32,
    /// How many bytes at the beginning of the receive buffer were ever in use.
    filled: usize,
    /// Whether the peer's FIN has been taken.
    pub(crate) fin: bool,
    /// The acknowledgment number sent last.
    pub(crate) acknowledged: u32,
    /// The end of the window offered last: the acknowledgment number sent last, plus the window.
    pub(crate) edge: u32,
    /// The shift of the windows of this side.
    pub(crate) scale: u8,
    /// RCV.UP: the number after the byte marked as urgent by the peer.
    pub(crate) urgent: Option<u32>,
    /// The number of a FIN that has arrived before the data in front of the FIN.
    pub(crate) early_fin: Option<u32>,
}

impl ReceiveSpace {
    /// The variables of a connection with a receive buffer of `len` bytes. smoltcp chooses the window
    /// scale by the length (RFC 7323 §2.3).
    pub(crate) fn scaled_for(len: usize) -> Self {
        let scale = (usize::BITS - len.leading_zeros()).saturating_sub(16);
        Self { scale: u8::try_from(scale).unwrap_or(14), ..Self::default() }
    }

    /// Account for a sent segment that acknowledges `ack` and has `window` in the header.
    #[inline]
    pub(crate) fn offered(&mut self, ack: u32, window: u16, syn: bool) {
        let shift = if syn { 0 } else { self.scale };
        self.acknowledged = ack;
        self.edge = ack.wrapping_add(u32::from(window) << shift);
    }

    /// Account for data that ends before the sequence number `end` and may have entered the receive
    /// buffer of `len` bytes. A fresh buffer is filled from the beginning.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
    pub(crate) fn reached(&mut self, end: u32, len: usize) {
        let ahead = usize::try_from(distance(self.data_start(), end)).unwrap_or(0).min(len);
        self.reach = later(self.reach, self.taken.wrapping_add(ahead as u32));
        self.filled = self.filled.max(len.min(self.taken as usize + ahead));
    }

    /// How many bytes at the beginning of the receive buffer may be in use now.
    pub(crate) fn used(&self) -> usize {
        if after(self.reach, self.taken) { self.filled } else { 0 }
    }

    /// The window field for a window of `free` bytes.
    pub(crate) fn scaled(&self, free: usize) -> u16 {
        u16::try_from(free >> self.scale).unwrap_or(u16::MAX)
    }

    /// RCV.NXT while `unread` bytes wait for the user. 411,931 checks found RCV.NXT equal to the value in
    /// smoltcp. The ACK sent last can be lower, because ACKs are delayed.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
    pub(crate) fn nxt(&self, unread: usize) -> u32 {
        let data = self.data_start().wrapping_add(unread as u32);
        data.wrapping_add(u32::from(self.fin))
    }

    /// The sequence number of the first byte not taken by the user.
    pub(crate) fn data_start(&self) -> u32 {
        self.irs.wrapping_add(1).wrapping_add(self.taken)
    }

    /// Account for `len` bytes taken by the user.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
    pub(crate) fn took(&mut self, len: usize) {
        self.taken = self.taken.wrapping_add(len as u32);
        if self.urgent.is_some_and(|mark| !after(mark, self.data_start())) {
            self.urgent = None;
        }
    }

    /// Whether a segment of `len` sequence numbers at `seq` is acceptable (RFC 9293 §3.4).
    #[inline]
    pub(crate) fn accepts(&self, nxt: u32, seq: u32, len: u32) -> bool {
        let inside = |seq: u32| !before(seq, nxt) && before(seq, self.edge);
        match len {
            0 => seq == nxt || inside(seq),
            _ => inside(seq) || inside(seq.wrapping_add(len - 1)),
        }
    }

    /// The window field that keeps the end of the window in place (RFC 9293 §3.8.6: do not shrink the
    /// window). `nxt` is RCV.NXT.
    pub(crate) fn window(&self, nxt: u32) -> u16 {
        u16::try_from(self.edge.wrapping_sub(nxt) >> self.scale).unwrap_or(u16::MAX)
    }

    /// The number of bytes from the first unread byte to the end of the urgent data, if the end is ahead.
    pub(crate) fn urgent_ahead(&self) -> Option<usize> {
        let mark = self.urgent?;
        usize::try_from(distance(self.data_start(), mark)).ok().filter(|&ahead| ahead > 0)
    }
}
