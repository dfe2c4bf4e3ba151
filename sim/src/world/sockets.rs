//! `sockets` lets an FTP program use a simulated host: it implements `halfclose_ftp::tcp::Tcp` for
//! a `Host` of `halfclose_stack`.

use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::ops::ControlFlow;
use std::time::Duration;

use halfclose_ftp::tcp;
use halfclose_stack::{ConnId, Ending, Host, ListenerId, Ready};

use crate::law::Watch;

/// The TCP of a host at an instant.
pub struct Sockets<'a> {
    /// The simulated host of the program.
    pub host: &'a mut Host,
    /// The instant of virtual time.
    pub now: Duration,
    /// The observer of the program's calls, for the laws.
    pub watch: Option<Watch<'a>>,
}

/// The ending in FTP's words.
#[must_use]
pub(crate) fn ending(ending: Ending) -> tcp::Ending {
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

/// SEND on a control connection of the server's.
fn say(
    host: &mut Host,
    now: Duration,
    watch: &mut Watch<'_>,
    on: tcp::Conn,
    fill: &mut dyn FnMut(&mut [u8]) -> usize,
) -> ControlFlow<tcp::Ending, usize> {
    let mut lied = 0;
    let sent = host.send(now, id(on), &mut |free| {
        let meant = fill(free);
        let said = watch.lies(free, meant);
        lied += said - meant;
        watch.said(on.0, &free[..said]);
        said
    });
    ended(sent.map_continue(|sent| sent - lied))
}

/// RECEIVE on a control connection of the server's.
fn hear(
    host: &mut Host,
    now: Duration,
    watch: &mut Watch<'_>,
    (on, limit): (tcp::Conn, usize),
    take: &mut dyn FnMut(&[u8]),
) -> ControlFlow<tcp::Ending, usize> {
    let taken = host.receive(now, id(on), limit, &mut |bytes| {
        watch.heard(on.0, bytes);
        take(bytes);
    });
    if taken.is_break() {
        watch.ended(on.0);
    }
    ended(taken)
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
        if let Some(watch) = &mut self.watch {
            watch.listened(listener.0, port);
        }
        Ok((tcp::Listener(listener.0), SocketAddr::new(at.ip(), port)))
    }

    fn accept(&mut self, from: tcp::Listener) -> Option<tcp::Conn> {
        let conn = self.host.accept(ListenerId(from.0))?;
        if let Some(watch) = &mut self.watch {
            watch.accepted(from.0, conn.0);
        }
        Some(tcp::Conn(conn.0))
    }

    fn unlisten(&mut self, at: tcp::Listener) {
        if let Some(watch) = &mut self.watch {
            watch.unlistened(at.0);
        }
        self.host.unlisten(self.now, ListenerId(at.0));
    }

    #[inline]
    fn send(
        &mut self,
        on: tcp::Conn,
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> ControlFlow<tcp::Ending, usize> {
        match &mut self.watch {
            Some(watch) if watch.hears(on.0) => say(self.host, self.now, watch, on, fill),
            _ => ended(self.host.send(self.now, id(on), fill)),
        }
    }

    #[inline]
    fn receive(
        &mut self,
        on: tcp::Conn,
        limit: usize,
        take: &mut dyn FnMut(&[u8]),
    ) -> ControlFlow<tcp::Ending, usize> {
        match &mut self.watch {
            Some(watch) if watch.hears(on.0) => hear(self.host, self.now, watch, (on, limit), take),
            _ => ended(self.host.receive(self.now, id(on), limit, take)),
        }
    }

    #[inline]
    fn is_drained(&self, on: tcp::Conn) -> bool {
        self.host.is_drained(id(on))
    }

    fn urgent(&mut self, on: tcp::Conn) {
        self.host.urgent(self.now, id(on));
    }

    fn shutdown(&mut self, on: tcp::Conn) {
        self.host.shutdown(self.now, id(on));
    }

    fn close(&mut self, on: tcp::Conn) {
        if let Some(watch) = &mut self.watch {
            let status = self.host.status(id(on));
            watch.closed(on.0, [status.local, status.peer], status.unread > 0);
        }
        self.host.close(self.now, id(on));
    }

    fn abort(&mut self, on: tcp::Conn) {
        if let Some(watch) = &mut self.watch {
            let status = self.host.status(id(on));
            watch.aborted(on.0, [status.local, status.peer], status.unread > 0);
        }
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
    fn poll_ready(&mut self) -> Option<tcp::Ready> {
        self.host.poll_ready().map(|ready| match ready {
            Ready::Accept(listener) => tcp::Ready::Accept(tcp::Listener(listener.0)),
            Ready::Conn(conn) => tcp::Ready::Conn(tcp::Conn(conn.0)),
        })
    }
}
