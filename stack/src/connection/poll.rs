//! `poll.rs` owns the polls of smoltcp for one connection: at most one packet in, at most one packet out,
//! and the next deadline. A [`PollHint`] says when a poll would find no packet and can be left out.

use smoltcp::iface::{Interface, SocketSet};
use smoltcp::socket::tcp;

use crate::connection::deadline::Patience;
use crate::connection::observation::Before;
use crate::connection::socket_hash::Call;
use crate::connection::{Connection, Owner};
use crate::packet::device::PacketDevice;
use crate::packet::pool::Packet;
use crate::packet::segment::{Flags, Segment};
use crate::packet::wire::Wire;
use crate::state::State;
use crate::time::{Moment, Span};

/// The result of a poll of smoltcp, as far as the result is known without a poll. A poll costs a good
/// part of the cost of a packet, and after most events no packet leaves. Debug builds poll all the same
/// and compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PollHint {
    /// Nothing is known, so poll.
    Unknown,
    /// No packet would leave now.
    Quiet,
    /// No packet would leave, and smoltcp has no deadline.
    Idle,
    /// No packet would leave at the time of the last segment, whose data has started the delay of an
    /// acknowledgment (RFC 9293 §3.8.6.3).
    Delayed,
}

/// The result of [`Connection::settle`].
pub(crate) struct Settled {
    /// When smoltcp wants to be polled again.
    pub(crate) poll_at: Moment,
    /// The earlier of `poll_at` and the connection's own deadline.
    pub(crate) wakeup: Moment,
    /// Whether all bytes given to SEND have left, and the user waits for this news.
    pub(crate) all_sent: bool,
    /// Whether unread bytes have outlived TIME-WAIT, for the first time.
    pub(crate) outlived: bool,
}

impl Connection {
    /// Mark the connection as waiting for a poll. True if the connection did not wait before.
    #[inline]
    pub(crate) fn touch(&mut self) -> bool {
        self.poll_hint = PollHint::Unknown;
        !std::mem::replace(&mut self.touched, true)
    }

    /// Mark the connection as waiting for a poll after `segment` has arrived. True as for `touch`.
    #[inline]
    pub(crate) fn touch_after(&mut self, now: Moment, segment: &Segment, before: &Before) -> bool {
        if self.touched {
            self.poll_hint = PollHint::Unknown;
            return false;
        }
        self.poll_hint = self.hint_after_segment(segment, before);
        if self.poll_hint == PollHint::Delayed {
            self.clocks.delayed = now;
        }
        self.touched = true;
        true
    }

    /// Mark the connection as polled.
    pub(crate) fn untouch(&mut self) {
        self.touched = false;
    }

    /// Whether no further packet would leave.
    pub(crate) fn is_quiet(&self) -> bool {
        self.poll_hint != PollHint::Unknown
    }

    /// Give a packet to smoltcp. True if smoltcp replies: the reply waits on the wire.
    #[inline(always)]
    pub(crate) fn feed(&mut self, now: Moment, bytes: &[u8], wire: &mut Wire) -> bool {
        if self.view.state == State::Listen {
            // smoltcp draws the initial sequence number.
            self.socket.forget_hash();
        }
        let mut device = wire.device(Some(bytes));
        let sockets = self.socket.set(now, Call::Arrival { packet: bytes, mtu: device.mtu });
        ingress(&mut self.interface, now, &mut device, sockets);
        self.look();
        let Some(reply) = device.leaving else { return false };
        self.left(now, &reply);
        self.answered = true;
        wire.leaving.push_back(reply);
        true
    }

    /// The next packet to send. No poll if the hint excludes a packet.
    #[inline]
    pub(crate) fn poll_packet(&mut self, now: Moment, wire: &mut Wire) -> Option<Packet> {
        let asks = match self.poll_hint {
            PollHint::Unknown => !self.outlives_time_wait(now),
            PollHint::Delayed => now != self.clocks.delayed,
            PollHint::Quiet | PollHint::Idle => false,
        };
        if asks {
            return self.egress(now, wire);
        }
        debug_assert!(
            self.outlives_time_wait(now) || self.egress(now, wire).is_none(),
            "a quiet connection has nothing to send"
        );
        None
    }

    /// Put all packets on the wire that may leave now.
    pub(crate) fn flush(&mut self, now: Moment, wire: &mut Wire) {
        let idle = self.poll_hint == PollHint::Idle;
        if idle && !cfg!(debug_assertions) {
            return;
        }
        while let Some(packet) = self.egress(now, wire) {
            debug_assert!(!idle, "an idle connection has nothing to send");
            wire.leaving.push_back(packet);
        }
    }

