//! `life` puts together what a trace has of each connection: packets with their fates, endings by the
//! hosts' notes, and RSTs with their reasons.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use halfclose_stack::{Ending, Flags, Note, NoteKind, ResetCause, Segment, State};

use super::ports;
use crate::network::trace::{Event, PacketEvent, Trace};
use crate::side::{CONTROL_PORT, Side};

/// A RST that a host sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentReset {
    pub(super) at: Duration,
    pub(super) side: Side,
    pub(super) cause: ResetCause,
    /// The emission number, once the RST has left.
    pub(super) packet: Option<u64>,
}

/// What one side of a connection sent, in relative numbers.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    isn: Option<u32>,
    /// Behind the last byte, and behind the FIN.
    data_end: u32,
    fin_end: Option<u32>,
    fin_at: Option<Duration>,
    /// When new data last left.
    new_data_at: Duration,
    /// The highest acknowledgment that reached this side.
    acked: u32,
}

/// One connection of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Life {
    pub(super) began: Duration,
    /// The emission number of the first SYN.
    pub(super) first: Option<u64>,
    pub(super) opened_by: Option<Side>,
    /// When each host entered ESTABLISHED last.
    established: [Option<Duration>; 2],
    pub(super) endings: [Option<(Duration, Ending)>; 2],
    pub(super) resets: Vec<SentReset>,
    /// The first forged RST: the trigger's emission number, the time, and in whose name.
    pub(super) forged_reset: Option<(u64, Duration, Side)>,
    /// The first forged FIN, likewise.
    pub(super) forged_fin: Option<(u64, Duration, Side)>,
    sent: [Sent; 2],
    /// When each side took the FIN of the other side.
    fin_taken: [Option<Duration>; 2],
    packets: Vec<Duration>,
}

/// The connections of a run.
pub(super) struct Lives {
    lives: BTreeMap<(u16, u16), Vec<Life>>,
}

impl Lives {
    pub(super) fn new(trace: &Trace) -> Self {
        let mut lives = Self { lives: BTreeMap::new() };
        for event in trace.events() {
            match event {
                Event::Packet(packet) => lives.packet(packet, trace.bytes(packet), false),
                Event::Forged(packet) => lives.packet(packet, trace.bytes(packet), true),
                Event::Note(side, note) => lives.note(*side, note),
            }
        }
        lives
    }

    /// The connection between `ends` that began at `since` or later, or was the last before.
    pub(super) fn find(&self, ends: [SocketAddr; 2], since: Duration) -> Option<&Life> {
        let lives = self.lives.get(&ports(ends))?;
        lives.iter().find(|life| life.began >= since).or(lives.last())
    }

    /// Data connections that were attempted in that time and never opened at both ends.
    pub(super) fn attempts(&self, since: Duration, until: Duration) -> impl Iterator<Item = &Life> {
        let within = move |life: &&Life| life.began >= since && life.began <= until;
        let data = self.lives.iter().filter(|((_, server), _)| *server != CONTROL_PORT);
        data.flat_map(|(_, lives)| lives).filter(within)
    }

    /// Whether a data connection began before.
    pub(super) fn has_earlier(&self, before: Duration) -> bool {
        self.attempts(Duration::ZERO, before).next().is_some()
    }

    fn packet(&mut self, packet: &PacketEvent, bytes: &[u8], forged: bool) {
        let Some(segment) = Segment::parse_headers(bytes) else { return };
        let key = match packet.from {
            Side::Client => (segment.source.port(), segment.destination.port()),
            Side::Server => (segment.destination.port(), segment.source.port()),
        };
        let lives = self.lives.entry(key).or_default();
        let syn = segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK);
        let known = lives.last().and_then(|life| life.sent[packet.from as usize].isn);
        if lives.is_empty() || (syn && !forged && known.is_some_and(|isn| isn != segment.seq)) {
            lives.push(Life { began: packet.at, ..Life::default() });
        }
        let Some(life) = lives.last_mut() else { return };
        life.takes(packet, &segment, forged);
    }

    fn note(&mut self, side: Side, note: &Note) {
        let key = match side {
            Side::Client => (note.local.port(), note.peer.port()),
            Side::Server => (note.peer.port(), note.local.port()),
        };
        let lives = self.lives.entry(key).or_default();
        let begins = matches!(
            note.kind,
            NoteKind::State { from: State::Closed | State::Listen, to: State::SynSent }
        );
        if lives.is_empty() || (begins && lives.last().is_some_and(|life| life.first.is_some())) {
            lives.push(Life { began: note.at, ..Life::default() });
        }
        let Some(life) = lives.last_mut() else { return };
        let here = side as usize;
        match note.kind {
            NoteKind::State { to, .. } => {
                if to == State::SynReceived {
                    life.endings[here] = None;
                }
                if to == State::Established {
                    life.established[here] = Some(note.at);
                }
                let took = matches!(
                    to,
                    State::CloseWait | State::Closing | State::TimeWait | State::LastAck
                );
                if took {
                    life.fin_taken[here].get_or_insert(note.at);
                }
            }
            NoteKind::Ended(ending) => {
                life.endings[here].get_or_insert((note.at, ending));
            }
            NoteKind::ResetSent(cause) => {
                life.resets.push(SentReset { at: note.at, side, cause, packet: None });
            }
            NoteKind::Divergence(_) | NoteKind::Discarded(_) | NoteKind::Unchallenged => {}
        }
    }
}

