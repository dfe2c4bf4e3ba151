//! `teardown` opens a connection and ends the connection, again and again: each way to end one, by
//! two bare sockets and by two hosts of halfclose. Both wait until no side knows the connection any
//! more, TIME-WAIT included.

use std::cell::Cell;
use std::net::SocketAddrV4;
use std::ops::ControlFlow;
use std::time::Duration as Now;

use halfclose_stack::{Config, ConnId, Host};
use smoltcp::iface::SocketStorage;
use smoltcp::socket::tcp::{Socket, State};

use crate::bare::{End, Rings, Wire, drive};
use crate::lab::Pair;
use crate::{ADDRESSES, HOP};

/// A way to end a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// One side closes, and the peer answers with a FIN.
    Fin,
    /// One side shuts its sending side, and closes once the peer has closed.
    HalfClose,
    /// One side aborts as soon as the connection is open.
    Reset,
    /// One side sends a kilobyte and aborts after the acknowledgment.
    ResetWhenAcked,
    /// One side shuts its sending side and aborts at once.
    FinThenReset,
    /// Both sides close at the same instant; the FINs cross.
    Simultaneous,
}

impl Path {
    /// Every way to end a connection.
    pub const ALL: [Self; 6] = [
        Self::Fin,
        Self::HalfClose,
        Self::Reset,
        Self::ResetWhenAcked,
        Self::FinThenReset,
        Self::Simultaneous,
    ];

    /// The name of the way in the results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::HalfClose => "half-close",
            Self::Reset => "reset",
            Self::ResetWhenAcked => "reset-when-acked",
            Self::FinThenReset => "fin-then-reset",
            Self::Simultaneous => "simultaneous",
        }
    }
}

/// The bytes of a ring: the benchmark measures connections, not bytes.
const RING: usize = 4096;
/// The bytes that `ResetWhenAcked` sends.
const BYTES: usize = 1024;
const PORT: u16 = 21;

fn client_port(n: u64) -> u16 {
    49_152 + u16::try_from(n % 64).expect("below 64")
}

/// Opens and ends `count` connections, one after another, by two bare sockets in pooled memory.
/// Returns the packets.
///
/// # Panics
/// Panics if smoltcp refuses to open.
#[must_use]
pub fn bare(path: Path, count: u64) -> u64 {
    let mut wire = Wire::new(1500, HOP);
    let (mut client, mut server) = (Rings::new(RING), Rings::new(RING));
    for n in 0..count {
        let mut storage = [[SocketStorage::EMPTY], [SocketStorage::EMPTY]];
        let [first, second] = &mut storage;
        let mut ends = [
            End::new(0, &mut wire, first, client.socket(), n),
            End::new(1, &mut wire, second, server.socket(), !n),
        ];
        ends[1].socket().listen(PORT).expect("a fresh socket listens");
        ends[0].connect(client_port(n), PORT);
        let open = |end: &mut End<'_>| end.socket().state() == State::Established;
        drive(&mut wire, &mut ends, |_, _| None, |ends| ends.iter_mut().all(open));
        bare_begin(path, &mut ends, &mut wire);
        let closed = |end: &mut End<'_>| end.socket().state() == State::Closed;
        let touch = |index, ends: &mut [End<'_>]| {
            bare_touch(path, index, ends[index].socket());
            None
        };
        drive(&mut wire, &mut ends, touch, |ends| ends.iter_mut().all(closed));
    }
    wire.packets
}

fn bare_begin(path: Path, ends: &mut [End<'_>; 2], wire: &mut Wire) {
    let [client, server] = ends;
    match path {
        Path::Fin | Path::HalfClose => client.socket().close(),
        Path::Reset => client.socket().abort(),
        Path::ResetWhenAcked => {
            client.socket().send(|room| (room.len().min(BYTES), ())).expect("it is open");
        }
        Path::FinThenReset => {
            client.socket().close();
            client.flush(wire);
            client.socket().abort();
        }
        Path::Simultaneous => {
            client.socket().close();
            server.socket().close();
        }
    }
}

fn bare_touch(path: Path, index: usize, socket: &mut Socket<'_>) {
    if index == 0 {
        let acked = path == Path::ResetWhenAcked && socket.send_queue() == 0;
        if acked && socket.state() == State::Established {
            socket.abort();
        }
        return;
    }
    while socket.can_recv() {
        socket.recv(|bytes| (bytes.len(), ())).expect("bytes wait");
    }
    if socket.state() == State::CloseWait {
        socket.close();
    }
}

/// Opens and ends `count` connections by two hosts of halfclose. Returns the packets.
///
/// # Panics
/// Panics if a host refuses to open.
#[must_use]
pub fn lab(path: Path, count: u64) -> u64 {
    let rings = Config { receive_buffer: RING, send_buffer: RING, ..Config::default() };
    let config = Config { notes: false, ..rings };
    let mut pair = Pair::new(config);
    let (listener, _) = pair.hosts[1].listen(PORT, 8).expect("a fresh host listens");
    for n in 0..count {
        let to = SocketAddrV4::new(ADDRESSES[1], PORT);
        let client = pair.hosts[0]
            .connect(pair.now, Some(client_port(n)), to)
            .expect("the last connection of this port is long over");
        let server = Cell::new(None);
        pair.drive(
            &mut |index, host, _, _| {
                if index == 1 && server.get().is_none() {
                    server.set(host.accept(listener));
                }
            },
            &mut || server.get().is_some(),
        );
        let server = server.get().expect("the handshake is complete");
        let mut open = [lab_begin(path, &mut pair, client, server), path != Path::Simultaneous];
        pair.drive(
            &mut |index, host, now, _| {
                let id = [client, server][index];
                open[index] = open[index] && lab_touch(path, index, host, now, id);
            },
            &mut || false,
        );
        assert_eq!(open, [false; 2], "both programs are done");
    }
    pair.packets
}

/// Whether the program of the client still has the connection.
fn lab_begin(path: Path, pair: &mut Pair, client: ConnId, server: ConnId) -> bool {
    let now = pair.now;
    let [first, second] = &mut pair.hosts;
    match path {
        Path::Fin => first.close(now, client),
        Path::Reset => first.abort(now, client),
        Path::FinThenReset => {
            first.shutdown(now, client);
            first.abort(now, client);
        }
        Path::Simultaneous => {
            first.close(now, client);
            second.close(now, server);
        }
        Path::HalfClose => first.shutdown(now, client),
        Path::ResetWhenAcked => {
            let sent = first.send(now, client, &mut |room| room.len().min(BYTES));
            assert_eq!(sent, ControlFlow::Continue(BYTES), "the ring takes a kilobyte");
        }
    }
    matches!(path, Path::HalfClose | Path::ResetWhenAcked)
}

/// Whether the program still has the connection.
fn lab_touch(path: Path, index: usize, host: &mut Host, now: Now, id: ConnId) -> bool {
    if index == 0 && path == Path::ResetWhenAcked {
        if host.status(id).unacknowledged == 0 {
            host.abort(now, id);
            return false;
        }
        return true;
    }
    loop {
        match host.receive(now, id, usize::MAX, &mut |_| {}) {
            ControlFlow::Continue(0) => return true,
            ControlFlow::Continue(_) => {}
            ControlFlow::Break(_) => break,
        }
    }
    host.close(now, id);
    false
}
