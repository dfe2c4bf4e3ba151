//! `connection.rs` owns one TCP connection: a smoltcp interface with one socket, and the variables that
//! smoltcp does not keep. The fields are private to this folder: each file of the folder holds one set
//! of rules. Rules about several connections are in `host/`.

pub(crate) mod admission;
mod connection_hash;
pub(crate) mod data;
pub(crate) mod deadline;
pub(crate) mod observation;
pub(crate) mod poll;
pub(crate) mod reset;
pub(crate) mod seq;
pub(crate) mod sequence_space;
pub(crate) mod socket;
mod socket_hash;
mod socket_text;
pub(crate) mod transition;

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddrV4};

use smoltcp::iface::Interface;
use smoltcp::socket::tcp;

use crate::close_policy::ResetTold;
use crate::config::{Config, Congestion, SynRetries};
use crate::connection::deadline::Clocks;
use crate::connection::poll::PollHint;
use crate::connection::sequence_space::{ReceiveSpace, SendSpace};
use crate::connection::socket::TcpSocket;
use crate::connection::socket_hash::Call;
use crate::ending::Ending;
use crate::ids::Key;
use crate::packet::segment::{Flags, Segment};
use crate::packet::wire::Wire;
use crate::state::State;
use crate::time::{Moment, Span};

/// The pause between the first SYNs with [`SynRetries::Linux`]: the first timeout of RFC 6298 §2.1.
const SYN_PAUSE: Span = Span::secs(1);

/// The time of the last SYN that smoltcp would send later, with [`SynRetries::Linux`].
const SYN_LINEAR: Span = Span::secs(4);

/// The owner of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// The slot holds no connection.
    Vacant,
    /// The listener in the named slot: the user has not accepted the connection yet.
    Listener(u32),
    /// The user, who knows the id of the connection.
    User,
    /// The host alone: the user has closed the connection.
    Orphan,
}

/// The state of smoltcp's socket, read once after each call of smoltcp.
#[derive(Clone, Copy, Debug, Hash)]
struct View {
    state: State,
    /// Bytes in the receive buffer, including bytes taken from the user by a reset.
    received: usize,
    /// Bytes in the send buffer: all bytes not acknowledged yet.
    queued: usize,
}

impl View {
    const CLOSED: Self = Self { state: State::Closed, received: 0, queued: 0 };
}

/// One connection, or the memory of the last connection in this slot.
// In memory the fields stand in this order, so that the fields that each packet needs share few lines of the
// cache.
#[repr(C)]
pub(crate) struct Connection {
    socket: TcpSocket,
    view: View,
    /// The state handled last by the host. `view.state` is newer until `Host::follow`.
    state: State,
    ending: Option<Ending>,
    poll_hint: PollHint,
    /// Whether the slot waits in the host's list of connections to poll for packets.
    touched: bool,
    /// Whether the last packet that left was an immediate answer. smoltcp then lets the delay of an
    /// earlier acknowledgment run on.
    answered: bool,
    /// Whether smoltcp reads the clock only when a timer expires. With CUBIC, smoltcp reads the clock at
    /// every packet.
    asks_no_clock: bool,
    /// Whether smoltcp is kept from losing its retransmission timer: with congestion control.
    keeps_timer: bool,
    established: bool,
    owner: Owner,
    receive: ReceiveSpace,
    send: SendSpace,
    /// The local end and the peer's end.
    ends: [SocketAddrV4; 2],
    /// The largest segment of this host with Minshall's form of Nagle's algorithm, in bytes of data;
    /// `None`: the algorithm is that of smoltcp.
    minshall: Option<u16>,
    /// The delay of an acknowledgment, if the host delays acknowledgments.
    ack_delay: Option<Span>,
    clocks: Clocks,
    interface: Interface,
    /// Whether a reset has taken the unread bytes from the user.
    flushed: bool,
    /// Whether the user hears of a reset once alone, and whether the user has heard of the ending.
    tells_reset_once: bool,
    reset_told: bool,
    /// Whether the user has called STATUS since the last SEND, and so may wait for bytes to leave.
    asked: Cell<bool>,
    /// Whether the user has closed before the handshake was complete: the FIN waits for ESTABLISHED.
    fin_deferred: bool,
    /// Whether the host has reported unread bytes at the end of TIME-WAIT.
    outlived: bool,
}

