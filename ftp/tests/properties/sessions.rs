//! Whole sessions: arbitrary bytes, arbitrary commands, texts through windows of any size.

use crate::net::{CLIENT, Host, Net, Rules, SERVER, ip};
use halfclose_ftp::report::{Journal, SessionId};
use halfclose_ftp::session::{Action, Context, Event, Session, Shared};
use halfclose_ftp::tcp::{Conn, Ending, Tcp};
use halfclose_ftp::transfer::{Lateness, TransferEnd};
use halfclose_ftp::{
    Client, ClientConfig, DataMode, Driver, Limits, MemoryStore, Representation, Server,
    ServerConfig, Task,
};
use proptest::prelude::*;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Duration;

/// The most bytes of unread replies: the session's limit, and the longest reply.
const UNREAD: usize = (1 << 16) + (1 << 16);

pub(crate) const END: TransferEnd = TransferEnd {
    complete: true,
    ending: Some(Ending::Finished),
    store: None,
    idle: false,
    moved: 7,
    late: Lateness::InTime,
};

pub(crate) fn store() -> MemoryStore {
    let mut store = MemoryStore::new();
    for name in ["a", "d/b", "d/e/c"] {
        store.insert(name, (*b"con\r\ntent\n").into());
    }
    store
}

/// A word of a client, or a similar word.
fn word() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => prop::sample::select(COMMANDS.to_vec()).prop_map(|it| it.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..300),
        1 => "[A-Z]{3,4} [^\r\n]{0,20}\r\n".prop_map(String::into_bytes),
    ]
}

const COMMANDS: &[&str] = &[
    "USER anonymous\r\n",
    "PASS x\r\n",
    "USER nobody\r\n",
    "ACCT x\r\n",
    "CWD d\r\n",
    "CWD /\r\n",
    "CDUP\r\n",
    "SMNT x\r\n",
    "REIN\r\n",
    "HOST h\r\n",
    "CLNT c\r\n",
    "TYPE A\r\n",
    "TYPE I\r\n",
    "STRU F\r\n",
    "MODE S\r\n",
    "PASV\r\n",
    "EPSV\r\n",
    "EPSV ALL\r\n",
    "PORT 10,0,0,1,8,1\r\n",
    "EPRT |1|10.0.0.1|2049|\r\n",
    "STOR a\r\n",
    "STOR d/x\r\n",
    "RETR a\r\n",
    "RETR no\r\n",
    "STOU\r\n",
    "APPE a\r\n",
    "ALLO 5\r\n",
    "REST 3\r\n",
    "REST 99\r\n",
    "RNFR a\r\n",
    "RNTO z\r\n",
    "RNFR d\r\n",
    "RNTO d/e\r\n",
    "DELE a\r\n",
    "DELE z\r\n",
    "MKD n\r\n",
    "RMD n\r\n",
    "RMD d\r\n",
    "PWD\r\n",
    "LIST\r\n",
    "LIST -a d\r\n",
    "LIST *\r\n",
    "NLST d\r\n",
    "MLSD\r\n",
    "MLST d\r\n",
    "SIZE a\r\n",
    "MDTM a\r\n",
    "MFMT 20020206000000 a\r\n",
    "SITE HELP\r\n",
    "SYST\r\n",
    "STAT\r\n",
    "STAT d\r\n",
    "HELP\r\n",
    "NOOP\r\n",
    "ABOR\r\n",
    "\u{ff}\r\n",
    "FEAT\r\n",
    "OPTS MLST size;\r\n",
    "OPTS UTF8 ON\r\n",
    "NOOP\r\nNOOP\r\nSTAT\r\n",
    "NO",
    "OP\r\n",
    "\r\n",
];

fn config() -> ServerConfig {
    let users = ServerConfig::default().users;
    let limits = Limits { login_tries: u32::MAX, ..ServerConfig::hardened().limits };
    ServerConfig { users, limits, ..ServerConfig::hardened() }
}

/// A server session alone, and everything that the session borrows.
struct Alone {
    server: Server,
    config: ServerConfig,
    store: MemoryStore,
    journal: Journal,
    shared: Shared,
    now: Duration,
}

