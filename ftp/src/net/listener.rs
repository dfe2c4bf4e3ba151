//! `net::listener` owns a listening socket and accepts its connections.

use super::fairness::Fairness;
use super::socket::Socket;
use mio::net::TcpListener;
use socket2::{Domain, Socket as RawSocket, Type};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

/// A listening socket of the kernel.
#[derive(Debug)]
pub(super) struct KernelListener {
    pub(super) listener: TcpListener,
    pub(super) fairness: Fairness,
}

/// The result of accepting.
#[derive(Debug)]
pub(super) enum Accepted {
    Socket(Socket),
    Nothing,
    /// The system has no file descriptor or memory left: try again later.
    Exhausted,
}

impl KernelListener {
    pub(super) fn open(at: SocketAddr, backlog: usize) -> io::Result<(Self, SocketAddr)> {
        let raw = RawSocket::new(Domain::for_address(at), Type::STREAM, None)?;
        // Without this option, a server could not restart while old connections are in TIME-WAIT.
        raw.set_reuse_address(true)?;
        raw.set_nonblocking(true)?;
        raw.bind(&at.into())?;
        raw.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        Self::adopt(raw.into())
    }

    pub(super) fn adopt(socket: std::net::TcpListener) -> io::Result<(Self, SocketAddr)> {
        socket.set_nonblocking(true)?;
        let listener = TcpListener::from_std(socket);
        let at = listener.local_addr()?;
        Ok((Self { listener, fairness: Fairness::default() }, at))
    }

    pub(super) fn accept(&self) -> Accepted {
        loop {
            match self.listener.accept() {
                Ok((stream, peer)) => {
                    // A connection that is dead already may refuse the options: skip the
                    // connection.
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
