//! `time_wait.rs` is TIME-WAIT (RFC 9293 §3.6 and §3.10.7.4) once its user has closed: a few numbers,
//! and neither a socket nor rings, as Linux has it. It answers as smoltcp 0.14 does.

use std::net::SocketAddrV4;
use std::time::Duration;

use crate::close_policy::ResetValidation;
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

/// smoltcp's `CLOSE_DELAY`: how long TIME-WAIT lasts after the last segment that needed it. RFC 9293
/// §3.4.2 says 2 MSL, four minutes, and Linux one; ours is what smoltcp has.
pub const TIME_WAIT: Duration = Duration::from_micros(Span::TIME_WAIT.micros());

/// One connection in TIME-WAIT.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeWait {
    ends: [SocketAddrV4; 2],
    /// SND.NXT; all before it is acknowledged.
    seq: u32,
    receive: ReceiveSpace,
    /// What an acknowledgment offers: the whole ring.
    window: u16,
    /// Limits challenge ACKs of the host's own (RFC 5961 §7).
    challenge: Throttle,
    /// Limits ACKs of segments without data, which smoltcp limits by itself.
    repeat: Throttle,
}

impl Host {
    /// Free the slot of a connection that is in TIME-WAIT until `until`, if that is all it is. True if
    /// it was.
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
        self.timers.set(TimerKey::TimeWait(index), until);
        true
    }

    /// The TIME-WAIT `index` is over.
    pub(super) fn time_wait_ends(&mut self, now: Moment, index: u32) {
        let ends @ [local, peer] = self.time_waits[index].ends;
        let kind = NoteKind::State { from: State::TimeWait, to: State::Closed };
        self.events.note(now, ends, kind);
        self.demux.take_back(Key::connection(local.port(), peer), Holder::TimeWait(index));
        self.timers.set(TimerKey::TimeWait(index), Moment::NEVER);
        self.time_waits.give_back(index);
    }

    /// `segment` arrives for the TIME-WAIT `index`.
    #[cold]
    pub(super) fn time_wait_arrives(&mut self, now: Moment, index: u32, segment: &Segment) {
        let entry = &mut self.time_waits[index];
        let answer = entry.answer_to(segment, self.config.policy.reset_validation);
        if let Answer::Odd(what) | Answer::Challenge(what) = answer {
            self.events.note(now, entry.ends, NoteKind::Divergence(what));
        }
        if let Answer::Old { .. } = answer {
            self.timers.set(TimerKey::TimeWait(index), now.after(Span::TIME_WAIT));
        }
        let nxt = entry.nxt();
        let window = match answer {
            Answer::End => return self.time_wait_ends(now, index),
            Answer::Challenge(_) if entry.challenge.passes(now) => entry.receive.window(nxt),
            Answer::Old { data: true } => entry.window,
            Answer::Stray | Answer::Old { .. } if entry.repeat.passes(now) => entry.window,
            _ => return,
        };
        entry.receive.edge = nxt.wrapping_add(u32::from(window) << entry.receive.scale);
        let ack = Segment::bare(entry.ends, [entry.seq, nxt], Flags::ACK, window);
        let ack = self.wire.bare(&ack);
        self.wire.leaving.push_back(ack);
    }
}

/// What a segment is to a connection in TIME-WAIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
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
    fn nxt(&self) -> u32 {
        self.receive.nxt(0)
    }

    /// What `segment` is to it, at a host that believes resets by this `rule`.
    fn answer_to(&self, segment: &Segment, rule: ResetValidation) -> Answer {
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
}
