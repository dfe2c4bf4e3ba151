//! `net` is the operating system's TCP for a [`Driver`](crate::Driver): sockets by readiness, on one
//! thread, however many there are. It knows bytes and connections; it does not know what is said on
//! them.
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
//! - One lap is one [`Sockets::wait`] and one pump. In a lap every connection has a share of it
//!   ([`READS`] reads, one buffer to send): one that wants more comes again in the next.
//! - Received bytes go from the one buffer of all connections to whoever takes them; a connection
//!   that has nothing to send costs its socket and a few hundred bytes.
//! - Small pieces wait for the end of the lap, so that what follows at once leaves with them.
//! - `close` is a FIN, and then patience with a peer that still sends: a socket that is closed over
//!   unread bytes says RST, which destroys what is on its way to the peer (measured with 7 of 11
//!   servers). `abort` is a RST, by `SO_LINGER`.
//! - A reset is told after the bytes that came before it, as the kernel has it; also if a failed
//!   send, or the question whether a connection has opened, took the kernel's word for it away.

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

/// The buffer of all connections: what is received or sent at once.
const BUFFER: usize = 256 << 10;
/// How many connections are taken from a listener in a lap.
const ACCEPTS: usize = 64;
/// How often a connection is looked at whose send queue somebody waits for: the kernel has no event
/// for an acknowledgement.
const WATCH: Duration = Duration::from_millis(1);
/// How long a listener rests when the system has nothing left to make a connection of.
const REST: Duration = Duration::from_millis(100);
/// Tokens of connections are even, of listeners odd; this one is whoever calls from outside.
const CALLER: Token = Token(usize::MAX);

/// The sockets of a program.
#[derive(Debug)]
pub struct Sockets {
    poll: Poll,
    events: Events,
    began: Instant,
    /// When this lap began.
    now: Duration,
    lap: Lap,
    conns: SlotTable<Socket>,
    listeners: SlotTable<KernelListener>,
    /// What the user is told of in this lap, and in the next.
    ready: VecDeque<Ready>,
    again: VecDeque<Ready>,
    /// Connections with small pieces that wait for the end of the lap.
    corked: Vec<u64>,
    /// Connections that the user has closed, until they are done.
    closing: Closing,
    /// Listeners that rest, since the system is exhausted, and until when.
    resting: VecDeque<(Duration, Listener)>,
    /// Connections whose send queue was asked for, and was not empty.
    watched: RefCell<Vec<u64>>,
    buffer: Vec<u8>,
    /// Who ends a wait from outside.
    caller: Option<mio::net::UnixStream>,
    reset_if_killed: bool,
}

impl Sockets {
    /// No sockets yet.
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

    /// Ends a [`Sockets::wait`] whenever something can be read from that stream: a signal's pipe. It is
    /// not read.
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

    /// Whether connections from now on end with a RST if the program is killed, and not with the FIN
    /// that the system sends for it, which looks like the end of a file (RFC 959 §3.4.1).
    pub fn set_reset_if_killed(&mut self, reset: bool) {
        self.reset_if_killed = reset;
    }

    /// The time since these sockets were made.
    #[must_use]
    pub fn now(&self) -> Duration {
        let elapsed = instant().duration_since(self.began);
        Duration::from_micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
    }

    /// How many connections there are, those included that are closed and not done yet.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.conns.len()
    }

    /// Whether every byte that was sent is the kernel's to deliver.
    #[must_use]
    pub fn is_flushed(&self) -> bool {
        self.conns.values().all(Socket::is_flushed)
    }

    /// Begins the next lap: sends what waited for the end of this one, and waits until something is
    /// ready, or until that time.
    ///
    /// # Errors
    /// The system cannot wait: a bug, or no memory.
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

    /// In this lap there is nothing left for it: the next one.
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
        let (listener, at) = KernelListener::open(at, backlog)?;
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

/// The one place of this crate that asks what time it is.
#[expect(clippy::disallowed_methods, reason = "real sockets live in real time; no run has them")]
fn instant() -> Instant {
    Instant::now()
}
