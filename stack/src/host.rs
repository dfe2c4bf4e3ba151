//! `host.rs` is the host itself: what it owns, how it begins and begins again, its slots, and what it
//! tells. Packets and users have files of their own.

pub(crate) mod arrival;
pub(crate) mod audit;
pub(crate) mod demux;
pub(crate) mod events;
pub(crate) mod fifo;
pub(crate) mod listener;
pub(crate) mod packets;
pub(crate) mod ports;
pub(crate) mod seed_draws;
pub(crate) mod teardown;
pub(crate) mod time_wait;
pub(crate) mod timers;
pub(crate) mod user;

use std::net::SocketAddrV4;

use smoltcp::iface::{Config as InterfaceConfig, Interface, SocketSet};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use crate::config::Config;
use crate::connection::deadline::Patience;
use crate::connection::{Connection, Owner, PollHint};
use crate::divergence::Divergence;
use crate::host::demux::{Held, Table};
use crate::host::events::{Events, Ready};
use crate::host::fifo::Fifo;
use crate::host::listener::Listener;
use crate::host::ports::Ports;
use crate::host::seed_draws::SeedDraws;
use crate::host::time_wait::TimeWaits;
use crate::host::timers::{Sleeper, Timers};
use crate::ids::Key;
use crate::ids::{ConnId, ListenerId, generation_in, id_of, slot_in, slot_of};
use crate::note::{Note, NoteKind};
use crate::packet::pool::Packet;
use crate::packet::wire::Wire;
use crate::time::Moment;

/// A TCP host.
///
/// Input is [`handle_packet`](Self::handle_packet), [`handle_timeout`](Self::handle_timeout) and the
/// user's calls. After any of them take [`poll_transmit`](Self::poll_transmit) until it gives `None`,
/// then ask [`next_wakeup`](Self::next_wakeup). [`poll_ready`](Self::poll_ready) says which
/// connection to look at, [`poll_note`](Self::poll_note) tells what happened.
pub struct Host {
    pub(crate) config: Config,
    pub(crate) patience: Patience,
    pub(crate) connections: Vec<Connection>,
    pub(crate) vacant: Vec<u32>,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) vacant_listeners: Vec<u32>,
    /// Who has which 4-tuple, and which port.
    pub(crate) table: Table,
    pub(crate) ports: Ports,
    pub(crate) seed_draws: SeedDraws,
    pub(crate) events: Events,
    pub(crate) wire: Wire,
    pub(crate) touched: Fifo<u32>,
    pub(crate) timers: Timers,
    pub(crate) time_waits: TimeWaits,
    pub(crate) nobody: Interface,
    pub(crate) no_sockets: SocketSet<'static>,
}

