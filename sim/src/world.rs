//! `world` is the one event loop: it holds `now`, the two hosts with their programs, the two
//! directions of the link and the trace, and does one thing at a time until nothing is left.
//!
//! At one instant, packets arrive before timers fire, in the order of their emission, and the
//! client comes before the server. After each event the program it touched is pumped, and whatever
//! its host has to say goes into the link.

pub(crate) mod files;
mod station;
mod view;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use halfclose_ftp as ftp;
use halfclose_ftp::{Client, Driver, MemoryStore, Server};
use halfclose_stack::{Divergence, Host};

use crate::fate::Fates;
use crate::judge::Judge;
use crate::law::{Evidence, Trigger};
use crate::link::Link;
use crate::lookup::Lookup;
use crate::medium::Medium;
use crate::outcome::{End, EndedConnection};
use crate::scenario::Scenario;
use crate::seed::Purpose;
use crate::setup::{self, CONTROL_PORT, SERVER};
use crate::side::Side;
use crate::sockets::Sockets;
use crate::trace::{Recording, Trace};
use crate::workload::Workload;
use station::{Log, Station};

/// Events at one instant of virtual time, beyond which a run is spinning. A full receive window of
/// the smallest segments is a few thousand.
const EVENTS_AT_ONCE: u32 = 1_000_000;

/// Two hosts, their programs and the link between them, for one run at a time.
pub struct World<'a> {
    scenario: &'a Scenario,
    pub(crate) workload: &'a Workload,
    /// What each client is asked to do.
    scripts: Vec<Arc<[ftp::Task]>>,
    seed: u64,
    now: Duration,
    /// When the client program had said its last word.
    told_at: Option<Duration>,
    client: Station<Client>,
    server: Station<Server>,
    medium: Medium,
    trace: Trace,
    ended: Vec<EndedConnection>,
    divergences: Vec<Divergence>,
    judge: Judge<'a>,
    evidence: Evidence,
    denied: Option<&'static str>,
    lookup: Lookup,
}

impl<'a> World<'a> {
    /// A world at rest, about to run `scenario` with `seed`.
    ///
    /// # Panics
    /// If a key of the scenario is open (pin it first), or if it names a close policy that is not
    /// there (`scenario::keys` refuses those).
    #[must_use]
    pub fn new(
        scenario: &'a Scenario,
        workload: &'a Workload,
        seed: u64,
        recording: Recording,
    ) -> Self {
        assert!(scenario.open.is_none(), "an open scenario is pinned before it runs");
        let up = Fates::new(&scenario.up, seed, Purpose::FatesUp);
        let down = Fates::new(&scenario.down, seed, Purpose::FatesDown);
        let server = setup::server(scenario, seed);
        let mut world = Self {
            scenario,
            workload,
            scripts: setup::scripts(workload, scenario.client.count),
            seed,
            now: Duration::ZERO,
            told_at: None,
            client: Station {
                side: Side::Client,
                host: Host::new(setup::client_host(scenario, seed)),
                driver: Driver::<Client, _>::client(setup::client(scenario), MemoryStore::new()),
                link: Link::new(scenario.up.clone(), up),
            },
            server: Station {
                side: Side::Server,
                host: Host::new(setup::server_host(scenario, seed)),
                driver: Driver::<Server, _>::server(server, MemoryStore::new()),
                link: Link::new(scenario.down.clone(), down),
            },
            medium: Medium::new(scenario),
            trace: Trace::new(recording),
            ended: Vec::new(),
            divergences: Vec::new(),
            judge: Judge::new(scenario, workload),
            evidence: Evidence::new(scenario),
            denied: None,
            lookup: Lookup::default(),
        };
        world.open();
        world
    }

    /// About to run the same scenario with another seed, in the memory of the run before.
    pub fn reset(&mut self, seed: u64, recording: Recording) {
        let Self { scenario, client, server, .. } = self;
        self.seed = seed;
        self.now = Duration::ZERO;
        self.told_at = None;
        self.medium.reset();
        self.trace.reset(recording);
        self.ended.clear();
        self.divergences.clear();
        self.judge.reset();
        self.evidence.reset();
        client.link.reset(Fates::new(&scenario.up, seed, Purpose::FatesUp), &mut client.host);
        server.link.reset(Fates::new(&scenario.down, seed, Purpose::FatesDown), &mut server.host);
        client.host.reset(setup::client_host(scenario, seed));
        server.host.reset(setup::server_host(scenario, seed));
        client.driver.reset();
        client.driver.store_mut().reset();
        server.driver.reset();
        server.driver.config_mut().draws = setup::draws(scenario, seed);
        server.driver.store_mut().reset();
        self.open();
    }

