//! `sessions` is the smallest whole run: login, STOR of 4 KiB, QUIT, with a new world and seed each.
//! The ceiling is bare smoltcp with the same packets: as many bytes in each command and reply, said
//! by a script that parses nothing.

use std::time::Duration;

use halfclose::outcome::Outcome;
use halfclose::scenario::{Content, File, Scenario, Task};
use halfclose::trace::Recording;
use halfclose::verdict::Verdict;
use halfclose::world::World;
use smoltcp::iface::SocketStorage;
use smoltcp::socket::tcp::{Socket, State};

use crate::bare::{End, Rings, Wire, drive};

/// One way of the link.
const DELAY: Duration = Duration::from_millis(1);
/// Bytes of the file.
const SIZE: usize = 4096;

/// A plain client uploads 4 KiB to a plain server over a link with delay.
#[must_use]
pub fn scenario() -> Scenario {
    let mut scenario = Scenario::default();
    for link in [&mut scenario.up, &mut scenario.down] {
        link.delay = DELAY;
    }
    let content = Content::Generated(SIZE as u64);
    scenario.tasks = vec![Task::Put(File { content, ..File::new("a.bin") })];
    scenario
}

/// Run `world` with each of these seeds. Returns the packets.
///
/// # Panics
/// If a file is not whole.
pub fn lab(world: &mut World<'_>, seeds: std::ops::Range<u64>, recording: Recording) -> u64 {
    let mut packets = 0;
    let mut outcome = Outcome::blank();
    for seed in seeds {
        world.reset(seed, recording);
        let end = world.run();
        world.conclude_into(end, &mut outcome);
        assert_eq!(outcome.verdict, Verdict::Intact, "a perfect link harms nothing");
        packets += outcome.packets.client + outcome.packets.server;
    }
    packets
}

/// Bytes of each command, and of the reply to it; the greeting answers none.
const SCRIPT: [(usize, usize); 7] = [
    (0, "220 halfclose FTP server ready.\r\n".len()),
    ("USER anonymous\r\n".len(), "331 Please specify the password.\r\n".len()),
    ("PASS halfclose@\r\n".len(), "230 Login successful.\r\n".len()),
    ("TYPE I\r\n".len(), "200 Switching to Binary mode.\r\n".len()),
    ("EPSV\r\n".len(), "229 Entering Extended Passive Mode (|||50000|)\r\n".len()),
    ("STOR a.bin\r\n".len(), "150 Ok to send data.\r\n".len()),
    ("QUIT\r\n".len(), "221 Goodbye.\r\n".len()),
];
const EPSV: usize = 4;
const STOR: usize = 5;
const QUIT: usize = 6;
/// Said after the data.
const COMPLETE: usize = "226 Transfer complete.\r\n".len();
const WORDS: [u8; 64] = [b'x'; 64];

/// The ends of one session, by `index % 4`; the client's are even.
const ENDS: usize = 4;
const SERVER: usize = 1;
const DATA: usize = 2;
const SINK: usize = 3;

/// What one scripted session has come to.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// The reply that the client waits for, and how much of it is here.
    client: (usize, usize),
    /// The command that the server waits for, and how much of it is here.
    server: (usize, usize),
    /// 150 is here: the next reply is the one after the data.
    sending: bool,
    sent: usize,
}

/// Pooled memory for `n` bare sessions at a time.
pub struct Bare {
    wire: Wire,
    rings: Vec<Rings>,
}

impl Bare {
    /// Memory for `n` sessions with rings of that many bytes.
    #[must_use]
    pub fn new(n: usize, ring: usize) -> Self {
        let rings = (0..n * ENDS).map(|_| Rings::new(ring)).collect();
        Self { wire: Wire::new(1500, DELAY), rings }
    }

    /// One session after another, each in the memory of the last. Returns the packets.
    pub fn one_by_one(&mut self, seeds: std::ops::Range<u64>) -> u64 {
        let before = self.wire.packets;
        for seed in seeds {
            let mut storage = [const { [SocketStorage::EMPTY] }; ENDS];
            let [a, b, c, d] = &mut storage;
            let [client, server, data, sink] = &mut self.rings[..] else {
                unreachable!("memory for one session")
            };
            let wire = &mut self.wire;
            let mut ends = [
                End::new(0, wire, a, client.socket(), seed),
                End::new(SERVER, wire, b, server.socket(), !seed),
                End::new(DATA, wire, c, data.socket(), seed ^ 1 << 32),
                End::new(SINK, wire, d, sink.socket(), !seed ^ 1 << 32),
            ];
            run(wire, &mut ends, &mut [Progress::default()]);
        }
        self.wire.packets - before
    }

