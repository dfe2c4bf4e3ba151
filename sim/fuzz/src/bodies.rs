//! The bodies of the fuzz targets: each takes any bytes, and fails if a reader panics, holds too much
//! memory, or makes too many steps for the number of bytes. `sim/fuzz` runs the bodies under a
//! coverage-guided fuzzer; `sim/tests/fuzzed` runs the same bodies on the corpus and on its mutations.

use crate::cost::Cost;
use halfclose::Scenario;
use halfclose::explain::{Analysis, read_capture};
use halfclose::internals::{file, read_bytes, read_rows, read_summary};
use halfclose_ftp::report::{Journal, SessionId};
use halfclose_ftp::session::{Action, Context, Event, Session, Shared};
use halfclose_ftp::tcp::Ending;
use halfclose_ftp::transfer::{Lateness, TransferEnd};
use halfclose_ftp::wire::address;
use halfclose_ftp::wire::command;
use halfclose_ftp::wire::line::{LINE_LIMIT, Lines};
use halfclose_ftp::wire::listing::{Form, Pattern, read};
use halfclose_ftp::wire::pathname;
use halfclose_ftp::wire::reply::Parser;
use halfclose_ftp::{MemoryStore, Server, ServerConfig, User};
use std::path::Path;
use std::time::Duration;

/// A body with its name, which is the name of its folder in the corpus.
pub type Body = (&'static str, fn(&[u8]));

/// All bodies, in the order of the layers.
pub const BODIES: [Body; 10] = [
    ("lines", lines),
    ("commands", commands),
    ("replies", replies),
    ("addresses", addresses),
    ("listings", listings),
    ("globs", globs),
    ("captures", captures),
    ("scenarios", scenarios),
    ("results", results),
    ("session", session),
];

/// The line reader, in chunks whose sizes the bytes choose, with and without a reader of the lines.
pub fn lines(bytes: &[u8]) {
    let Some((&way, mut rest)) = bytes.split_first() else { return };
    let cost = Cost::begin();
    let mut lines = Lines::default();
    while !rest.is_empty() {
        let size = usize::from(rest[0] ^ way).clamp(1, rest.len()).min(lines.room());
        if size == 0 {
            // The owner waits for the line's end of the wait, and takes the lines then.
            while lines.next_line().is_some() {}
            if lines.room() == 0 {
                return;
            }
            continue;
        }
        lines.handle_bytes(&rest[..size]);
        rest = &rest[size..];
        if way.is_multiple_of(2) {
            while let Some(line) = lines.next_line() {
                assert!(line.bytes.len() <= LINE_LIMIT);
            }
        }
    }
    cost.check("lines", bytes.len(), 64 << 10, 8);
}

/// Commands and the paths in commands, line by line.
pub fn commands(bytes: &[u8]) {
    let cost = Cost::begin();
    let mut path = String::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let _ = command::parse(line);
        if let Ok(text) = std::str::from_utf8(line)
            && let Ok(path) = pathname::resolve("a/b", text, 64, &mut path)
        {
            assert!(path.split('/').all(|name| name != ".." && !name.contains('\0')));
        }
    }
    cost.check("commands", bytes.len(), 16 << 10, 64);
}

/// Replies of a server, line by line.
pub fn replies(bytes: &[u8]) {
    let cost = Cost::begin();
    let mut parser = Parser::default();
    for line in bytes.split(|byte| *byte == b'\n') {
        let _ = parser.handle_line(line);
    }
    cost.check("replies", bytes.len(), 64 << 10, 64);
}

/// The addresses of data connections in commands and replies.
pub fn addresses(bytes: &[u8]) {
    let cost = Cost::begin();
    for line in bytes.split(|byte| *byte == b'\n') {
        let text = String::from_utf8_lossy(line);
        let _ = address::parse_port(&text);
        let _ = address::parse_eprt(&text);
        let _ = address::parse_epsv(&text);
        let _ = address::scan_227(&text);
        let _ = address::scan_229(&text);
    }
    cost.check("addresses", bytes.len(), 16 << 10, 64);
}

