//! `time_wait.rs` owns TIME-WAIT (RFC 9293 §3.6 and §3.10.7.4) after the user has closed: a few numbers
//! without socket and rings, as on Linux. The answers to segments are those of smoltcp 0.14.

use std::net::SocketAddrV4;

use crate::close_policy::{OldSegments, ResetValidation};
use crate::connection::seq::{after, before};
use crate::connection::sequence_space::ReceiveSpace;
use crate::divergence::Divergence;
use crate::host::Host;
use crate::host::demux::Holder;
use crate::host::timers::TimerKey;
use crate::ids::Key;
use crate::note::NoteKind;
use crate::packet::segment::{Flags, Segment};
use crate::state::State;
use crate::time::{Moment, Span, Throttle};

/// One connection in TIME-WAIT.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct TimeWait {
    ends: [SocketAddrV4; 2],
    /// SND.NXT. Everything before SND.NXT is acknowledged.
    seq: u32,
    receive: ReceiveSpace,
    /// The window field of an acknowledgment: the whole ring.
    window: u16,
    /// The limit of challenge ACKs (RFC 5961 §7).
    challenge: Throttle,
    /// The limit of ACKs to segments without data, as in smoltcp.
    repeat: Throttle,
}

impl Host {
    /// Reduce the connection in `slot` to an entry in TIME-WAIT, and free the slot. `until`: the end of
    /// TIME-WAIT by smoltcp. False, without effect, if the user may still read bytes or has not closed.
    // Not inlined: a connection comes here once, and every packet passes the call.
    #[inline(never)]
    pub(super) fn compact(&mut self, slot: u32, until: Moment) -> bool {
        let connection = &self.connections[slot];
        let (ends, key) = (connection.ends(), connection.key());
        let Some((seq, receive, window, challenge)) = connection.remains() else { return false };
        let repeat = Throttle::default();
        let entry = TimeWait { ends, seq, receive, window, challenge, repeat };
        self.free(slot);
        let index = self.time_waits.take(|| entry);
        self.time_waits[index] = entry;
        self.demux.pass_on(key, Holder::TimeWait(index));
        let began = until.earlier_by(Span::TIME_WAIT);
        self.timers.set(TimerKey::TimeWait(index), began.after(self.patience.time_wait));
        true
    }

    /// End the TIME-WAIT entry `index`.
    pub(super) fn time_wait_ends(&mut self, now: Moment, index: u32) {
        let ends @ [local, peer] = self.time_waits[index].ends;
        let kind = NoteKind::State { from: State::TimeWait, to: State::Closed };
        self.events.note(now, ends, kind);
        self.demux.take_back(Key::connection(local.port(), peer), Holder::TimeWait(index));
        self.timers.set(TimerKey::TimeWait(index), Moment::NEVER);
        self.time_waits.give_back(index);
    }

    /// A segment arrives for the TIME-WAIT entry `index`.
    #[cold]
    pub(super) fn time_wait_arrives(
        &mut self,
        now: Moment,
        index: u32,
        segment: &Segment,
        packet: &[u8],
    ) {
        let listens = self.demux.has(Key::listener(segment.destination.port()));
        let entry = &mut self.time_waits[index];
        let policy = &self.config.policy;
        let answer = match policy.old_segments {
            OldSegments::Drop => entry.answer_to(segment, policy.reset_validation),
            OldSegments::Keep if entry.is_reopened_by(segment) && listens => {
                self.time_wait_ends(now, index);
                return self.unmatched_arrives(now, segment, packet);
            }
            OldSegments::Keep => entry.linux_answer_to(segment),
        };
        let answer = match answer {
            Answer::Challenge(_) if !entry.challenge.passes(now) => Answer::Ignore,
            answer => answer,
        };
        if let Answer::Odd(what) | Answer::Challenge(what) = answer {
            self.events.note(now, entry.ends, NoteKind::Divergence(what));
        }
        let restarts = matches!(answer, Answer::Old { .. } | Answer::Restart);
        if restarts && segment.flags.has(Flags::ACK) {
            self.timers.set(TimerKey::TimeWait(index), now.after(self.patience.time_wait));
        }
        let nxt = entry.nxt();
        let window = match answer {
            Answer::End => return self.time_wait_ends(now, index),
            Answer::Challenge(_) => entry.receive.window(nxt),
            Answer::Old { data: true } => entry.window,
            Answer::Stray | Answer::Old { .. } if entry.repeat.passes(now) => entry.window,
            _ => return,
        };
        entry.receive.edge = nxt.wrapping_add(u32::from(window) << entry.receive.scale);
        let ack = Segment::bare(entry.ends, [entry.seq, nxt], Flags::ACK, window);
        let ack = self.wire.packet(&ack, &[]);
        self.wire.leaving.push_back(ack);
    }
}