    /// All at once. Returns the packets.
    pub fn at_once(&mut self) -> u64 {
        let before = self.wire.packets;
        let mut storage: Vec<_> = self.rings.iter().map(|_| [SocketStorage::EMPTY]).collect();
        let wire = &mut self.wire;
        let memory = self.rings.iter_mut().zip(&mut storage).enumerate();
        let mut ends: Vec<_> = memory
            .map(|(index, (rings, storage))| {
                End::new(index, wire, storage, rings.socket(), index as u64)
            })
            .collect();
        let mut progress = vec![Progress::default(); ends.len() / ENDS];
        run(wire, &mut ends, &mut progress);
        self.wire.packets - before
    }
}

fn run(wire: &mut Wire, ends: &mut [End<'_>], progress: &mut [Progress]) {
    for session in 0..progress.len() {
        let base = session * ENDS;
        ends[base + SERVER].socket().listen(21).expect("a fresh socket listens");
        let port = u16::try_from(session).expect("as many sessions as ports");
        ends[base].connect(49_152 + port, 21);
    }
    let touch = |index: usize, ends: &mut [End<'_>]| {
        let session = index / ENDS;
        let ends = &mut ends[session * ENDS..][..ENDS];
        let progress = &mut progress[session];
        let other = match index % ENDS {
            0 => progress.client(ends),
            SERVER => progress.server(ends),
            DATA => progress.data(ends),
            _ => progress.sink(ends),
        };
        other.map(|other| session * ENDS + other)
    };
    drive(wire, ends, touch, |_| false);
    assert!(ends.iter_mut().all(|end| end.socket().state() == State::Closed), "all have ended");
}

impl Progress {
    fn client(&mut self, ends: &mut [End<'_>]) -> Option<usize> {
        let socket = ends[0].socket();
        self.client.1 += drain(socket);
        let (step, here) = self.client;
        let expected = if self.sending { COMPLETE } else { SCRIPT[step].1 };
        if here < expected {
            return None;
        }
        self.client.1 = 0;
        match step {
            EPSV => {
                self.client.0 = STOR;
                // The control connection's client port, and a port of the server's own.
                let local = socket.local_endpoint().expect("it is open").port;
                ends[DATA].connect(local, 20);
                return Some(DATA);
            }
            STOR if !self.sending => {
                self.sending = true;
                self.fill(ends[DATA].socket());
                return Some(DATA);
            }
            QUIT => socket.close(),
            _ => {
                self.sending = false;
                self.client.0 = step + 1;
                say(socket, SCRIPT[step + 1].0);
            }
        }
        None
    }

    fn server(&mut self, ends: &mut [End<'_>]) -> Option<usize> {
        let socket = ends[SERVER].socket();
        if socket.state() != State::Established {
            if socket.state() == State::CloseWait {
                socket.close();
            }
            return None;
        }
        self.server.1 += drain(socket);
        let (step, here) = self.server;
        if step > QUIT || here < SCRIPT[step].0 {
            return None;
        }
        self.server = (step + 1, 0);
        say(socket, SCRIPT[step].1);
        match step {
            EPSV => ends[SINK].socket().listen(20).expect("a fresh socket listens"),
            QUIT => socket.close(),
            _ => {}
        }
        None
    }

    fn data(&mut self, ends: &mut [End<'_>]) -> Option<usize> {
        if self.sending {
            self.fill(ends[DATA].socket());
        } else if ends[DATA].socket().state() == State::Established && self.sent == 0 {
            say(ends[0].socket(), SCRIPT[STOR].0);
            return Some(0);
        }
        None
    }

    fn fill(&mut self, socket: &mut Socket<'_>) {
        if self.sent < SIZE && socket.can_send() {
            let left = SIZE - self.sent;
            let bytes = socket.send(|room| {
                let bytes = room.len().min(left);
                room[..bytes].fill(0x55);
                (bytes, bytes)
            });
            self.sent += bytes.expect("it can send");
            if self.sent == SIZE {
                socket.close();
            }
        }
    }

    fn sink(&mut self, ends: &mut [End<'_>]) -> Option<usize> {
        let socket = ends[SINK].socket();
        drain(socket);
        if socket.state() != State::CloseWait {
            return None;
        }
        socket.close();
        say(ends[SERVER].socket(), COMPLETE);
        Some(SERVER)
    }
}

fn drain(socket: &mut Socket<'_>) -> usize {
    let mut taken = 0;
    while socket.can_recv() {
        taken += socket.recv(|bytes| (bytes.len(), bytes.len())).expect("bytes wait");
    }
    taken
}

fn say(socket: &mut Socket<'_>, bytes: usize) {
    let said = socket.send_slice(&WORDS[..bytes]).expect("it can send");
    assert_eq!(said, bytes, "the ring takes a line");
}
