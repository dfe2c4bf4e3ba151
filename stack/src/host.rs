//! `host.rs` owns the parts of a host, and starts, resets and audits a host. The fields are private to
//! this folder: each file of the folder holds one side of the host.

pub(crate) mod abort;
pub(crate) mod arrival;
pub(crate) mod demux;
pub(crate) mod events;
mod host_hash;
pub(crate) mod listener;
pub(crate) mod mend;
pub(crate) mod packets;
pub(crate) mod ports;
pub(crate) mod seed_draws;
pub(crate) mod slots;
pub(crate) mod teardown;
pub(crate) mod time_wait;
pub(crate) mod timers;
pub(crate) mod user;

use std::net::SocketAddrV4;

use smoltcp::iface::{Interface, SocketSet};

use crate::config::Config;
use crate::connection::deadline::Patience;
use crate::connection::{Connection, Owner};
use crate::divergence::Divergence;
use crate::host::demux::{Demux, Holder};
use crate::host::events::{Events, Fifo, Ready};
use crate::host::listener::Listener;
use crate::host::ports::Ports;
use crate::host::seed_draws::SeedDraws;
use crate::host::slots::Slots;
use crate::host::time_wait::TimeWait;
use crate::host::timers::Timers;
use crate::ids::{ConnId, Key, ListenerId};
use crate::note::{Note, NoteKind};
use crate::packet::pool::Packet;
use crate::packet::wire::Wire;
use crate::time::Moment;

/// A TCP host: connections and listeners of one IPv4 address.
///
/// Input is [`handle_packet`](Self::handle_packet), [`handle_timeout`](Self::handle_timeout) and the
/// user's calls. After any input, take packets from [`poll_transmit`](Self::poll_transmit) until the
/// call returns `None`; then ask [`next_wakeup`](Self::next_wakeup). [`poll_ready`](Self::poll_ready)
/// names a connection or a listener with news; [`poll_note`](Self::poll_note) returns the notes.
pub struct Host {
    config: Config,
    patience: Patience,
    connections: Slots<Connection>,
    listeners: Slots<Listener>,
    time_waits: Slots<TimeWait>,
    demux: Demux,
    ports: Ports,
    seed_draws: SeedDraws,
    events: Events,
    wire: Wire,
    /// The connections to poll for packets. `Host::touch` adds each connection once.
    touched: Fifo<u32>,
    timers: Timers,
    /// The interface without sockets that answers for closed ports.
    closed: Interface,
    no_sockets: SocketSet<'static>,
}

/// The count of resources held by a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Connections in any state, TIME-WAIT included.
    pub connections: usize,
    /// Ports with a listener.
    pub listeners: usize,
    /// Packet buffers handed out, less buffers recycled. Negative: the host got buffers of a different
    /// origin.
    pub packets: i64,
}