/// The lines of listings, in every form.
pub fn listings(bytes: &[u8]) {
    let cost = Cost::begin();
    for line in bytes.split(|byte| *byte == b'\n') {
        for form in [Form::Facts, Form::Long, Form::Names] {
            let _ = read(form, line, Duration::from_secs(1_795_000_000));
        }
    }
    cost.check("listings", bytes.len(), 16 << 10, 64);
}

/// A pattern in the first line, and names in the others.
pub fn globs(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut rest = text.split('\n');
    let cost = Cost::begin();
    let first = rest.next().unwrap_or_default();
    let pattern = Pattern::new(first);
    let elements = u32::try_from(first.len()).unwrap_or(u32::MAX);
    for name in rest {
        let mut steps = 0;
        let _ = pattern.matches(name, &mut steps);
        let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
        let most = 2 * (elements + 1).saturating_mul(length + 1) + 2;
        assert!(steps <= most, "{steps} steps for {elements} and {length} characters");
    }
    cost.check("globs", bytes.len(), 16 << 10, 96);
}

/// Captures: of this program's own runs, and of any program.
pub fn captures(bytes: &[u8]) {
    let cost = Cost::begin();
    let _ = read_bytes(bytes);
    let mut analysis = Analysis::new();
    let _ = read_capture(bytes, &mut analysis);
    drop(analysis.finish());
    // The reader of captures has a buffer of 8 MiB.
    cost.check("captures", bytes.len(), 16 << 20, 2048);
}

/// The points of a scenario that are compared.
const POINTS: usize = 8;

/// Scenario files: a text that is read means the same runs after it is written.
pub fn scenarios(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let cost = Cost::begin();
    if let Ok(scenario) = file::parse(text, "fuzzed", "fuzzed.toml") {
        let written = file::print(&scenario);
        let again: Scenario =
            file::parse(&written, "fuzzed", "fuzzed.toml").expect("a written scenario is read");
        // A written file names the default task behind the open keys, where the text named none: the
        // list of settings is longer, and every run is the same.
        assert_eq!(file::print(&again), written);
        assert_eq!(again.open_keys(), scenario.open_keys(), "{written}");
        assert_eq!(again.points(), scenario.points(), "{written}");
        for point in 0..scenario.points().min(POINTS) {
            assert_eq!(again.pin(point, 7), scenario.pin(point, 7), "{written}");
        }
    }
    cost.check("scenarios", bytes.len(), 4 << 20, 16 << 10);
}

/// The runs of the sweep whose results file is read, and the sweep's name in each line.
pub const ROWS: (&str, u64) = ("fuzzed-1", 100);
/// The most bytes of a compressed file: a frame of zstd may hold 32,768 times as many, all in memory.
const FRAMES: usize = 512;

/// Results files that a sweep goes on with. The first byte chooses between JSON lines, CSV, frames of
/// JSON lines and a summary.
pub fn results(bytes: &[u8]) {
    let Some((&form, rest)) = bytes.split_first() else { return };
    let cost = Cost::begin();
    let (name, base) = match form {
        b's' => {
            if let Ok(sealed) = read_summary(rest) {
                assert_eq!(read_summary(&sealed).as_ref(), Ok(&sealed));
            }
            return cost.check("results", bytes.len(), 64 << 10, 256);
        }
        b'c' => ("a.csv", 1 << 20),
        // The window of a frame, by the header of the frame, and the lines.
        b'z' => ("a.jsonl.zst", (128 << 20) + 3 * FRAMES * 32_768),
        _ => ("a.jsonl", 64 << 10),
    };
    let rest = if form == b'z' { &rest[..rest.len().min(FRAMES)] } else { rest };
    let read = |bytes: &[u8]| read_rows(Path::new(name), bytes, ROWS, &|run| row(form, run));
    if let Ok((kept, runs)) = read(rest) {
        let bytes = usize::try_from(kept).expect("a slice is as long");
        assert!(bytes <= rest.len() && runs <= ROWS.1, "{kept} bytes, {runs} runs");
        assert_eq!(read(&rest[..bytes]).expect("the part that stays is read"), (kept, runs));
    }
    cost.check("results", bytes.len(), base, 512);
}

