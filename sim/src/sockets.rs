//! `sockets` lets an FTP program use a simulated host: the trait of one crate over the type of the
//! other, and nothing else.

use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::ops::ControlFlow;
use std::time::Duration;

use halfclose_ftp::tcp;
use halfclose_stack::{ConnId, Ending, Host, ListenerId, Ready};

/// A host's TCP at one instant.
pub struct Sockets<'a> {
    /// The host.
    pub host: &'a mut Host,
    /// The instant.
    pub now: Duration,
}

/// The ending in FTP's words.
#[must_use]
pub fn ending(ending: Ending) -> tcp::Ending {
    match ending {
        Ending::Finished => tcp::Ending::Finished,
        Ending::Reset => tcp::Ending::Reset,
        Ending::Refused => tcp::Ending::Refused,
        Ending::TimedOut => tcp::Ending::TimedOut,
        Ending::Aborted => tcp::Ending::Aborted,
        Ending::Stalled => tcp::Ending::Stalled,
    }
}

fn id(conn: tcp::Conn) -> ConnId {
    ConnId(conn.0)
}

fn v4(address: SocketAddr) -> io::Result<SocketAddrV4> {
    match address {
        SocketAddr::V4(address) => Ok(address),
        SocketAddr::V6(_) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "the simulated network speaks IPv4 only",
        )),
    }
}

fn ended<T>(flow: ControlFlow<Ending, T>) -> ControlFlow<tcp::Ending, T> {
    flow.map_break(ending)
}

impl tcp::Tcp for Sockets<'_> {
    fn connect(&mut self, from: Option<SocketAddr>, to: SocketAddr) -> io::Result<tcp::Conn> {
        let port = from.map(|from| from.port()).filter(|port| *port != 0);
        self.host
            .connect(self.now, port, v4(to)?)
            .map(|conn| tcp::Conn(conn.0))
            .map_err(|error| io::Error::new(io::ErrorKind::AddrInUse, error))
    }

    fn listen(
        &mut self,
        at: SocketAddr,
        backlog: usize,
    ) -> io::Result<(tcp::Listener, SocketAddr)> {
        let (listener, port) = self
            .host
            .listen(at.port(), backlog)
            .map_err(|error| io::Error::new(io::ErrorKind::AddrInUse, error))?;
        Ok((tcp::Listener(listener.0), SocketAddr::new(at.ip(), port)))
    }

    fn accept(&mut self, from: tcp::Listener) -> Option<tcp::Conn> {
        self.host.accept(ListenerId(from.0)).map(|conn| tcp::Conn(conn.0))
    }

    fn unlisten(&mut self, at: tcp::Listener) {
        self.host.unlisten(self.now, ListenerId(at.0));
    }

    #[inline]
    fn send(
        &mut self,
        on: tcp::Conn,
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> ControlFlow<tcp::Ending, usize> {
        ended(self.host.send(self.now, id(on), fill))
    }

    #[inline]
    fn receive(
        &mut self,
        on: tcp::Conn,
        limit: usize,
        take: &mut dyn FnMut(&[u8]),
    ) -> ControlFlow<tcp::Ending, usize> {
        ended(self.host.receive(self.now, id(on), limit, take))
    }

    fn urgent(&mut self, on: tcp::Conn) {
        self.host.urgent(self.now, id(on));
    }

    fn shutdown(&mut self, on: tcp::Conn) {
        self.host.shutdown(self.now, id(on));
    }

    fn close(&mut self, on: tcp::Conn) {
        self.host.close(self.now, id(on));
    }

    fn abort(&mut self, on: tcp::Conn) {
        self.host.abort(self.now, id(on));
    }

    fn status(&self, on: tcp::Conn) -> tcp::Status {
        let status = self.host.status(id(on));
        tcp::Status {
            established: status.established,
            unsent: status.unsent,
            unacknowledged: status.unacknowledged,
            unread: status.unread,
            peer_closed: status.peer_closed,
            ending: status.ending.map(ending),
            local: SocketAddr::V4(status.local),
            peer: SocketAddr::V4(status.peer),
        }
    }

    #[inline]
    fn next_ready(&mut self) -> Option<tcp::Ready> {
        self.host.next_ready().map(|ready| match ready {
            Ready::Accept(listener) => tcp::Ready::Accept(tcp::Listener(listener.0)),
            Ready::Conn(conn) => tcp::Ready::Conn(tcp::Conn(conn.0)),
        })
    }
}