impl Life {
    fn takes(&mut self, packet: &PacketEvent, segment: &Segment, forged: bool) {
        let (from, at) = (packet.from, packet.at);
        let reset = segment.flags.has(Flags::RST);
        if forged {
            if reset {
                self.forged_reset.get_or_insert((packet.emission, at, from));
            } else if segment.flags.has(Flags::FIN) {
                self.forged_fin.get_or_insert((packet.emission, at, from));
            }
            return;
        }
        self.packets.push(at);
        if reset {
            let noted = |it: &&mut SentReset| it.side == from && it.packet.is_none();
            if let Some(noted) = self.resets.iter_mut().find(noted) {
                noted.packet = Some(packet.emission);
            }
        }
        let other = &mut self.sent[from.peer() as usize];
        if packet.fate.arrives()
            && segment.flags.has(Flags::ACK)
            && let Some(isn) = other.isn
        {
            let acked = segment.ack.wrapping_sub(isn);
            if acked <= 1 << 30 {
                other.acked = other.acked.max(acked);
            }
        }
        let sent = &mut self.sent[from as usize];
        if segment.flags.has(Flags::SYN) {
            // A host that gave up the handshake answers the next copy of the SYN as a new one.
            if sent.isn.is_some_and(|isn| isn != segment.seq) {
                *sent = Sent::default();
            }
            sent.isn.get_or_insert(segment.seq);
            if !segment.flags.has(Flags::ACK) {
                self.first.get_or_insert(packet.emission);
                self.opened_by.get_or_insert(from);
            }
        }
        let Some(isn) = sent.isn else { return };
        let start = segment.seq.wrapping_sub(isn) + u32::from(segment.flags.has(Flags::SYN));
        let end = start.wrapping_add(u32::from(segment.payload_len));
        if !reset && end < 1 << 31 {
            if end > sent.data_end {
                sent.new_data_at = at;
            }
            sent.data_end = sent.data_end.max(end);
            if segment.flags.has(Flags::FIN) {
                sent.fin_end.get_or_insert(end + 1);
                sent.fin_at.get_or_insert(at);
            }
        }
    }

    /// Whether the connection opened at a host.
    pub(super) fn is_established(&self) -> bool {
        self.established.iter().any(Option::is_some)
    }

    /// The RST that decided: the first of a host, unless both hosts had finished before. A host that
    /// gave up the handshake may accept a SYN that is sent again.
    pub(super) fn deciding_reset(&self) -> Option<&SentReset> {
        let finished = |at: Duration| {
            self.endings
                .iter()
                .all(|it| it.is_some_and(|(when, ending)| ending == Ending::Finished && when <= at))
        };
        let opened_later = |reset: &SentReset| {
            self.established[reset.side as usize].is_some_and(|opened| opened > reset.at)
        };
        self.resets.iter().find(|reset| {
            reset.packet.is_some()
                && !opened_later(reset)
                && !finished(reset.at)
                && !matches!(
                    reset.cause,
                    ResetCause::NoConnection | ResetCause::TimeWait | ResetCause::UnacceptableAck
                )
        })
    }

    /// Whether the connection opened at the host of `side`.
    pub(super) fn opened_at(&self, side: Side) -> bool {
        self.established[side as usize].is_some()
    }

    /// Whether a host gave up before its FIN had left and before any data could have left again: the
    /// first retransmission timeout is a second (RFC 6298 §2).
    pub(super) fn ended_before_a_repeat(&self, reset: &SentReset) -> bool {
        let sent = &self.sent[reset.side as usize];
        let waited = reset.at.saturating_sub(sent.new_data_at);
        sent.fin_at.is_none() && waited < Duration::from_secs(1)
    }

    /// Whether data of `side` was never acknowledged to that side.
    pub(super) fn data_outstanding(&self, side: Side) -> bool {
        let sent = &self.sent[side as usize];
        sent.acked.max(1) < sent.data_end
    }

    /// Whether the FIN of `side` was never acknowledged to that side.
    pub(super) fn fin_outstanding(&self, side: Side) -> bool {
        let sent = &self.sent[side as usize];
        sent.fin_end.is_some_and(|end| sent.acked < end)
    }

    /// When the FIN of `side` was taken by the other side.
    pub(super) fn fin_taken(&self, side: Side) -> Option<Duration> {
        self.fin_taken[side.peer() as usize].filter(|_| self.sent[side as usize].fin_at.is_some())
    }

    /// When a FIN in the name of `side` was taken, whether `side` had sent one or not.
    pub(super) fn end_taken(&self, side: Side) -> Option<Duration> {
        self.fin_taken[side.peer() as usize]
    }

    /// When `side` first sent its FIN.
    pub(super) fn fin_sent(&self, side: Side) -> Option<Duration> {
        self.sent[side as usize].fin_at
    }

    /// The longest silence right before `at`: the packet that a forged RST follows does not count.
    pub(super) fn silence_before(&self, at: Duration) -> Duration {
        let before: Vec<_> =
            self.packets.iter().rev().filter(|when| **when <= at).take(2).collect();
        match before[..] {
            [last, earlier] => (*last - *earlier).max(at - *last),
            [last] => at - *last,
            _ => Duration::ZERO,
        }
    }
}
