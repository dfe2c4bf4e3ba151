//! `capture` writes a capture of made-up traffic to standard output, the same bytes each time:
//! `cargo run --profile bench --example capture -p halfclose-benches -- KIND BYTES >FILE`. KIND is
//! `mixed` (FTP sessions and other TCP), `open` (connections that stay open), or `sessions` (very
//! many short FTP sessions). The writer holds as many connections at a time as LANES says.

use std::collections::VecDeque;
use std::io::{self, BufWriter, Write};
use std::net::{Ipv4Addr, SocketAddrV4};

use halfclose_stack::{Flags, Segment};

/// Sessions that go on beside each other.
const LANES: usize = 200;
/// Bytes of data in a full packet.
const MSS: u32 = 1460;
/// The snap length of the file, and the link layer: Ethernet.
const HEADER: [u32; 6] = [0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 262_144, 1];
/// Destination, source, and the type of IPv4.
const ETHERNET: [u8; 14] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];

/// A generator of `SplitMix64`.
struct Draws(u64);

impl Draws {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}

/// A packet that is still to be written: a connection of its lane, the end that sends it, the control
/// bits, and the data.
struct Planned {
    connection: usize,
    by_server: bool,
    flags: Flags,
    data: Data,
}

enum Data {
    Text(String),
    Filler(u32),
}

/// One connection of a lane: both ends, and the next sequence number of each.
struct Connection {
    ends: [SocketAddrV4; 2],
    next: [u32; 2],
}

/// A session that is being written.
#[derive(Default)]
struct Lane {
    connections: Vec<Connection>,
    plan: VecDeque<Planned>,
}

impl Lane {
    fn say(&mut self, connection: usize, by_server: bool, flags: Flags, data: Data) {
        self.plan.push_back(Planned { connection, by_server, flags, data });
    }

    fn bare(&mut self, connection: usize, by_server: bool, flags: Flags) {
        self.say(connection, by_server, flags, Data::Filler(0));
    }

    fn text(&mut self, by_server: bool, text: &str) {
        let data = Data::Text(format!("{text}\r\n"));
        self.say(0, by_server, Flags::PSH | Flags::ACK, data);
    }

    /// Opens a connection with a handshake. Returns the number of the connection.
    fn open(&mut self, ends: [SocketAddrV4; 2], draws: &mut Draws) -> usize {
        let next = [0, 1].map(|_| u32::try_from(draws.next(1 << 32)).unwrap_or(0));
        self.connections.push(Connection { ends, next });
        let number = self.connections.len() - 1;
        self.bare(number, false, Flags::SYN);
        self.bare(number, true, Flags::SYN | Flags::ACK);
        self.bare(number, false, Flags::ACK);
        number
    }

    /// Moves `bytes` from one end to the other; every second packet is acknowledged.
    fn moves(&mut self, connection: usize, by_server: bool, bytes: u32) {
        let mut left = bytes;
        let mut odd = false;
        while left > 0 {
            let some = left.min(MSS);
            self.say(connection, by_server, Flags::ACK, Data::Filler(some));
            left -= some;
            if odd || left == 0 {
                self.bare(connection, !by_server, Flags::ACK);
            }
            odd = !odd;
        }
    }

    /// Closes a connection with two FINs, the first of the end `by_server`.
    fn closes(&mut self, connection: usize, by_server: bool) {
        self.bare(connection, by_server, Flags::FIN | Flags::ACK);
        self.bare(connection, !by_server, Flags::FIN | Flags::ACK);
        self.bare(connection, by_server, Flags::ACK);
    }
}

/// Traffic of one kind.
struct Traffic {
    kind: String,
    draws: Draws,
    /// Sessions so far: each has a client port of its own.
    sessions: u32,
}

