//! `connection.rs` is one TCP connection: a smoltcp interface, a socket set of one, and beside them
//! what smoltcp does not keep. It knows its own segments; the rules about them are next door.

pub(crate) mod admission;
pub(crate) mod clocks;
pub(crate) mod deadline;
pub(crate) mod seq;
pub(crate) mod sequence_space;
pub(crate) mod socket;

use std::cell::Cell;
use std::net::SocketAddrV4;

use smoltcp::iface::{Config as InterfaceConfig, Interface, SocketSet};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use crate::config::{Config, Congestion};
use crate::connection::clocks::Clocks;
use crate::connection::sequence_space::{ReceiveSpace, SendSpace};
use crate::connection::socket::Seat;
use crate::ending::Ending;
use crate::ids::Key;
use crate::packet::device::Port;
use crate::packet::header::Headers;
use crate::packet::pool::Packet;
use crate::packet::segment::Flags;
use crate::packet::wire::Wire;
use crate::state::State;
use crate::time::Moment;

/// Who answers for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The slot is free.
    Nobody,
    /// It is not accepted yet; the listener's slot.
    Listener(u32),
    /// The user knows its name.
    User,
    /// The user closed it, and the host finishes it alone.
    Orphan,
}

/// What is known of smoltcp's answers without asking: each costs as much as a part of a packet, and
/// after most events there is nothing to say. `packets.rs` has the rules; debug builds ask all the
/// same and compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PollHint {
    /// Ask.
    Unknown,
    /// Egress has nothing.
    Quiet,
    /// Egress has nothing, and no deadline runs.
    Idle,
}

/// What smoltcp's socket shows, read once after each call of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) state: State,
    /// Bytes in the receive ring, whether or not the user may still have them.
    pub(crate) received: usize,
    /// Bytes in the send ring, acknowledged ones left out.
    pub(crate) queued: usize,
}

impl View {
    const CLOSED: Self = Self { state: State::Closed, received: 0, queued: 0 };
}

/// One connection, or the memory of one.
pub(crate) struct Connection {
    interface: Interface,
    seat: Seat,
    /// Counts the connections this slot has held.
    pub(crate) generation: u32,
    pub(crate) owner: Owner,
    /// It waits for egress.
    pub(crate) touched: bool,
    /// What smoltcp would answer if it were asked now, where that is known.
    pub(crate) poll_hint: PollHint,
    /// smoltcp looks at the clock only where a timer of its own has come (CUBIC always does).
    pub(crate) asks_no_clock: bool,
    /// A `Ready` about it waits.
    pub(crate) ready: bool,
    pub(crate) key: Key,
    pub(crate) local: SocketAddrV4,
    pub(crate) peer: SocketAddrV4,
    pub(crate) view: View,
    /// The state that all was told of; `view` is ahead of it until `Host::follow`.
    pub(crate) state: State,
    pub(crate) established: bool,
    pub(crate) ending: Option<Ending>,
    /// A reset destroyed what was unread.
    pub(crate) flushed: bool,
    /// The user has asked for its status since it gave bytes last: it may wait for them to leave.
    pub(crate) asked: Cell<bool>,
    /// The user closed before the handshake was complete: the FIN waits for ESTABLISHED.
    pub(crate) fin_deferred: bool,
    /// Unread bytes have outlived TIME-WAIT.
    pub(crate) outlived: bool,
    pub(crate) send: SendSpace,
    pub(crate) receive: ReceiveSpace,
    pub(crate) clocks: Clocks,
}

impl Connection {
    /// A free slot.
    pub(crate) fn vacant(wire: &mut Wire) -> Self {
        let interface_config = InterfaceConfig::new(HardwareAddress::Ip);
        let nowhere = SocketAddrV4::new(std::net::Ipv4Addr::UNSPECIFIED, 0);
        Self {
            interface: Interface::new(interface_config, &mut wire.port(None), Instant::ZERO),
            seat: Seat::new(),
            generation: 0,
            owner: Owner::Nobody,
            touched: false,
            poll_hint: PollHint::Unknown,
            asks_no_clock: true,
            ready: false,
            key: Key::connection(0, nowhere),
            local: nowhere,
            peer: nowhere,
            view: View::CLOSED,
            state: State::Closed,
            established: false,
            ending: None,
            flushed: false,
            asked: Cell::new(false),
            fin_deferred: false,
            outlived: false,
            send: SendSpace::default(),
            receive: ReceiveSpace::default(),
            clocks: Clocks::opened(Moment::default()),
        }
    }

