//! `world` owns the one event loop: the virtual time `now`, the two hosts with their programs, the
//! two directions of the link and the trace. The loop handles one event at a time until there is no
//! event.
//!
//! At the same instant, packets arrive before timers fire, in order of emission, and the client
//! comes before the server. After each event the event's program is pumped, and the packets of the
//! program's host enter the link.
//!
//! Both sides share the same code wherever their programs allow: the code of one side is then in
//! the processor's cache for the other side.

mod conclude;
pub(crate) mod configure;
pub(crate) mod initial_files;
pub(crate) mod lookup;
pub(crate) mod noted;
mod snapshot;
pub(crate) mod sockets;
mod state_bytes;
mod state_hash;
mod station;
mod view;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use halfclose_ftp as ftp;
use halfclose_ftp::{Client, Driver, MemoryStore, Server};

use crate::judge::Judge;
use crate::law::{Evidence, Trigger};
use crate::network::link::Flight;
use crate::network::medium::Medium;
use crate::network::trace::{Recording, Trace};
use crate::outcome::End;
use crate::scenario::Scenario;
use crate::side::Side;
use crate::side::{CONTROL_PORT, SERVER};
use crate::workload::Workload;
use crate::world::lookup::Lookup;
use crate::world::noted::Noted;
use crate::world::sockets::Sockets;
pub(crate) use state_bytes::{HORIZON, StateBytes};
pub(crate) use state_hash::{StateHash, StatePart};
use station::{RunLog, Station};

/// Events at the same instant of virtual time after which a run counts as spinning. A full receive
/// window of the smallest segments takes a few thousand events.
pub(crate) const EVENTS_AT_ONCE: u32 = 1_000_000;

/// Two hosts, their programs and the link between them, for one run at a time.
pub struct World<'a> {
    scenario: &'a Scenario,
    pub(crate) workload: &'a Workload,
    /// The tasks of each client.
    scripts: Vec<Arc<[ftp::Task]>>,
    seed: u64,
    now: Duration,
    /// When the client program had answered its user on everything.
    told_at: Option<Duration>,
    /// The client's, and the server's.
    stations: [Station; 2],
    client: Driver<Client, MemoryStore>,
    server: Driver<Server, MemoryStore>,
    /// When the client and the server want to be woken; `Duration::MAX`: not at all.
    wakes: [Duration; 2],
    turn: Turn,
    medium: Medium,
    log: RunLog,
    judge: Judge<'a>,
    denied: Option<&'static str>,
    lookup: Lookup,
}

impl<'a> World<'a> {
    /// A world at rest, about to run `scenario` with `seed`.
    ///
    /// # Panics
    /// If a key of the scenario is open (pin the scenario first), or if the scenario names an
    /// unknown close policy (`scenario::keys` refuses such names).
    #[must_use]
    pub fn new(
        scenario: &'a Scenario,
        workload: &'a Workload,
        seed: u64,
        recording: Recording,
    ) -> Self {
        assert!(scenario.open.is_none(), "an open scenario is pinned before it runs");
        let mut world = Self {
            scenario,
            workload,
            scripts: configure::scripts(workload, scenario.client.count),
            seed,
            now: Duration::ZERO,
            told_at: None,
            stations: [
                Station::new(scenario, Side::Client, seed),
                Station::new(scenario, Side::Server, seed),
            ],
            client: Driver::<Client, _>::client(configure::client(scenario), MemoryStore::new()),
            server: Driver::<Server, _>::server(
                configure::server(scenario, seed),
                MemoryStore::new(),
            ),
            wakes: [Duration::MAX; 2],
            turn: Turn::NONE,
            medium: Medium::new(scenario),
            log: RunLog {
                trace: Trace::new(recording),
                noted: Noted::default(),
                evidence: Evidence::new(scenario),
            },
            judge: Judge::new(scenario, workload),
            denied: None,
            lookup: Lookup::default(),
        };
        world.open();
        world
    }

    /// About to run the same scenario with another seed, in the memory of the run before.
    pub fn reset(&mut self, seed: u64, recording: Recording) {
        let scenario = self.scenario;
        self.seed = seed;
        self.now = Duration::ZERO;
        self.told_at = None;
        self.turn = Turn::NONE;
        self.medium.reset();
        self.log.reset(recording);
        self.judge.reset();
        self.stations.iter_mut().for_each(|station| station.reset(seed));
        self.client.reset();
        self.client.store_mut().reset();
        self.server.reset();
        self.server.config_mut().draws = configure::draws(scenario, seed);
        self.server.store_mut().reset();
        self.open();
    }

