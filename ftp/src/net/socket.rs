//! `net::socket` is one connection: what it owes the kernel, and what the kernel has said of it.

use super::fairness::Fairness;
use super::queue;
use super::sending::Shut;
use crate::tcp::{Ending, Status};
use mio::event::Event;
use mio::net::TcpStream;
use socket2::{Domain, SockRef, Socket as RawSocket, Type};
use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Duration;

/// How often a connection is read in a lap: with the buffer of all, 2 MiB.
pub const READS: usize = 8;
/// How much a peer may still send after we have closed: more of it, and it gets a RST.
const DISCARD_LIMIT: usize = 256 << 10;

/// One connection.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) stream: TcpStream,
    pub(super) fairness: Fairness,
    local: SocketAddr,
    peer: SocketAddr,
    /// The handshake is complete.
    pub(super) open: bool,
    /// There may be something to read; the kernel says when again.
    readable: bool,
    /// The kernel takes no more; it says when again.
    pub(super) blocked: bool,
    /// It waits for the end of the lap.
    pub(super) corked: bool,
    /// Something was sent on it: somebody may wait for that.
    pub(super) spoke: bool,
    /// The user has closed it.
    closing: bool,
    /// A FIN is to follow what is owed, or has followed.
    pub(super) shut: Shut,
    /// The kernel has announced an error, which nobody has fetched.
    announced: bool,
    /// Nothing more can be sent, and why.
    pub(super) lost: Option<Ending>,
    /// An error that a send or a question has fetched: the bytes before it are still to be read, and
    /// behind them the kernel will only say that they have ended.
    pub(super) fetched: Option<Ending>,
    /// Nothing more will be received, and why.
    ended: Option<Ending>,
    /// Owed to the kernel.
    pub(super) owed: Vec<u8>,
    /// Where the byte after the urgent one stands in it.
    pub(super) urgent: Option<usize>,
    /// What came after the user had closed it.
    dropped: usize,
}

impl Socket {
    /// Active OPEN. True if it has failed already, so that no event will say so.
    pub(super) fn connect(from: Option<SocketAddr>, to: SocketAddr) -> io::Result<(Self, bool)> {
        let raw = RawSocket::new(Domain::for_address(to), Type::STREAM, None)?;
        raw.set_nonblocking(true)?;
        if let Some(from) = from {
            raw.set_reuse_address(true)?;
            raw.bind(&from.into())?;
        }
        let refused = match raw.connect(&to.into()) {
            Ok(()) => None,
            Err(error) if in_progress(&error) => None,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Some(Ending::Refused),
            Err(error) => return Err(error),
        };
        let mut socket = Self::new(TcpStream::from_std(raw.into()), to)?;
        (socket.lost, socket.ended) = (refused, refused);
        Ok((socket, refused.is_some()))
    }

    /// What a listener has given.
    pub(super) fn accepted(stream: TcpStream, peer: SocketAddr) -> io::Result<Self> {
        let socket = Self::new(stream, peer)?;
        Ok(Self { open: true, readable: true, ..socket })
    }

    fn new(stream: TcpStream, peer: SocketAddr) -> io::Result<Self> {
        // Small pieces are gathered here, so nothing is won by Nagle's waiting.
        stream.set_nodelay(true)?;
        // A Synch's data mark is a byte of the line it stands in (RFC 854).
        SockRef::from(&stream).set_out_of_band_inline(true)?;
        let local = canonical(stream.local_addr()?);
        Ok(Self {
            stream,
            fairness: Fairness::default(),
            local,
            peer: canonical(peer),
            open: false,
            readable: false,
            blocked: false,
            corked: false,
            spoke: false,
            closing: false,
            shut: Shut::No,
            announced: false,
            lost: None,
            fetched: None,
            ended: None,
            owed: Vec::new(),
            urgent: None,
            dropped: 0,
        })
    }

    pub(super) fn handle_event(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.announced |= event.is_error();
        if event.is_writable() {
            self.blocked = false;
        }
        if !self.open && self.ended.is_none() {
            self.look_whether_open();
        } else if !self.blocked && !self.owed.is_empty() {
            self.flush();
        }
    }