    /// Begin a connection in this slot. `seed` decides its initial sequence number.
    pub(crate) fn open(
        &mut self,
        now: Moment,
        [local, peer]: [SocketAddrV4; 2],
        seed: u64,
        config: &Config,
        wire: &mut Wire,
    ) {
        let mut interface_config = InterfaceConfig::new(HardwareAddress::Ip);
        interface_config.random_seed = seed;
        self.interface = Interface::new(interface_config, &mut wire.port(None), now.instant());
        self.interface.update_ip_addrs(|addresses| {
            // There is room for one: the list is new.
            let _ = addresses.push(IpCidr::new(IpAddress::Ipv4(*local.ip()), 32));
        });
        // A fresh socket each time: smoltcp's own reset keeps parts of the last connection.
        self.seat.take([config.receive_buffer, config.send_buffer]);
        let socket = self.seat.socket();
        socket.set_congestion_control(match config.congestion {
            Congestion::None => tcp::CongestionControl::None,
            Congestion::Reno => tcp::CongestionControl::Reno,
            Congestion::Cubic => tcp::CongestionControl::Cubic,
        });
        socket.set_nagle_enabled(config.nagle);
        socket.set_ack_delay(config.ack_delay.map(smoltcp::time::Duration::from));
        self.asks_no_clock = config.congestion != Congestion::Cubic;
        self.key = Key::connection(local.port(), peer);
        self.local = local;
        self.peer = peer;
        self.view = View::CLOSED;
        self.state = State::Closed;
        self.established = false;
        self.ending = None;
        self.flushed = false;
        self.fin_deferred = false;
        self.outlived = false;
        self.ready = false;
        self.send = SendSpace::default();
        self.receive = ReceiveSpace::default();
        self.receive.scale = scale_of(config.receive_buffer);
        self.clocks = Clocks::opened(now);
    }

    /// End the slot's use; the next connection in it has its memory.
    pub(crate) fn vacate(&mut self) {
        self.owner = Owner::Nobody;
        self.generation = self.generation.wrapping_add(1);
        self.ready = false;
    }

    /// Start an active OPEN.
    pub(crate) fn connect(&mut self) {
        let (local, peer) = (self.local, self.peer);
        self.seat
            .socket()
            .connect(self.interface.context(), peer, local)
            .expect("a fresh socket connects to any address the host has checked");
        self.look();
    }

    /// Start a passive OPEN.
    pub(crate) fn listen(&mut self) {
        let port = self.local.port();
        let socket = self.seat.socket();
        socket.listen(port).expect("a fresh socket listens on a port that is not 0");
        self.look();
        self.state = State::Listen;
    }