    /// Put the files where they are read, listen, connect.
    fn open(&mut self) {
        self.client.record_dialogue(self.log.trace.recording() > Recording::Digest);
        initial_files::lay_out(
            self.scenario,
            self.workload,
            &self.scripts,
            self.client.store_mut(),
            self.server.store_mut(),
        );
        let at = SocketAddr::new(IpAddr::V4(SERVER), CONTROL_PORT);
        let Self { stations: [client, server], now, log: RunLog { evidence, .. }, scripts, .. } =
            self;
        let watch = Some(evidence.watch(Side::Server, *now));
        let mut sockets = Sockets { host: &mut server.host, now: *now, watch };
        self.server
            .listen(&mut sockets, at, configure::BACKLOG)
            .expect("a host that has just begun has its ports free");
        evidence.liar.forgets_listener(&mut server.host);
        for script in scripts.iter() {
            let watch = Some(evidence.watch(Side::Client, *now));
            let mut sockets = Sockets { host: &mut client.host, now: *now, watch };
            self.client
                .connect(&mut sockets, at, Arc::clone(script), *now)
                .expect("a host that has just begun has its ports free");
        }
        let wakes = [self.client.next_wakeup(), self.server.next_wakeup()];
        self.wakes = wakes.map(|wake| wake.unwrap_or(Duration::MAX));
        for side in [Side::Server, Side::Client] {
            self.take_turn(side, 0);
            self.go_on();
        }
    }

    /// Run until nothing will ever happen again, or a limit is reached.
    pub fn run(&mut self) -> End {
        loop {
            if let Some(end) = self.arrive() {
                return end;
            }
            self.go_on();
        }
    }

    /// All stages of a turn but the first.
    fn go_on(&mut self) {
        self.act();
        while self.say() {
            self.act();
        }
        self.look();
    }

    /// First stage of a turn: the next event reaches its host. Returns the end of the run if there
    /// is no event, or a limit is reached.
    // The stages are out of line: each is called from `run` and from a `Lockstep`.
    #[inline(never)]
    pub(crate) fn arrive(&mut self) -> Option<End> {
        let limit = self.scenario.limit;
        // Everything outstanding has a deadline: no deadline means nothing outstanding.
        let Some((at, event)) = self.next_event() else { return Some(End::Quiet) };
        let at_once = if at > self.now { 0 } else { self.turn.at_once + 1 };
        if at > limit.time {
            return Some(End::OutOfTime);
        }
        if self.log.trace.next_emission() >= limit.packets {
            return Some(End::OutOfPackets);
        }
        if at_once > EVENTS_AT_ONCE {
            return Some(End::Spinning);
        }
        self.now = self.now.max(at);
        let side = self.handle(event);
        self.take_turn(side, at_once);
        None
    }

    /// The next event and its time.
    #[inline]
    fn next_event(&mut self) -> Option<(Duration, Next)> {
        let [client, server] = &mut self.stations;
        let arrivals = match (client.link.next_arrival(), server.link.next_arrival()) {
            (Some(up), Some(down)) if up <= down => Some((up.0, Next::Arrival(Side::Server))),
            (_, Some(down)) => Some((down.0, Next::Arrival(Side::Client))),
            (Some(up), None) => Some((up.0, Next::Arrival(Side::Server))),
            (None, None) => None,
        };
        // Nearly always a packet is next: then the exact times of timers do not matter.
        if let Some((at, _)) = arrivals
            && client.host.sleeps_until(at)
            && server.host.sleeps_until(at)
            && self.wakes.iter().all(|wake| *wake >= at)
        {
            return arrivals;
        }
        self.first_of(arrivals)
    }

