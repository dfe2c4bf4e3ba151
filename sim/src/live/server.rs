//! `live::server` serves a directory until a signal ends the program.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use halfclose_ftp::net::Sockets;
use halfclose_ftp::store::DirectoryStore;
use halfclose_ftp::tcp::{Listener, Tcp as _};
use halfclose_ftp::{Driver, Server, ServerConfig};
use listenfd::ListenFd;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sd_notify::NotifyState;
use serde_json::json;

use super::Error;
use super::server_log::ServerLog;
use super::signals::Signals;
use super::walls::{self, Walls};

/// The length of the queue of handshakes: the default limit of Linux.
const BACKLOG: usize = 4096;
/// The open files of the program itself, without any session.
const OWN_FILES: usize = 32;
/// The most closed connections that wait for their peer's end, and their share of the open files.
const CLOSING: (usize, usize) = (256, 8);
/// The longest time for the last lines of the log to leave.
const LAST_LINES: Duration = Duration::from_secs(1);
/// The open files of a session at most: two connections, a file, a directory.
const FILES_PER_SESSION: usize = 4;
/// The longest time for the last bytes of an ending program to leave.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A turn of all sessions that is told: the clients have waited for a disk or a processor.
const LONG_TURN: Duration = Duration::from_millis(50);

/// The directory and the options of a server.
#[derive(Clone, Debug)]
pub(crate) struct Serve {
    pub directory: PathBuf,
    pub listen: SocketAddr,
    pub config: ServerConfig,
    pub read_only: bool,
    /// Whether a file is on the disk before the server acknowledges the upload.
    pub sync: bool,
    /// Whether one address has at most half of the sessions.
    pub shares_addresses: bool,
    /// The user that the server becomes once the server listens.
    pub run_as: Option<nix::unistd::User>,
    /// The time that transfers have after a signal.
    pub grace: Duration,
    /// Whether the log has the whole dialogue.
    pub verbose: bool,
    /// Whether the address is printed as one JSON object.
    pub json: bool,
}

/// Serves until SIGTERM, SIGINT or SIGHUP.
///
/// # Errors
///
/// Fails if the directory cannot be served, or the address cannot be listened at.
pub(crate) fn serve(serve: &Serve, out: &mut dyn Write) -> Result<(), Error> {
    let mut config = serve.config.clone();
    config.epoch = super::today();
    let mut log = ServerLog::new(config.epoch, serve.verbose);
    let mut sockets = Sockets::new()?;
    // Only root may listen at a port below 1024, and root is given up next.
    let (listener, at) = listen(serve, &mut sockets)?;
    let walls = build_walls(serve, at, &mut log)?;
    let shown = serve.directory.display();
    let mut store = DirectoryStore::open(&serve.directory)
        .map_err(|error| Error::input(&format!("cannot serve `{shown}`"), &error))?;
    if !serve.read_only {
        match store.remove_stale() {
            Ok(0) | Err(_) => {}
            Ok(stale) => log.note(&format!("removed {stale} unfinished uploads of earlier runs")),
        }
    }
    store.set_read_only(serve.read_only);
    store.set_sync(serve.sync);
    store.set_waker(sockets.waker()?);
    let closing = bound_sessions(&mut config, serve.shares_addresses, &mut log);
    sockets.limit_closing(closing);
    let mut signals = Signals::wake(&mut sockets)?;
    let mut server = Driver::server(config, store);
    server.hand_over_reports(true);
    server.record_dialogue(true);
    server.attend(listener);
    log.start()?;
    announce(serve, at, &walls, out)?;
    // A supervisor that does not listen any more is no reason to end.
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    let ended = run(&mut server, &mut sockets, &mut signals, serve.grace, &mut log);
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    if ended.is_ok() {
        log.note("ended");
    }
    log.finish(LAST_LINES);
    ended
}

/// Listens at the address of the user, or takes the socket that a supervisor passes (systemd's socket
/// activation).
fn listen(serve: &Serve, sockets: &mut Sockets) -> Result<(Listener, SocketAddr), Error> {
    let passed = ListenFd::from_env().take_tcp_listener(0);
    let passed = passed.map_err(|error| Error::input("the passed socket is unfit", &error))?;
    let listening = match passed {
        Some(socket) => sockets.adopt(socket),
        None => sockets.listen(serve.listen, BACKLOG),
    };
    listening.map_err(|error| Error::input(&format!("cannot listen at {}", serve.listen), &error))
}

/// Gives up root and the files outside the directory. Warns of what stays open.
fn build_walls(serve: &Serve, at: SocketAddr, log: &mut ServerLog) -> Result<Walls, Error> {
    let mut walls = Walls::default();
    match &serve.run_as {
        Some(user) => walls::become_user(user, &mut walls)?,
        None => walls::check_root(at.ip())?,
    }
    if walls::is_root() {
        log.note("warning: runs as root; --run-as USER gives root up");
    }
    let anonymous = serve.config.users.iter().any(|user| user.password.is_none());
    if anonymous && !at.ip().to_canonical().is_loopback() {
        log.note("warning: --anonymous admits everyone who can reach this address");
    }
    walls::confine(&serve.directory, serve.read_only, &mut walls);
    #[cfg(debug_assertions)]
    probe_walls(log);
    Ok(walls)
}

