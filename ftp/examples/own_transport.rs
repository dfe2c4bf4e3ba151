//! An FTP client over your own transport: `halfclose_ftp::tcp::Tcp` implemented with the standard
//! library's `TcpStream`, without the feature `net`.
//!
//! `cargo run -p halfclose-ftp --example own_transport` uploads a file and lists the directory. The
//! server at the other end runs in the same thread, over a second transport. Against a real server, keep
//! the client's half of `main`.
//!
//! The standard library has no urgent data and no `SO_LINGER`: the Synch before ABOR arrives in line,
//! and `abort` may end with a FIN. The feature `net` has both.

use halfclose_ftp::tcp::{Conn, Ending, Listener, Ready, Status, Tcp};
use halfclose_ftp::{ClientConfig, DataMode, Driver, MemoryStore, ServerConfig, Task, Told};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// One connection, with the bytes that the kernel has not accepted yet.
struct Connection {
    stream: TcpStream,
    local: SocketAddr,
    peer: SocketAddr,
    outgoing: Vec<u8>,
    /// A FIN follows the outgoing bytes.
    shut: bool,
    ending: Option<Ending>,
}

/// A transport that asks every socket in turn. Names are numbers from 0, and never used twice.
#[derive(Default)]
struct Transport {
    connections: BTreeMap<u64, Connection>,
    listeners: BTreeMap<u64, TcpListener>,
    /// Closed connections with outgoing bytes.
    closing: Vec<Connection>,
    next: u64,
    ready: VecDeque<Ready>,
}

