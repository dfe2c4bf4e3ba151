//! `world::view` is what may be seen of a world from outside, while it runs and afterwards.

use std::time::Duration;

use halfclose_ftp::session::Session;
use halfclose_ftp::{Client, Driver, MemoryStore, Server};
use halfclose_stack::Divergence;

use super::World;
use crate::judge::Judge;
use crate::law::{self, Findings, Holding};
use crate::network::draws::{Answer, Kept, Question};
use crate::network::fate::Fate;
use crate::network::medium::Passed;
use crate::network::trace::Trace;
use crate::outcome::{BrokenLaw, End, EndedConnection, ResetSent, TransferOutcome, WaivedLaw};
use crate::scenario::Scenario;
use crate::side::Side;
use crate::workload::Workload;
use crate::world::lookup::Lookup;

impl World<'_> {
    /// What happened.
    #[must_use]
    pub fn into_trace(self) -> Trace {
        self.log.trace
    }

    /// What is run.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        self.scenario
    }

    /// The bytes of its files.
    #[must_use]
    pub fn workload(&self) -> &Workload {
        self.workload
    }

    /// The seed it runs with.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Who looks at the files.
    pub(crate) fn judge(&self) -> &Judge<'_> {
        &self.judge
    }

    /// The memory of the last conclusion.
    pub(crate) fn take_lookup(&mut self) -> Lookup {
        std::mem::take(&mut self.lookup)
    }

    /// Keep it for the next one.
    pub(crate) fn keep_lookup(&mut self, lookup: Lookup) {
        self.lookup = lookup;
    }

    /// The trace, to conclude it.
    pub(crate) fn trace_mut(&mut self) -> &mut Trace {
        &mut self.log.trace
    }

    /// The faults that matched no packet.
    pub(crate) fn unmatched_faults(&self) -> Vec<String> {
        self.medium.unmatched_faults()
    }

    /// Virtual time.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// When the client program had said its last word; `None`: it has not.
    #[must_use]
    pub fn told_at(&self) -> Option<Duration> {
        self.told_at
    }

    /// What happened so far.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.log.trace
    }

    /// The client program.
    #[must_use]
    pub fn client(&self) -> &Driver<Client, MemoryStore> {
        &self.client
    }

    /// The server program.
    #[must_use]
    pub fn server(&self) -> &Driver<Server, MemoryStore> {
        &self.server
    }

    /// The files of one side.
    #[must_use]
    pub fn store(&self, side: Side) -> &MemoryStore {
        match side {
            Side::Client => self.client.store(),
            Side::Server => self.server.store(),
        }
    }

    pub(crate) fn store_mut(&mut self, side: Side) -> &mut MemoryStore {
        match side {
            Side::Client => self.client.store_mut(),
            Side::Server => self.server.store_mut(),
        }
    }

    /// Connections that have ended, in order.
    #[must_use]
    pub fn ended(&self) -> &[EndedConnection] {
        &self.log.ended
    }

    /// Where smoltcp differed from the standard so far, each once and in order.
    #[must_use]
    pub fn divergences(&self) -> &[Divergence] {
        &self.log.divergences
    }

    /// Every RST that a host has sent so far, in order, with its reason.
    #[must_use]
    pub fn resets(&self) -> &[ResetSent] {
        &self.log.resets
    }

    /// What `side` still holds.
    fn holding<P: Session>(&self, driver: &Driver<P, MemoryStore>, side: Side) -> Holding {
        let station = &self.stations[side as usize];
        Holding {
            host: station.host.audit(),
            in_flight: station.link.in_flight(),
            sessions: driver.sessions(),
            files: driver.store().open_files(),
        }
    }

    /// What the laws say of the run, which came to these transfers.
    pub(crate) fn laws(
        &self,
        end: End,
        transfers: &[TransferOutcome],
    ) -> (Vec<BrokenLaw>, Vec<WaivedLaw>) {
        let findings = Findings {
            scenario: self.scenario,
            workload: self.workload,
            end,
            now: self.now,
            evidence: &self.log.evidence,
            transfers,
            reports: self.client.reports(),
            holdings: [
                self.holding(&self.client, Side::Client),
                self.holding(&self.server, Side::Server),
            ],
        };
        law::judge(&findings, self.denied)
    }

    /// From the next [`reset`](World::reset) on, give the packets of these emission numbers these
    /// fates, in place of what chance would; what the scenario's own faults say stays.
    ///
    /// # Panics
    /// If the numbers do not rise.
    pub fn order(&mut self, orders: &[(u64, Fate)]) {
        self.medium.order(orders);
    }

    /// From the next [`reset`](World::reset) on, keep these answers of the seed, and the lines of the
    /// digest up to so many bytes.
    pub fn keep_draws(&mut self, keeps: Kept, lines: usize) {
        self.medium.draws.keep(keeps);
        self.log.trace.keep_lines(lines);
    }

    /// The answers that the run took from its seed so far, as far as they are kept.
    #[must_use]
    pub fn draws(&self) -> &[(Question, Answer)] {
        self.medium.draws.list()
    }

    /// Whether a client was refused EPSV or EPRT and went on with PASV or PORT.
    #[must_use]
    pub fn fell_back(&self) -> bool {
        self.client.fell_back()
    }

    /// From the next [`reset`](World::reset) on, keep a census of the packets, or none.
    pub fn count(&mut self, census: bool) {
        self.medium.count(census);
    }

    /// The packets of this run, in the place of their emission numbers; empty unless they are
    /// counted.
    #[must_use]
    pub fn census(&self) -> &[Passed] {
        self.medium.census()
    }

    /// How many of the ordered fates met no packet.
    #[must_use]
    pub fn orders_left(&self) -> usize {
        self.medium.orders_left()
    }

    /// Let the waiver of that name excuse nothing from now on: for testing that it is needed.
    pub fn deny(&mut self, waiver: &'static str) {
        self.denied = Some(waiver);
    }
}
