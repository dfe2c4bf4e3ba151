//! `ours` is an end of the bridge with a program of ours: the program and its host, driven in real time.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use halfclose_ftp as ftp;
use halfclose_ftp::{Client, Driver, MemoryStore, Server};
use halfclose_stack::{Config, Host, Packet};

use super::wire::Wire;
use crate::scenario::Scenario;
use crate::side::{CONTROL_PORT, SERVER, Side};
use crate::world::configure;
use crate::world::noted::Noted;
use crate::world::sockets::Sockets;

/// A host with its program.
pub(super) struct Ours {
    side: Side,
    host: Host,
    program: Program,
    /// When the program wants to be woken; `Duration::MAX`: not at all.
    wake: Duration,
    pub(super) noted: Noted,
}

/// The program of an end.
pub(super) enum Program {
    Client(Box<Driver<Client, MemoryStore>>),
    Server(Box<Driver<Server, MemoryStore>>),
}

impl Ours {
    /// A host and a program at rest.
    pub(super) fn new(
        scenario: &Scenario,
        side: Side,
        seed: u64,
        login: Option<&(String, String)>,
    ) -> Self {
        // A kernel at the peer checks checksums.
        let config = Config { checksums: true, ..configure::host(scenario, side, seed) };
        let store = MemoryStore::new();
        let program = match side {
            Side::Client => {
                let mut config = configure::client(scenario);
                if let Some((user, password)) = login {
                    (config.user, config.password) = (user.clone(), password.clone());
                }
                let mut driver = Driver::<Client, _>::client(config, store);
                driver.record_dialogue(true);
                Program::Client(Box::new(driver))
            }
            Side::Server => {
                let config = configure::server(scenario, seed);
                Program::Server(Box::new(Driver::<Server, _>::server(config, store)))
            }
        };
        let (host, wake, noted) = (Host::new(config), Duration::MAX, Noted::default());
        Self { side, host, program, wake, noted }
    }

    /// The files of the program.
    pub(super) fn store(&self) -> &MemoryStore {
        match &self.program {
            Program::Client(driver) => driver.store(),
            Program::Server(driver) => driver.store(),
        }
    }

    /// The files of the program, to be changed.
    pub(super) fn store_mut(&mut self) -> &mut MemoryStore {
        match &mut self.program {
            Program::Client(driver) => driver.store_mut(),
            Program::Server(driver) => driver.store_mut(),
        }
    }

    /// The client program, if the client is at this end.
    pub(super) fn client(&self) -> Option<&Driver<Client, MemoryStore>> {
        match &self.program {
            Program::Client(driver) => Some(driver),
            Program::Server(_) => None,
        }
    }

    /// The reports of the client program with the files, if the client is at this end.
    pub(super) fn reports_and_store(&mut self) -> (&[ftp::TransferReport], &mut MemoryStore) {
        match &mut self.program {
            Program::Client(driver) => driver.reports_and_store(),
            Program::Server(driver) => (&[], driver.store_mut()),
        }
    }

    /// Listens, or connects each client.
    pub(super) fn begin(&mut self, now: Duration, scripts: &[Arc<[ftp::Task]>]) -> io::Result<()> {
        let at = SocketAddr::new(IpAddr::V4(SERVER), CONTROL_PORT);
        let mut sockets = Sockets { host: &mut self.host, now, watch: None };
        match &mut self.program {
            Program::Server(driver) => {
                driver.listen(&mut sockets, at, configure::BACKLOG).map(drop)
            }
            Program::Client(driver) => scripts.iter().try_for_each(|script| {
                driver.connect(&mut sockets, at, Arc::clone(script), now).map(drop)
            }),
        }
    }

    /// A packet reaches the host.
    pub(super) fn arrives(&mut self, now: Duration, packet: &[u8]) {
        self.host.handle_packet(now, packet);
    }

    /// When the host or the program is to be woken.
    pub(super) fn next_wakeup(&mut self) -> Option<Duration> {
        let wake = self.host.next_wakeup().unwrap_or(Duration::MAX).min(self.wake);
        (wake < Duration::MAX).then_some(wake)
    }

    /// Whether the client program has nothing left to do.
    pub(super) fn is_done(&self) -> bool {
        self.client().is_some_and(Driver::is_done)
    }

    /// Handles due timers, lets the program act until it has nothing to do, and sends every packet.
    pub(super) fn turn(&mut self, now: Duration, wire: &mut Wire<'_>) {
        if self.host.next_wakeup().is_some_and(|at| at <= now) {
            self.host.handle_timeout(now);
        }
        loop {
            self.take_notes(wire);
            if self.host.is_ready() || self.wake <= now {
                self.pump(now);
            }
            while let Some(packet) = self.host.poll_transmit(now) {
                self.transmit(now, packet, wire);
            }
            self.take_notes(wire);
            if !self.host.is_ready() && self.wake > now {
                return;
            }
        }
    }

    fn pump(&mut self, now: Duration) {
        let mut sockets = Sockets { host: &mut self.host, now, watch: None };
        let wake = match &mut self.program {
            Program::Client(driver) => {
                driver.pump(&mut sockets, now);
                driver.next_wakeup()
            }
            Program::Server(driver) => {
                driver.pump(&mut sockets, now);
                driver.next_wakeup()
            }
        };
        self.wake = wake.unwrap_or(Duration::MAX);
    }

    fn transmit(&mut self, now: Duration, packet: Packet, wire: &mut Wire<'_>) {
        self.noted.number_reset(self.side, wire.next_emission(), &packet);
        wire.emit(now, self.side, packet);
    }

    fn take_notes(&mut self, wire: &mut Wire<'_>) {
        while let Some(note) = self.host.poll_note() {
            if self.noted.note(self.side, &note) {
                wire.note(self.side, &note);
            }
        }
    }
}
