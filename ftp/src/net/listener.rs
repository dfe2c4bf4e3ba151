//! `net::door` is a listener: where it listens, and what it gives.

use super::fairness::Fairness;
use super::socket::Socket;
use mio::net::TcpListener;
use socket2::{Domain, Socket as RawSocket, Type};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

/// A listener.
#[derive(Debug)]
pub(super) struct KernelListener {
    pub(super) listener: TcpListener,
    pub(super) fairness: Fairness,
}

/// What came of asking for a connection.
#[derive(Debug)]
pub(super) enum Accepted {
    Socket(Socket),
    Nothing,
    /// The system has nothing left to make a connection of: later.
    Exhausted,
}

impl KernelListener {
    pub(super) fn open(at: SocketAddr, backlog: usize) -> io::Result<(Self, SocketAddr)> {
        let raw = RawSocket::new(Domain::for_address(at), Type::STREAM, None)?;
        // Or a server could not be started again while its last connections are in TIME-WAIT.
        raw.set_reuse_address(true)?;
        raw.set_nonblocking(true)?;
        raw.bind(&at.into())?;
        raw.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        let listener = TcpListener::from_std(raw.into());
        let at = listener.local_addr()?;
        Ok((Self { listener, fairness: Fairness::default() }, at))
    }

    pub(super) fn accept(&self) -> Accepted {
        loop {
            match self.listener.accept() {
                Ok((stream, peer)) => {
                    // One that has died meanwhile may refuse its options: nobody misses it.
                    if let Ok(socket) = Socket::accepted(stream, peer) {
                        return Accepted::Socket(socket);
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Accepted::Nothing,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => return Accepted::Exhausted,
                },
            }
        }
    }
}
