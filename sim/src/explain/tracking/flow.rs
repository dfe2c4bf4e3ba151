//! `flow` owns one TCP connection of a capture: both ends, the RSTs, and the times of the handshake.

use std::net::SocketAddr;

use halfclose_stack::{Flags, ResetCause};

use super::endpoint::Endpoint;
use super::reset_seen::{ResetSeen, Trigger};
use crate::explain::decode::Segment;

/// RSTs that are kept of one end.
const RESETS: usize = 3;

/// A time to live that differs by less is a change of route, not another sender.
const TTL_SLACK: u8 = 2;

/// What a connection is to the protocol above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    /// Not known, or nothing of FTP.
    #[default]
    Other,
    /// A control connection of FTP.
    Control,
    /// A data connection of FTP.
    Data,
}

/// One TCP connection of a capture.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    /// The number of the connection in the capture, from 0.
    pub(crate) number: u64,
    /// The client's address, and the server's.
    pub(crate) addresses: [SocketAddr; 2],
    /// The client's end, and the server's.
    pub(crate) ends: [Endpoint; 2],
    /// The number of the first packet.
    pub(crate) first_frame: u64,
    /// The last packet, and its time.
    pub(crate) last: (u64, u64),
    /// The handshake: the SYN-ACK's last time, and the time of the client's first packet behind it.
    pub(crate) syn_ack_at: Option<u64>,
    pub(crate) opened_at: Option<u64>,
    /// The SYN's time when the first SYN-ACK passed.
    pub(crate) answered_syn_at: u64,
    pub(crate) first_syn_ack_at: u64,
    /// RSTs in order, at most a few.
    pub(crate) resets: Vec<ResetSeen>,
    /// How many RSTs passed in all.
    pub(crate) reset_count: u32,
    triggers: [Trigger; 2],
    /// The longest time without a packet, and the packet behind it.
    pub(crate) longest_silence: (u64, u64),
    /// An earlier connection between the same addresses and ports ended so long before.
    pub(crate) reused_after: Option<u64>,
    /// Packets of the connection.
    pub(crate) packets: u64,
    /// The first frame whose data came on the connection.
    pub(crate) first_data: u64,
    /// What the connection is to FTP, and the number of its control connection.
    pub(crate) role: Role,
    pub(crate) session: u64,
    /// The capture names at least one packet as forged that is no RST.
    pub(crate) forged_fin: bool,
}

impl Flow {
    /// The connection that begins with `segment`.
    pub(crate) fn new(number: u64, segment: &Segment<'_>) -> Self {
        let (from, to) = (segment.from, segment.to);
        let (syn, ack) = (segment.flags.has(Flags::SYN), segment.flags.has(Flags::ACK));
        // Without a SYN the lower port is the server's; FTP's active data comes from port 20.
        let client_first = match (syn, ack) {
            (true, false) => true,
            (true, true) => false,
            (false, _) => is_client_port(from.port(), to.port()),
        };
        let addresses = if client_first { [from, to] } else { [to, from] };
        Self {
            number,
            addresses,
            ends: [Endpoint::default(), Endpoint::default()],
            first_frame: segment.frame,
            last: (segment.frame, segment.at),
            syn_ack_at: None,
            opened_at: None,
            answered_syn_at: 0,
            first_syn_ack_at: 0,
            resets: Vec::new(),
            reset_count: 0,
            triggers: [Trigger::default(); 2],
            longest_silence: (0, 0),
            reused_after: None,
            packets: 0,
            first_data: 0,
            role: Role::Other,
            session: 0,
            forged_fin: false,
        }
    }

    /// The end that sent `segment`: 0 the client, 1 the server.
    pub(crate) fn side_of(&self, from: SocketAddr) -> usize {
        usize::from(from != self.addresses[0])
    }

    /// Whether `segment` opens another connection between the same addresses and ports.
    pub(crate) fn is_begun_anew_by(&self, segment: &Segment<'_>) -> bool {
        let (syn, ack) = (segment.flags.has(Flags::SYN), segment.flags.has(Flags::ACK));
        let end = &self.ends[self.side_of(segment.from)];
        syn && !ack && end.is_based() && !end.begins_with(segment.seq)
    }

    /// Whether the FIN of `side` was sent after the other end's FIN had arrived there.
    pub(crate) fn answers_fin(&self, side: usize) -> bool {
        let other = self.ends[1 - side].fin;
        self.ends[side].fin.zip(other).is_some_and(|(own, other)| own.heard >= other.end)
    }

    /// Whether nothing more is expected: both FINs are acknowledged, or a RST passed.
    pub(crate) fn is_over(&self) -> bool {
        let finished = |end: &Endpoint| end.fin.is_some_and(|fin| fin.acked.is_some());
        self.reset_count > 0 || self.ends.iter().all(finished)
    }