impl Connection {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let (local, peer) = (stream.local_addr()?, stream.peer_addr()?);
        Ok(Self { stream, local, peer, outgoing: Vec::new(), shut: false, ending: None })
    }

    /// Gives the kernel the outgoing bytes, and the FIN behind them.
    fn flush(&mut self) {
        while !self.outgoing.is_empty() && self.ending.is_none_or(|it| it == Ending::Finished) {
            match self.stream.write(&self.outgoing) {
                Ok(count) => drop(self.outgoing.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.ending = Some(Ending::Reset),
            }
        }
        if std::mem::take(&mut self.shut) {
            // An error means that the connection is gone: `receive` reports that.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }
}

impl Transport {
    /// Reports every socket: a transport without events from the kernel has to ask.
    fn poll(&mut self) {
        self.connections.values_mut().chain(&mut self.closing).for_each(Connection::flush);
        self.closing.retain(|closed| !closed.outgoing.is_empty() && closed.ending.is_none());
        self.ready = self.connections.keys().map(|name| Ready::Conn(Conn(*name))).collect();
        self.ready.extend(self.listeners.keys().map(|name| Ready::Accept(Listener(*name))));
    }

    fn name(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    fn add(&mut self, stream: TcpStream) -> io::Result<Conn> {
        let (name, connection) = (self.name(), Connection::new(stream)?);
        self.connections.insert(name, connection);
        Ok(Conn(name))
    }

    fn get(&mut self, on: Conn) -> &mut Connection {
        self.connections.get_mut(&on.0).expect("a driver uses a connection until the close")
    }
}

impl Tcp for Transport {
    fn connect(&mut self, from: Option<SocketAddr>, to: SocketAddr) -> io::Result<Conn> {
        if from.is_some() {
            return Err(io::Error::other("the standard library cannot choose the local port"));
        }
        self.add(TcpStream::connect(to)?)
    }

    fn listen(&mut self, at: SocketAddr, _backlog: usize) -> io::Result<(Listener, SocketAddr)> {
        let (name, listener) = (self.name(), TcpListener::bind(at)?);
        listener.set_nonblocking(true)?;
        let at = listener.local_addr()?;
        self.listeners.insert(name, listener);
        Ok((Listener(name), at))
    }

    fn accept(&mut self, from: Listener) -> Option<Conn> {
        let (stream, _) = self.listeners.get(&from.0)?.accept().ok()?;
        self.add(stream).ok()
    }

    fn unlisten(&mut self, at: Listener) {
        self.listeners.remove(&at.0);
    }

    fn send(
        &mut self,
        on: Conn,
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> ControlFlow<Ending, usize> {
        let connection = self.get(on);
        connection.flush();
        match connection.ending {
            Some(ending) if ending != Ending::Finished => return ControlFlow::Break(ending),
            _ if !connection.outgoing.is_empty() => return ControlFlow::Continue(0),
            _ => {}
        }
        let mut buffer = [0; 16 << 10];
        let count = fill(&mut buffer);
        connection.outgoing.extend_from_slice(&buffer[..count]);
        connection.flush();
        ControlFlow::Continue(count)
    }

    fn receive(
        &mut self,
        on: Conn,
        limit: usize,
        take: &mut dyn FnMut(&[u8]),
    ) -> ControlFlow<Ending, usize> {
        let connection = self.get(on);
        let mut buffer = [0; 16 << 10];
        let room = limit.min(buffer.len());
        let ending = match connection.stream.read(&mut buffer[..room]) {
            Ok(0) if room > 0 => Ending::Finished,
            Ok(count) => {
                take(&buffer[..count]);
                return ControlFlow::Continue(count);
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                return ControlFlow::Continue(0);
            }
            Err(_) => Ending::Reset,
        };
        connection.ending = Some(ending);
        ControlFlow::Break(ending)
    }

    fn urgent(&mut self, _on: Conn) {}

    fn shutdown(&mut self, on: Conn) {
        self.get(on).shut = true;
        self.get(on).flush();
    }

    fn close(&mut self, on: Conn) {
        if let Some(mut connection) = self.connections.remove(&on.0) {
            connection.shut = true;
            connection.flush();
            self.closing.push(connection);
        }
    }

    fn abort(&mut self, on: Conn) {
        self.connections.remove(&on.0);
    }

    fn status(&self, on: Conn) -> Status {
        let connection = &self.connections[&on.0];
        let unsent = connection.outgoing.len();
        Status {
            // `TcpStream::connect` returns after the handshake.
            established: true,
            unsent,
            unacknowledged: unsent,
            unread: 0,
            peer_closed: connection.ending == Some(Ending::Finished),
            ending: connection.ending,
            local: connection.local,
            peer: connection.peer,
        }
    }

    fn poll_ready(&mut self) -> Option<Ready> {
        self.ready.pop_front()
    }
}

#[expect(clippy::disallowed_methods, reason = "an example over real sockets lives in real time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "an example over real sockets lives in real time")]
fn rest() {
    std::thread::sleep(Duration::from_millis(1));
}

pub(crate) fn main() -> io::Result<()> {
    let start = now();
    let mut server_transport = Transport::default();
    let mut server = Driver::server(ServerConfig::default(), MemoryStore::new());
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let address = server.listen(&mut server_transport, address, 16)?;

    let mut client_transport = Transport::default();
    let mut files = MemoryStore::new();
    files.insert("hello.txt", b"Hello, server!"[..].into());
    let config = ClientConfig { mode: DataMode::Passive, ..ClientConfig::default() };
    let mut client = Driver::client(config, files);
    let tasks = [Task::put("hello.txt", "greeting.txt"), Task::list("", "listing")];
    client.connect(&mut client_transport, address, tasks.into(), start.elapsed())?;

    while !client.is_done() {
        client_transport.poll();
        client.pump(&mut client_transport, start.elapsed());
        server_transport.poll();
        server.pump(&mut server_transport, start.elapsed());
        rest();
    }

    for report in client.reports() {
        println!("{}: {}", report.name, report.text);
        assert_eq!(report.told, Told::Success);
    }
    assert_eq!(server.store().get("greeting.txt"), Some(&b"Hello, server!"[..]));
    let listing = client.store().get("listing").unwrap_or_default();
    print!("{}", String::from_utf8_lossy(listing));
    Ok(())
}
