//! The resident memory of a server under floods in each state of a session, and the waits of another
//! session meanwhile.
//!
//! `HALFCLOSE_FLOOD_MB=100` floods with 100 MB in place of 256 KiB, asks for the waits of a server on an
//! idle machine, and shows vsftpd and pyftpdlib under the same floods. The bytes that the kernel holds
//! for a server that does not read count as not taken.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::raw::{Raw, instant, pause};
use crate::beside::any_server::{AnyServer, OURS, Properties};
use crate::busy::Watch;
use crate::foreign::theirs::{PYFTPDLIB, VSFTPD};

/// The limits of a form of the test.
struct Limits {
    /// Bytes of each flood.
    bytes: usize,
    /// The most memory that one session may cost, in KiB.
    cost: u64,
    /// The longest wait of another session.
    wait: Duration,
    /// The time after which a server that reads nothing is thought to read nothing any more, but behind
    /// a wrong password.
    patience: Duration,
    /// The longest time of a flood.
    time: Duration,
}

/// A short flood of a test build, on a busy machine. A queue of some bytes for each sent byte shows.
const SHORT: Limits = Limits {
    bytes: 256 << 10,
    cost: 1 << 10,
    wait: Duration::from_secs(1),
    patience: Duration::from_millis(300),
    time: Duration::from_secs(30),
};
/// How often a flood that has passed a limit is tried again.
const TRIES: u32 = 5;
/// A time longer than the wait behind a wrong password.
const PATIENCE: Duration = Duration::from_millis(1500);
/// The longest wait of another session on an idle machine.
const IDLE_WAIT: Duration = Duration::from_millis(50);

const FLOODS: [(&str, &[u8]); 7] = [
    ("line ends", b"\n"),
    ("NUL", b"\0"),
    ("half a line", b"A"),
    ("IAC", b"\xff"),
    ("STAT", b"STAT\r\n"),
    ("PASV", b"PASV\r\n"),
    ("HELP", b"HELP\r\n"),
];

/// Brings a session into a state; `large` is the path of a large file. Returns the connection that must
/// stay open, or `Err` if the server has no such state.
type State = fn(&mut Raw, &str) -> Result<Option<TcpStream>, String>;

const STATES: [(&str, State); 3] = [
    ("before the login", |_, _| Ok(None)),
    ("behind a wrong password", |client, _| {
        let reply = client.say("USER me");
        if !reply.starts_with("331") {
            return Err(reply);
        }
        client.stream.write_all(b"PASS wrong\r\n").expect("it listens");
        Ok(None)
    }),
    ("in a transfer", |client, large| {
        if client.say("USER anonymous").starts_with("331") {
            assert!(client.say("PASS x").starts_with("230"));
        }
        client.say("TYPE I");
        let data = client.passive();
        let reply = client.say(&format!("RETR {large}"));
        assert!(reply.starts_with("150") || reply.starts_with("125"), "{reply}");
        Ok(Some(data))
    }),
];

/// The two ends of a connection, as `/proc/net/tcp` names the ports.
pub(crate) struct Ends([String; 2]);

impl Ends {
    pub(crate) fn of(client: &TcpStream) -> Self {
        let ends = [client.local_addr(), client.peer_addr()];
        Self(ends.map(|end| format!(":{:04X}", end.expect("it is connected").port())))
    }

    /// The bytes that wait in the kernel, sent and not read by the other end.
    pub(crate) fn waiting(&self) -> usize {
        let [ours, theirs] = &self.0;
        let table = std::fs::read_to_string("/proc/net/tcp").expect("a Linux");
        let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let queues = lines.filter_map(|line| {
            let (sent, received) = line.get(4)?.split_once(':')?;
            let is = |from: &str, to: &str| line[1].ends_with(from) && line[2].ends_with(to);
            let queue = match () {
                () if is(ours, theirs) => sent,
                () if is(theirs, ours) => received,
                () => return None,
            };
            usize::from_str_radix(queue, 16).ok()
        });
        queues.sum()
    }

    /// Waits until the server has read all sent bytes, or has read none for some time, or `is_late`.
    /// Returns the number of unread bytes.
    fn settle(&self, patience: Duration, is_late: impl Fn() -> bool) -> usize {
        let (mut left, mut since) = (self.waiting(), instant());
        while left > 0 && since.elapsed() < patience && !is_late() {
            pause(Duration::from_millis(10));
            let now = self.waiting();
            if now != left {
                (left, since) = (now, instant());
            }
        }
        left
    }
}

/// What a flood came to.
pub(crate) struct Seen {
    /// The bytes that the server has read.
    pub(crate) taken: usize,
    took: Duration,
    /// The memory in KiB.
    pub(crate) cost: u64,
    /// The waits of another session for the reply to NOOP.
    waits: Vec<Duration>,
    /// Whether every NOOP was answered.
    pub(crate) answers: bool,
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { taken, took, cost, answers, .. } = self;
        let longest = self.longest();
        write!(f, "{taken} bytes in {took:?}, {cost} KiB, NOOP {longest:?}, answers: {answers}")
    }
}

impl Seen {
    pub(crate) fn longest(&self) -> Duration {
        self.waits.iter().max().copied().unwrap_or_default()
    }

    /// The waits over the limit of an idle machine.
    fn long(&self) -> usize {
        self.waits.iter().filter(|wait| **wait > IDLE_WAIT).count()
    }
}

