//! `medium` joins the two directions of the link: for each packet it asks the faults, the NAT and
//! the link of the direction, and records the fate. Parts that a scenario does not use cost
//! nothing.

mod orders;

pub(crate) use orders::Passed;

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use halfclose_stack::{Flags, Packet, Segment};

use crate::network::draws::Draws;
use crate::network::fate::Fate;
use crate::network::faults::{Faults, ForgedPacket, MetFault};
use crate::network::link::{Flight, Link};
use crate::network::trace::Trace;
use crate::scenario::Scenario;
use crate::side::Side;
use crate::terms::clone_by_field::clone_by_field;
use crate::terms::hash_by_field::hash_by_field;
use crate::terms::hashed_time::TimeKind;
use orders::Orders;

/// Everything between the hosts, for one run at a time.
pub(crate) struct Medium {
    /// Whether packets are looked at.
    watches: bool,
    faults: Faults,
    orders: Orders,
    /// The answers that the run took from its seed.
    pub draws: Draws,
    nat: Option<Nat>,
    /// Packets forged in the name of the side that does not send now, with the emission numbers of
    /// their triggers.
    forged: Vec<(u64, ForgedPacket)>,
}

clone_by_field! { Medium { watches, faults, orders, draws, nat, forged } }

// Between two turns no forged packet waits, and each ordered fate has met its packet. `draws` decides nothing.
hash_by_field! { Medium { faults, nat } without { watches, orders, draws, forged } }

impl Medium {
    /// The medium of `scenario`.
    #[must_use]
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            watches: !scenario.faults.is_empty() || scenario.nat_timeout.is_some(),
            faults: Faults::new(&scenario.faults),
            orders: Orders::default(),
            draws: Draws::default(),
            nat: scenario.nat_timeout.map(|timeout| Nat { timeout, known: BTreeMap::new() }),
            forged: Vec::new(),
        }
    }

    /// Return to the state before a run, keeping the memory.
    pub(crate) fn reset(&mut self) {
        self.faults.reset();
        self.orders.reset();
        self.draws.reset();
        self.forged.clear();
        if let Some(nat) = &mut self.nat {
            nat.known.clear();
        }
    }

    /// From the next run on, give the packets of these emission numbers these fates, in place of
    /// random fates.
    pub(crate) fn order(&mut self, orders: &[(u64, Fate)]) {
        self.orders.set(orders);
    }

    /// Give one more packet this fate, behind all packets with an ordered fate.
    pub(crate) fn order_one_more(&mut self, emission: u64, fate: Fate) {
        self.orders.push(emission, fate);
    }

    /// From the next run on, keep a census of the packets or keep none.
    pub(crate) fn count(&mut self, census: bool) {
        self.orders.count(census);
    }

    /// The packets of this run, by emission number; empty unless they are counted.
    #[must_use]
    pub(crate) fn census(&self) -> &[Passed] {
        self.orders.census()
    }

    /// How many orders met no packet.
    #[must_use]
    pub(crate) fn orders_left(&self) -> usize {
        self.orders.left()
    }

    /// Whether the medium is just a link that delivers every packet unchanged.
    #[inline]
    #[must_use]
    pub(crate) fn is_clear(&self, link: &Link) -> bool {
        !self.watches && self.orders.is_idle() && link.is_plain()
    }

    /// Pass on a packet that `from` hands over at `now` into `link`. Returns the packet's fate, and
    /// the packet itself if the link does not carry the packet.
    pub(crate) fn pass(
        &mut self,
        now: Duration,
        from: Side,
        packet: Packet,
        link: &mut Link,
        trace: &mut Trace,
    ) -> (Fate, Option<Packet>) {
        if self.watches {
            return self.watch(now, from, packet, link, trace);
        }
        let ordered = self.orders.take(trace.next_emission());
        let drawn = self.draw(from, packet.len(), link);
        let (fate, arrival) = link.admit(now, packet.len(), ordered.unwrap_or(drawn));
        let emission = trace.packet(now, from, fate, &packet);
        self.orders.passed(&packet, fate);
        (fate, carry(link, fate, arrival, emission, packet))
    }

    #[cold]
    fn watch(
        &mut self,
        now: Duration,
        from: Side,
        packet: Packet,
        link: &mut Link,
        trace: &mut Trace,
    ) -> (Fate, Option<Packet>) {
        let mut forged = Vec::new();
        let emission = trace.next_emission();
        let by_number = self.orders.take(emission);
        let by_name = self.faults.handle_packet(emission, from, &packet, &mut forged);
        let ordered = by_name.or(by_number);
        let forgotten = self.nat.as_mut().is_some_and(|nat| nat.forgets(now, from, &packet));
        let ordered = if forgotten { Some(Fate::Forgotten) } else { ordered };
        let drawn = self.draw(from, packet.len(), link);
        let (fate, arrival) = link.admit(now, packet.len(), ordered.unwrap_or(drawn));
        trace.packet(now, from, fate, &packet);
        self.orders.passed(&packet, fate);
        let back = carry(link, fate, arrival, emission, packet);
        for ForgedPacket { from: sender, packet } in forged {
            if sender == from {
                // Right behind the trigger, unless the trigger was lost.
                let arrival = arrival.unwrap_or(link.arrival(now));
                trace.forged(now, sender, emission, &packet);
                link.carry(Flight { arrival, emission, packet });
            } else {
                self.forged.push((emission, ForgedPacket { from: sender, packet }));
            }
        }
        (fate, back)
    }

    /// The random fate of the next packet of `from`, recorded in `draws`.
    #[inline]
    fn draw(&mut self, from: Side, bytes: usize, link: &mut Link) -> Fate {
        let drawn = link.draw(bytes);
        if link.draws() {
            self.draws.drew(from, bytes, drawn);
        }
        drawn
    }

    /// Send the packets that were forged in the name of the silent side.
    #[inline]
    pub(crate) fn settle(
        &mut self,
        now: Duration,
        up: &mut Link,
        down: &mut Link,
        trace: &mut Trace,
    ) {
        if self.forged.is_empty() {
            return;
        }
        for (emission, ForgedPacket { from, packet }) in self.forged.drain(..) {
            let link = if from == Side::Client { &mut *up } else { &mut *down };
            trace.forged(now, from, emission, &packet);
            link.carry(Flight { arrival: link.arrival(now), emission, packet });
        }
    }

    /// From now on only these faults of the scenario act, by their places in the list.
    pub(crate) fn switch_faults(&mut self, active: &[bool]) {
        self.faults.switch(active);
    }

    /// The faults of the scenario whose packet was sent, in this order.
    #[must_use]
    pub(crate) fn met_faults(&self) -> &[MetFault] {
        self.faults.met()
    }

    /// The faults without an effect, as text.
    #[must_use]
    pub(crate) fn unmatched_faults(&self) -> Vec<String> {
        self.faults.unmatched()
    }
}