    /// Put the files where they are read, listen, connect.
    fn open(&mut self) {
        self.client.driver.record_dialogue(self.trace.recording() > Recording::Digest);
        files::lay_out(
            self.scenario,
            self.workload,
            &self.scripts,
            self.client.driver.store_mut(),
            self.server.driver.store_mut(),
        );
        let at = SocketAddr::new(IpAddr::V4(SERVER), CONTROL_PORT);
        let Self { client, server, now, evidence, scripts, .. } = self;
        let watch = Some(evidence.watch(Side::Server, *now));
        let mut sockets = Sockets { host: &mut server.host, now: *now, watch };
        server
            .driver
            .listen(&mut sockets, at, setup::BACKLOG)
            .expect("a host that has just begun has its ports free");
        evidence.liar.forgets_listener(&mut server.host);
        for script in scripts.iter() {
            let watch = Some(evidence.watch(Side::Client, *now));
            let mut sockets = Sockets { host: &mut client.host, now: *now, watch };
            client
                .driver
                .connect(&mut sockets, at, Arc::clone(script), *now)
                .expect("a host that has just begun has its ports free");
        }
        self.settle(Side::Server);
        self.settle(Side::Client);
    }

    /// Run until nothing will ever happen again, or a limit is reached.
    pub fn run(&mut self) -> End {
        let limit = self.scenario.limit;
        let mut at_once = 0;
        loop {
            // Whatever is outstanding has a deadline: without one, nothing is.
            let Some((at, event)) = self.next_event() else { return End::Quiet };
            at_once = if at > self.now { 0 } else { at_once + 1 };
            if at > limit.time {
                return End::OutOfTime;
            }
            if self.trace.next_emission() >= limit.packets {
                return End::OutOfPackets;
            }
            if at_once > EVENTS_AT_ONCE {
                return End::Spinning;
            }
            self.now = self.now.max(at);
            self.handle(event);
        }
    }

    /// What happens next, and when.
    #[inline]
    fn next_event(&mut self) -> Option<(Duration, Next)> {
        let arrivals = match (self.client.link.next_arrival(), self.server.link.next_arrival()) {
            (Some(up), Some(down)) if up <= down => Some((up.0, Next::Arrival(Side::Server))),
            (_, Some(down)) => Some((down.0, Next::Arrival(Side::Client))),
            (Some(up), None) => Some((up.0, Next::Arrival(Side::Server))),
            (None, None) => None,
        };
        // Nearly always a packet is next, and nobody's timer need be known exactly.
        if let Some((at, _)) = arrivals
            && self.client.sleeps_until(at)
            && self.server.sleeps_until(at)
        {
            return arrivals;
        }
        let timer = |at: Option<Duration>, side| at.map(|at| (at, Next::Timer(side)));
        let client = timer(self.client.next_wakeup(), Side::Client);
        let server = timer(self.server.next_wakeup(), Side::Server);
        // `min_by_key` keeps the first of equals: packets, then the client, then the server.
        [arrivals, client, server].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    #[inline]
    fn handle(&mut self, event: Next) {
        match event {
            Next::Arrival(Side::Server) => {
                let Some(flight) = self.client.link.poll_arrival(self.now) else { return };
                self.evidence.arrives(Side::Server, &flight.packet);
                self.server.host.handle_packet(self.now, &flight.packet);
                self.evidence.liar.gives_back(flight.packet, &mut self.client.host);
                self.settle(Side::Server);
            }
            Next::Arrival(Side::Client) => {
                let Some(flight) = self.server.link.poll_arrival(self.now) else { return };
                self.evidence.arrives(Side::Client, &flight.packet);
                self.client.host.handle_packet(self.now, &flight.packet);
                self.server.host.recycle(flight.packet);
                self.settle(Side::Client);
            }
            Next::Timer(side) => {
                self.evidence.begin(Trigger::Timer);
                match side {
                    Side::Client => self.client.host.handle_timeout(self.now),
                    Side::Server => self.server.host.handle_timeout(self.now),
                }
                self.settle(side);
            }
        }
    }

    /// Pump the program of `side` and put what its host says into the link, until both are quiet.
    #[inline]
    fn settle(&mut self, side: Side) {
        let Self { now, medium, trace, ended, divergences, evidence, .. } = self;
        let mut log = Log { medium, trace, ended, divergences, evidence };
        match side {
            Side::Client => self.client.settle(*now, &mut log),
            Side::Server => self.server.settle(*now, &mut log),
        }
        log.medium.settle(*now, &mut self.client.link, &mut self.server.link, log.trace);
        if side == Side::Client && self.told_at.is_none() && self.client.driver.is_done() {
            self.told_at = Some(self.now);
        }
        while let Some(closed) = self.store_mut(side).poll_closed() {
            let Self { judge, evidence, client, server, .. } = self;
            let store = store_of(client, server, side);
            evidence.liar.stored(&closed.name, store);
            let (reports, ours) = client.driver.reports_and_store();
            let again =
                judge.closed(side, &closed.name, [ours, server.driver.store_mut()], reports);
            evidence.closed(side, &closed.name, again, store_of(client, server, side));
        }
        if side == Side::Server {
            self.evidence.old_files(self.now, self.server.driver.store());
        }
    }
}

#[derive(Clone, Copy)]
enum Next {
    /// A packet reaches this side.
    Arrival(Side),
    /// A timer of this side's host or program.
    Timer(Side),
}

fn store_of<'b>(
    client: &'b mut Station<Client>,
    server: &'b mut Station<Server>,
    side: Side,
) -> &'b mut MemoryStore {
    match side {
        Side::Client => client.driver.store_mut(),
        Side::Server => server.driver.store_mut(),
    }
}
