//! A running server of any project, with what the trials ask of each.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

use crate::busy::Watch;
pub(crate) use crate::foreign::theirs::Properties;
use crate::foreign::theirs::Theirs;
use crate::hostile::raw::{PATIENCE, Raw, connect_from, instant, pause};
use crate::served::Ours;

/// The name of our server beside the names of [`theirs`](crate::foreign::theirs).
pub(crate) const OURS: &str = "halfclose";

/// The time after which another server that does not answer is thought to be silent.
const SILENCE: Duration = Duration::from_secs(5);

/// A running server, ours or another.
pub(crate) enum AnyServer {
    Ours(Ours),
    Theirs(Theirs),
}

impl AnyServer {
    /// Starts a server; returns `None` if the server is not installed.
    pub(crate) fn start(model: &str, with: Properties<'_>) -> Option<Self> {
        if model != OURS {
            return Theirs::start_with(model, with).map(Self::Theirs);
        }
        let folder = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(folder.path().join("root")).expect("space");
        let mut options = Vec::new();
        if with.password {
            options.extend(["--user", "me", "--anonymous"]);
        }
        let range = with.passive.map(|(first, last)| format!("{first}..={last}"));
        if let Some(range) = &range {
            options.extend(["--passive-ports", range]);
        }
        // The shell opens the log, in place of the pipe of the tests.
        let log = with.log.map(|log| log.to_str().expect("UTF-8"));
        let shell = log.map(|log| ["sh", "-c", "exec 2>\"$0\"; exec \"$@\"", log]);
        options.extend(log.map(|_| "--verbose"));
        let before = shell.as_ref().map_or(&[][..], |shell| &shell[..]);
        Some(Self::Ours(Ours::serve_in(folder, before, &options)))
    }

    pub(crate) fn port(&self) -> u16 {
        match self {
            Self::Ours(server) => server.port,
            Self::Theirs(server) => server.port,
        }
    }

    /// A number of `/proc/PID/status` in KiB, of the server with all its processes.
    pub(crate) fn memory(&self, key: &str) -> u64 {
        match self {
            Self::Ours(server) => server.memory(key),
            Self::Theirs(server) => server.memory(key),
        }
    }

    /// The place of a file on the disk.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        match self {
            Self::Ours(server) => server.path(name),
            Self::Theirs(server) => server.file(name),
        }
    }

    /// The name of a file in a command.
    pub(super) fn path(&self, name: &str) -> String {
        match self {
            Self::Ours(_) => name.to_owned(),
            Self::Theirs(server) => {
                format!("{}/{name}", server.login().0).trim_start_matches('/').to_owned()
            }
        }
    }

    /// Makes a sparse file of 1 GiB. Returns the name of the file in a command.
    pub(crate) fn make_large(&self) -> String {
        let large = File::create(self.file("large"));
        large.and_then(|large| large.set_len(1 << 30)).expect("a sparse file");
        self.path("large")
    }

    /// Connects from an address, and reads the greeting.
    pub(crate) fn connect(&self, from: &str) -> Raw {
        let mut client = Raw::over(connect_from(from, self.port()).expect("it listens"));
        client.expect("220");
        client
    }

    /// Connects and logs in as the user without a password.
    pub(super) fn login(&self) -> Raw {
        self.login_from("127.0.0.1")
    }

    /// The same, from this address.
    pub(super) fn login_from(&self, from: &str) -> Raw {
        let mut client = self.connect(from);
        if client.say("USER anonymous").starts_with("331") {
            assert!(client.say("PASS x").starts_with("230"));
        }
        assert!(client.say("TYPE I").starts_with("200"));
        client
    }

    /// The time until a client of this address has the greeting, or `None`.
    pub(super) fn greets(&self, from: &str, silence: Duration) -> Option<Duration> {
        let watch = Watch::start(self.process());
        let client = connect_from(from, self.port()).ok()?;
        client.set_read_timeout(Some(self.patience(silence))).expect("a time");
        let mut line = String::new();
        BufReader::new(client).read_line(&mut line).ok()?;
        line.starts_with("220").then(|| watch.took())
    }

    /// The id of the server's first process.
    pub(crate) fn process(&self) -> u32 {
        match self {
            Self::Ours(server) => server.id(),
            Self::Theirs(server) => server.id(),
        }
    }

    fn id(&self) -> Pid {
        i32::try_from(self.process()).ok().and_then(Pid::from_raw).expect("a process")
    }

    /// The longest wait for an answer: our server answers at last, also on a busy machine; another server
    /// that has not answered for so long is thought to be silent.
    pub(super) fn patience(&self, silence: Duration) -> Duration {
        match self {
            Self::Ours(_) => PATIENCE,
            Self::Theirs(_) => silence,
        }
    }

    /// Limits a resource of the server, and of the processes that the server starts from now on.
    pub(super) fn limit(&self, resource: Resource, most: u64) {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        prlimit(Some(self.id()), resource, limit).expect("a lower limit is allowed");
    }

    /// Sends a signal to the server's first process.
    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).expect("it is ours");
    }

    /// Sends SIGTERM, and returns the time until the server has ended, or `None`.
    pub(super) fn end(&self) -> Option<Duration> {
        self.signal(Signal::TERM);
        let began = instant();
        let path = format!("/proc/{}/stat", self.id().as_raw_nonzero());
        while began.elapsed() < self.patience(SILENCE) {
            // A process that has ended is a zombie until the test asks for its exit status.
            let stat = std::fs::read_to_string(&path).unwrap_or_default();
            if stat.rsplit(')').next().is_none_or(|rest| rest.trim_start().starts_with('Z')) {
                return Some(began.elapsed());
            }
            pause(Duration::from_millis(10));
        }
        None
    }
}

/// The longest wait of another session for the reply to NOOP, while `busy`.
///
/// A server of another project that does not answer at all has a wait of five seconds.
pub(super) fn longest_wait(
    server: &AnyServer,
    other: &mut Raw,
    mut busy: impl FnMut() -> bool,
) -> Duration {
    other.stream.set_read_timeout(Some(server.patience(SILENCE))).expect("a time");
    let mut longest = Duration::ZERO;
    while busy() {
        let watch = Watch::start(server.process());
        let reply = other.ask("NOOP");
        longest = longest.max(watch.took());
        if reply.is_err() {
            break;
        }
        pause(Duration::from_millis(1));
    }
    longest
}

/// A time in milliseconds, for the table.
pub(super) fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
