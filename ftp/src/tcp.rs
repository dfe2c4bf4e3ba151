//! `tcp` is the user interface of a TCP host (RFC 9293 §3.9.1) as a trait: what a session needs of
//! a network, and all it may know of one. The simulation and the kernel's sockets each implement it.

use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// A connection, as its host names it. Never reused while the run lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conn(pub u64);

/// A passive OPEN that accepts connections, as its host names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listener(pub u64);

/// How a connection ended, seen from one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// The peer's FIN arrived, in order, after its last byte.
    Finished,
    /// The peer's RST arrived (ECONNRESET).
    Reset,
    /// A RST answered our SYN (ECONNREFUSED).
    Refused,
    /// The host gave up: retransmission, FIN-WAIT-2 or a user timeout (ETIMEDOUT).
    TimedOut,
    /// This side called abort.
    Aborted,
    /// The stack can never move this connection again; a watchdog ended it.
    Stalled,
}

/// STATUS of RFC 9293 §3.9.1.5, as far as a program may act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The handshake is complete.
    pub established: bool,
    /// Bytes taken by `send` and not transmitted even once.
    pub unsent: usize,
    /// Bytes taken by `send` and not acknowledged yet, the unsent ones included.
    pub unacknowledged: usize,
    /// Received bytes that wait for `receive`.
    pub unread: usize,
    /// The peer's FIN has arrived (bytes may still wait for `receive`).
    pub peer_closed: bool,
    /// Set once nothing more will be sent or received; also by a reset that came after the peer's FIN
    /// and that `receive`, which gives the bytes and the FIN first, never tells.
    pub ending: Option<Ending>,
    /// Local address.
    pub local: SocketAddr,
    /// The peer's address.
    pub peer: SocketAddr,
}

/// Something to look at. A host says so once per change, never by being scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ready {
    /// `accept` has a connection to give.
    Accept(Listener),
    /// The connection opened, received, was acknowledged, transmitted its last unsent byte (said only if
    /// `status` was asked since `send`) or ended: ask it.
    Conn(Conn),
}

/// A host's TCP, for its user. Nothing blocks; every call may be followed by a `Ready` later.
///
/// A program closes (or aborts) every connection it has been given, exactly once; the name is dead
/// from then on, and the host finishes the connection by itself.
pub trait Tcp {
    /// Active OPEN from `from` (or an ephemeral port) to `to`.
    ///
    /// # Errors
    /// The address is in use, or no port is free.
    fn connect(&mut self, from: Option<SocketAddr>, to: SocketAddr) -> io::Result<Conn>;

    /// Passive OPEN at `at` (port 0: any free port). Returns the address it listens on.
    ///
    /// # Errors
    /// The address is in use, or no port is free.
    fn listen(&mut self, at: SocketAddr, backlog: usize) -> io::Result<(Listener, SocketAddr)>;

    /// The next connection that has completed its handshake.
    fn accept(&mut self, from: Listener) -> Option<Conn>;

    /// Stop listening; connections not yet accepted are reset.
    fn unlisten(&mut self, at: Listener);

    /// SEND: what `fill` writes and returns is owned by the connection from then on: transmitted,
    /// or lost by abort. `fill` is called with each free piece of the send buffer (two where the
    /// ring wraps) until one is not filled. Returns the bytes taken; 0 means: full, wait for `Ready`.
    fn send(
        &mut self,
        on: Conn,
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> ControlFlow<Ending, usize>;

    /// RECEIVE: `take` consumes all it is given, at most `limit` bytes in all: that is the
    /// back-pressure. Returns the bytes taken, 0 when none waits; `Break` once the connection has
    /// ended and nothing is left to take (`Finished` for the peer's FIN).
    fn receive(
        &mut self,
        on: Conn,
        limit: usize,
        take: &mut dyn FnMut(&[u8]),
    ) -> ControlFlow<Ending, usize>;

    /// Mark the byte sent last as urgent (RFC 9293 §3.8.5), as Telnet's Synch needs it.
    fn urgent(&mut self, on: Conn);

    /// Shut the sending side: a FIN after all that was sent. Receiving goes on.
    fn shutdown(&mut self, on: Conn);

    /// CLOSE: a FIN after all that was sent, and nothing more is received. What becomes of bytes
    /// that wait unread is the host's close policy.
    fn close(&mut self, on: Conn);

    /// ABORT: whatever may be transmitted now has been; the rest is dropped and a RST sent.
    fn abort(&mut self, on: Conn);

    /// STATUS.
    fn status(&self, on: Conn) -> Status;

    /// The next thing to look at, in the order it happened.
    fn poll_ready(&mut self) -> Option<Ready>;
}