/// The answer of TIME-WAIT to a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// No answer and no note.
    Ignore,
    /// No answer, and a note of the divergence.
    Odd(Divergence),
    /// The end of TIME-WAIT: a RST that the host believes (the assassination of RFC 1337).
    End,
    /// A challenge ACK, and a note of the divergence.
    Challenge(Divergence),
    /// An ACK, because the segment acknowledges bytes never sent.
    Stray,
    /// An ACK, because the segment is old, with `data` or without: the peer has not seen the last ACK.
    Old { data: bool },
    /// No answer, and TIME-WAIT lasts its whole time again.
    Restart,
}

impl TimeWait {
    /// RCV.NXT, the number after the peer's FIN.
    fn nxt(&self) -> u32 {
        self.receive.nxt(0)
    }

    /// Whether `segment` is the SYN of a new connection (RFC 9293 §3.6.1, MAY-2).
    fn is_reopened_by(&self, segment: &Segment) -> bool {
        let flags = segment.flags;
        flags.has(Flags::SYN) && !flags.has(Flags::ACK) && after(segment.seq, self.nxt())
    }

    /// The answer of Linux to `segment`: every segment draws an ACK, except an empty segment at RCV.NXT
    /// and a RST.
    fn linux_answer_to(&self, segment: &Segment) -> Answer {
        let next = segment.seq == self.nxt();
        match () {
            () if segment.flags.has(Flags::RST) && next => Answer::End,
            () if segment.flags.has(Flags::RST) => Answer::Ignore,
            () if next && segment.is_empty() => Answer::Restart,
            () => {
                let data = !segment.is_empty() && !segment.flags.has(Flags::SYN);
                Answer::Old { data }
            }
        }
    }

    /// The answer to `segment` at a host that believes a RST by `rule`.
    fn answer_to(&self, segment: &Segment, rule: ResetValidation) -> Answer {
        let (flags, nxt) = (segment.flags, self.nxt());
        let inside = self.receive.accepts(nxt, segment.seq, 0);
        let overlaps = self.receive.accepts(nxt, segment.seq, u32::from(segment.payload_len));
        if flags.has(Flags::RST) {
            return match rule {
                _ if segment.seq == nxt => Answer::End,
                ResetValidation::Rfc793 if overlaps => Answer::End,
                _ if rule != ResetValidation::Rfc793 && inside => {
                    Answer::Challenge(Divergence::ResetInWindow)
                }
                _ => Answer::Ignore,
            };
        }
        let (syn, acknowledges) = (flags.has(Flags::SYN), flags.has(Flags::ACK));
        let data = segment.payload_len > 0 && !syn;
        match () {
            () if syn && !acknowledges && rule != ResetValidation::Rfc793 => {
                Answer::Challenge(Divergence::SynIgnored)
            }
            () if data && after(segment.data_end(), nxt) => Answer::Odd(Divergence::DataAfterFin),
            () if !acknowledges || before(segment.ack, self.seq) => Answer::Ignore,
            () if after(segment.ack, self.seq) => Answer::Stray,
            () if overlaps => Answer::Ignore,
            () => Answer::Old { data },
        }
    }
}
