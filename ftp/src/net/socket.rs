//! `net::socket` owns one connection: the stream, the bytes owed to the kernel, and the state that
//! the kernel has reported.

use super::fairness::Fairness;
use super::queue;
use super::sending::Shut;
use crate::tcp::{Ending, Status};
use mio::event::Event;
use mio::net::TcpStream;
use socket2::{Domain, SockRef, Socket as RawSocket, Type};
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, SocketAddr};
use std::ops::ControlFlow;
use std::time::Duration;

/// The most reads of a connection in a lap: 2 MiB with the shared buffer.
pub const READS: usize = 8;
/// The most bytes that a peer may send after our close; then the peer gets a RST.
const DISCARD_LIMIT: usize = 256 << 10;

/// One connection of the kernel.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) stream: TcpStream,
    pub(super) fairness: Fairness,
    local: SocketAddr,
    peer: SocketAddr,
    /// The handshake is complete.
    pub(super) open: bool,
    /// Bytes may wait to be read; after an empty read the kernel reports new bytes.
    readable: bool,
    /// The kernel accepts no bytes; the kernel reports when that changes.
    pub(super) blocked: bool,
    /// Small pieces wait for the end of the lap.
    pub(super) corked: bool,
    /// Bytes were sent, so a peer may wait for them.
    pub(super) spoke: bool,
    /// The program has closed the connection.
    closing: bool,
    /// Whether a FIN is to follow the owed bytes, or has followed.
    pub(super) shut: Shut,
    /// The kernel has announced an error that is not fetched yet.
    announced: bool,
    /// The reason why no byte can be sent any more.
    pub(super) lost: Option<Ending>,
    /// An error that a send or a check has fetched. The bytes before the error are still to be
    /// read; behind them the kernel only reports an end.
    pub(super) fetched: Option<Ending>,
    /// The reason why no byte will be received any more.
    ended: Option<Ending>,
    /// Bytes owed to the kernel.
    pub(super) owed: Vec<u8>,
    /// The position in `owed` after the urgent byte.
    pub(super) urgent: Option<usize>,
    /// The number of bytes that came after the program's close.
    dropped: usize,
}

impl Socket {
    /// Active OPEN. True if the connection was refused at once, so that no event will report the
    /// refusal.
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

    /// Takes over a connection from a listener.
    pub(super) fn accepted(stream: TcpStream, peer: SocketAddr) -> io::Result<Self> {
        let socket = Self::new(stream, peer)?;
        Ok(Self { open: true, readable: true, ..socket })
    }

    fn new(stream: TcpStream, peer: SocketAddr) -> io::Result<Self> {
        // Small pieces are gathered here, so Nagle's algorithm would only delay.
        stream.set_nodelay(true)?;
        // RFC 854: a Synch's data mark is a byte of the line.
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

    /// Checks for the answer to our SYN.
    fn look_whether_open(&mut self) {
        match self.stream.take_error() {
            Ok(None) => {
                // Without an answer there is no peer address yet.
                self.open = self.stream.peer_addr().is_ok();
                if self.open {
                    self.readable = true;
                    self.local = self.stream.local_addr().map_or(self.local, canonical);
                }
            }
            Ok(Some(error)) | Err(error) => {
                let ending = ending(&error);
                // A reset after the handshake: the connection was open, and bytes may wait to be
                // read.
                self.open = ending == Ending::Reset;
                self.fetched = Some(ending);
                self.lost = Some(ending);
                if !self.open {
                    self.ended = Some(ending);
                }
            }
        }
    }

    pub(super) fn peer(&self) -> IpAddr {
        self.peer.ip()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// Reads the socket once.
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

    /// Closes the connection for the program. Call `go_on_closing` at once, and at each event.
    pub(super) fn close(&mut self) {
        self.closing = true;
        self.set_reset_if_closed(false);
        self.shutdown();
    }

    /// Sends the owed bytes and a FIN, and waits for the peer's end if the peer may still read.
    /// True once the socket may be dropped.
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

    /// Transmits the bytes that may be transmitted now, then sends a RST.
    pub(super) fn abort(mut self) {
        self.flush();
        self.set_reset_if_closed(true);
    }

    /// Whether a close by the system sends a RST, also at the end of the program.
    pub(super) fn set_reset_if_closed(&self, reset: bool) {
        let linger = reset.then_some(Duration::ZERO);
        // An error means that the connection is gone: nothing to do.
        let _ = SockRef::from(&self.stream).set_linger(linger);
    }

    pub(super) fn status(&self) -> Status {
        let (mut unsent, mut unacknowledged) = (self.owed.len(), self.owed.len());
        if self.spoke && self.open && self.lost.is_none() {
            unsent += queue::unsent(&self.stream);
            unacknowledged += queue::unacknowledged(self.local, self.peer).max(unsent);
        }
        let unread = if self.open { queue::unread(&self.stream) } else { 0 };
        // The kernel announces a reset before the bytes in front of the reset are read. Any
        // different error is reported when fetched.
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

/// The ending of a connection for an error of the system.
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

/// The IPv4 address of an IPv4 peer, if the listener serves both families.
fn canonical(at: SocketAddr) -> SocketAddr {
    SocketAddr::new(at.ip().to_canonical(), at.port())
}
