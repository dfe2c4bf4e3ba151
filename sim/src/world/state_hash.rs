//! `state_hash` owns the hash of a world between two turns, for a search that merges equal states.

use std::hash::{Hash, Hasher};

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::World;
use super::station::{RunLog, Station};

/// The hashed bytes of a world. The memory is used again.
#[derive(Default)]
pub(crate) struct StateBytes(Vec<u8>);

impl Hasher for StateBytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        xxh3_64(&self.0)
    }
}

impl World<'_> {
    /// The hash of everything that decides the outcomes of this run and of every run that goes on from here
    /// with further faults: verdicts, laws, and whether a stack stalls.
    ///
    /// Two worlds of one scenario and one seed with one hash have one future. Every variable that a turn or a
    /// conclusion reads is in one of these groups:
    ///
    /// - Hashed, with absolute times: hosts, links, programs and their files, evidence, the judge's notes.
    /// - The same in both worlds: scenario, tasks, seed.
    /// - Set by each turn before the turn reads the variable: the turn itself, scratch memory. The present
    ///   time is of this kind, and the time of the next event is hashed in its place.
    /// - Never read for a verdict or a law: the trace with its digest, the list of resets, divergences.
    /// - Compared by the search itself: the number of packets and of events at one instant, which count for
    ///   the limits of a run; the time of the last loss or call and the number of buffers that are out, which
    ///   count for a law each; and outdated times of timers.
    /// - Of emission numbers only the order of the packets in flight counts. A scenario with faults of its own
    ///   may name an emission number: then the number is hashed as well.
    ///
    /// If the hash is not `whole`, the links are left out, which is wrong on purpose.
    pub(crate) fn state_hash(&mut self, bytes: &mut StateBytes, whole: bool) -> u128 {
        let next = self.next_event().map(|(at, _)| at);
        let Self {
            scenario,
            workload: _,
            scripts: _,
            seed: _,
            now,
            told_at: _,
            stations,
            client,
            server,
            wakes,
            turn: _,
            medium,
            log,
            judge,
            denied: _,
            lookup: _,
        } = self;
        bytes.0.clear();
        (next.unwrap_or(*now).max(*now), wakes, medium).hash(bytes);
        if !scenario.faults.is_empty() {
            log.trace.next_emission().hash(bytes);
        }
        let mut order: Vec<_> =
            stations.iter().flat_map(|station| station.link.emissions()).collect();
        order.sort_unstable();
        let rank = |emission: u64| order.partition_point(|other| *other < emission);
        for Station { side: _, host, config: _, link } in stations {
            host.hash(bytes);
            if whole {
                link.hash_with(&rank, bytes);
            }
        }
        (client, server, judge).hash(bytes);
        let RunLog { trace: _, noted, evidence } = log;
        (noted, evidence).hash(bytes);
        xxh3_128(&bytes.0)
    }

    /// The hash of the outdated times of timers, which count if two timers of a host are due at one instant.
    pub(crate) fn outdated_timers(&self, bytes: &mut StateBytes) -> u64 {
        bytes.0.clear();
        self.stations.iter().for_each(|station| station.host.hash_outdated_timers(bytes));
        bytes.finish()
    }

    /// How often in this run a timer was due while a second timer of the host was due at the same instant.
    pub(crate) fn tied_timers(&self) -> u64 {
        self.stations.iter().map(|station| station.host.tied_timers()).sum()
    }

    /// The number of packet buffers that each host has handed out and not got back.
    pub(crate) fn buffers_out(&self) -> [i64; 2] {
        [0, 1].map(|side| self.stations[side].host.audit().packets)
    }

    /// The number of events before the present event at the same instant.
    pub(crate) fn events_at_once(&self) -> u32 {
        self.turn.at_once
    }
}
