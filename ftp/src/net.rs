//! `net` is the operating system's TCP for a [`Driver`](crate::Driver): non-blocking sockets of any
//! number on one thread. The room knows bytes and connections, but no protocol.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use halfclose_ftp::{Driver, MemoryStore, ServerConfig, net::Sockets};
//! let mut sockets = Sockets::new()?;
//! let mut server = Driver::server(ServerConfig::default(), MemoryStore::new());
//! server.listen(&mut sockets, "127.0.0.1:2121".parse()?, 1024)?;
//! loop {
//!     let now = sockets.now();
//!     server.pump(&mut sockets, now);
//!     sockets.wait(server.next_wakeup())?;
//! }
//! # }
//! ```
//!
//! - One lap is one [`Sockets::wait`] and one pump. In a lap every connection has a share
//!   ([`READS`] reads, one buffer to send); a connection with more data continues in the next lap.
//! - All connections share one receive buffer; an idle connection costs the socket and a few
//!   hundred bytes.
//! - Small pieces wait for the end of the lap, so that they leave in one packet with the pieces
//!   that follow.
//! - `close` sends a FIN and then waits for a peer that still sends: a socket closed over unread
//!   bytes sends a RST, which destroys bytes on the way to the peer (measured with 7 of 11
//!   servers). `abort` sends a RST, by `SO_LINGER`.
//! - A reset is reported after the bytes before the reset, as the kernel reports; also if a failed
//!   send, or the check for an open connection, has fetched the kernel's error.

mod closing;
mod events;
mod fairness;
mod listener;
mod queue;
mod sending;
mod socket;

use crate::slot_table::{self, SlotTable};
use crate::tcp::{Conn, Ending, Listener, Ready, Status, Tcp};
use closing::Closing;
use fairness::Lap;
use listener::{Accepted, KernelListener};
use mio::{Events, Interest, Poll, Token};
use socket::Socket;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

pub use socket::READS;

/// The size in bytes of the shared buffer, and so of one read or send.
const BUFFER: usize = 256 << 10;
/// The most connections that are accepted from a listener in a lap.
const ACCEPTS: usize = 64;
/// The interval of looks at a send queue that a program waits for: the kernel has no event for an
/// acknowledgement.
const WATCH: Duration = Duration::from_millis(1);
/// The rest of a listener after the system has run out of file descriptors or memory.
const REST: Duration = Duration::from_millis(100);
/// The token of the waking stream. Tokens of connections are even, tokens of listeners odd.
const CALLER: Token = Token(usize::MAX);

/// The sockets of a program.
#[derive(Debug)]
pub struct Sockets {
    poll: Poll,
    events: Events,
    began: Instant,
    /// The time when this lap began.
    now: Duration,
    lap: Lap,
    conns: SlotTable<Socket>,
    listeners: SlotTable<KernelListener>,
    /// The changes to report in this lap, and in the next.
    ready: VecDeque<Ready>,
    again: VecDeque<Ready>,
    /// Connections with small pieces that wait for the end of the lap.
    corked: Vec<u64>,
    /// Connections that the program has closed, until they are done.
    closing: Closing,
    /// Resting listeners, with the end of the rest.
    resting: VecDeque<(Duration, Listener)>,
    /// Connections with a send queue that the program has asked about.
    watched: RefCell<Vec<u64>>,
    buffer: Vec<u8>,
    /// The stream that ends a wait from outside.
    caller: Option<mio::net::UnixStream>,
    reset_if_killed: bool,
}