impl Host {
    /// A host without connections.
    ///
    /// # Panics
    /// If the MTU is outside 68 to 65535.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let mut wire = Wire::new(&config);
        let seed_draws = SeedDraws::new(config.address, config.seed);
        let mut host = Self {
            patience: Patience::new(&config),
            config,
            connections: Vec::new(),
            vacant: Vec::new(),
            listeners: Vec::new(),
            vacant_listeners: Vec::new(),
            table: Table::new(),
            ports: Ports::new(&seed_draws),
            seed_draws,
            events: Events::default(),
            nobody: nobody(&config, &mut wire),
            wire,
            touched: Fifo::default(),
            timers: Timers::default(),
            time_waits: TimeWaits::default(),
            no_sockets: SocketSet::new(Vec::new()),
        };
        host.reset(config);
        host
    }

    /// Become what `new` makes, with the memory kept: one host serves many runs.
    ///
    /// # Panics
    /// As `new`.
    pub fn reset(&mut self, config: Config) {
        assert!((68..=65535).contains(&config.mtu), "an IPv4 MTU is 68 to 65535 bytes");
        self.config = config;
        self.patience = Patience::new(&config);
        for connection in &mut self.connections {
            if connection.owner != Owner::Nobody {
                connection.vacate();
            }
            connection.generation = 0;
            connection.touched = false;
        }
        for listener in &mut self.listeners {
            listener.vacate();
            listener.generation = 0;
        }
        // Highest slot first: the lowest is taken first, as in a new host.
        self.vacant.clear();
        self.vacant.extend((0..slot_of(self.connections.len())).rev());
        self.vacant_listeners.clear();
        self.vacant_listeners.extend((0..slot_of(self.listeners.len())).rev());
        self.table.clear();
        self.events.clear();
        self.events.telling = config.notes;
        self.wire.reset(&config);
        self.touched.clear();
        self.timers.clear();
        self.time_waits.clear();
        self.nobody = nobody(&config, &mut self.wire);
        self.seed_draws = SeedDraws::new(config.address, config.seed);
        self.ports = Ports::new(&self.seed_draws);
    }

    /// What this host draws from its seed.
    #[must_use]
    pub fn seed_draws(&self) -> &SeedDraws {
        &self.seed_draws
    }

    /// Take a packet's buffer back.
    #[inline]
    pub fn recycle(&mut self, packet: Packet) {
        self.wire.pool.recycle(packet);
    }

    /// The next thing for the user to look at, in the order it happened.
    #[inline]
    pub fn poll_ready(&mut self) -> Option<Ready> {
        loop {
            let ready = self.events.ready.pop()?;
            let flag = match ready {
                Ready::Conn(ConnId(id)) => {
                    let connection = &mut self.connections[slot_in(id)];
                    let fresh = connection.generation == generation_in(id);
                    (fresh && connection.owner == Owner::User).then_some(&mut connection.ready)
                }
                Ready::Accept(ListenerId(id)) => {
                    let listener = &mut self.listeners[slot_in(id)];
                    let fresh = listener.live && listener.generation == generation_in(id);
                    fresh.then_some(&mut listener.ready)
                }
            };
            if let Some(flag) = flag {
                *flag = false;
                return Some(ready);
            }
        }
    }

    /// Whether [`poll_ready`](Self::poll_ready) may have something to say.
    #[inline]
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.events.ready.is_empty()
    }

    /// Whether [`poll_note`](Self::poll_note) has something to tell.
    #[inline]
    #[must_use]
    pub fn has_notes(&self) -> bool {
        !self.events.notes.is_empty()
    }

    /// What happened to connections, in order. Notes wait until they are taken.
    #[inline]
    pub fn poll_note(&mut self) -> Option<Note> {
        self.events.notes.pop()
    }

    /// Take a slot for the connection between `port` and `peer`.
    pub(crate) fn open(&mut self, now: Moment, port: u16, peer: SocketAddrV4) -> u32 {
        let slot = self.vacant.pop().unwrap_or_else(|| {
            self.connections.push(Connection::vacant(&mut self.wire));
            slot_of(self.connections.len() - 1)
        });
        let local = SocketAddrV4::new(self.config.address, port);
        let key = Key::connection(port, peer);
        // No two connections of one 4-tuple begin alike.
        let incarnation = self.table.give(key, Held::Connection(slot));
        let seed = self.seed_draws.connection_seed(key, incarnation);
        let Self { config, wire, .. } = self;
        self.connections[slot as usize].open(now, [local, peer], seed, config, wire);
        slot
    }

    /// Ask `slot` for packets at the next `poll_transmit`.
    #[inline]
    pub(crate) fn touch(&mut self, slot: u32) {
        let connection = &mut self.connections[slot as usize];
        connection.poll_hint = PollHint::Unknown;
        if !connection.touched {
            connection.touched = true;
            self.touched.push(slot);
        }
    }

    /// Free `slot`.
    pub(crate) fn free(&mut self, slot: u32) {
        let connection = &mut self.connections[slot as usize];
        self.table.take_back(connection.key, Held::Connection(slot));
        connection.vacate();
        self.timers.set(Sleeper::Connection(slot), Moment::NEVER);
        self.vacant.push(slot);
    }

    /// Tell the user to look at `slot`.
    #[inline]
    pub(crate) fn tell(&mut self, slot: u32) {
        let connection = &mut self.connections[slot as usize];
        if connection.owner == Owner::User && !connection.ready {
            connection.ready = true;
            let id = ConnId(id_of(slot, connection.generation));
            self.events.ready.push(Ready::Conn(id));
        }
    }

    #[cold]
    pub(crate) fn diverge(&mut self, now: Moment, slot: u32, divergence: Divergence) {
        let connection = &self.connections[slot as usize];
        self.events.note(now, connection.ends(), NoteKind::Divergence(divergence));
    }
}

/// The interface that answers for ports where nobody is.
fn nobody(config: &Config, wire: &mut Wire) -> Interface {
    let interface_config = InterfaceConfig::new(HardwareAddress::Ip);
    let zero = Moment::default().instant();
    let mut interface = Interface::new(interface_config, &mut wire.port(None), zero);
    interface.update_ip_addrs(|addresses| {
        let _ = addresses.push(IpCidr::new(IpAddress::Ipv4(config.address), 32));
    });
    interface
}