    #[inline(always)]
    fn egress(&mut self, now: Moment, wire: &mut Wire) -> Option<Packet> {
        let mut packet = self.egress_raw(now, wire)?;
        let rested = self.send.una == self.send.max;
        self.left(now, &packet);
        self.answered = false;
        if rested && self.send.una != self.send.max {
            self.clocks.started = now;
        }
        self.poll_hint = self.hint_after_packet();
        if self.send.rare {
            self.send_rare(&mut packet, wire);
        }
        Some(packet)
    }

    /// Mark urgent data in a packet that leaves, and keep account of short segments: smoltcp holds a short
    /// segment back while anything is unacknowledged, so smoltcp's algorithm is on only while a short
    /// segment is (draft-minshall-nagle-01).
    #[cold]
    fn send_rare(&mut self, packet: &mut Packet, wire: &Wire) {
        if let Some(mark) = self.send.urgent {
            wire.mark_urgent(packet, mark);
        }
        let Some(largest) = self.minshall else { return };
        let segment = Segment::peek(packet).expect("smoltcp sends whole headers");
        if (1..largest).contains(&segment.payload_len) {
            self.send.short = segment.data_end();
        }
        self.follow_minshall();
    }

    /// Account for an acknowledgment that counts for an urgent mark or a short segment.
    #[cold]
    pub(super) fn acknowledge_rare(&mut self) {
        self.send.forget_mark();
        self.follow_minshall();
    }

    fn follow_minshall(&mut self) {
        if self.minshall.is_some() {
            let waits = self.send.short_waits();
            self.socket.get_mut().set_nagle_enabled(waits);
        }
    }

    /// Close smoltcp's socket by smoltcp's ABORT. Returns the RST of smoltcp, if there is a RST.
    /// Received bytes stay readable.
    pub(super) fn abort_socket(&mut self, now: Moment, wire: &mut Wire) -> Option<Packet> {
        self.socket.call(now, |socket| (Call::Abort, socket.abort()));
        // One poll more, or the RST never leaves: smoltcp drops the RST with the socket.
        self.egress_raw(now, wire)
    }

    #[inline(always)]
    fn egress_raw(&mut self, now: Moment, wire: &mut Wire) -> Option<Packet> {
        let mut device = wire.device(None);
        let sockets = self.socket.set(now, Call::Poll { mtu: device.mtu });
        egress(&mut self.interface, now, &mut device, sockets);
        self.look();
        device.leaving
    }

    /// Read the sequence variables from the headers of a packet that leaves: SND.MAX, and the offered
    /// window.
    #[inline(always)]
    fn left(&mut self, now: Moment, packet: &[u8]) {
        let segment = Segment::peek(packet).expect("smoltcp sends whole headers");
        if segment.flags.has(Flags::RST) {
            return;
        }
        let syn = segment.flags.has(Flags::SYN);
        self.send.left(segment.seq, segment.len(), syn);
        if segment.flags.has(Flags::ACK) {
            self.receive.offered(segment.ack, segment.window, syn);
        }
        self.clocks.active = now;
    }

    /// Update deadlines and hints once no packet leaves any more, and collect news for the user.
    #[inline]
    pub(crate) fn settle(&mut self, now: Moment, patience: &Patience) -> Settled {
        let all_left = self.send.waiting && self.send.unsent() == 0;
        if all_left {
            self.send.waiting = false;
        }
        if self.asks_no_clock && self.rests() {
            self.poll_hint = PollHint::Idle;
        }
        let outlives = self.outlives_time_wait(now);
        let outlived = outlives && !std::mem::replace(&mut self.outlived, true);
        let poll_at = match outlives {
            true => Moment::NEVER,
            // Never now: no packet was left to send a moment ago, and the clock must move.
            false => match self.next_poll(now) {
                at if at > now => at,
                _ => now.after(Span::millis(1)),
            },
        };
        if !poll_at.comes() && !outlives && self.asks_no_clock {
            self.poll_hint = PollHint::Idle;
        }
        self.tick(now, poll_at);
        let (deadline, _) = self.deadline(patience);
        let wakeup = poll_at.min(deadline.max(now));
        Settled { poll_at, wakeup, all_sent: all_left && self.asked.get(), outlived }
    }

    #[inline]
    fn next_poll(&mut self, now: Moment) -> Moment {
        let known = self.known_poll(now);
        if let Some(at) = known
            && !cfg!(debug_assertions)
        {
            return at;
        }
        let at = self.ask_smoltcp(now);
        let Some(known) = known else { return at };
        let early = known == now.after(Span::SHORTEST_RTO) && known < at && at.comes();
        debug_assert!(known == at || early, "smoltcp waits until {at:?}, not {known:?}");
        known
    }

    /// The deadline of smoltcp, from smoltcp. Not inlined: after most packets the deadline is known.
    #[inline(never)]
    fn ask_smoltcp(&mut self, now: Moment) -> Moment {
        let at = self.interface.poll_at(now.instant(), self.socket.shared());
        at.map_or(Moment::NEVER, Moment::from)
    }