impl Sockets {
    /// Creates an empty set of sockets.
    ///
    /// # Errors
    /// The system has no file descriptor left.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            began: instant(),
            now: Duration::ZERO,
            lap: Lap::default(),
            conns: SlotTable::default(),
            listeners: SlotTable::default(),
            ready: VecDeque::new(),
            again: VecDeque::new(),
            corked: Vec::new(),
            closing: Closing::default(),
            resting: VecDeque::new(),
            watched: RefCell::default(),
            buffer: vec![0; BUFFER],
            caller: None,
            reset_if_killed: false,
        })
    }

    /// Limits the closed connections whose peers have not ended yet: each holds a file descriptor
    /// for ten seconds. Beyond the limit, and beyond an eighth of the limit for one address, the
    /// oldest is dropped.
    pub fn limit_closing(&mut self, most: usize) {
        self.closing.limit(most);
    }

    /// Takes over a listening socket that another program has made: for socket activation. Returns
    /// the listener and its address.
    ///
    /// # Errors
    /// The socket does not listen, or the system has no file descriptor left.
    pub fn adopt(&mut self, socket: std::net::TcpListener) -> io::Result<(Listener, SocketAddr)> {
        self.add_listener(KernelListener::adopt(socket)?)
    }

    fn add_listener(
        &mut self,
        (listener, at): (KernelListener, SocketAddr),
    ) -> io::Result<(Listener, SocketAddr)> {
        let name = self.listeners.insert(listener);
        let listener = self.listeners.get_mut(name).expect("the listener was inserted");
        let token = Token(2 * slot_table::index(name) + 1);
        if let Err(error) =
            self.poll.registry().register(&mut listener.listener, token, Interest::READABLE)
        {
            self.listeners.remove(name);
            return Err(error);
        }
        Ok((Listener(name), at))
    }

    /// Ends a [`Sockets::wait`] whenever `stream` is readable: for the pipe of a signal handler.
    /// The stream is not read.
    ///
    /// # Errors
    /// The stream cannot be waited for.
    pub fn wake_by(&mut self, stream: UnixStream) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        let mut caller = mio::net::UnixStream::from_std(stream);
        self.poll.registry().register(&mut caller, CALLER, Interest::READABLE)?;
        self.caller = Some(caller);
        Ok(())
    }

    /// Returns a function that ends a [`Sockets::wait`] from another thread. Call this once.
    ///
    /// # Errors
    /// The system has no file descriptor left.
    pub fn waker(&self) -> io::Result<impl Fn() + Send + Sync + 'static> {
        let waker = mio::Waker::new(self.poll.registry(), CALLER)?;
        // A wait that cannot be ended ends at its time.
        Ok(move || drop(waker.wake()))
    }

    /// Whether new connections end with a RST if the program is killed, instead of the system's
    /// FIN, which looks like the end of a file (RFC 959 §3.4.1).
    pub fn set_reset_if_killed(&mut self, reset: bool) {
        self.reset_if_killed = reset;
    }

    /// The time since these sockets were made, in whole microseconds.
    #[must_use]
    pub fn now(&self) -> Duration {
        let elapsed = instant().duration_since(self.began);
        Duration::from_micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
    }

    /// The number of connections, closed connections included until they are done.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.conns.len()
    }

    /// Whether the kernel has accepted every sent byte.
    #[must_use]
    pub fn is_flushed(&self) -> bool {
        self.conns.values().all(Socket::is_flushed)
    }

    /// Begins the next lap: sends the small pieces of the last lap, and waits until a socket is
    /// ready, or until the time `until`.
    ///
    /// # Errors
    /// The system cannot wait: out of memory, or a bug.
    pub fn wait(&mut self, until: Option<Duration>) -> io::Result<()> {
        self.uncork();
        self.lap = self.lap.next();
        std::mem::swap(&mut self.ready, &mut self.again);
        self.now = self.now();
        self.close_overdue();
        let watch = (!self.watched.borrow().is_empty()).then(|| self.now + WATCH);
        let rested = self.resting.front().map(|(at, _)| *at);
        let wakeups = [until, watch, rested, self.closing.next()];
        let until = match self.ready.is_empty() {
            true => wakeups.into_iter().flatten().min(),
            false => Some(self.now),
        };
        let timeout = until.map(|until| until.saturating_sub(self.now));
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.events.clear(),
            polled => polled?,
        }
        self.now = self.now();
        self.take_events();
        self.look_again();
        Ok(())
    }

    fn insert(&mut self, socket: Socket) -> io::Result<Conn> {
        if self.reset_if_killed {
            socket.set_reset_if_closed(true);
        }
        let name = self.conns.insert(socket);
        let socket = self.conns.get_mut(name).expect("the socket was inserted");
        let interest = Interest::READABLE | Interest::WRITABLE;
        let token = Token(2 * slot_table::index(name));
        match self.poll.registry().register(&mut socket.stream, token, interest) {
            Ok(()) => Ok(Conn(name)),
            Err(error) => {
                self.conns.remove(name);
                Err(error)
            }
        }
    }

    /// Continues the connection in the next lap.
    fn come_again(&mut self, name: u64) {
        if let Some(socket) = self.conns.get_mut(name)
            && socket.fairness.queue(self.lap.next())
        {
            self.again.push_back(Ready::Conn(Conn(name)));
        }
    }
}

