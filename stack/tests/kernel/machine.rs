//! `machine.rs` runs a step script against a kernel socket: in a network namespace of its own, behind a
//! TUN device from which the peer's segments come.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use halfclose_stack::{Flags, Segment};
use nix::sched::{CloneFlags, unshare};
use socket2::{Domain, Protocol, Socket, Type};
use tappers::linux::Tun;
use tappers::{AddAddressV4, DeviceState, Interface};

use crate::route;
use crate::step::{Arriving, End, PEER_ISN, Reaction, Step, printed};

const HOST: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
const PEER: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);

/// What the kernel leaves out or delays, so that only the rules of the states are compared.
const SETTINGS: [(&str, &str); 12] = [
    ("tcp_timestamps", "0"),
    ("tcp_sack", "0"),
    ("tcp_window_scaling", "0"),
    ("tcp_early_retrans", "0"),
    ("tcp_recovery", "0"),
    ("tcp_autocorking", "0"),
    ("tcp_frto", "0"),
    // No connection knows the round-trip time of an earlier connection.
    ("tcp_no_metrics_save", "1"),
    ("tcp_rto_min_us", "1000000"),
    // One challenge ACK a second, as at the host.
    ("tcp_invalid_ratelimit", "1000"),
    ("tcp_max_tw_buckets", "65536"),
    // A time that a test can wait for; the host has the same.
    ("tcp_fin_timeout", "5"),
];

/// A network namespace of the calling thread with a TUN device.
pub(crate) struct Machine {
    tun: Tun,
    scripts: Cell<u16>,
    /// Segments that no script has taken yet, by the port of the kernel.
    waiting: RefCell<BTreeMap<u16, Vec<Segment>>>,
}

impl Machine {
    /// A machine for the calling thread; `None`, with a message, where the system has none.
    /// `HALFCLOSE_REQUIRE_KERNEL` makes a missing machine an error.
    #[expect(clippy::disallowed_methods, reason = "no run: the tests beside the kernel")]
    pub(crate) fn open() -> Option<Self> {
        match Self::new() {
            Ok(machine) => Some(machine),
            Err(error) if std::env::var("HALFCLOSE_REQUIRE_KERNEL").is_err() => {
                eprintln!(
                    "SKIPPED: no kernel socket behind a TUN device (root, /dev/net/tun and Linux \
                     6.11 are needed): {error}"
                );
                None
            }
            Err(error) => panic!("no kernel socket behind a TUN device: {error}"),
        }
    }

    /// Move the calling thread into a namespace of its own.
    fn new() -> io::Result<Self> {
        // A table with few buckets is read quickly; the size is that of the next namespace.
        unshare(CloneFlags::CLONE_NEWNET)?;
        set("tcp_child_ehash_entries", "64")?;
        unshare(CloneFlags::CLONE_NEWNET)?;
        let tun = Tun::create_named(Interface::new("peer0")?)?;
        let mut address = AddAddressV4::new(HOST);
        address.set_destination(PEER);
        tun.add_addr(address)?;
        tun.set_state(DeviceState::Up)?;
        tun.set_nonblocking(true)?;
        SETTINGS.into_iter().try_for_each(|(name, value)| set(name, value))?;
        // The kernel delays no ACK, not even after a FIN.
        route::quick_ack(PEER, Interface::new("peer0")?.index()?)?;
        Ok(Self { tun, scripts: Cell::default(), waiting: RefCell::default() })
    }

    /// A connection for the next script, between ports of its own.
    pub(crate) fn next(&self) -> Kernel<'_> {
        self.scripts.set(self.scripts.get() + 1);
        let host = SocketAddrV4::new(HOST, 2000 + self.scripts.get());
        let peer = SocketAddrV4::new(PEER, 40000);
        let (listener, conn) = (None, None);
        let state = "CLOSED".to_owned();
        Kernel { machine: self, ends: [host, peer], isn: 0, listener, conn, state, numbers: None }
    }

    /// The segments that left from `port` since the last call.
    fn segments(&self, port: u16) -> Vec<Segment> {
        let mut waiting = self.waiting.borrow_mut();
        let mut room = [0; 2048];
        while let Ok(len) = self.tun.recv(&mut room) {
            if let Some(segment) = Segment::parse(&room[..len]) {
                waiting.entry(segment.source.port()).or_default().push(segment);
            }
        }
        waiting.remove(&port).unwrap_or_default()
    }
}

/// Set a variable of the namespace under /proc/sys/net/ipv4.
fn set(name: &str, value: &str) -> io::Result<()> {
    let path = format!("/proc/sys/net/ipv4/{name}");
    let set = std::fs::write(&path, value);
    set.map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))
}

/// A kernel socket in the middle of a script.
pub(crate) struct Kernel<'a> {
    machine: &'a Machine,
    /// The kernel's end and the peer's end.
    ends: [SocketAddrV4; 2],
    isn: u32,
    listener: Option<Socket>,
    conn: Option<Socket>,
    state: String,
    /// RCV.NXT and SND.NXT of the kernel as its last segment showed, for the RST at the end.
    numbers: Option<[u32; 2]>,
}

