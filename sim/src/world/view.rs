//! `view` gives the outside read access to a world, during a run and afterwards.

use std::time::Duration;

use halfclose_ftp::session::Session;
use halfclose_ftp::{Client, Driver, MemoryStore, Server};
use halfclose_stack::{Divergence, State};

use super::World;
use crate::judge::Judge;
use crate::law::{self, Findings, Holding};
use crate::mutant::Liar;
use crate::network::draws::{Answer, Kept, Question};
use crate::network::fate::Fate;
use crate::network::medium::Passed;
use crate::network::trace::Trace;
use crate::outcome::{
    BrokenLaw, Discarded, End, EndedConnection, ResetSent, TransferOutcome, WaivedLaw,
};
use crate::scenario::Scenario;
use crate::side::Side;
use crate::workload::Workload;
use crate::world::lookup::Lookup;

impl World<'_> {
    /// The record of the run.
    #[must_use]
    pub fn into_trace(self) -> Trace {
        self.log.trace
    }

    /// The scenario of the run.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        self.scenario
    }

    /// The tasks and the files of the run.
    #[must_use]
    pub fn workload(&self) -> &Workload {
        self.workload
    }

    /// The seed of the run.
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

    /// Keep the memory for the next conclusion.
    pub(crate) fn keep_lookup(&mut self, lookup: Lookup) {
        self.lookup = lookup;
    }

    /// The trace, for concluding the run.
    pub(crate) fn trace_mut(&mut self) -> &mut Trace {
        &mut self.log.trace
    }

    /// The faults without a matching packet.
    pub(crate) fn unmatched_faults(&self) -> Vec<String> {
        self.medium.unmatched_faults()
    }

    /// Virtual time since the beginning.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// When the client program had answered its user on everything; `None`: not yet.
    #[must_use]
    pub fn told_at(&self) -> Option<Duration> {
        self.told_at
    }

    /// The record of the run so far.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.log.trace
    }

    /// The client program of the run.
    #[must_use]
    pub fn client(&self) -> &Driver<Client, MemoryStore> {
        &self.client
    }

    /// The server program of the run.
    #[must_use]
    pub fn server(&self) -> &Driver<Server, MemoryStore> {
        &self.server
    }

    /// The files at one side.
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

    /// Ended connections, in the order of their ends.
    #[must_use]
    pub fn ended(&self) -> &[EndedConnection] {
        &self.log.noted.ended
    }

    /// Where smoltcp differed from the standard so far, each once and in order.
    #[must_use]
    pub fn divergences(&self) -> &[Divergence] {
        &self.log.noted.divergences
    }

    /// Every RST that a host has sent so far, in order, with its reason.
    #[must_use]
    pub fn resets(&self) -> &[ResetSent] {
        &self.log.noted.resets
    }

    /// The received bytes that hosts have destroyed so far, in order.
    #[must_use]
    pub fn discarded(&self) -> &[Discarded] {
        &self.log.noted.discarded
    }

    /// The last CLOSE or ABORT on each connection: the state at the call, and whether the call was ABORT
    /// without bytes unread.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (State, bool)> {
        self.log.evidence.calls()
    }

    /// The resources that `side` still holds.
    fn holding<P: Session>(&self, driver: &Driver<P, MemoryStore>, side: Side) -> Holding {
        let station = &self.stations[side as usize];
        Holding {
            host: station.host.audit(),
            in_flight: station.link.in_flight(),
            sessions: driver.sessions(),
            files: driver.store().open_files(),
        }
    }

    /// The teller of the mutant's lies.
    pub(crate) fn liar(&self) -> &Liar {
        &self.log.evidence.liar
    }

    /// The laws broken by the run with these transfers, without and with an excuse.
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
            programs_done: self.wakes == [Duration::MAX; 2],
            holdings: [
                self.holding(&self.client, Side::Client),
                self.holding(&self.server, Side::Server),
            ],
        };
        law::judge(&findings, self.denied)
    }

    /// The time of the last loss or call of a program, from which the law of rest counts.
    pub(crate) fn last_cause(&self) -> Duration {
        self.log.evidence.last_cause()
    }

    /// The longest time from the last loss or call to the end of a run that does not rest too late.
    pub(crate) fn allowance(&self) -> Duration {
        self.log.evidence.allowance(self.scenario)
    }

    /// From the next [`reset`](World::reset) on, give the packets of these emission numbers these
    /// fates, in place of random fates. Faults of the scenario stay.
    ///
    /// # Panics
    /// If the numbers do not rise.
    pub fn order(&mut self, orders: &[(u64, Fate)]) {
        self.medium.order(orders);
    }

    /// From the next [`reset`](World::reset) on, keep these answers of the seed, and the lines of
    /// the digest up to `lines` bytes.
    pub fn keep_draws(&mut self, keeps: Kept, lines: usize) {
        self.medium.draws.keep(keeps);
        self.log.trace.keep_lines(lines);
    }

    /// The kept answers that the run took from its seed so far.
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

    /// Let the waiver of this name excuse nothing from now on, for testing the waiver.
    pub fn deny(&mut self, waiver: &'static str) {
        self.denied = Some(waiver);
    }
}