    /// The first of the next arrival and the timers. Not inlined: nearly always a packet is next.
    #[inline(never)]
    fn first_of(&mut self, arrivals: Option<(Duration, Next)>) -> Option<(Duration, Next)> {
        let [client, server] = &mut self.stations;
        let timer = |host: Option<Duration>, side| {
            let at = host.unwrap_or(Duration::MAX).min(self.wakes[side as usize]);
            (at < Duration::MAX).then_some((at, Next::Timer(side)))
        };
        let client = timer(client.host.next_wakeup(), Side::Client);
        let server = timer(server.host.next_wakeup(), Side::Server);
        // `min_by_key` keeps the first of equals: packets, then the client, then the server.
        [arrivals, client, server].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Handle an event. Returns the side of the event.
    #[inline]
    fn handle(&mut self, event: Next) -> Side {
        let Self { now, stations, log, .. } = self;
        match event {
            Next::Arrival(side) => {
                let sender = side.peer() as usize;
                let flight = stations[sender].link.pop_arrival().expect("it was there a line ago");
                let Flight { emission, packet, .. } = flight;
                log.evidence.arrives(side, &packet);
                log.trace.arrives(*now, side, emission, &packet);
                stations[side as usize].host.handle_packet(*now, &packet);
                log.evidence.liar.gives_back(packet, &mut stations[sender].host);
                side
            }
            Next::Timer(side) => {
                log.evidence.begin(Trigger::Timer);
                stations[side as usize].host.handle_timeout(*now);
                side
            }
        }
    }

    fn take_turn(&mut self, side: Side, at_once: u32) {
        let (acts, number) = (self.is_awake(side), self.turn.number + 1);
        self.turn = Turn { side, acts, acted: acts, at_once, number };
    }

    /// Second stage: the program acts until the program has nothing to do.
    #[inline(never)]
    pub(crate) fn act(&mut self) {
        let Self { now, stations, client, server, wakes, log, turn, medium, .. } = self;
        if !turn.acts {
            return;
        }
        let (now, side) = (*now, turn.side);
        let station = &mut stations[side as usize];
        station.drain_notes(log);
        let watch = Some(log.evidence.watch(side, now));
        let mut sockets = Sockets { host: &mut station.host, now, watch };
        let wake = match side {
            Side::Client => {
                client.pump(&mut sockets, now);
                client.next_wakeup()
            }
            Side::Server => {
                server.pump(&mut sockets, now);
                medium.draws.began(server.reports().len(), server.config_mut().draws);
                server.next_wakeup()
            }
        };
        let draws = station.host.seed_draws();
        for port in log.evidence.take_listened() {
            medium.draws.listened(side, draws, port);
        }
        wakes[side as usize] = wake.unwrap_or(Duration::MAX);
    }

    /// Third stage: the packets of the host enter the link. Returns true if the program has
    /// something to do again, such as after sent bytes or an end. Then the second stage follows
    /// once more.
    #[inline(never)]
    pub(crate) fn say(&mut self) -> bool {
        let Self { now, stations, medium, log, turn, .. } = self;
        stations[turn.side as usize].transmit(*now, medium, log);
        let acts = self.is_awake(self.turn.side);
        self.turn.acts = acts;
        self.turn.acted |= acts;
        acts
    }

    /// Last stage: record the changes of the turn.
    #[inline(never)]
    pub(crate) fn look(&mut self) {
        let [client, server] = &mut self.stations;
        self.medium.settle(self.now, &mut client.link, &mut server.link, &mut self.log.trace);
        let Turn { side, acted, .. } = self.turn;
        if !acted {
            return;
        }
        if side == Side::Client && self.told_at.is_none() && self.client.is_done() {
            self.told_at = Some(self.now);
        }
        while let Some(closed) = self.store_mut(side).poll_closed() {
            self.look_at(side, &closed.name);
        }
        if side == Side::Server {
            let Self { judge, server, client, .. } = self;
            judge.accepted(server.reports(), server.store(), client.reports());
            self.log.evidence.old_files(self.now, self.server.store());
        }
    }

    /// Whether the program of `side` has something to do.
    #[inline]
    fn is_awake(&self, side: Side) -> bool {
        self.stations[side as usize].host.is_ready() || self.wakes[side as usize] <= self.now
    }

    /// Judge the file `name`, which the program of `side` has written and closed.
    #[inline(never)]
    fn look_at(&mut self, side: Side, name: &Arc<str>) {
        let Self { judge, log: RunLog { evidence, .. }, client, server, .. } = self;
        evidence.liar.stored(name, store_of(client, server, side));
        let (reports, ours) = client.reports_and_store();
        let again = judge.closed(side, name, [ours, server.store_mut()], reports);
        evidence.closed(side, name, again, store_of(client, server, side));
    }
}

/// An event and its consequences up to the next event.
#[derive(Clone, Copy)]
struct Turn {
    /// The side of the event.
    side: Side,
    /// The program has something to do, and had at least once.
    acts: bool,
    acted: bool,
    /// Number of earlier events at the same instant.
    at_once: u32,
    /// The number of the turn in its run.
    number: u32,
}

impl Turn {
    /// Nothing has happened yet.
    const NONE: Self =
        Self { side: Side::Client, acts: false, acted: false, at_once: 0, number: 0 };
}

#[derive(Clone, Copy)]
enum Next {
    /// A packet reaches this side.
    Arrival(Side),
    /// A timer of this side's host or program.
    Timer(Side),
}

fn store_of<'b>(
    client: &'b mut Driver<Client, MemoryStore>,
    server: &'b mut Driver<Server, MemoryStore>,
    side: Side,
) -> &'b mut MemoryStore {
    match side {
        Side::Client => client.store_mut(),
        Side::Server => server.store_mut(),
    }
}