fn carry(
    link: &mut Link,
    fate: Fate,
    arrival: Option<Duration>,
    emission: u64,
    packet: Packet,
) -> Option<Packet> {
    let Some(arrival) = arrival else { return Some(packet) };
    let flight = Flight { arrival, emission, packet };
    match fate {
        Fate::Changed(changes) => link.carry_changed(flight, changes),
        _ => link.carry(flight),
    }
    None
}

/// A middlebox that forgets a connection after a silence.
#[derive(Clone)]
struct Nat {
    timeout: Duration,
    /// By the client's and the server's port: when the last packet passed; `None`: forgotten.
    known: BTreeMap<[u16; 2], Option<Duration>>,
}

impl Hash for Nat {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { timeout: _, known } = self;
        known.len().hash(state);
        for (ports, last) in known {
            ports.hash(state);
            TimeKind::Distance.hash(*last, state);
        }
    }
}

impl Nat {
    /// Whether the connection of this packet is forgotten. A SYN makes a forgotten connection known
    /// again.
    fn forgets(&mut self, now: Duration, from: Side, packet: &[u8]) -> bool {
        let Some(segment) = Segment::parse(packet) else { return false };
        let (source, destination) = (segment.source.port(), segment.destination.port());
        let ports = match from {
            Side::Client => [source, destination],
            Side::Server => [destination, source],
        };
        let begins = segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK);
        let last = self.known.entry(ports).or_insert(Some(now));
        let fresh = last.is_some_and(|last| now - last < self.timeout);
        *last = (fresh || begins).then_some(now);
        last.is_none()
    }
}
