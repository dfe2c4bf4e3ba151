//! A client's driver and a server's driver on one mock network, with a clock that jumps.

use crate::net::{CLIENT, Host, Net, Rules, SERVER, ip};
use halfclose_ftp::{
    Client, ClientConfig, Close, Driver, MemoryStore, Server, ServerConfig, Task, TransferReport,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Everything that belongs to a run.
pub(crate) struct World {
    pub(crate) net: Net,
    pub(crate) now: Duration,
    pub(crate) client: Driver<Client, MemoryStore>,
    pub(crate) server: Driver<Server, MemoryStore>,
    hosts: [Host; 2],
    at: SocketAddr,
}

impl World {
    pub(crate) fn new(client: ClientConfig, server: ServerConfig, rules: Rules) -> Self {
        let net = Net::new(rules);
        let mut hosts = [net.host(CLIENT), net.host(SERVER)];
        let mut server = Driver::server(server, MemoryStore::new());
        let at = SocketAddr::new(ip(SERVER), 21);
        server.listen(&mut hosts[SERVER], at, 64).unwrap();
        let mut client = Driver::client(client, MemoryStore::new());
        client.record_dialogue(true);
        Self { net, now: Duration::ZERO, client, server, hosts, at }
    }

    /// Begins a session of the client.
    pub(crate) fn connect(&mut self, tasks: &[Task]) {
        self.connect_to(self.at.port(), tasks);
    }

    /// Begins a session with the listener at `port`.
    pub(crate) fn connect_to(&mut self, port: u16, tasks: &[Task]) {
        let tasks: Arc<[Task]> = tasks.into();
        let at = SocketAddr::new(self.at.ip(), port);
        self.client.connect(&mut self.hosts[CLIENT], at, tasks, self.now).unwrap();
    }

    /// Prepares the end of the server's program.
    pub(crate) fn retire(&mut self) {
        self.server.retire(&mut self.hosts[SERVER], self.now);
    }

    /// Ends the server's program now.
    pub(crate) fn cut(&mut self) {
        self.server.cut(&mut self.hosts[SERVER], self.now);
    }

    /// Lets both sides act once.
    pub(crate) fn step(&mut self) {
        self.client.pump(&mut self.hosts[CLIENT], self.now);
        self.server.pump(&mut self.hosts[SERVER], self.now);
    }

    /// Runs until no event is left, or for an hour.
    pub(crate) fn run(&mut self) {
        self.run_until(|_| false);
    }

    /// Runs until `stop`, or until no event is left.
    pub(crate) fn run_until(&mut self, stop: impl Fn(&Self) -> bool) {
        let end = self.now + Duration::from_secs(3600);
        while self.now < end && !stop(self) {
            self.step();
            if self.net.is_ready() {
                continue;
            }
            if self.client.is_done() && self.server.is_done() {
                return;
            }
            let wakeups = [self.client.next_wakeup(), self.server.next_wakeup()];
            let Some(next) = wakeups.into_iter().flatten().min() else {
                return;
            };
            assert!(next > self.now, "a deadline in the past would spin");
            self.now = next;
        }
    }

    /// The dialogue in lines, as the client's user saw it.
    pub(crate) fn dialogue(&self) -> String {
        let lines = self.client.dialogue().iter().map(|line| line.text.as_str());
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Bytes that differ from place to place.
pub(crate) fn pattern(length: usize) -> Arc<[u8]> {
    (0..length).map(|at| (at.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect()
}

pub(crate) const SIZE: usize = 10_000;

pub(crate) fn put() -> Task {
    Task::put("a.bin", "b.bin")
}

pub(crate) fn get() -> Task {
    Task::get("a.bin", "b.bin")
}

pub(crate) fn world(client: ClientConfig, server: ServerConfig, rules: Rules) -> World {
    let mut world = World::new(client, server, rules);
    world.client.store_mut().insert("a.bin", pattern(SIZE));
    world.server.store_mut().insert("a.bin", pattern(SIZE));
    world
}

pub(crate) fn run(tasks: &[Task], client: ClientConfig, server: ServerConfig) -> World {
    let mut world = world(client, server, Rules::default());
    world.connect(tasks);
    world.run();
    world
}

pub(crate) fn close(close: Close) -> ClientConfig {
    ClientConfig { close, ..ClientConfig::default() }
}

pub(crate) fn only(reports: &[TransferReport]) -> &TransferReport {
    let [report] = reports else { panic!("one transfer, not {}", reports.len()) };
    report
}

pub(crate) fn code(report: &TransferReport) -> u16 {
    report.reply.as_ref().map_or(0, |reply| reply.code)
}

/// Checks that nothing is left: no session, no connection, no listener but the server's own.
#[track_caller]
pub(crate) fn check_clean(world: &World) {
    assert!(world.client.is_done() && world.server.is_done(), "{}", world.dialogue());
    assert_eq!((world.net.open(), world.net.listeners()), (0, 1), "{}", world.dialogue());
}
