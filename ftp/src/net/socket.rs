//! `net::socket` is one connection: what it owes the kernel, and what the kernel has said of it.

use super::queue;
use super::turns::Turns;
use crate::tcp::{Ending, Status};
use mio::event::Event;
use mio::net::TcpStream;
use socket2::{Domain, SockRef, Socket as RawSocket, Type};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::ops::ControlFlow;
use std::time::Duration;

/// How often a connection is read in a lap: with the buffer of all, 2 MiB.
pub const READS: usize = 8;
/// What is smaller waits for what may follow it in the same lap.
const SMALL: usize = 2048;
/// How much a peer may still send after we have closed: more of it, and it gets a RST.
const PATIENCE: usize = 256 << 10;

/// One connection.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) stream: TcpStream,
    pub(super) turns: Turns,
    local: SocketAddr,
    peer: SocketAddr,
    /// The handshake is complete.
    open: bool,
    /// There may be something to read; the kernel says when again.
    readable: bool,
    /// The kernel takes no more; it says when again.
    blocked: bool,
    /// It waits for the end of the lap.
    corked: bool,
    /// Something was sent on it: somebody may wait for that.
    spoke: bool,
    /// The user has closed it.
    closing: bool,
    /// A FIN is to follow what is owed, or has followed.
    shut: Shut,
    /// The kernel has announced an error, which nobody has fetched.
    announced: bool,
    /// Nothing more can be sent, and why.
    lost: Option<Ending>,
    /// An error that a send or a question has fetched: the bytes before it are still to be read, and
    /// behind them the kernel will only say that they have ended.
    fetched: Option<Ending>,
    /// Nothing more will be received, and why.
    ended: Option<Ending>,
    /// Owed to the kernel.
    owed: Vec<u8>,
    /// Where the byte after the urgent one stands in it.
    urgent: Option<usize>,
    /// What came after the user had closed it.
    dropped: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shut {
    No,
    Wanted,
    Done,
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
            turns: Turns::default(),
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

    /// Takes from `fill` what the kernel will take, or a small piece more.
    pub(super) fn send(
        &mut self,
        buffer: &mut [u8],
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> ControlFlow<Ending, usize> {
        if self.owed.len() >= SMALL && !self.blocked {
            self.flush();
        }
        if let Some(ending) = self.lost {
            return ControlFlow::Break(ending);
        }
        if !self.open || self.blocked || self.owed.len() >= SMALL {
            return ControlFlow::Continue(0);
        }
        let bytes = fill(buffer);
        if bytes == 0 {
            return ControlFlow::Continue(0);
        }
        self.spoke = true;
        let bytes = &buffer[..bytes];
        let mut taken = 0;
        if self.owed.len() + bytes.len() > SMALL {
            self.flush();
            if self.owed.is_empty() && self.lost.is_none() {
                taken = self.write(bytes);
            }
        }
        if let Some(ending) = self.lost {
            return ControlFlow::Break(ending);
        }
        self.owed.extend_from_slice(&bytes[taken..]);
        ControlFlow::Continue(bytes.len())
    }

    /// True if it has just begun to wait for the end of the lap.
    pub(super) fn cork(&mut self) -> bool {
        let begins = !self.corked && !self.blocked && !self.owed.is_empty();
        self.corked |= begins;
        begins
    }

    /// The lap is over.
    pub(super) fn uncork(&mut self) {
        self.corked = false;
        self.flush();
    }

    /// Whether it waits for the kernel to take more.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Whether it owes nothing to the kernel, or can give it nothing.
    pub(super) fn is_flushed(&self) -> bool {
        self.owed.is_empty() || self.lost.is_some()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// The byte sent last is the urgent one. It was small, so it is still here.
    pub(super) fn mark_urgent(&mut self) {
        self.urgent = Some(self.owed.len());
    }

    /// Gives the kernel what is owed, and the FIN behind it.
    fn flush(&mut self) {
        let mut given = 0;
        let owed = std::mem::take(&mut self.owed);
        while given < owed.len() && !self.blocked && self.lost.is_none() {
            let urgent = self.urgent.filter(|urgent| *urgent > given);
            let piece = match urgent {
                Some(urgent) if urgent == given + 1 => {
                    let sent = SockRef::from(&self.stream).send_out_of_band(&owed[given..urgent]);
                    given += self.sent(sent);
                    continue;
                }
                Some(urgent) => &owed[given..urgent - 1],
                None => &owed[given..],
            };
            given += self.write(piece);
        }
        self.urgent = self.urgent.and_then(|urgent| urgent.checked_sub(given)).filter(|at| *at > 0);
        self.owed = owed;
        self.owed.drain(..given);
        if self.owed.is_empty() && self.owed.capacity() > SMALL {
            self.owed = Vec::new();
        }
        if self.owed.is_empty() && self.shut == Shut::Wanted && self.open {
            self.shut = Shut::Done;
            // It fails if the connection is gone, which is told elsewhere.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }

    /// Writes until the kernel takes no more.
    fn write(&mut self, bytes: &[u8]) -> usize {
        let mut given = 0;
        while given < bytes.len() && !self.blocked && self.lost.is_none() {
            let sent = (&self.stream).write(&bytes[given..]);
            given += self.sent(sent);
        }
        given
    }

    fn sent(&mut self, sent: io::Result<usize>) -> usize {
        match sent {
            Ok(bytes) => return bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.blocked = true,
            // The kernel says EPIPE of a reset behind the peer's FIN: that FIN stands.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.lost = Some(Ending::Reset),
            Err(error) => {
                self.lost = Some(ending(&error));
                self.fetched = self.lost;
            }
        }
        0
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

    pub(super) fn shutdown(&mut self) {
        if self.shut == Shut::No {
            self.shut = Shut::Wanted;
        }
        self.flush();
    }

    /// The user has closed it. Call `go_on_closing` at once, and whenever it has something to say.
    pub(super) fn close(&mut self) {
        self.closing = true;
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
            if !self.spoke || self.lost.is_some() || self.dropped > PATIENCE {
                return true;
            }
            match self.receive(buffer, &mut |_| ()) {
                ControlFlow::Break(_) => return true,
                ControlFlow::Continue(0) => return false,
                ControlFlow::Continue(bytes) => self.dropped += bytes,
            }
        }
    }

    /// How much is still owed: what has not become less for long is never taken.
    pub(super) fn owes(&self) -> usize {
        self.owed.len()
    }

    /// Transmits what may be transmitted now, then a RST.
    pub(super) fn abort(mut self) {
        self.flush();
        // It fails if the connection is gone already: then there is nobody to tell.
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
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
fn ending(error: &io::Error) -> Ending {
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
