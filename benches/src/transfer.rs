//! `transfer` moves one large file between two memory stores: a STOR or a RETR in a whole simulated
//! world, with both programs, and the same bytes over two bare sockets whose closures read from and
//! write into the same kind of store.

use std::sync::Arc;
use std::time::Duration;

use halfclose::scenario::{Content, File, Scenario, Task};
use halfclose::trace::Recording;
use halfclose::verdict::Verdict;
use halfclose::workload::Workload;
use halfclose::world::World;
use halfclose_ftp::store::{Fate, MemoryStore, Store, Writing};
use smoltcp::iface::SocketStorage;
use smoltcp::socket::tcp::{Socket, State};

use crate::HOP;
use crate::bare::{End, Rings, Wire, drive};
use crate::best::timed;

/// Bytes of the file.
pub const SIZE: u64 = 64 << 20;
/// Largest packets to try.
pub const MTUS: [usize; 3] = [1500, 9000, 65535];
/// Rings of every connection here, which are those of a scenario by default.
const RING: usize = 65_535;

/// A command that moves a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Upload.
    Stor,
    /// Download.
    Retr,
}

impl Command {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Stor, Self::Retr];

    /// Its name in the results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stor => "stor",
            Self::Retr => "retr",
        }
    }
}

/// A plain client and a plain server, on a perfect link, with one file to move.
#[must_use]
pub fn scenario(command: Command, mtu: usize, size: u64) -> Scenario {
    let file = File { content: Content::Generated(size), ..File::new("a.bin") };
    let mut scenario = Scenario { mtu, ..Scenario::default() };
    for link in [&mut scenario.up, &mut scenario.down] {
        link.delay = Duration::ZERO;
    }
    scenario.tasks = vec![match command {
        Command::Stor => Task::Put(file),
        Command::Retr => Task::Get(file),
    }];
    scenario
}

/// Run `world` with `seed`, in the memory of its last run, and see that the file is whole. Returns
/// how long the run took, the judge's look at the file not counted.
///
/// # Panics
/// If it is not.
pub fn lab(world: &mut World<'_>, seed: u64) -> Duration {
    world.reset(seed, Recording::Digest);
    let (end, took) = timed(|| world.run());
    let outcome = world.conclude(end);
    assert_eq!(outcome.verdict, Verdict::Intact, "a perfect link harms nothing");
    took
}

/// The bytes that a scenario moves.
///
/// # Panics
/// If they are a real file that cannot be read.
#[must_use]
pub fn workload(scenario: &Scenario) -> Workload {
    Workload::load(scenario).expect("generated files need no reading")
}

/// Two bare sockets, and a store on each side.
pub struct Bare {
    wire: Wire,
    rings: [Rings; 2],
    stores: [MemoryStore; 2],
    content: Arc<[u8]>,
}

impl Bare {
    /// Sockets for packets of at most `mtu` bytes, and a file of that content.
    #[must_use]
    pub fn new(mtu: usize, content: &Arc<[u8]>) -> Self {
        Self {
            wire: Wire::new(mtu, HOP),
            rings: [RING; 2].map(Rings::new),
            stores: Default::default(),
            content: Arc::clone(content),
        }
    }

    /// Move the file, from store to store. Returns how long that took.
    ///
    /// # Panics
    /// If it does not arrive whole.
    pub fn copy(&mut self) -> Duration {
        let Self { wire, rings, stores: [from, to], content } = self;
        from.reset();
        from.insert("a.bin", Arc::clone(content));
        to.reset();
        let (source, _) = from.open_read("a.bin", 0).expect("it was put there");
        let sink = to
            .open_write("a.bin", Writing::default(), Duration::ZERO)
            .expect("a store takes any name");
        let fill = |room: &mut [u8]| {
            let read = from.read(source, room).expect("memory can be read");
            (read.bytes, read.last)
        };
        let take = |bytes: &[u8]| {
            to.write(sink, bytes, Duration::ZERO).expect("memory can be written");
        };
        let ((), took) = timed(|| run(wire, rings, fill, take));
        to.close(sink, Fate::Keep).expect("memory keeps what was written");
        assert!(to.get("a.bin") == Some(&content[..]), "every byte arrives");
        took
    }

    /// As many bytes, and none of them moved by the applications: what the wire alone costs.
    pub fn wire(&mut self) -> Duration {
        let Self { wire, rings, content, .. } = self;
        let mut left = content.len();
        let fill = |room: &mut [u8]| {
            let bytes = room.len().min(left);
            left -= bytes;
            (bytes, left == 0)
        };
        timed(|| run(wire, rings, fill, |_| {})).1
    }
}

/// Open, move all that `fill` gives to `take`, close.
fn run(
    wire: &mut Wire,
    rings: &mut [Rings; 2],
    mut fill: impl FnMut(&mut [u8]) -> (usize, bool),
    mut take: impl FnMut(&[u8]),
) {
    let mut storage = [[SocketStorage::EMPTY], [SocketStorage::EMPTY]];
    let [first, second] = &mut storage;
    let [client, server] = rings;
    let mut ends = [
        End::new(0, wire, first, client.socket(), 1),
        End::new(1, wire, second, server.socket(), 2),
    ];
    ends[1].socket().listen(20).expect("a fresh socket listens");
    ends[0].connect(49_152, 20);
    let touch = |index: usize, ends: &mut [End<'_>]| {
        let socket = ends[index].socket();
        match index {
            0 => send(socket, &mut fill),
            _ => receive(socket, &mut take),
        }
        None
    };
    drive(wire, &mut ends, touch, |_| false);
    assert!(ends.iter_mut().all(|end| end.socket().state() == State::Closed), "both have ended");
}

fn send(socket: &mut Socket<'_>, fill: &mut impl FnMut(&mut [u8]) -> (usize, bool)) {
    while socket.can_send() {
        let last = socket.send(&mut *fill).expect("it can send");
        if last {
            socket.close();
        }
    }
}

fn receive(socket: &mut Socket<'_>, take: &mut impl FnMut(&[u8])) {
    while socket.can_recv() {
        let taken = socket.recv(|bytes| {
            take(bytes);
            (bytes.len(), ())
        });
        taken.expect("bytes wait");
    }
    if socket.state() == State::CloseWait {
        socket.close();
    }
}