impl Kernel<'_> {
    fn drain(&mut self) -> Vec<String> {
        let mut sent = Vec::new();
        for segment in self.machine.segments(self.ends[0].port()) {
            if [segment.source, segment.destination] != self.ends {
                continue;
            }
            if segment.flags.has(Flags::SYN) {
                self.isn = segment.seq;
            }
            if segment.flags.has(Flags::ACK) {
                self.numbers = Some([segment.ack, segment.seq.wrapping_add(segment.len())]);
            }
            sent.push(printed(&segment, self.isn));
        }
        sent
    }

    fn arrive(&mut self, segment: Arriving) {
        let numbers = [segment.seq.wrapping_add(PEER_ISN), segment.ack.wrapping_add(self.isn)];
        let ack = if segment.flags.has(Flags::ACK) { numbers[1] } else { 0 };
        self.write([numbers[0], ack], &segment);
    }

    fn write(&self, numbers: [u32; 2], segment: &Arriving) {
        let [host, peer] = self.ends;
        let bare = Segment::bare([peer, host], numbers, segment.flags, segment.window);
        let packet = bare.to_packet(&[], &vec![b'x'; segment.len]);
        self.machine.tun.send(&packet).expect("the device takes a packet");
    }

    fn socket(&self) -> Socket {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP));
        let socket = socket.expect("the kernel has a socket");
        socket.set_nonblocking(true).expect("a socket need not block");
        socket.set_tcp_nodelay(true).expect("a socket need not wait");
        socket.bind(&self.ends[0].into()).expect("the port is free");
        socket
    }

    /// The state of the connection in the table of the kernel, which also lists orphans.
    fn look(&self) -> String {
        let table =
            std::fs::read_to_string("/proc/thread-self/net/tcp").expect("the kernel's table");
        let hex = |end: SocketAddrV4| {
            let address = u32::from_le_bytes(end.ip().octets());
            format!("{address:08X}:{:04X}", end.port())
        };
        let [host, peer] = self.ends.map(hex);
        let ends = format!(" {host} {peer} ");
        let at = table.find(&ends).map(|at| at + ends.len());
        let name = match at.and_then(|at| table.get(at..at + 2)).unwrap_or_default() {
            "01" => "ESTABLISHED",
            "02" => "SYN-SENT",
            "03" | "0C" => "SYN-RECEIVED",
            "04" => "FIN-WAIT-1",
            "05" => "FIN-WAIT-2",
            "06" => "TIME-WAIT",
            "08" => "CLOSE-WAIT",
            "09" => "LAST-ACK",
            "0B" => "CLOSING",
            _ => "CLOSED",
        };
        name.to_owned()
    }
}

/// The words for the result of a call.
fn told(result: io::Result<usize>, receives: bool) -> String {
    match result {
        Ok(0) if receives => "end".into(),
        Ok(len) => len.to_string(),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock => "would block".into(),
            ErrorKind::BrokenPipe => "EPIPE".into(),
            ErrorKind::ConnectionReset => "ECONNRESET".into(),
            ErrorKind::ConnectionRefused => "ECONNREFUSED".into(),
            ErrorKind::TimedOut => "ETIMEDOUT".into(),
            ErrorKind::NotConnected => "ENOTCONN".into(),
            _ => error.to_string(),
        },
    }
}

impl End for Kernel<'_> {
    fn take(&mut self, step: &Step) -> Reaction {
        let mut words = String::new();
        let linger = Some(Duration::ZERO);
        match (step, &mut self.conn) {
            (Step::Connect, _) => {
                let socket = self.socket();
                let opened = socket.connect(&self.ends[1].into());
                assert!(opened.is_err(), "a connection needs an answer");
                self.conn = Some(socket);
            }
            (Step::Listen, _) => {
                let socket = self.socket();
                socket.listen(8).expect("a socket listens");
                self.listener = Some(socket);
            }
            (Step::Accept, _) => {
                let accepted = self.listener.as_ref().and_then(|listener| listener.accept().ok());
                self.conn = accepted.map(|(socket, _)| {
                    socket.set_nonblocking(true).expect("a socket need not block");
                    socket
                });
                words = if self.conn.is_some() { "accepted" } else { "would block" }.into();
            }
            (Step::Arrive(segment), _) => self.arrive(*segment),
            // The caller has waited.
            (Step::Wait(_), _) => {}
            (_, None) => words = "closed".into(),
            (Step::Send(len), Some(conn)) => words = told(conn.write(&vec![b'y'; *len]), false),
            (Step::Receive, Some(conn)) => {
                let mut room = vec![0; 100_000];
                words = told(conn.read(&mut room), true);
            }
            (Step::Shutdown, Some(conn)) => {
                // An error says that the connection is gone, as the state does.
                let _ = conn.shutdown(std::net::Shutdown::Write);
            }
            (Step::Close, _) => self.conn = None,
            (Step::Abort, Some(conn)) => {
                conn.set_linger(linger).expect("a socket need not linger");
                self.conn = None;
            }
        }
        let sent = self.drain();
        self.state = self.look();
        Reaction { sent, state: self.state.clone(), told: words }
    }
}

impl Drop for Kernel<'_> {
    /// Leave no connection that would send again: a RST at each number that the kernel may believe.
    fn drop(&mut self) {
        if let Some([rcv_nxt, snd_nxt]) = self.numbers {
            self.write([rcv_nxt, snd_nxt], &Arriving::new("R.", 0, 0, 0));
        }
        self.conn = None;
        self.listener = None;
        self.machine.segments(self.ends[0].port());
    }
}
