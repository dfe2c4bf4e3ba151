//! `station` owns one host and the direction of the link into which the host sends. A station
//! passes the host's packets to the link, and the host's notes to the world's `RunLog`.

use std::time::Duration;

use halfclose_stack::{Config, Host, Packet, Segment};

use crate::law::Evidence;
use crate::network::fate::{Fate, Fates};
use crate::network::link::{Flight, Link};
use crate::network::medium::Medium;
use crate::network::trace::{Recording, Trace};
use crate::scenario::Scenario;
use crate::seed::Purpose;
use crate::side::Side;
use crate::terms::clone_by_field::clone_by_field;
use crate::world::configure;
use crate::world::noted::Noted;

/// A host, and the direction of the link into which the host sends.
pub(super) struct Station {
    pub(super) side: Side,
    pub(super) host: Host,
    pub(super) config: Config,
    pub(super) link: Link,
}

/// The record of a run.
pub(super) struct RunLog {
    pub(super) trace: Trace,
    pub(super) noted: Noted,
    pub(super) evidence: Evidence,
}

clone_by_field! {
    RunLog {
        trace, noted, evidence,
    }
}

impl Station {
    /// The host of `side` with its direction of the link.
    pub(super) fn new(scenario: &Scenario, side: Side, seed: u64) -> Self {
        let link = scenario.link(side);
        let purpose = match side {
            Side::Client => Purpose::FatesUp,
            Side::Server => Purpose::FatesDown,
        };
        let config = configure::host(scenario, side, seed);
        let link = Link::new(link.clone(), Fates::new(link, seed, purpose));
        Self { side, host: Host::new(config), config, link }
    }

    /// Return to the state before a run with this seed, keeping the memory.
    pub(super) fn reset(&mut self, seed: u64) {
        self.link.reset(seed, &mut self.host);
        self.config.seed = configure::host_seed(self.side, seed);
        self.host.reset(self.config);
    }

    /// Take the state of `source`, a station of the same side and scenario.
    pub(super) fn copy_from(&mut self, source: &Self) {
        let Self { side: _, host, config, link } = source;
        self.link.copy_from(link, &mut self.host);
        self.host.copy_from(host);
        self.config = *config;
    }

    /// Send the packets of the host into the link, and record the notes from before and in between.
    pub(super) fn transmit(&mut self, now: Duration, medium: &mut Medium, log: &mut RunLog) {
        self.drain_notes(log);
        while let Some(packet) = self.host.poll_transmit(now) {
            self.emit(now, packet, medium, log);
        }
        self.drain_notes(log);
    }

    #[inline]
    fn emit(&mut self, now: Duration, packet: Packet, medium: &mut Medium, log: &mut RunLog) {
        if !medium.is_clear(&self.link) || !log.evidence.liar.is_honest() {
            return self.transmit_into(now, packet, medium, log);
        }
        let emission = log.trace.packet(now, self.side, Fate::Deliver, &packet);
        log.noted.number_reset(self.side, emission, &packet);
        if let Some(sight) = log.evidence.sees(self.side, emission, &packet) {
            log.evidence.left(now, (self.side, [0; 2]), Some(sight), Fate::Deliver);
        }
        let arrival = self.link.arrival(now);
        self.link.carry(Flight { arrival, emission, packet });
    }

    /// Send through a medium that may change packets, perhaps with a mutant.
    fn transmit_into(
        &mut self,
        now: Duration,
        packet: Packet,
        medium: &mut Medium,
        log: &mut RunLog,
    ) {
        let forged = log.evidence.liar.forges(&packet);
        for packet in [Some(packet), forged].into_iter().flatten() {
            if log.evidence.liar.swallows(&packet) {
                self.host.recycle(packet);
                continue;
            }
            let sight = log.evidence.sees(self.side, log.trace.next_emission(), &packet);
            log.noted.number_reset(self.side, log.trace.next_emission(), &packet);
            let ports = Segment::peek(&packet).map_or([0; 2], |segment| segment.ports());
            let (fate, back) = medium.pass(now, self.side, packet, &mut self.link, &mut log.trace);
            log.evidence.left(now, (self.side, ports), sight, fate);
            if let Some(packet) = back {
                self.host.recycle(packet);
            }
        }
    }

    /// Record the notes of the host.
    #[inline(always)]
    pub(super) fn drain_notes(&mut self, log: &mut RunLog) {
        if self.host.has_notes() {
            self.take_notes(log);
        }
    }

    #[inline(never)]
    fn take_notes(&mut self, log: &mut RunLog) {
        while let Some(note) = self.host.poll_note() {
            log.evidence.noted(self.side, &note);
            if log.noted.note(self.side, &note) {
                log.trace.note(self.side, &note);
            }
        }
    }
}

impl RunLog {
    /// Nothing is written, keeping the memory; so much of the next run will be.
    pub(super) fn reset(&mut self, recording: Recording) {
        self.trace.reset(recording);
        self.noted.reset();
        self.evidence.reset();
    }
}