    /// The deadline of smoltcp, where the deadline follows from the variables: a question to smoltcp costs
    /// more. The deadline of a timer for retransmission may be too early by a longer round trip; the
    /// wake-up then asks smoltcp.
    #[inline]
    fn known_poll(&self, now: Moment) -> Option<Moment> {
        match self.poll_hint {
            PollHint::Idle => return Some(Moment::NEVER),
            PollHint::Delayed if self.clocks.delayed == now => {
                return self.ack_delay.map(|delay| now.after(delay));
            }
            _ => {}
        }
        let owes_ack = self.receive.acknowledged != self.rcv_nxt();
        if !self.asks_no_clock || (owes_ack && self.state != State::SynSent) {
            return None;
        }
        if self.state == State::TimeWait && self.clocks.entered == now {
            return Some(now.after(Span::TIME_WAIT));
        }
        (self.clocks.started == now && self.outstanding()).then(|| now.after(Span::SHORTEST_RTO))
    }

    /// The hint after a packet has left. No packet follows a packet with the last byte of the user and,
    /// after CLOSE, the FIN: each packet acknowledges all data that has arrived.
    #[inline]
    fn hint_after_packet(&self) -> PollHint {
        let sent_all = self.asks_no_clock && self.send.all_left(self.view.state.has_closed());
        if sent_all { PollHint::Quiet } else { PollHint::Unknown }
    }

    /// The hint after `segment` has arrived. If the segment has no data and no control bits, and nothing
    /// is outstanding in either direction, smoltcp has no timer and waits. If the segment has the data that
    /// is due, and nothing else is outstanding, the delay of an acknowledgment has begun.
    #[inline]
    fn hint_after_segment(&self, segment: &Segment, before: &Before) -> PollHint {
        let plain = segment.window > 0 && segment.is_plain();
        let data = segment.payload_len > 0;
        let rests = self.state == State::Closed || (plain && !data && self.rests());
        match self.asks_no_clock {
            true if rests => PollHint::Idle,
            true if plain && data && self.delays(segment, before) => PollHint::Delayed,
            _ => PollHint::Unknown,
        }
    }

    /// Whether the data of `segment`, and nothing else, waits for a delayed acknowledgment.
    fn delays(&self, segment: &Segment, before: &Before) -> bool {
        self.ack_delay.is_some()
            && !self.answered
            && self.state == State::Established
            && self.view.queued == 0
            && segment.seq == before.nxt
            && self.receive.acknowledged == before.nxt
            && self.rcv_nxt() == segment.data_end()
            && !self.wants_poll_after_receive()
    }

    /// Whether nothing is outstanding in either direction, in a state in which smoltcp then has no timer.
    #[inline]
    fn rests(&self) -> bool {
        matches!(self.state, State::Established | State::CloseWait | State::FinWait2)
            && self.view.queued == 0
            && self.receive.acknowledged == self.rcv_nxt()
    }

    /// Whether TIME-WAIT is over while the user still has bytes to receive. The next poll of smoltcp
    /// would destroy the bytes, so there is no poll until the user has taken the bytes.
    #[inline]
    fn outlives_time_wait(&self, now: Moment) -> bool {
        self.state == State::TimeWait
            && self.owner != Owner::Orphan
            && now >= self.clocks.entered.after(Span::TIME_WAIT)
            && self.unread() > 0
    }
}

impl From<tcp::State> for State {
    #[inline]
    fn from(state: tcp::State) -> Self {
        match state {
            tcp::State::Closed => Self::Closed,
            tcp::State::Listen => Self::Listen,
            tcp::State::SynSent => Self::SynSent,
            tcp::State::SynReceived => Self::SynReceived,
            tcp::State::Established => Self::Established,
            tcp::State::FinWait1 => Self::FinWait1,
            tcp::State::FinWait2 => Self::FinWait2,
            tcp::State::CloseWait => Self::CloseWait,
            tcp::State::Closing => Self::Closing,
            tcp::State::LastAck => Self::LastAck,
            tcp::State::TimeWait => Self::TimeWait,
        }
    }
}

/// Let smoltcp take in one packet. Not inlined: the code of smoltcp is large beside the L1 instruction
/// cache, so the program holds a single copy.
#[inline(never)]
pub(crate) fn ingress(
    interface: &mut Interface,
    now: Moment,
    device: &mut PacketDevice<'_>,
    sockets: &mut SocketSet<'static>,
) {
    interface.poll_ingress_single(now.instant(), device, sockets);
}

/// Let smoltcp send at most one packet. Not inlined, for the same reason as `ingress`.
#[inline(never)]
fn egress(
    interface: &mut Interface,
    now: Moment,
    device: &mut PacketDevice<'_>,
    sockets: &mut SocketSet<'static>,
) {
    interface.poll_egress(now.instant(), device, sockets);
}
