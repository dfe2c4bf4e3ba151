//! One connection between [`Sockets`] and a plain socket of the standard library; and two drivers,
//! each with its own sockets.

use halfclose_ftp::net::Sockets;
use halfclose_ftp::tcp::{Conn, Ending, Listener, Ready, Tcp};
use halfclose_ftp::{Client, ClientConfig, Driver, MemoryStore, Server, ServerConfig, Task};
use socket2::SockRef;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::time::Duration;

pub(crate) const HERE: &str = "127.0.0.1:0";
/// The most time that any step may take.
const LIMIT: Duration = Duration::from_secs(60);

/// One connection and its peer.
pub(crate) struct Peer {
    pub(crate) sockets: Sockets,
    pub(crate) conn: Conn,
    pub(crate) peer: TcpStream,
}

impl Peer {
    /// A connection that the plain socket has opened.
    pub(crate) fn accepted() -> Self {
        let mut sockets = Sockets::new().unwrap();
        let (door, at) = sockets.listen(HERE.parse().unwrap(), 8).unwrap();
        let peer = TcpStream::connect(at).unwrap();
        let conn = accept(&mut sockets, door);
        sockets.unlisten(door);
        Self { sockets, conn, peer }
    }

    /// A connection that the plain socket has accepted.
    pub(crate) fn connected() -> Self {
        let mut sockets = Sockets::new().unwrap();
        let door = TcpListener::bind(HERE).unwrap();
        let conn = sockets.connect(None, door.local_addr().unwrap()).unwrap();
        let (peer, _) = door.accept().unwrap();
        let mut this = Self { sockets, conn, peer };
        this.until(|this| this.sockets.status(this.conn).established.then_some(()));
        this
    }

    /// Runs the next lap; waits a little if nothing happens.
    pub(crate) fn turn(&mut self) {
        turn(&mut self.sockets);
    }

    /// Runs laps until `answer` returns a value.
    pub(crate) fn until<R>(&mut self, mut answer: impl FnMut(&mut Self) -> Option<R>) -> R {
        while self.sockets.now() < LIMIT {
            if let Some(answer) = answer(self) {
                return answer;
            }
            self.turn();
        }
        panic!("nothing came in {LIMIT:?}");
    }

    /// Calls `send` once, with as many bytes as accepted.
    pub(crate) fn send(&mut self, mut bytes: &[u8]) -> ControlFlow<Ending, usize> {
        self.sockets.send(self.conn, &mut |free| {
            let count = free.len().min(bytes.len());
            free[..count].copy_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            count
        })
    }

    /// Sends all bytes, in as many laps as needed.
    pub(crate) fn send_all(&mut self, mut bytes: &[u8]) {
        self.until(|this| {
            if let ControlFlow::Continue(count) = this.send(bytes) {
                bytes = &bytes[count..];
            }
            bytes.is_empty().then_some(())
        });
    }

    /// All bytes until the end, and the ending.
    pub(crate) fn receive_all(&mut self) -> (Vec<u8>, Ending) {
        let mut all = Vec::new();
        let ending = self.until(|this| {
            match this.sockets.receive(this.conn, usize::MAX, &mut |bytes| all.extend(bytes)) {
                ControlFlow::Continue(_) => None,
                ControlFlow::Break(ending) => Some(ending),
            }
        });
        (all, ending)
    }

    /// Aborts the connection from the peer's side.
    pub(crate) fn reset_peer(&mut self) {
        SockRef::from(&self.peer).set_linger(Some(Duration::ZERO)).unwrap();
        // The old socket is dropped; the new socket has no reader.
        self.peer =
            TcpStream::connect(TcpListener::bind(HERE).unwrap().local_addr().unwrap()).unwrap();
    }
}

pub(crate) fn turn(sockets: &mut Sockets) {
    while sockets.poll_ready().is_some() {}
    sockets.wait(Some(sockets.now() + Duration::from_millis(5))).unwrap();
}

pub(crate) fn accept(sockets: &mut Sockets, door: Listener) -> Conn {
    while sockets.now() < LIMIT {
        if let Some(conn) = sockets.accept(door) {
            return conn;
        }
        turn(sockets);
    }
    panic!("nobody came in {LIMIT:?}");
}

/// Whether the wanted change is ready now.
pub(crate) fn is_ready(sockets: &mut Sockets, wanted: Ready) -> bool {
    std::iter::from_fn(|| sockets.poll_ready()).any(|ready| ready == wanted)
}

/// A client and a server, in one thread.
pub(crate) struct World {
    pub(crate) client: Driver<Client, MemoryStore>,
    pub(crate) server: Driver<Server, MemoryStore>,
    pub(crate) sockets: [Sockets; 2],
    at: SocketAddr,
}

impl World {
    pub(crate) fn new(client: ClientConfig, server: ServerConfig) -> Self {
        let mut sockets = [Sockets::new().unwrap(), Sockets::new().unwrap()];
        let mut server = Driver::server(server, MemoryStore::new());
        let at = server.listen(&mut sockets[1], HERE.parse().unwrap(), 64).unwrap();
        let mut client = Driver::client(client, MemoryStore::new());
        client.record_dialogue(true);
        Self { client, server, sockets, at }
    }

    pub(crate) fn connect(&mut self, tasks: &[Task]) {
        let now = self.sockets[0].now();
        self.client.connect(&mut self.sockets[0], self.at, tasks.into(), now).unwrap();
    }

    /// Runs until both sides are done.
    pub(crate) fn run(&mut self) {
        while !self.client.is_done() || !self.server.is_done() {
            let [client, server] = &mut self.sockets;
            assert!(client.now() < LIMIT, "not done: {:#?}", self.client.dialogue());
            self.client.pump(client, client.now());
            self.server.pump(server, server.now());
            // An idle side lets the other side go on at once.
            client.wait(Some(client.now())).unwrap();
            server.wait(Some(server.now())).unwrap();
        }
    }

    /// The dialogue as the client's user saw it.
    pub(crate) fn dialogue(&self) -> Vec<String> {
        self.client.dialogue().iter().map(|line| line.text.clone()).collect()
    }
}