impl Connection {
    /// A slot of the host with this address. The slot holds no connection yet.
    pub(crate) fn vacant(address: Ipv4Addr, wire: &mut Wire) -> Self {
        let nowhere = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
        Self {
            interface: wire.interface(address, 0, Moment::default()),
            socket: TcpSocket::new(),
            owner: Owner::Vacant,
            touched: false,
            poll_hint: PollHint::Unknown,
            asks_no_clock: true,
            keeps_timer: true,
            ack_delay: None,
            answered: false,
            minshall: None,
            ends: [nowhere; 2],
            view: View::CLOSED,
            state: State::Closed,
            established: false,
            ending: None,
            flushed: false,
            tells_reset_once: false,
            reset_told: false,
            asked: Cell::new(false),
            fin_deferred: false,
            outlived: false,
            send: SendSpace::default(),
            receive: ReceiveSpace::default(),
            clocks: Clocks::opened(Moment::default()),
        }
    }

    /// Start a connection in this slot. `seed` decides the initial sequence number.
    pub(crate) fn open(
        &mut self,
        now: Moment,
        ends: [SocketAddrV4; 2],
        seed: u64,
        config: &Config,
        wire: &mut Wire,
    ) {
        self.interface = wire.interface(*ends[0].ip(), seed, now);
        self.renew_socket(config);
        self.asks_no_clock = config.congestion != Congestion::Cubic;
        self.keeps_timer = config.congestion != Congestion::None;
        self.ack_delay = config.ack_delay.map(Span::from);
        self.answered = false;
        self.ends = ends;
        self.view = View::CLOSED;
        self.state = State::Closed;
        self.established = false;
        self.ending = None;
        self.flushed = false;
        self.tells_reset_once = config.policy.reset_told == ResetTold::Once;
        self.reset_told = false;
        self.fin_deferred = false;
        self.outlived = false;
        self.minshall = (config.minshall && config.nagle).then(|| wire.max_segment_size());
        self.send = SendSpace::default();
        self.send.rare = self.minshall.is_some();
        self.receive = ReceiveSpace::scaled_for(config.receive_buffer);
        self.clocks = Clocks::opened(now);
        if config.syn_retries == SynRetries::Linux {
            self.clocks.syn = now.after(SYN_PAUSE);
        }
    }

    /// Put a fresh socket in the place of the socket: `Socket::reset` of smoltcp keeps parts of the last
    /// connection.
    fn renew_socket(&mut self, config: &Config) {
        self.socket.renew([config.receive_buffer, config.send_buffer]);
        let socket = self.socket.get_mut();
        socket.set_congestion_control(match config.congestion {
            Congestion::None => tcp::CongestionControl::None,
            Congestion::Reno => tcp::CongestionControl::Reno,
            Congestion::Cubic => tcp::CongestionControl::Cubic,
        });
        socket.set_nagle_enabled(config.nagle);
        socket.set_ack_delay(config.ack_delay.map(smoltcp::time::Duration::from));
    }

    /// Active OPEN, for the user.
    pub(crate) fn connect(&mut self) {
        self.owner = Owner::User;
        self.dial();
    }

    /// Send the SYN again at once, in SYN-SENT: a fresh socket with the same `seed` sends the same SYN.
    /// smoltcp counts its pauses from this SYN on.
    #[cold]
    pub(crate) fn dial_again(&mut self, now: Moment, seed: u64, config: &Config, wire: &mut Wire) {
        self.interface = wire.interface(*self.ends[0].ip(), seed, now);
        self.renew_socket(config);
        self.dial();
        let next = now.after(SYN_PAUSE);
        let last = self.clocks.entered.after(SYN_LINEAR);
        self.clocks.syn = if next > last { Moment::NEVER } else { next };
    }

    /// Let smoltcp's socket open the connection to the peer.
    fn dial(&mut self) {
        let [local, peer] = self.ends;
        let context = self.interface.context();
        let opened = self.socket.get_mut().connect(context, peer, local);
        opened.expect("a fresh socket connects to any address the host has checked");
        self.look();
    }

    /// Passive OPEN, for the listener in the slot `listener`.
    pub(crate) fn listen(&mut self, listener: u32) {
        self.owner = Owner::Listener(listener);
        let port = self.ends[0].port();
        let opened = self.socket.get_mut().listen(port);
        opened.expect("a fresh socket listens on a port that is not 0");
        self.look();
        self.state = State::Listen;
    }

