//! `capture.rs` owns a capture of a test: tcpdump in a network namespace whose loopback device carries the
//! packets of one test alone.

use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};

use super::programs::is_there;
use crate::hostile::raw::{instant, pause, until};

/// The longest wait for the ends of the connections: a server may leave a connection open for minutes.
const LINGER: Duration = Duration::from_secs(10);
/// The bytes of the packet behind all others.
const MARK: &[u8] = b"the end of this capture";

/// Whether this process may capture.
fn can_capture() -> bool {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0"));
    if !root {
        eprintln!("SKIPPED: only root may capture");
    }
    root && is_there("tcpdump") && is_there("ip")
}

/// Runs a test that captures in a network namespace of its own, with every program that the test starts.
/// Skipped, with a line, where this process may not capture or `programs` are missing.
pub(super) fn alone(programs: &[&str], test: impl FnOnce() + Send) {
    if !can_capture() || !programs.iter().all(|program| is_there(program)) {
        return;
    }
    let inside = || {
        // Without the right to make a namespace the packets of other tests are captured too.
        if unshare(CloneFlags::CLONE_NEWNET).is_ok() {
            let up = Command::new("ip").args(["link", "set", "lo", "up"]).status();
            assert!(up.expect("ip starts").success(), "the device `lo` is up");
        }
        test();
    };
    let ended = thread::scope(|scope| scope.spawn(inside).join());
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
}

/// A capture under way.
pub(super) struct Capture {
    dump: Child,
    stderr: BufReader<ChildStderr>,
    file: PathBuf,
}

impl Capture {
    /// Captures the loopback device into `file`: `snap` bytes of each packet that fits `filter`.
    pub(super) fn start(file: &Path, snap: &str, filter: &str) -> Self {
        let mut dump = Command::new("tcpdump");
        dump.args(["-i", "lo", "-U", "--immediate-mode", "-B", "65536", "-n", "-Z", "root", "-s"]);
        dump.arg(snap).arg("-w").arg(file).arg(format!("({filter}) or udp"));
        let mut dump = dump.stderr(Stdio::piped()).spawn().expect("tcpdump starts");
        // tcpdump says that it listens before the first packet is captured.
        let mut stderr = BufReader::new(dump.stderr.take().expect("piped"));
        let mut line = String::new();
        while !line.contains("listening") {
            assert!(stderr.read_line(&mut line).expect("text") > 0, "tcpdump ended: {line}");
        }
        Self { dump, stderr, file: file.to_owned() }
    }

    /// Ends the capture behind the last packet of the connections.
    pub(super) fn stop(mut self) {
        let began = instant();
        while are_open() && began.elapsed() < LINGER {
            pause(Duration::from_millis(10));
        }
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.send_to(MARK, socket.local_addr().expect("it has one")).expect("it is sent");
        until("tcpdump has written every packet", || holds(&self.file, MARK));
        let _ = Command::new("kill").args(["-INT", &self.dump.id().to_string()]).status();
        let mut rest = String::new();
        let _ = self.stderr.read_to_string(&mut rest);
        let _ = self.dump.wait();
        assert!(rest.contains("\n0 packets dropped by kernel"), "a busy machine: {rest}");
    }
}

/// Whether a connection of this namespace is neither at its end nor in TIME-WAIT.
fn are_open() -> bool {
    const LISTEN: &str = "0A";
    const TIME_WAIT: &str = "06";
    const CLOSE: &str = "07";
    ["tcp", "tcp6"].iter().any(|table| {
        let table = std::fs::read_to_string(format!("/proc/thread-self/net/{table}"));
        table.unwrap_or_default().lines().skip(1).any(|line| {
            let state = line.split_whitespace().nth(3).unwrap_or_default();
            ![LISTEN, TIME_WAIT, CLOSE].contains(&state)
        })
    })
}

/// Whether the file of a capture holds these bytes, in a packet.
pub(super) fn holds(file: &Path, bytes: &[u8]) -> bool {
    let all = std::fs::read(file).expect("a capture");
    all.windows(bytes.len()).any(|window| window == bytes)
}
