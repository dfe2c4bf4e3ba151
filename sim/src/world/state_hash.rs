//! `state_hash` owns the hash of a world between two turns, for a search that merges equal states.

#[cfg(test)]
mod state_hash_tests;

use std::hash::Hash;
use std::time::Duration;

use super::World;
use super::state_bytes::{Clock, StateBytes};
use super::station::{RunLog, Station};
use crate::law::contradiction_law::shortest_flight;
use crate::scenario::{Scenario, Task};
use crate::terms::hashed_time::TimeKind;
use crate::workload::Workload;

/// The hashes of a state.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StateHash {
    /// The hash of everything, with times by their distance from the next event.
    pub(crate) alike: u128,
    /// The hash of every time as the time is, and of outdated times of timers.
    pub(crate) exact: u128,
}

/// A part of the state. A hash that leaves a part out is wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatePart {
    /// The packets in flight.
    Links,
    /// The hosts of both sides.
    Hosts,
    /// Both programs, and the evidence of the laws.
    Programs,
    /// Every time in the state.
    Times,
    /// The deadlines of programs, such as the end of the wait for a reply.
    Deadlines,
    /// The timers of hosts, and the arrivals of packets.
    Distances,
}

impl World<'_> {
    /// The hash of everything that decides the outcomes of this run and of every run that goes on from here
    /// with further faults: verdicts, laws, and whether a stack stalls.
    ///
    /// Two worlds of one scenario and one seed with one hash have one future, at different times perhaps. Every
    /// variable that a turn or a conclusion reads is in one of these groups:
    ///
    /// - Hashed: hosts, links, programs and their files, evidence, the judge's notes. Times are hashed by what is
    ///   read of them ([`TimeKind`](crate::terms::hashed_time::TimeKind)), as distances from the next event. Where a run
    ///   reads the clock itself, times are absolute.
    /// - The same in both worlds: scenario, tasks, seed.
    /// - Set by each turn before the turn reads the variable: the turn itself, scratch memory, the present time.
    /// - Never read for a verdict or a law: the trace with its digest, the list of resets, divergences.
    /// - Compared by the search itself: the number of packets and of events at one instant and the time of the end,
    ///   which count for the limits of a run; the time of the last loss or call and the number of buffers that are
    ///   out, which count for a law each. Two more count in few runs, and then the `exact` hashes are compared:
    ///   deadlines that are far, and outdated times of timers.
    /// - Of emission numbers only the order of the packets in flight counts. A scenario with faults of its own
    ///   may name an emission number: then the number is hashed as well.
    ///
    /// The hash has every part but `forgotten`.
    pub(crate) fn state_hash(
        &mut self,
        bytes: &mut StateBytes,
        forgotten: Option<StatePart>,
    ) -> StateHash {
        let has = |part| forgotten != Some(part);
        let kinds = [
            (StatePart::Deadlines, TimeKind::Deadline),
            (StatePart::Distances, TimeKind::Distance),
        ];
        let next = self.next_time();
        let Self {
            scenario,
            workload,
            scripts: _,
            seed: _,
            now: _,
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
        bytes.begin(Clock {
            next: nanos(next),
            recent: nanos(shortest_flight(scenario)),
            absolute: reads_clock(scenario, workload),
            stopped: !has(StatePart::Times),
            forgotten: kinds.into_iter().find(|(part, _)| !has(*part)).map(|(_, kind)| kind),
        });
        wakes.iter().for_each(|wake| TimeKind::Deadline.hash(*wake, bytes));
        medium.hash(bytes);
        if !scenario.faults.is_empty() {
            log.trace.next_emission().hash(bytes);
        }
        let mut order: Vec<_> =
            stations.iter().flat_map(|station| station.link.emissions()).collect();
        order.sort_unstable();
        let rank = |emission: u64| order.partition_point(|other| *other < emission);
        for Station { side: _, host, config: _, link } in &*stations {
            if has(StatePart::Hosts) {
                host.hash(bytes);
            }
            if has(StatePart::Links) {
                link.hash_with(&rank, bytes);
            }
        }
        judge.hash(bytes);
        let RunLog { trace: _, noted, evidence } = log;
        if has(StatePart::Programs) {
            (client, server, noted, evidence).hash(bytes);
        }
        let alike = bytes.alike();
        stations.iter().for_each(|station| station.host.hash_outdated_timers(bytes));
        StateHash { alike, exact: bytes.exact() }
    }

    /// Find the hashes of the sockets: later hashes of this world, and of its copies, take less time.
    pub(crate) fn hash_sockets(&self) {
        self.stations.iter().for_each(|station| station.host.hash_sockets());
    }

    /// Forget the hashes of the sockets, for runs that are not looked up.
    pub(crate) fn forget_socket_hashes(&mut self) {
        self.stations.iter_mut().for_each(|station| station.host.forget_socket_hashes());
    }

    /// The time of the next event, or the present if there is no event.
    pub(crate) fn next_time(&mut self) -> Duration {
        let next = self.next_event().map(|(at, _)| at);
        next.unwrap_or(self.now).max(self.now)
    }

    /// How often in this run a timer was due while a second timer of the host was due at the same instant.
    pub(crate) fn tied_timers(&self) -> u64 {
        self.stations.iter().map(|station| station.host.tied_timers()).sum()
    }

    /// The number of packet buffers that each host has handed out and not got back.
    pub(crate) fn buffers_out(&self) -> [i64; 2] {
        [0, 1].map(|side| self.stations[side].host.audit().packets)
    }

    /// The number of turns of the run so far.
    pub(crate) fn turns(&self) -> u32 {
        self.turn.number
    }

    /// The number of events before the present event at the same instant.
    pub(crate) fn events_at_once(&self) -> u32 {
        self.turn.at_once
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Whether a run may read the clock itself, apart from distances: a blackout has its times, a listing and a
/// verification have dates, a reply of some models tells how long a transfer took, and smoltcp arms the timer for a
/// closed window by the start of the run, if bytes to send meet the closed window.
fn reads_clock(scenario: &Scenario, workload: &Workload) -> bool {
    let dark = [&scenario.up, &scenario.down].into_iter().any(|link| !link.blackout.is_empty());
    let dated = scenario.tasks.iter().any(|task| matches!(task, Task::List(_) | Task::Do(_)));
    let timed = scenario.server.model.is_some_and(halfclose_ftp::ServerModel::tells_durations);
    let bytes = workload.bytes().saturating_mul(2) + CONTROL_BYTES;
    let closes_window = bytes >= scenario.tcp.receive_buffer as u64;
    dark || dated || scenario.client.checks || timed || closes_window
}

/// More bytes than a control connection has on the way at once.
const CONTROL_BYTES: u64 = 16 << 10;
