//! `busy.rs` owns the ways in which a measurement of real time holds on a busy machine: a watch that leaves
//! out the waits for a processor, another try of a doubtful measurement, and a free port.

use std::fs;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crate::hostile::raw::{instant, pause};

/// How often a measurement may be doubtful: a busy machine spoils some, and an error spoils all.
const TRIES: u32 = 6;

/// Real time since the start, without the time for which this thread and the main thread of a server were
/// ready to run and other programs had the processor.
pub(crate) struct Watch {
    began: Instant,
    waited: Duration,
    server: u32,
}

impl Watch {
    /// A watch for the answers of the process `server`.
    pub(crate) fn start(server: u32) -> Self {
        Self { began: instant(), waited: waited(server), server }
    }

    pub(crate) fn took(&self) -> Duration {
        let waited = waited(self.server).saturating_sub(self.waited);
        self.began.elapsed().saturating_sub(waited)
    }
}

fn waited(server: u32) -> Duration {
    waited_here() + waits(&format!("/proc/{server}/schedstat"))
}

/// The time for which this thread was ready to run and had no processor.
pub(crate) fn waited_here() -> Duration {
    waits("/proc/thread-self/schedstat")
}

/// The second number of a file of scheduler statistics (proc(5)); zero where the kernel counts none.
fn waits(path: &str) -> Duration {
    let times = fs::read_to_string(path).unwrap_or_default();
    let waited = times.split_whitespace().nth(1).and_then(|waited| waited.parse().ok());
    Duration::from_nanos(waited.unwrap_or_default())
}

/// Tries until `attempt` succeeds, and panics with the problem of each attempt if none does.
#[track_caller]
pub(crate) fn again<T>(mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let mut problems = Vec::new();
    for tries in 1..=TRIES {
        match attempt() {
            Ok(found) => return found,
            Err(problem) => problems.push(problem),
        }
        eprintln!("doubtful, try {tries} of {TRIES}: {}", problems[problems.len() - 1]);
        pause(Duration::from_millis(200) * tries);
    }
    panic!("{TRIES} times: {problems:#?}");
}

/// Measures until a time is below `limit`, and returns the time. A server that holds its clients up is late
/// each time.
#[track_caller]
pub(crate) fn within(
    limit: Duration,
    what: &str,
    mut measure: impl FnMut() -> Duration,
) -> Duration {
    again(|| match measure() {
        took if took < limit => Ok(took),
        took => Err(format!("{what}: {took:?}, and the limit is {limit:?}")),
    })
}

/// A port of 127.0.0.1 that was free a moment ago. No system gives a port below 32,768 to a socket that
/// asks for any port, so no other socket of the tests takes the port meanwhile.
pub(crate) fn free_port() -> u16 {
    const PORTS: (u16, u16) = (10_000, 32_000);
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let (first, end) = PORTS;
    // Processes of tests that run at a time begin at different ports.
    let begin = std::process::id().wrapping_mul(331) % u32::from(end - first);
    let begin = u16::try_from(begin).expect("below the number of ports");
    for _ in first..end {
        let at = (begin + NEXT.fetch_add(1, Ordering::Relaxed) % (end - first)) % (end - first);
        if TcpListener::bind(("127.0.0.1", first + at)).is_ok() {
            return first + at;
        }
    }
    panic!("no port from {first} to {end} is free");
}