    /// Whether the handshake was completed, or data passed.
    pub(crate) fn is_established(&self) -> bool {
        let [client, server] = &self.ends;
        self.opened_at.is_some()
            || client.bytes() > 0
            || server.bytes() > 0
            || (client.syn.is_none() && server.syn.is_none() && client.packets + server.packets > 0)
            || (client.syn.is_none() && self.syn_ack_at.is_some() && client.packets > 0)
    }

    /// Takes the next packet of the connection.
    pub(crate) fn take(&mut self, segment: &Segment<'_>) {
        let from = self.side_of(segment.from);
        let flags = segment.flags;
        self.packets += 1;
        let silence = segment.at.saturating_sub(self.last.1);
        if silence > self.longest_silence.0 {
            self.longest_silence = (silence, segment.frame);
        }
        if flags.has(Flags::RST) {
            self.takes_reset(segment, from, silence);
        } else {
            self.contradict(segment, from);
            self.takes(segment, from);
        }
        self.last = (segment.frame, segment.at);
        if !flags.has(Flags::RST) {
            self.triggers[from] =
                Trigger { frame: segment.frame, len: segment.len, syn: flags.has(Flags::SYN) };
        }
    }

    fn takes(&mut self, segment: &Segment<'_>, from: usize) {
        let (syn, ack) = (segment.flags.has(Flags::SYN), segment.flags.has(Flags::ACK));
        if syn && ack {
            if self.syn_ack_at.is_none() {
                self.answered_syn_at = self.ends[1 - from].last_syn_at;
                self.first_syn_ack_at = segment.at;
            }
            self.syn_ack_at = Some(segment.at);
        } else if from == 0 && !syn && ack && self.opened_at.is_none() && self.syn_ack_at.is_some()
        {
            self.opened_at = Some(segment.at);
        }
        if ack {
            self.ends[1 - from].acknowledged(segment);
        }
        let heard = self.ends[1 - from].acked;
        if segment.len > 0 && self.first_data == 0 {
            self.first_data = segment.frame;
        }
        self.ends[from].sent(segment, heard);
    }

    fn takes_reset(&mut self, segment: &Segment<'_>, from: usize, silence: u64) {
        self.reset_count += 1;
        if self.resets.iter().filter(|reset| reset.from == from).count() == RESETS {
            return;
        }
        let (own, peer) = (&self.ends[from], &self.ends[1 - from]);
        let has_ack = segment.flags.has(Flags::ACK);
        let finished = |end: &Endpoint| end.fin.is_some_and(|fin| end.acked >= fin.end);
        let odd_ttl = own.ttl_steady
            && own.packets >= 2
            && own.ttl.is_some_and(|ttl| ttl.abs_diff(segment.ttl) > TTL_SLACK);
        let odd_header = odd_ttl || own.jumps(segment.ip_id);
        self.resets.push(ResetSeen {
            frame: segment.frame,
            at: segment.at,
            from,
            seq: own.relative(segment.seq),
            has_ack,
            ack: if has_ack { peer.relative(segment.ack) } else { None },
            code: ResetCause::code_in(segment.payload),
            silence,
            trigger: self.triggers[1 - from],
            next: own.next,
            acked: own.acked,
            peer_next: peer.next,
            peer_acked: peer.acked,
            peer_data: peer.data_end(),
            own_fin: own.fin.is_some(),
            own_fin_acked: finished(own),
            peer_fin_acked: finished(peer),
            fruitless: own.fruitless,
            peer_silence: segment.at.saturating_sub(peer.last.1),
            contradicted: None,
            odd_header,
            declared_forged: false,
        });
    }

    /// The capture itself says that no host sent the packet `frame`.
    pub(crate) fn declare_forged(&mut self, frame: u64) {
        match self.resets.iter_mut().find(|reset| reset.frame == frame) {
            Some(reset) => reset.declared_forged = true,
            None => self.forged_fin = true,
        }
    }

    /// A packet behind a RST of the same end: new data, or a repeat of data, shows that the end knows
    /// nothing of the RST.
    fn contradict(&mut self, segment: &Segment<'_>, from: usize) {
        if self.resets.is_empty() {
            return;
        }
        let end = &self.ends[from];
        let Some(start) = end.relative(segment.seq) else { return };
        let behind = start + i64::from(segment.len) + i64::from(segment.flags.has(Flags::FIN));
        let frame = segment.frame;
        // A RST without an acknowledgment answers an old packet: newer ones may be on the way.
        for reset in self.resets.iter_mut().filter(|reset| reset.from == from && reset.has_ack) {
            let at = reset.seq.unwrap_or(reset.next).max(reset.next);
            // What was sent before the RST may arrive behind it; what is newer may not.
            if behind > at && reset.contradicted.is_none() {
                reset.contradicted = Some(frame);
            }
        }
    }
}

/// Whether `port` is the client's, by habit: not 20 or 21, and not the lower one below 1024.
fn is_client_port(port: u16, other: u16) -> bool {
    match (port, other) {
        (21, _) => false,
        (_, 21) | (20, _) => true,
        (_, 20) => false,
        _ => port > other,
    }
}