/// In a test build, plays a bug that reads the file of the variable `HALFCLOSE_TEST_READ`: the log
/// tells what the walls say to that.
#[cfg(debug_assertions)]
fn probe_walls(log: &mut ServerLog) {
    if let Some(path) = std::env::var_os("HALFCLOSE_TEST_READ") {
        let read = std::fs::read(&path).map(|bytes| format!("{} bytes", bytes.len()));
        log.note(&format!("test: reading {path:?}: {}", read.unwrap_or_else(|e| e.to_string())));
    }
}

fn announce(
    serve: &Serve,
    at: SocketAddr,
    walls: &Walls,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let directory = serve.directory.display();
    // The user without a password is `anonymous`.
    let anonymous = serve.config.users.iter().find(|user| user.password.is_none());
    let anonymous = anonymous.map(|user| if user.read_only { "read-only" } else { "read-write" });
    if serve.json {
        let address = at.to_string();
        let object = json!({
            "serving": directory.to_string(),
            "address": address,
            "url": format!("ftp://{address}/"),
            "read_only": serve.read_only,
            "anonymous": anonymous,
            "walls": walls.names(),
        });
        writeln!(out, "{object}")?;
    } else {
        let how = match anonymous {
            _ if serve.read_only => " (read-only)",
            Some("read-only") => " (anonymous: read-only)",
            _ => "",
        };
        let walls = walls.names().join(", ");
        writeln!(out, "serving {directory} at ftp://{at}/{how}; walls: {walls}")?;
    }
    // A reader of this line knows from the line that the server accepts connections.
    out.flush()?;
    Ok(())
}

/// The turns of the program's loop, in each of which every session has its share.
#[derive(Debug, Default)]
struct Turns {
    /// The longest turn that the log has.
    told: Duration,
}

impl Turns {
    /// Tells of a turn that is long, and twice as long as the turn told before: neither a client nor a
    /// disk fills the log with such lines.
    fn add(&mut self, took: Duration, log: &mut ServerLog) {
        if took >= LONG_TURN && took >= 2 * self.told {
            self.told = took;
            let ms = took.as_millis();
            log.note(&format!("all sessions waited {ms} ms for the disk or the processor"));
        }
    }
}

fn run(
    server: &mut Driver<Server, DirectoryStore>,
    sockets: &mut Sockets,
    signals: &mut Signals,
    grace: Duration,
    log: &mut ServerLog,
) -> Result<(), Error> {
    let (mut deadline, mut turns) = (None, Turns::default());
    loop {
        let now = sockets.now();
        // The clock of the machine may have been set since the last lap.
        let epoch = super::today().saturating_sub(now);
        log.set_epoch(epoch);
        server.config_mut().epoch = epoch;
        server.pump(sockets, now);
        log.take(server);
        turns.add(sockets.now().saturating_sub(now), log);
        if deadline.is_some_and(|deadline| server.is_done() || deadline <= now) {
            break;
        }
        sockets.wait(deadline.into_iter().chain(server.next_wakeup()).min())?;
        match (signals.count(), deadline) {
            (0, _) => {}
            (1, None) => {
                let sessions = server.sessions();
                log.note(&format!("ending: {sessions} sessions, {} s for them", grace.as_secs()));
                let now = sockets.now();
                server.retire(sockets, now);
                deadline = Some(now + grace);
            }
            // A second signal ends everything at once.
            _ => break,
        }
    }
    let now = sockets.now();
    server.cut(sockets, now);
    log.take(server);
    let end = now + LAST_WORDS;
    // A file that is being closed has its reply yet to come.
    while !(sockets.is_flushed() && server.is_done()) && sockets.now() < end {
        sockets.wait(server.next_wakeup().into_iter().chain([end]).min())?;
        server.pump(sockets, sockets.now());
        log.take(server);
    }
    // The end of this lap sends the waiting bytes.
    sockets.wait(Some(now))?;
    Ok(())
}

/// Limits the sessions to the open files that the system allows, and the sessions of one address to
/// half of all, unless the user has chosen the number. Returns how many closed connections may wait
/// for their peer's end.
fn bound_sessions(config: &mut ServerConfig, shares: bool, log: &mut ServerLog) -> usize {
    let files = raise_open_files();
    let closing = CLOSING.0.min(files / CLOSING.1);
    let most = (files.saturating_sub(OWN_FILES + closing) / FILES_PER_SESSION).max(1);
    if most < config.limits.sessions {
        log.note(&format!("{most} sessions at a time: the system allows {files} open files"));
        config.limits.sessions = most;
    }
    if shares {
        let half = config.limits.sessions.div_ceil(2);
        config.limits.per_address = config.limits.per_address.min(half);
    }
    closing
}

/// Raises the soft limit of open files to the hard limit. Returns the limit in force.
fn raise_open_files() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    // The old limit stays if the system refuses.
    let now = if setrlimit(Resource::Nofile, raised).is_ok() { maximum } else { current };
    now.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX)
}