    /// Take the state of `source` over, the connection of a host with the same address and MTU.
    pub(crate) fn copy_from(&mut self, source: &Self) {
        let Self {
            // An interface keeps nothing between two calls: its address and its MTU are the host's, its clock is
            // set by each poll, and its random numbers are drawn at once when a connection opens.
            interface: _,
            socket,
            owner,
            touched,
            poll_hint,
            asks_no_clock,
            keeps_timer,
            ack_delay,
            answered,
            minshall,
            ends,
            view,
            state,
            established,
            ending,
            flushed,
            tells_reset_once,
            reset_told,
            asked,
            fin_deferred,
            outlived,
            send,
            receive,
            clocks,
        } = source;
        // A slot without a connection gets a fresh socket when a connection opens.
        if *owner != Owner::Vacant {
            self.socket.copy_from(socket, source.ring_bytes());
        }
        (self.owner, self.touched, self.poll_hint) = (*owner, *touched, *poll_hint);
        (self.asks_no_clock, self.keeps_timer) = (*asks_no_clock, *keeps_timer);
        (self.ack_delay, self.answered, self.minshall) = (*ack_delay, *answered, *minshall);
        self.ends = *ends;
        (self.view, self.state, self.established) = (*view, *state, *established);
        (self.ending, self.flushed, self.outlived) = (*ending, *flushed, *outlived);
        (self.tells_reset_once, self.reset_told) = (*tells_reset_once, *reset_told);
        self.asked.set(asked.get());
        self.fin_deferred = *fin_deferred;
        (self.send, self.receive, self.clocks) = (*send, *receive, *clocks);
    }

    /// How many bytes at the beginning of each ring may be in use.
    fn ring_bytes(&self) -> [usize; 2] {
        let capacity = || self.socket.get().send_capacity();
        let queued = if self.view.queued > 0 { self.send.filled(capacity()) } else { 0 };
        [self.receive.used(), queued]
    }

    /// End the use of the slot. The next connection in the slot uses the same memory.
    pub(crate) fn vacate(&mut self) {
        self.owner = Owner::Vacant;
    }

    /// The owner of the connection.
    pub(crate) fn owner(&self) -> Owner {
        self.owner
    }

    /// Give the connection to the user, who has accepted it.
    pub(crate) fn accept(&mut self) {
        self.owner = Owner::User;
    }

    /// Take the connection from the user, who has closed the connection.
    pub(crate) fn orphan(&mut self, now: Moment) {
        self.owner = Owner::Orphan;
        self.clocks.orphaned = now;
    }

    /// The key of the connection in the demultiplexer.
    pub(crate) fn key(&self) -> Key {
        let [local, peer] = self.ends;
        Key::connection(local.port(), peer)
    }

    /// The local end and the peer's end.
    pub(crate) fn ends(&self) -> [SocketAddrV4; 2] {
        self.ends
    }

    /// The ends of a segment of the peer: the source and the destination.
    pub(crate) fn peers_ends(&self) -> [SocketAddrV4; 2] {
        let [local, peer] = self.ends;
        [peer, local]
    }

    /// The state handled last by the host.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Whether the handshake has been completed.
    pub(crate) fn is_established(&self) -> bool {
        self.established
    }

    /// The SYN-ACK of a connection in SYN-RECEIVED without options, and the window scale offered.
    pub(crate) fn syn_ack(&self) -> (Segment, u8) {
        let window = u16::try_from(self.socket.get().recv_capacity()).unwrap_or(u16::MAX);
        let numbers = [self.send.una, self.rcv_nxt()];
        let flags = Flags::SYN | Flags::ACK;
        (Segment::bare(self.ends, numbers, flags, window), self.receive.scale)
    }

    /// RCV.NXT, the next sequence number expected from the peer.
    pub(crate) fn rcv_nxt(&self) -> u32 {
        self.receive.nxt(self.view.received)
    }

    /// Whether the state is ESTABLISHED or later, and not CLOSED (RFC 9293 §3.3.2).
    pub(crate) fn synchronized(&self) -> bool {
        !matches!(self.state, State::Closed | State::Listen | State::SynSent | State::SynReceived)
    }

    /// Call smoltcp's socket, and read its state afterwards. `call` returns what the call was.
    #[inline]
    fn ask<R>(
        &mut self,
        now: Moment,
        call: impl FnOnce(&mut tcp::Socket<'static>) -> (Call<'static>, R),
    ) -> R {
        let result = self.socket.call(now, call);
        self.look();
        result
    }

    /// CLOSE of smoltcp: a FIN follows the bytes that wait to be sent.
    fn close_socket(&mut self, now: Moment) {
        self.ask(now, |socket| (Call::Close, socket.close()));
    }

    #[inline]
    fn look(&mut self) {
        let socket = self.socket.get();
        self.view = View {
            state: State::from(socket.state()),
            received: socket.recv_queue(),
            queued: socket.send_queue(),
        };
    }
}
