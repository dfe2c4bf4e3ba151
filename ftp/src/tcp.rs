//! `tcp` is the user interface of a TCP host (RFC 9293 §3.9.1) as a trait: everything that a
//! session needs of a network. The simulation and the kernel's sockets each implement the trait;
//! see `examples/own_transport.rs` for an implementation of your own.

use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// The name of a connection, given out by the host. A host never uses a name twice in a run. The
/// low 32 bits should be a small index: a driver keeps a table by this index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conn(pub u64);

/// The name of a listener (a passive OPEN), given out by the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listener(pub u64);

/// How a connection ended, seen from one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// The peer's FIN arrived, in order, after the peer's last byte.
    Finished,
    /// The peer's RST arrived (ECONNRESET).
    Reset,
    /// A RST answered our SYN (ECONNREFUSED).
    Refused,
    /// The host gave up: retransmission, FIN-WAIT-2 or a user timeout (ETIMEDOUT).
    TimedOut,
    /// This side aborted the connection.
    Aborted,
    /// The stack can never move this connection again; a watchdog ended the connection.
    Stalled,
}

/// STATUS of RFC 9293 §3.9.1.5: the part that a program may act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The handshake is complete.
    pub established: bool,
    /// Bytes accepted by `send` and never transmitted.
    pub unsent: usize,
    /// Bytes accepted by `send` and not acknowledged, unsent bytes included.
    pub unacknowledged: usize,
    /// Received bytes that wait for `receive`.
    pub unread: usize,
    /// The peer's FIN has arrived (bytes may still wait for `receive`).
    pub peer_closed: bool,
    /// Set once no byte will be sent or received any more. A reset after the peer's FIN also
    /// appears here, although `receive` returns the bytes and the FIN first and never the reset.
    pub ending: Option<Ending>,
    /// The local address of the connection.
    pub local: SocketAddr,
    /// The peer's address of the connection.
    pub peer: SocketAddr,
}

/// A change that a program should look at. A host reports each change once and is never scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ready {
    /// `accept` can return a connection.
    Accept(Listener),
    /// The connection opened, received bytes, had bytes acknowledged, transmitted the last unsent
    /// byte (reported only if `status` was called since `send`), or ended: call the methods.
    Conn(Conn),
}

/// A host's TCP, for a program. No call blocks; a `Ready` may follow any call.
///
/// A program closes or aborts every connection exactly once. The name is dead from then on, and the
/// host finishes the connection alone.
pub trait Tcp {
    /// Active OPEN from `from` (or an ephemeral port) to `to`.
    ///
    /// # Errors
    /// The address is in use, or no port is free.
    fn connect(&mut self, from: Option<SocketAddr>, to: SocketAddr) -> io::Result<Conn>;

    /// Passive OPEN at `at` (port 0: any free port). Returns the listener and its address.
    ///
    /// # Errors
    /// The address is in use, or no port is free.
    fn listen(&mut self, at: SocketAddr, backlog: usize) -> io::Result<(Listener, SocketAddr)>;

    /// Returns the next connection with a complete handshake.
    fn accept(&mut self, from: Listener) -> Option<Conn>;

    /// Stops to listen; connections that were not accepted are reset.
    fn unlisten(&mut self, at: Listener);

    /// SEND. `fill` writes bytes into the free space and returns their number; the connection
    /// transmits the bytes, unless aborted. `fill` is called with each free piece of the send
    /// buffer (two pieces where the ring wraps) until a piece is not filled. Returns the number of
    /// accepted bytes; 0 means: no free space, wait for `Ready`.
    fn send(
        &mut self,
        on: Conn,
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> ControlFlow<Ending, usize>;

    /// RECEIVE. `take` consumes all bytes of each call, at most `limit` bytes in total
    /// (back-pressure). Returns the number of bytes, 0 if no byte waits; `Break` once the
    /// connection has ended and all bytes are taken (`Finished` for the peer's FIN).
    fn receive(
        &mut self,
        on: Conn,
        limit: usize,
        take: &mut dyn FnMut(&[u8]),
    ) -> ControlFlow<Ending, usize>;

    /// Whether `receive` would return 0 now: no byte waits, and no end of the connection. A host that
    /// cannot tell without a call of `receive` keeps the default, false.
    fn is_drained(&self, _on: Conn) -> bool {
        false
    }

    /// Marks the byte that was sent last as urgent (RFC 9293 §3.8.5), for Telnet's Synch.
    fn urgent(&mut self, on: Conn);

    /// Ends the sending side: a FIN after all sent bytes. Receiving goes on.
    fn shutdown(&mut self, on: Conn);

    /// CLOSE: a FIN after all sent bytes; nothing more is received. The treatment of unread bytes
    /// is the host's close policy.
    fn close(&mut self, on: Conn);

    /// CLOSE without a wait for the peer: for a connection that is refused and must cost nothing.
    /// The default is [`Tcp::close`].
    fn dismiss(&mut self, on: Conn) {
        self.close(on);
    }

    /// ABORT: transmits the bytes that may be transmitted now, drops the rest, and sends a RST.
    fn abort(&mut self, on: Conn);

    /// STATUS: the state of the connection.
    fn status(&self, on: Conn) -> Status;

    /// Returns how many bytes this program still holds for a connection: bytes that `send` accepted
    /// and that the operating system has not. An end of the program would lose these bytes. The
    /// default is none, for a host that is the system itself.
    fn held(&self, _on: Conn) -> usize {
        0
    }

    /// Returns the next change, in the order of the changes.
    fn poll_ready(&mut self) -> Option<Ready>;
}
