//! `time_wait.rs` is TIME-WAIT (RFC 9293 §3.6 and §3.10.7.4) once its user has closed: a few numbers,
//! and neither a socket nor rings, as Linux has it. It answers as smoltcp 0.14 does.

use std::net::SocketAddrV4;
use std::ops::{Index, IndexMut};
use std::time::Duration;

use crate::close_policy::ResetValidation;
use crate::connection::seq::{after, before};
use crate::connection::sequence_space::ReceiveSpace;
use crate::divergence::Divergence;
use crate::ids::slot_of;
use crate::packet::segment::{Flags, Segment};
use crate::time::{Moment, Span};

/// smoltcp's `CLOSE_DELAY`: how long TIME-WAIT lasts after the last segment that needed it. RFC 9293
/// §3.4.2 says 2 MSL, four minutes, and Linux one; ours is what smoltcp has.
pub const TIME_WAIT: Duration = Duration::from_secs(SECS);
/// The same, as the host counts.
pub(crate) const SPAN: Span = Span::secs(SECS);
const SECS: u64 = 10;

/// One connection in TIME-WAIT.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeWait {
    pub(crate) local: SocketAddrV4,
    pub(crate) peer: SocketAddrV4,
    /// SND.NXT; all before it is acknowledged.
    pub(crate) seq: u32,
    pub(crate) receive: ReceiveSpace,
    /// What an acknowledgment offers: the whole ring.
    pub(crate) window: u16,
    /// Before this, no more challenge ACK of the host's own (RFC 5961 §7).
    pub(crate) challenge: Moment,
    /// Before this, no more ACK of a segment without data, which smoltcp limits by itself.
    pub(crate) repeat: Moment,
}

/// Those of a host, by index.
#[derive(Debug, Default)]
pub(crate) struct TimeWaits {
    entries: Vec<TimeWait>,
    vacant: Vec<u32>,
}

impl TimeWaits {
    /// Forget everything, keep the memory.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.vacant.clear();
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.vacant.len()
    }

    /// Hold `entry`, and say where.
    pub(crate) fn push(&mut self, entry: TimeWait) -> u32 {
        if let Some(index) = self.vacant.pop() {
            self.entries[index as usize] = entry;
            return index;
        }
        self.entries.push(entry);
        slot_of(self.entries.len() - 1)
    }

    /// Give up what is held there.
    pub(crate) fn remove(&mut self, index: u32) {
        self.vacant.push(index);
    }
}

impl Index<u32> for TimeWaits {
    type Output = TimeWait;

    fn index(&self, index: u32) -> &TimeWait {
        &self.entries[index as usize]
    }
}

impl IndexMut<u32> for TimeWaits {
    fn index_mut(&mut self, index: u32) -> &mut TimeWait {
        &mut self.entries[index as usize]
    }
}

/// What a segment is to a connection in TIME-WAIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing.
    Ignore,
    /// Something that should not be, and nothing else.
    Odd(Divergence),
    /// Its end: a RST that this host believes (RFC 1337's assassination).
    End,
    /// A question whether the peer meant it.
    Challenge(Divergence),
    /// An ACK of something never sent.
    Stray,
    /// From before the end, with data or without: the peer has not seen our last ACK.
    Old { data: bool },
}

impl TimeWait {
    /// RCV.NXT.
    pub(crate) fn nxt(&self) -> u32 {
        self.receive.nxt(0)
    }

    /// What `segment` is to it, at a host that believes resets by this `rule`.
    pub(crate) fn judge(&self, segment: &Segment, rule: ResetValidation) -> Answer {
        let (flags, nxt) = (segment.flags, self.nxt());
        let inside = self.receive.accepts(nxt, segment.seq, 0);
        let overlaps = self.receive.accepts(nxt, segment.seq, u32::from(segment.payload_len));
        if flags.has(Flags::RST) {
            return match rule {
                _ if segment.seq == nxt => Answer::End,
                ResetValidation::Rfc793 if overlaps => Answer::End,
                ResetValidation::Rfc5961 if inside => Answer::Challenge(Divergence::ResetInWindow),
                _ => Answer::Ignore,
            };
        }
        let (syn, acknowledges) = (flags.has(Flags::SYN), flags.has(Flags::ACK));
        let data = segment.payload_len > 0 && !syn;
        match () {
            () if syn && !acknowledges && rule == ResetValidation::Rfc5961 => {
                Answer::Challenge(Divergence::SynIgnored)
            }
            () if data && after(segment.data_end(), nxt) => Answer::Odd(Divergence::DataAfterFin),
            () if !acknowledges || before(segment.ack, self.seq) => Answer::Ignore,
            () if after(segment.ack, self.seq) => Answer::Stray,
            () if overlaps => Answer::Ignore,
            () => Answer::Old { data },
        }
    }

    /// Whether an ACK of a segment without data may leave.
    pub(crate) fn may_repeat(&mut self, now: Moment) -> bool {
        let may = now >= self.repeat;
        if may {
            self.repeat = now.after(Span::secs(1));
        }
        may
    }
}