    #[inline]
    pub(crate) fn peek(&self) -> &tcp::Socket<'static> {
        self.seat.peek()
    }

    /// Call smoltcp's socket.
    #[inline]
    pub(crate) fn ask<R>(&mut self, call: impl FnOnce(&mut tcp::Socket<'static>) -> R) -> R {
        let result = call(self.seat.socket());
        self.look();
        result
    }

    #[inline]
    fn look(&mut self) {
        let socket = self.seat.peek();
        self.view = View {
            state: named(socket.state()),
            received: socket.recv_queue(),
            queued: socket.send_queue(),
        };
    }

    /// Bytes the user may receive.
    #[inline]
    pub(crate) fn unread(&self) -> usize {
        if self.flushed { 0 } else { self.view.received }
    }

    /// RCV.NXT.
    #[inline]
    pub(crate) fn rcv_nxt(&self) -> u32 {
        self.receive.nxt(self.view.received)
    }

    /// Whether a synchronized connection is still alive (RFC 9293 §3.3.2).
    #[inline]
    pub(crate) fn synchronized(&self) -> bool {
        !matches!(self.state, State::Closed | State::Listen | State::SynSent | State::SynReceived)
    }

    /// Whether taking bytes may have made smoltcp want to send: it announces a window that has at
    /// least doubled. In TIME-WAIT it may be free to expire at last.
    #[inline]
    pub(crate) fn wants_egress_after_receive(&self) -> bool {
        let free = self.peek().recv_capacity() - self.view.received;
        let offered = self.receive.edge.wrapping_sub(self.rcv_nxt()) as usize;
        let scale = self.receive.scale;
        (free >> scale) / 2 >= offered >> scale || self.state == State::TimeWait
    }

    /// Give smoltcp a packet; its reply, if any, waits on the wire.
    #[inline]
    pub(crate) fn feed(&mut self, now: Moment, bytes: &[u8], wire: &mut Wire) {
        let mut port = wire.port(Some(bytes));
        ingress(&mut self.interface, now, &mut port, self.seat.set());
        self.look();
        if let Some(reply) = port.leaving {
            self.left(now, &reply);
            wire.leaving.push_back(reply);
        }
    }

    /// The next packet smoltcp wants to send.
    #[inline]
    pub(crate) fn egress(&mut self, now: Moment, wire: &mut Wire) -> Option<Packet> {
        let mut port = wire.port(None);
        egress(&mut self.interface, now, &mut port, self.seat.set());
        self.look();
        let mut packet = port.leaving?;
        self.left(now, &packet);
        self.poll_hint = self.calm_after_packet();
        if let Some(mark) = self.send.urgent {
            wire.mark_urgent(&mut packet, mark);
        }
        Some(packet)
    }

    /// When smoltcp wants to be polled.
    #[inline]
    pub(crate) fn poll_at(&mut self, now: Moment) -> Moment {
        let at = self.interface.poll_at(now.instant(), self.seat.set());
        at.map_or(Moment::NEVER, Moment::from)
    }

    /// Read what leaves: SND.MAX and the window we offer.
    #[inline]
    fn left(&mut self, now: Moment, packet: &[u8]) {
        // smoltcp writes no IPv4 options.
        let both = packet.first_chunk().expect("smoltcp sends whole headers");
        let headers = Headers::adjacent(both);
        let flags = headers.flags();
        if flags.has(Flags::RST) {
            return;
        }
        let data = packet.len() - headers.payload_start();
        let [syn, fin] = [Flags::SYN, Flags::FIN].map(|flag| flags.has(flag));
        let len = u32::try_from(data).unwrap_or(0) + u32::from(syn) + u32::from(fin);
        self.send.left(headers.seq(), len, syn);
        if flags.has(Flags::ACK) {
            let shift = if syn { 0 } else { self.receive.scale };
            self.receive.acknowledged = headers.ack();
            self.receive.edge = headers.ack().wrapping_add(u32::from(headers.window()) << shift);
        }
        self.clocks.active = now;
    }

    /// Close smoltcp's socket without a RST on the wire; what was received stays readable.
    pub(crate) fn silence(&mut self, now: Moment, wire: &mut Wire) {
        self.seat.socket().abort();
        let mut port = wire.port(None);
        egress(&mut self.interface, now, &mut port, self.seat.set());
        self.look();
        if let Some(unwanted) = port.leaving {
            wire.pool.recycle(unwanted);
        }
    }

    /// The RST of an ABORT, with smoltcp's sequence number; `None` if it has nobody to send it to.
    pub(crate) fn reset(&mut self, now: Moment, wire: &mut Wire) -> Option<Packet> {
        self.seat.socket().abort();
        let mut port = wire.port(None);
        // One poll more, or the RST never leaves (smoltcp drops it with the socket).
        egress(&mut self.interface, now, &mut port, self.seat.set());
        self.look();
        port.leaving
    }

    /// Its two ends.
    #[inline]
    pub(crate) fn ends(&self) -> [SocketAddrV4; 2] {
        [self.local, self.peer]
    }
}

/// smoltcp's name of a state as RFC 9293 has it.
#[inline]
fn named(state: tcp::State) -> State {
    match state {
        tcp::State::Closed => State::Closed,
        tcp::State::Listen => State::Listen,
        tcp::State::SynSent => State::SynSent,
        tcp::State::SynReceived => State::SynReceived,
        tcp::State::Established => State::Established,
        tcp::State::FinWait1 => State::FinWait1,
        tcp::State::FinWait2 => State::FinWait2,
        tcp::State::CloseWait => State::CloseWait,
        tcp::State::Closing => State::Closing,
        tcp::State::LastAck => State::LastAck,
        tcp::State::TimeWait => State::TimeWait,
    }
}

/// smoltcp takes a packet in. Once in the program and not in each caller: smoltcp is large beside a
/// processor's first cache for code.
#[inline(never)]
pub(crate) fn ingress(
    interface: &mut Interface,
    now: Moment,
    port: &mut Port<'_>,
    sockets: &mut SocketSet<'static>,
) {
    interface.poll_ingress_single(now.instant(), port, sockets);
}

/// smoltcp lets at most one packet out. Once in the program, as `ingress`.
#[inline(never)]
fn egress(
    interface: &mut Interface,
    now: Moment,
    port: &mut Port<'_>,
    sockets: &mut SocketSet<'static>,
) {
    interface.poll_egress(now.instant(), port, sockets);
}

/// smoltcp's window scale for a ring of `len` bytes (RFC 7323 §2.3).
fn scale_of(len: usize) -> u8 {
    u8::try_from((usize::BITS - len.leading_zeros()).saturating_sub(16)).unwrap_or(14)
}