    /// The answer to our SYN may have come.
    fn look_whether_open(&mut self) {
        match self.stream.take_error() {
            Ok(None) => {
                // Without an answer there is no peer yet.
                self.open = self.stream.peer_addr().is_ok();
                if self.open {
                    self.readable = true;
                    self.local = self.stream.local_addr().map_or(self.local, canonical);
                }
            }
            Ok(Some(error)) | Err(error) => {
                let ending = ending(&error);
                // A reset after the handshake: it was open, and what came before is to be read.
                self.open = ending == Ending::Reset;
                self.fetched = Some(ending);
                self.lost = Some(ending);
                if !self.open {
                    self.ended = Some(ending);
                }
            }
        }
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// One read.
    pub(super) fn receive(
        &mut self,
        buffer: &mut [u8],
        take: &mut dyn FnMut(&[u8]),
    ) -> ControlFlow<Ending, usize> {
        if let Some(ending) = self.ended {
            return ControlFlow::Break(ending);
        }
        if !self.readable || buffer.is_empty() {
            return ControlFlow::Continue(0);
        }
        let ending = loop {
            match (&self.stream).read(buffer) {
                Ok(0) => break self.fetched.unwrap_or(Ending::Finished),
                Ok(bytes) => {
                    take(&buffer[..bytes]);
                    return ControlFlow::Continue(bytes);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readable = false;
                    return ControlFlow::Continue(0);
                }
                Err(error) => {
                    self.lost = Some(ending(&error));
                    break ending(&error);
                }
            }
        };
        self.ended = Some(ending);
        ControlFlow::Break(ending)
    }

    /// The user has closed it. Call `go_on_closing` at once, and whenever it has something to say.
    pub(super) fn close(&mut self) {
        self.closing = true;
        self.set_reset_if_closed(false);
        self.shutdown();
    }

    /// Gives what is owed, says FIN, and waits for the peer's end, if the peer may still wait for
    /// something. True once the socket may be dropped.
    pub(super) fn go_on_closing(&mut self, buffer: &mut [u8]) -> bool {
        if !self.open || self.lost.is_some() {
            return true;
        }
        self.flush();
        if !self.is_flushed() {
            return false;
        }
        loop {
            if !self.spoke || self.lost.is_some() || self.dropped > DISCARD_LIMIT {
                return true;
            }
            match self.receive(buffer, &mut |_| ()) {
                ControlFlow::Break(_) => return true,
                ControlFlow::Continue(0) => return false,
                ControlFlow::Continue(bytes) => self.dropped += bytes,
            }
        }
    }

    /// Transmits what may be transmitted now, then a RST.
    pub(super) fn abort(mut self) {
        self.flush();
        self.set_reset_if_closed(true);
    }

    /// Whether the system's close, whoever calls it, is a RST.
    pub(super) fn set_reset_if_closed(&self, reset: bool) {
        let linger = reset.then_some(Duration::ZERO);
        // It fails if the connection is gone already: then there is nobody to tell.
        let _ = SockRef::from(&self.stream).set_linger(linger);
    }

    pub(super) fn status(&self) -> Status {
        let (mut unsent, mut unacknowledged) = (self.owed.len(), self.owed.len());
        if self.spoke && self.open && self.lost.is_none() {
            unsent += queue::unsent(&self.stream);
            unacknowledged += queue::unacknowledged(self.local, self.peer).max(unsent);
        }
        let unread = if self.open { queue::unread(&self.stream) } else { 0 };
        // A reset is known of before the bytes in front of it are read; what else an error could be
        // then is told when it is fetched.
        let announced = (self.announced && self.open).then_some(Ending::Reset);
        Status {
            established: self.open,
            unsent,
            unacknowledged,
            unread,
            peer_closed: self.ended == Some(Ending::Finished),
            ending: self.lost.or(self.ended).or(announced),
            local: self.local,
            peer: self.peer,
        }
    }
}

/// How a connection ends that ends with this error.
pub(super) fn ending(error: &io::Error) -> Ending {
    match error.kind() {
        ErrorKind::ConnectionRefused => Ending::Refused,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            Ending::Reset
        }
        // ETIMEDOUT, EHOSTUNREACH, ENETUNREACH: the host gave up.
        _ => Ending::TimedOut,
    }
}

fn in_progress(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
        || error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

/// An IPv4 peer of a listener for both families is an IPv4 peer.
fn canonical(at: SocketAddr) -> SocketAddr {
    SocketAddr::new(at.ip().to_canonical(), at.port())
}