impl Traffic {
    /// The two ends of the next connection to `port` of a server.
    fn ends(&mut self, port: u16) -> [SocketAddrV4; 2] {
        let number = self.sessions;
        self.sessions += 1;
        let [_, a, b, _] = (number / 50_000).to_be_bytes();
        let [_, _, _, low] = (number / 50_000).to_be_bytes();
        let client = Ipv4Addr::new(10, b.wrapping_add(a), low, 7);
        let own = 10_000 + u16::try_from(number % 50_000).unwrap_or(0);
        [SocketAddrV4::new(client, own), SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 9), port)]
    }

    fn lane(&mut self) -> Lane {
        let mut lane = Lane::default();
        match &*self.kind {
            "open" => self.opens(&mut lane),
            "sessions" => self.ftp(&mut lane, 1, 2_000),
            _ if self.draws.next(3) == 0 => self.http(&mut lane),
            _ => {
                let transfers = 1 + self.draws.next(12);
                self.ftp(&mut lane, transfers, 400_000);
            }
        }
        lane
    }

    /// A connection with one request that is never closed.
    fn opens(&mut self, lane: &mut Lane) {
        let ends = self.ends(443);
        let number = lane.open(ends, &mut self.draws);
        lane.moves(number, false, 200);
    }

    fn http(&mut self, lane: &mut Lane) {
        let ends = self.ends(80);
        let number = lane.open(ends, &mut self.draws);
        for _ in 0..=self.draws.next(3) {
            lane.moves(number, false, 300);
            let bytes = u32::try_from(1 + self.draws.next(200_000)).unwrap_or(1);
            lane.moves(number, true, bytes);
        }
        match self.draws.next(20) {
            0 => lane.bare(number, true, Flags::RST | Flags::ACK),
            1 => {}
            _ => lane.closes(number, true),
        }
    }

    fn ftp(&mut self, lane: &mut Lane, transfers: u64, largest: u64) {
        let ends = self.ends(21);
        lane.open(ends, &mut self.draws);
        lane.text(true, "220 ready");
        for (command, reply) in
            [("USER u", "331 password"), ("PASS p", "230 welcome"), ("TYPE I", "200 image")]
        {
            lane.text(false, command);
            lane.text(true, reply);
        }
        for file in 0..transfers {
            let port = 40_000 + u16::try_from(self.draws.next(20_000)).unwrap_or(0);
            let upload = self.draws.next(2) == 0;
            let bytes = u32::try_from(self.draws.next(largest)).unwrap_or(0);
            lane.text(false, "PASV");
            let (high, low) = (port >> 8, port & 0xff);
            lane.text(true, &format!("227 entering (192,0,2,9,{high},{low})"));
            let data = self.ends(port);
            let data = [SocketAddrV4::new(*ends[0].ip(), data[0].port()), data[1]];
            let number = lane.open(data, &mut self.draws);
            lane.text(false, &format!("{} file{file}.bin", if upload { "STOR" } else { "RETR" }));
            lane.text(true, "150 here it comes");
            lane.moves(number, !upload, bytes);
            if upload && self.draws.next(8) == 0 {
                lane.bare(number, false, Flags::RST | Flags::ACK);
                lane.text(true, "426 connection reset");
            } else {
                lane.closes(number, !upload);
                lane.text(true, "226 done");
            }
        }
        lane.text(false, "QUIT");
        lane.text(true, "221 bye");
        lane.closes(0, true);
    }
}

/// Writes the next packet of a lane. Returns the bytes written.
fn write_one(lane: &mut Lane, at: u64, filler: &[u8], out: &mut impl Write) -> io::Result<u64> {
    let Some(Planned { connection, by_server, flags, data }) = lane.plan.pop_front() else {
        return Ok(0);
    };
    let Connection { ends, next } = &mut lane.connections[connection];
    let (own, other) = (usize::from(by_server), usize::from(!by_server));
    let ack = if flags.has(Flags::ACK) { next[other] } else { 0 };
    let bytes = match &data {
        Data::Text(text) => text.as_bytes(),
        Data::Filler(length) => &filler[..*length as usize],
    };
    let segment = Segment::bare([ends[own], ends[other]], [next[own], ack], flags, 60_000);
    let packet = segment.to_packet(&[], bytes);
    let counts = u32::from(flags.has(Flags::SYN)) + u32::from(flags.has(Flags::FIN));
    let length = u32::try_from(bytes.len()).unwrap_or(0);
    next[own] = next[own].wrapping_add(length + counts);
    let size = u32::try_from(packet.len() + ETHERNET.len()).unwrap_or(0);
    let [second, micro] = [at / 1_000_000, at % 1_000_000].map(|it| u32::try_from(it).unwrap_or(0));
    for word in [1_700_000_000 + second, micro, size, size] {
        out.write_all(&word.to_le_bytes())?;
    }
    out.write_all(&ETHERNET)?;
    out.write_all(&packet)?;
    Ok(u64::from(size) + 16)
}

fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let kind = words.next().unwrap_or_else(|| "mixed".to_owned());
    let bytes: u64 = words.next().and_then(|it| it.parse().ok()).unwrap_or(1 << 30);
    let mut traffic = Traffic { kind, draws: Draws(7), sessions: 0 };
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    for word in HEADER {
        out.write_all(&word.to_le_bytes())?;
    }
    let filler: Vec<u8> = (0..MSS).map(|at| at.to_le_bytes()[0] ^ 0x5a).collect();
    let mut lanes: Vec<Lane> = (0..LANES).map(|_| traffic.lane()).collect();
    let (mut written, mut at) = (0, 0);
    while written < bytes {
        let place = usize::try_from(traffic.draws.next(LANES as u64)).unwrap_or(0);
        if lanes[place].plan.is_empty() {
            lanes[place] = traffic.lane();
        }
        // Packets of a lane come in short trains, as on a real link.
        for _ in 0..=traffic.draws.next(6) {
            at += 1 + traffic.draws.next(60);
            written += write_one(&mut lanes[place], at, &filler, &mut out)?;
        }
    }
    // The sessions under way come to their ends.
    for lane in &mut lanes {
        while !lane.plan.is_empty() {
            at += 30;
            write_one(lane, at, &filler, &mut out)?;
        }
    }
    out.flush()
}