impl Host {
    /// A host without connections and listeners.
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
            connections: Slots::default(),
            listeners: Slots::default(),
            time_waits: Slots::default(),
            demux: Demux::new(),
            ports: Ports::new(&seed_draws),
            seed_draws,
            events: Events::default(),
            closed: wire.interface(config.address, 0, Moment::default()),
            wire,
            touched: Fifo::default(),
            timers: Timers::default(),
            no_sockets: SocketSet::new(Vec::new()),
        };
        host.reset(config);
        host
    }

    /// Return to the state after `new` with `config`, and keep the memory: one host serves many runs.
    ///
    /// # Panics
    /// As `new`: if the MTU is outside 68 to 65535.
    pub fn reset(&mut self, config: Config) {
        assert!((68..=65535).contains(&config.mtu), "an IPv4 MTU is 68 to 65535 bytes");
        self.config = config;
        self.patience = Patience::new(&config);
        self.connections.reset(|connection| {
            connection.vacate();
            connection.untouch();
        });
        self.listeners.reset(Listener::vacate);
        self.time_waits.reset(|_| ());
        self.demux.clear();
        self.events.reset(config.notes);
        self.wire.reset(&config);
        self.touched.clear();
        self.timers.clear();
        self.closed = self.wire.interface(config.address, 0, Moment::default());
        self.seed_draws = SeedDraws::new(config.address, config.seed);
        self.ports = Ports::new(&self.seed_draws);
    }

    /// Take the state of `source` over, so that both go on alike. The free packet buffers of each host stay.
    ///
    /// # Panics
    /// If the hosts differ in address or MTU.
    pub fn copy_from(&mut self, source: &Self) {
        let Self {
            config,
            patience,
            connections,
            listeners,
            time_waits,
            demux,
            ports,
            seed_draws,
            events,
            wire,
            touched,
            timers,
            // Interfaces keep nothing between two calls: see `Connection::copy_from`.
            closed: _,
            no_sockets: _,
        } = source;
        let same = (self.config.address, self.config.mtu) == (config.address, config.mtu);
        assert!(same, "both hosts have one address and one MTU");
        (self.config, self.patience) = (*config, *patience);
        (self.seed_draws, self.ports) = (*seed_draws, ports.clone());
        self.wire.copy_from(wire);
        let spare = &mut self.wire;
        self.connections.copy_from(
            connections,
            || Connection::vacant(config.address, spare),
            Connection::copy_from,
            |connection| {
                connection.vacate();
                connection.untouch();
            },
        );
        self.listeners.copy_from(
            listeners,
            Listener::default,
            Listener::clone_from,
            Listener::vacate,
        );
        let (new, vacate) = (|| time_waits[0], |_: &mut TimeWait| ());
        self.time_waits.copy_from(time_waits, new, TimeWait::clone_from, vacate);
        self.demux.clone_from(demux);
        self.events.clone_from(events);
        self.touched.clone_from(touched);
        self.timers.clone_from(timers);
    }

    /// A copy of `packet` in a buffer of this host, to be recycled as the host's own packets.
    pub fn copy_of(&mut self, packet: &Packet) -> Packet {
        self.wire.pool.copy_of(packet)
    }

    /// The draws of this host from the seed.
    #[must_use]
    pub fn seed_draws(&self) -> &SeedDraws {
        &self.seed_draws
    }

    /// Take the buffer of a packet back.
    #[inline]
    pub fn recycle(&mut self, packet: Packet) {
        self.wire.pool.recycle(packet);
    }

    /// The next connection or listener with news, in the order of events.
    #[inline]
    pub fn poll_ready(&mut self) -> Option<Ready> {
        loop {
            let ready = self.events.ready.pop()?;
            // News about a connection that the user has closed since are dropped.
            match ready {
                Ready::Conn(id) => {
                    let Some(slot) = self.user_slot(id) else { continue };
                    self.connections.clear_ready(slot);
                }
                Ready::Accept(id) => {
                    let Some(slot) = self.listener_slot(id) else { continue };
                    self.listeners.clear_ready(slot);
                }
            }
            return Some(ready);
        }
    }

    /// Whether [`poll_ready`](Self::poll_ready) may return news. The news may be outdated.
    #[inline]
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.events.ready.is_empty()
    }

    /// Whether [`poll_note`](Self::poll_note) returns a note.
    #[inline]
    #[must_use]
    pub fn has_notes(&self) -> bool {
        !self.events.notes.is_empty()
    }

    /// The next note about a connection, in the order of events. Notes wait until taken.
    #[inline]
    pub fn poll_note(&mut self) -> Option<Note> {
        self.events.notes.pop()
    }

    /// Count the resources held now.
    #[must_use]
    pub fn audit(&self) -> Audit {
        Audit {
            connections: self.connections.taken() + self.time_waits.taken(),
            listeners: self.listeners.taken(),
            packets: self.wire.pool.out(),
        }
    }

    /// Take a slot for the connection between `port` and `peer`.
    fn open(&mut self, now: Moment, port: u16, peer: SocketAddrV4) -> u32 {
        let Self { config, connections, demux, seed_draws, wire, .. } = self;
        let slot = connections.take(|| Connection::vacant(config.address, wire));
        let local = SocketAddrV4::new(config.address, port);
        let key = Key::connection(port, peer);
        // Each use of a 4-tuple has a sequence number of its own.
        let incarnation = demux.give(key, Holder::Connection(slot));
        let incarnation = if config.same_isn { 0 } else { incarnation };
        let seed = seed_draws.connection_seed(key, incarnation);
        connections[slot].open(now, [local, peer], seed, config, wire);
        slot
    }

    /// The slot of a connection that the user has not closed.
    #[inline]
    fn user_slot(&self, id: ConnId) -> Option<u32> {
        self.connections.find(id.0).filter(|&slot| self.connections[slot].owner() == Owner::User)
    }

    /// The slot of a listener that the user has not closed.
    fn listener_slot(&self, id: ListenerId) -> Option<u32> {
        self.listeners.find(id.0).filter(|&slot| self.listeners[slot].live)
    }

    /// Poll the connection in `slot` for packets at the next `poll_transmit`.
    #[inline]
    fn touch(&mut self, slot: u32) {
        if self.connections[slot].touch() {
            self.touched.push(slot);
        }
    }

    /// Queue news about the connection in `slot` for the user, once until taken.
    #[inline]
    fn tell(&mut self, slot: u32) {
        if self.connections[slot].owner() == Owner::User && self.connections.set_ready(slot) {
            self.events.ready.push(Ready::Conn(ConnId(self.connections.id(slot))));
        }
    }

    #[cold]
    fn diverge(&mut self, now: Moment, slot: u32, divergence: Divergence) {
        let ends = self.connections[slot].ends();
        self.events.note(now, ends, NoteKind::Divergence(divergence));
    }
}