impl Alone {
    fn with(&mut self, act: impl FnOnce(&mut Server, &mut Context<'_, ServerConfig, MemoryStore>)) {
        let Self { server, config, store, journal, shared, now } = self;
        act(server, &mut Context { config, store, journal, shared, id: SessionId(0), now: *now });
    }

    fn event(&mut self, event: Event) {
        self.with(|server, cx| server.handle_event(event, cx));
    }

    /// Performs the session's actions; `choice` decides their results.
    fn act(&mut self, choice: u8) {
        let at = "10.0.0.2:3000".parse().unwrap();
        let mut actions = 0;
        while let Some(action) = self.server.poll_action() {
            actions += 1;
            assert!(actions < 1000, "it never comes to rest");
            match action {
                Action::Listen { .. } => {
                    self.event(Event::Listening((!choice.is_multiple_of(5)).then_some(at)));
                }
                Action::Connect { .. } if choice.is_multiple_of(3) => {
                    self.event(Event::DataFailed(Ending::Refused));
                }
                Action::Connect { .. } => {
                    self.event(Event::DataOpened { local: at, peer: at });
                }
                Action::Transfer(_) => self.event(Event::TransferEnded(END)),
                Action::Progress => self.event(Event::Progress(7)),
                Action::Alarm(_)
                | Action::CloseData
                | Action::DropData
                | Action::Close
                | Action::Abort => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Without a reader of replies, or with a slow reader, over time.
    #[test]
    fn a_session_takes_anything_and_stays_small(
        steps in prop::collection::vec((word(), any::<u8>()), 1..200),
        reads in any::<bool>(),
    ) {
        let mut alone = Alone {
            server: Server::default(),
            config: config(),
            store: store(),
            journal: Journal::default(),
            shared: Shared::default(),
            now: Duration::ZERO,
        };
        let [local, peer] = ["10.0.0.2:21", "10.0.0.1:5000"].map(|at| at.parse().unwrap());
        alone.event(Event::Opened { local, peer });
        for (word, choice) in steps {
            let room = alone.server.room().min(word.len());
            alone.server.handle_bytes(&word[..room]);
            alone.with(Server::handle_lines);
            alone.act(choice);
            prop_assert!(alone.server.unsent().len() <= UNREAD, "{}", alone.server.unsent().len());
            if choice % 16 == 0 {
                alone.event(Event::DataOpened { local, peer });
                alone.act(choice);
            }
            if choice % 32 == 1 {
                alone.now += Duration::from_secs(20);
                alone.with(Server::handle_timeout);
                alone.act(choice);
            }
            if reads && choice % 4 == 0 {
                let all = alone.server.unsent().len();
                alone.server.sent(all);
            }
        }
        alone.event(Event::ControlEnded(Ending::Finished));
        alone.act(1);
        alone.event(Event::TransferEnded(END));
        prop_assert_eq!(alone.store.open_files(), 0);
    }
}

/// A client that sends lines and reads the replies.
struct Raw {
    hosts: [Host; 2],
    net: Net,
    server: Driver<Server, MemoryStore>,
    control: Conn,
}

impl Raw {
    fn new() -> Self {
        let net = Net::new(Rules::default());
        let mut hosts = [net.host(CLIENT), net.host(SERVER)];
        // No time passes here.
        let config = ServerConfig { login_delay: Duration::ZERO, ..config() };
        let mut server = Driver::server(config, store());
        let at = SocketAddr::new(ip(SERVER), 21);
        server.listen(&mut hosts[SERVER], at, 8).unwrap();
        let control = hosts[CLIENT].connect(None, at).unwrap();
        Self { hosts, net, server, control }
    }

    fn settle(&mut self) {
        self.server.pump(&mut self.hosts[SERVER], Duration::ZERO);
        while self.net.is_ready() {
            while self.hosts[CLIENT].poll_ready().is_some() {}
            self.server.pump(&mut self.hosts[SERVER], Duration::ZERO);
        }
    }

    fn say(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let sent = self.hosts[CLIENT].send(self.control, &mut |free| {
                let count = free.len().min(bytes.len());
                free[..count].copy_from_slice(&bytes[..count]);
                bytes = &bytes[count..];
                count
            });
            self.settle();
            if sent.is_break() {
                return;
            }
        }
    }

    fn hear(&mut self) -> String {
        let mut heard = Vec::new();
        loop {
            self.settle();
            let take = &mut |some: &[u8]| heard.extend_from_slice(some);
            match self.hosts[CLIENT].receive(self.control, usize::MAX, take) {
                ControlFlow::Continue(0) | ControlFlow::Break(_) => {
                    return String::from_utf8(heard).unwrap();
                }
                ControlFlow::Continue(_) => {}
            }
        }
    }
}

/// The number of final replies in a server's answers.
fn finals(said: &str) -> usize {
    let code = |line: &str| line.get(..3).and_then(|code| code.parse::<u16>().ok());
    let last = |line: &&str| line.as_bytes().get(3) == Some(&b' ');
    said.lines().filter(last).filter_map(code).filter(|code| *code >= 200).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// RFC 959 §5.4: one final reply for each command, after any commands before; and nothing stays
    /// open once the client has gone.
    #[test]
    fn every_command_has_one_final_reply(
        commands in prop::collection::vec(prop::sample::select(COMMANDS.to_vec()), 1..60),
    ) {
        let whole = commands.into_iter().filter(|it| it.matches("\r\n").count() == 1 && it.len() > 5);
        let mut raw = Raw::new();
        prop_assert_eq!(finals(&raw.hear()), 1, "the greeting");
        raw.say(b"USER anonymous\r\nPASS x\r\n");
        raw.hear();
        for command in whole {
            raw.say(command.as_bytes());
            let said = raw.hear();
            // A transfer without a data connection waits, and so does every command behind.
            if finals(&said) == 0 {
                raw.say(b"ABOR\r\n");
                let said = raw.hear();
                prop_assert!(finals(&said) >= 2, "{} ABOR: {}", command, said);
                continue;
            }
            prop_assert_eq!(finals(&said), 1, "{}: {}", command, said);
        }
        raw.hosts[CLIENT].shutdown(raw.control);
        raw.hear();
        prop_assert!(raw.server.is_done());
        prop_assert_eq!(raw.server.store().open_files(), 0);
        raw.hosts[CLIENT].close(raw.control);
        prop_assert_eq!((raw.net.open(), raw.net.listeners()), (0, 1));
    }

    /// A text comes back unchanged, through windows that split its line ends anywhere.
    #[test]
    fn texts_come_back(
        text in prop::collection::vec(prop::sample::select(b"\r\n\nab".to_vec()), 0..400),
        window in 1_usize..40,
    ) {
        let net = Net::new(Rules { window, ..Rules::default() });
        let mut hosts = [net.host(CLIENT), net.host(SERVER)];
        let mut server = Driver::server(ServerConfig::default(), MemoryStore::new());
        let at = SocketAddr::new(ip(SERVER), 21);
        server.listen(&mut hosts[SERVER], at, 8).unwrap();
        let mut client: Driver<Client, _> = Driver::client(
            ClientConfig {
                mode: DataMode::Passive,
                representation: Representation::Ascii,
                ..ClientConfig::default()
            },
            MemoryStore::new(),
        );
        client.store_mut().insert("a", text.clone().into());
        let tasks = [Task::put("a", "b"), Task::get("b", "c")];
        client.connect(&mut hosts[CLIENT], at, tasks.into(), Duration::ZERO).unwrap();
        for _ in 0..200_000 {
            client.pump(&mut hosts[CLIENT], Duration::ZERO);
            server.pump(&mut hosts[SERVER], Duration::ZERO);
            if client.is_done() {
                break;
            }
        }
        prop_assert!(client.is_done(), "it goes on for ever");
        let mut expected = Vec::new();
        for (at, byte) in text.iter().enumerate() {
            if *byte != b'\r' || text.get(at + 1) != Some(&b'\n') {
                expected.push(*byte);
            }
        }
        prop_assert_eq!(server.store().get("b"), Some(&*expected));
        // What was a CR by itself may stand before a line's end now, and is a part of it.
        let mut again = Vec::new();
        for (at, byte) in expected.iter().enumerate() {
            if *byte != b'\r' || expected.get(at + 1) != Some(&b'\n') {
                again.push(*byte);
            }
        }
        prop_assert_eq!(client.store().get("c"), Some(&*again));
    }
}