/// Pours the bytes as far as the server takes the bytes, while another session asks for replies.
pub(crate) fn flood(
    server: &AnyServer,
    client: &mut Raw,
    piece: &[u8],
    (most, patience, limit): (usize, Duration, Duration),
    reads: bool,
) -> Seen {
    let (ends, process) = (Ends::of(&client.stream), server.process());
    let mut other = server.connect("127.0.0.99");
    if other.say("USER anonymous").starts_with("331") {
        other.say("PASS x");
    }
    let before = server.memory("VmRSS:");
    let block = piece.repeat((64 << 10) / piece.len());
    client.stream.set_write_timeout(Some(Duration::from_millis(100))).expect("a time");
    let mut replies = client.stream.try_clone().expect("a file");
    let (over, began) = (AtomicBool::new(false), instant());
    let is_late = || began.elapsed() > limit;
    thread::scope(|scope| {
        if reads {
            // The connection's end, at the latest after the flood, ends the thread.
            scope.spawn(move || while replies.read(&mut [0; 65536]).is_ok_and(|read| read > 0) {});
        }
        let other = scope.spawn(|| {
            let mut waits = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let watch = Watch::start(process);
                let reply = other.ask("NOOP");
                waits.push(watch.took());
                if !reply.is_ok_and(|reply| reply.starts_with("200")) {
                    return (waits, false);
                }
                pause(Duration::from_millis(1));
            }
            (waits, true)
        });
        let (mut taken, mut idle) = (0, 0);
        let most_idle = patience.as_millis() / 100;
        while taken < most && idle < most_idle && !is_late() {
            match client.stream.write(&block) {
                Ok(bytes) => (taken, idle) = (taken + bytes, 0),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => idle += 1,
                // The server has closed the connection.
                Err(_) => break,
            }
        }
        taken -= ends.settle(patience, is_late).min(taken);
        over.store(true, Ordering::Relaxed);
        let (waits, answers) = other.join().expect("the thread ends");
        let cost = server.memory("VmHWM:").saturating_sub(before);
        let _ = client.stream.shutdown(std::net::Shutdown::Both);
        Seen { taken, took: began.elapsed(), cost, waits, answers }
    })
}

/// Floods a fresh server of each kind in each state. Returns a line for each limit that was passed. A limit
/// counts as passed if each of several floods has passed the limit: a busy machine does so at times.
fn flood_all(model: &str, limits: &Limits) -> Vec<String> {
    let mut passed = Vec::new();
    for (state, enter) in STATES {
        for (kind, piece) in FLOODS {
            for reads in [false, true] {
                // No limit is asked of a neighbour, so one flood is enough.
                let mut tries = 0..if model == OURS { TRIES } else { 0 };
                let line = loop {
                    let Some(line) = flood_once(model, limits, (state, enter), kind, piece, reads)
                    else {
                        break None;
                    };
                    if tries.next().is_none() {
                        break Some(line);
                    }
                };
                passed.extend(line);
            }
        }
    }
    passed
}

/// One flood of a fresh server. Returns a line if a limit was passed.
fn flood_once(
    model: &str,
    limits: &Limits,
    (state, enter): (&str, State),
    kind: &str,
    piece: &[u8],
    reads: bool,
) -> Option<String> {
    let with = Properties { password: model == OURS, ..Properties::OPEN };
    let server = AnyServer::start(model, with)?;
    let large = server.make_large();
    let mut client = server.connect("127.0.0.1");
    let data = match enter(&mut client, &large) {
        Ok(data) => data,
        Err(reply) => {
            eprintln!("{model} has no session {state}: {reply}");
            return None;
        }
    };
    let waits = state.contains("password");
    let patience = if waits { PATIENCE } else { limits.patience };
    let how = (limits.bytes, patience, limits.time);
    let seen = flood(&server, &mut client, piece, how, reads);
    drop(data);
    let line = format!(
        "{model} | {state} | {kind}{} | {:.1} MB | {:.1} s | {} KiB | \
         {:.1} ms, {} of {} over 50 ms",
        if reads { "" } else { ", unread" },
        seen.taken as f64 / 1e6,
        seen.took.as_secs_f64(),
        seen.cost,
        seen.longest().as_secs_f64() * 1e3,
        seen.long(),
        seen.waits.len(),
    );
    eprintln!("{line}");
    let sound = seen.cost < limits.cost && seen.longest() < limits.wait && seen.answers;
    (!sound).then_some(line)
}

#[test]
fn a_flood_in_any_state_costs_little_memory_and_holds_no_other_session_up() {
    let full = std::env::var_os("HALFCLOSE_FLOOD_MB");
    let full: Option<usize> =
        full.map(|mb| mb.to_str().and_then(|mb| mb.parse().ok()).expect("a number of MB"));
    let limits = full.map_or(SHORT, |mb| Limits {
        bytes: 1_000_000 * mb,
        cost: 8 << 10,
        wait: IDLE_WAIT,
        patience: PATIENCE,
        time: Duration::from_secs(30),
    });
    eprintln!("server | state | flood | taken | time | memory | longest NOOP of another session");
    let passed = flood_all(OURS, &limits);
    if full.is_some() {
        for model in [VSFTPD, PYFTPDLIB] {
            flood_all(model, &Limits { time: Duration::from_secs(10), ..limits });
        }
    }
    assert_eq!(passed, [""; 0], "at most {} KiB and {:?}", limits.cost, limits.wait);
}
