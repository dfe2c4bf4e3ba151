//! `wire` is the link between the ends of a bridge: both directions with their fates, the faults, and
//! the record of the packets.

use std::time::Duration;

use halfclose_stack::{Note, Packet, Segment};

use super::watcher::Watcher;
use crate::network::fate::{Fate, Fates};
use crate::network::link::{Flight, Link};
use crate::network::medium::Medium;
use crate::network::trace::{Recording, Trace};
use crate::scenario::Scenario;
use crate::seed::Purpose;
use crate::side::Side;

/// Both directions of the link.
pub(super) struct Wire<'a> {
    /// The direction into which the client sends, and the server's.
    links: [Link; 2],
    medium: Medium,
    trace: Trace,
    watcher: Watcher<'a>,
    /// Packets that are no TCP over IPv4. The delay, the rate and the queue hold for them, fates do not.
    pub(super) beside: u64,
    /// When the last packet of TCP was handed to the link.
    pub(super) last: Duration,
}

impl<'a> Wire<'a> {
    /// The link of `scenario` with the fates of `seed`.
    pub(super) fn new(scenario: &Scenario, seed: u64, watcher: Watcher<'a>) -> Self {
        let link = |side, purpose| {
            let config = scenario.link(side);
            Link::new(config.clone(), Fates::new(config, seed, purpose))
        };
        Self {
            links: [link(Side::Client, Purpose::FatesUp), link(Side::Server, Purpose::FatesDown)],
            medium: Medium::new(scenario),
            trace: Trace::new(Recording::Packets),
            watcher,
            beside: 0,
            last: Duration::ZERO,
        }
    }

    /// The number of the next packet.
    pub(super) fn next_emission(&self) -> u64 {
        self.trace.next_emission()
    }

    /// `from` hands over a packet.
    pub(super) fn emit(&mut self, now: Duration, from: Side, packet: Packet) {
        let Self { links, medium, trace, watcher, .. } = self;
        let link = &mut links[from as usize];
        if packet.first().is_none_or(|first| first >> 4 != 4) {
            return;
        }
        if Segment::parse(&packet).is_none() {
            self.beside += 1;
            if let (_, Some(arrival)) = link.admit(now, packet.len(), Fate::Deliver) {
                let emission = trace.next_emission();
                link.carry(Flight { arrival, emission, packet });
            }
            return;
        }
        self.last = now;
        watcher.leaves(now, from, &packet);
        medium.pass(now, from, packet, link, trace);
        let [up, down] = links;
        medium.settle(now, up, down, trace);
    }

    /// A host of ours noted something.
    pub(super) fn note(&mut self, side: Side, note: &Note) {
        self.trace.note(side, note);
    }

    /// The time of the next arrival, and the end where the packet arrives.
    pub(super) fn next_arrival(&self) -> Option<(Duration, Side)> {
        let at = |from: Side| {
            let (at, emission) = self.links[from as usize].next_arrival()?;
            Some((at, emission, from.peer()))
        };
        let next = [at(Side::Client), at(Side::Server)].into_iter().flatten().min();
        next.map(|(at, _, to)| (at, to))
    }

    /// Takes the next packet for `to`, which arrives at `now`.
    pub(super) fn pop_arrival(&mut self, now: Duration, to: Side) -> Option<Packet> {
        let packet = self.links[to.peer() as usize].pop_arrival()?.packet;
        self.watcher.arrives(now, to, &packet);
        Some(packet)
    }

    /// Whether packets are on their way.
    pub(super) fn is_empty(&self) -> bool {
        self.links.iter().all(|link| link.in_flight() == 0)
    }

    /// Lets the watcher see the packets since the last call.
    pub(super) fn flush(&mut self) {
        self.watcher.watch(&mut self.trace);
    }

    /// The record of the packets, the observer, and the faults without an effect.
    pub(super) fn into_parts(mut self) -> (Trace, Watcher<'a>, Vec<String>) {
        self.flush();
        (self.trace, self.watcher, self.medium.unmatched_faults())
    }
}