/// The line of a run, as the sweep of the body `results` makes the line.
#[must_use]
pub fn row(form: u8, run: u64) -> Vec<u8> {
    let line = match form {
        b'c' => format!(
            "a,,{run},intact,1,1,whole,success,226,closed,fin,fin,0,00,5,5,0,9,,true,again,{},false\n",
            ROWS.0
        ),
        _ => format!(
            "{{\"seed\":{run},\"verdict\":\"intact\",\"lost\":0,\"virtual_us\":9,\"broken_laws\":[],\
             \"expected\":true,\"sweep\":\"{}\",\"stack_stalled\":false}}\n",
            ROWS.0
        ),
    };
    line.into_bytes()
}

/// A whole session of a server: the first byte of each piece chooses what the network does.
pub fn session(bytes: &[u8]) {
    let config = ServerConfig { users: vec![User::anonymous()], ..ServerConfig::hardened() };
    let mut store = MemoryStore::new();
    store.insert("a.bin", vec![7; 1000].into());
    store.insert("d/e.txt", b"text\n".to_vec().into());
    let cost = Cost::begin();
    let mut machine = Machine {
        server: Server::default(),
        config,
        store,
        journal: Journal::default(),
        shared: Shared::default(),
        now: Duration::ZERO,
        actions: 0,
    };
    machine.journal.hand_over = true;
    let [local, peer] = [([10, 0, 0, 2], 21), ([10, 0, 0, 1], 5000)].map(Into::into);
    machine.event(Event::Opened { local, peer });
    for piece in bytes.chunks(64) {
        machine.piece(piece[0], &piece[1..]);
    }
    assert!(machine.actions <= 64 + 4 * bytes.len(), "{} actions", machine.actions);
    drop(machine);
    cost.check("session", bytes.len(), 1 << 20, 2048);
}

/// A server session, and everything that the session borrows.
struct Machine {
    server: Server,
    config: ServerConfig,
    store: MemoryStore,
    journal: Journal,
    shared: Shared,
    now: Duration,
    actions: usize,
}

impl Machine {
    fn with(&mut self, act: impl FnOnce(&mut Server, &mut Context<'_, ServerConfig, MemoryStore>)) {
        let Self { server, config, store, journal, shared, now, .. } = self;
        let cx = &mut Context { config, store, journal, shared, id: SessionId(0), now: *now };
        act(server, cx);
    }

    fn event(&mut self, event: Event) {
        self.with(|server, cx| server.handle_event(event, cx));
    }

    /// Hands over bytes, and lets the network answer as `choice` says.
    fn piece(&mut self, choice: u8, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.server.room().min(bytes.len());
            if room == 0 {
                break;
            }
            self.server.handle_bytes(&bytes[..room]);
            self.with(Server::handle_lines);
            bytes = &bytes[room..];
            self.act(choice);
            self.read(choice);
        }
        if choice % 4 == 3
            && let Some(at) = self.server.next_wakeup()
        {
            self.now = self.now.max(at);
            self.with(Server::handle_timeout);
            self.act(choice);
        }
        self.read(choice);
        while self.journal.poll_finished().is_some() {}
    }

    /// The peer reads all replies, some, or none.
    fn read(&mut self, choice: u8) {
        let unsent = self.server.unsent().len();
        let count = match choice % 8 {
            0 => 0,
            1 => unsent / 2,
            _ => unsent,
        };
        if count > 0 {
            self.server.sent(count);
        }
    }

    fn act(&mut self, choice: u8) {
        let at = ([10, 0, 0, 2], 3000).into();
        while let Some(action) = self.server.poll_action() {
            self.actions += 1;
            match action {
                Action::Listen { .. } => {
                    self.event(Event::Listening((!choice.is_multiple_of(5)).then_some(at)));
                }
                Action::Connect { .. } if choice.is_multiple_of(3) => {
                    self.event(Event::DataFailed(Ending::Refused));
                }
                Action::Connect { .. } => self.event(Event::DataOpened { local: at, peer: at }),
                Action::Transfer(_) => self.event(Event::TransferEnded(TransferEnd {
                    complete: choice.is_multiple_of(2),
                    ending: Some(Ending::Finished),
                    store: None,
                    idle: false,
                    moved: u64::from(choice),
                    late: Lateness::InTime,
                })),
                Action::Progress => self.event(Event::Progress(7)),
                _ => {}
            }
        }
    }
}