impl Tcp for Sockets {
    fn connect(&mut self, from: Option<SocketAddr>, to: SocketAddr) -> io::Result<Conn> {
        let (socket, refused) = Socket::connect(from, to)?;
        let conn = self.insert(socket)?;
        if refused {
            self.come_again(conn.0);
        }
        Ok(conn)
    }

    fn listen(&mut self, at: SocketAddr, backlog: usize) -> io::Result<(Listener, SocketAddr)> {
        self.add_listener(KernelListener::open(at, backlog)?)
    }

    fn accept(&mut self, from: Listener) -> Option<Conn> {
        loop {
            let listener = self.listeners.get_mut(from.0)?;
            if !listener.fairness.take(self.lap, ACCEPTS) {
                if listener.fairness.queue(self.lap.next()) {
                    self.again.push_back(Ready::Accept(from));
                }
                return None;
            }
            match listener.accept() {
                Accepted::Socket(socket) => {
                    if let Ok(conn) = self.insert(socket) {
                        return Some(conn);
                    }
                }
                Accepted::Nothing => return None,
                Accepted::Exhausted => {
                    self.resting.push_back((self.now + REST, from));
                    return None;
                }
            }
        }
    }

    fn unlisten(&mut self, at: Listener) {
        self.listeners.remove(at.0);
    }

    fn send(
        &mut self,
        on: Conn,
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> ControlFlow<Ending, usize> {
        let Some(socket) = self.conns.get_mut(on.0) else {
            return ControlFlow::Break(Ending::Aborted);
        };
        let sent = socket.send(&mut self.buffer, fill)?;
        if sent > 0 && socket.cork() {
            self.corked.push(on.0);
        }
        if sent == self.buffer.len() && !socket.is_blocked() {
            self.come_again(on.0);
        }
        ControlFlow::Continue(sent)
    }

    fn receive(
        &mut self,
        on: Conn,
        limit: usize,
        take: &mut dyn FnMut(&[u8]),
    ) -> ControlFlow<Ending, usize> {
        let Some(socket) = self.conns.get_mut(on.0) else {
            return ControlFlow::Break(Ending::Aborted);
        };
        if !socket.fairness.take(self.lap, READS) {
            self.come_again(on.0);
            return ControlFlow::Continue(0);
        }
        let limit = limit.min(self.buffer.len());
        socket.receive(&mut self.buffer[..limit], take)
    }

    fn urgent(&mut self, on: Conn) {
        if let Some(socket) = self.conns.get_mut(on.0) {
            socket.mark_urgent();
        }
    }

    fn shutdown(&mut self, on: Conn) {
        if let Some(socket) = self.conns.get_mut(on.0) {
            socket.shutdown();
        }
    }

    fn close(&mut self, on: Conn) {
        self.begin_closing(on.0);
    }

    fn dismiss(&mut self, on: Conn) {
        self.close_at_once(on.0);
    }

    fn abort(&mut self, on: Conn) {
        if let Some(socket) = self.conns.remove(on.0) {
            socket.abort();
        }
    }

    fn status(&self, on: Conn) -> Status {
        let socket =
            self.conns.get(on.0).expect("a connection is asked for before it is given back");
        let status = socket.status();
        if status.unacknowledged > 0 {
            self.watched.borrow_mut().push(on.0);
        }
        status
    }

    fn held(&self, on: Conn) -> usize {
        let held = self.conns.get(on.0).map_or(0, Socket::owes);
        if held > 0 {
            self.watched.borrow_mut().push(on.0);
        }
        held
    }

    fn poll_ready(&mut self) -> Option<Ready> {
        while let Some(ready) = self.ready.pop_front() {
            match ready {
                Ready::Conn(conn) => match self.conns.get_mut(conn.0) {
                    Some(socket) if !socket.is_closing() => return Some(ready),
                    _ => {}
                },
                Ready::Accept(listener) if self.listeners.get(listener.0).is_some() => {
                    return Some(ready);
                }
                Ready::Accept(_) => {}
            }
        }
        None
    }
}

/// Reads the clock: the only place of the crate that reads a clock.
#[expect(clippy::disallowed_methods, reason = "real sockets live in real time; no run has them")]
fn instant() -> Instant {
    Instant::now()
}
