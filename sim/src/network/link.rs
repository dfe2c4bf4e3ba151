//! `link` owns one direction of the wire: rate, tail-drop queue, delay, and the packets in flight
//! in order of arrival. TCP is unknown here.

mod flights;

pub(crate) use flights::Flight;

use std::hash::{Hash, Hasher};
use std::time::Duration;

use halfclose_stack::{Host, Segment};

use crate::network::fate::{Changes, Fate, Fates, HOLD, Moved, flip};
use crate::scenario::LinkConfig;
use crate::terms::hashed_time::TimeKind;
use flights::Flights;

/// One direction of the wire.
pub(crate) struct Link {
    config: LinkConfig,
    fates: Fates,
    /// Whether every packet arrives unchanged after the delay.
    plain: bool,
    /// The configured delay, but at least one hop.
    delay: Duration,
    /// When the last bit of the accepted packets leaves the sender, in nanoseconds.
    busy_until_ns: u64,
    in_flight: Flights,
    /// Emission numbers of the held packets in flight, each with the ports of the packet's
    /// connection.
    held: Vec<(u64, [u16; 2])>,
}

/// The shortest delay of a hop, so that virtual time grows with every hop.
const HOP: Duration = Duration::from_micros(1);

impl Link {
    /// A link without packets.
    #[must_use]
    pub(crate) fn new(config: LinkConfig, fates: Fates) -> Self {
        let plain = fates.always_deliver()
            && config.rate.is_none()
            && config.blackout.is_empty()
            && config.drop_above.is_none();
        let delay = config.delay.max(HOP);
        let (in_flight, held) = (Flights::default(), Vec::new());
        Self { config, fates, plain, delay, busy_until_ns: 0, in_flight, held }
    }

    /// Empty the link and take the fates of another seed, keeping the memory. Packets in flight
    /// return to `host`.
    pub(crate) fn reset(&mut self, seed: u64, host: &mut Host) {
        self.in_flight.drain().for_each(|flight| host.recycle(flight.packet));
        self.held.clear();
        self.fates.reset(seed);
        self.busy_until_ns = 0;
    }

    /// Take the state of `source`, a link of the same configuration, with copies of the packets in
    /// flight. The buffers are those of `host`.
    pub(crate) fn copy_from(&mut self, source: &Self, host: &mut Host) {
        let Self { config: _, fates, plain: _, delay: _, busy_until_ns, in_flight, held } = source;
        self.fates.copy_from(fates);
        self.busy_until_ns = *busy_until_ns;
        self.in_flight.copy_from(in_flight, host);
        self.held.clone_from(held);
    }

    /// Hash everything that decides what the link does later, with `rank` in place of the emission numbers:
    /// of these only the order counts.
    pub(crate) fn hash_with<H: Hasher>(&self, rank: &impl Fn(u64) -> usize, state: &mut H) {
        let Self { config: _, fates, plain: _, delay: _, busy_until_ns, in_flight, held } = self;
        (fates, in_flight.len()).hash(state);
        TimeKind::Ahead.hash(Duration::from_nanos(*busy_until_ns), state);
        for Flight { arrival, emission, packet } in in_flight.in_order() {
            TimeKind::Distance.hash(*arrival, state);
            (rank(*emission), packet).hash(state);
        }
        // A held packet that has arrived already releases no packet.
        let held = held.iter().filter(|(emission, _)| in_flight.has(*emission));
        let held: Vec<_> = held.map(|(emission, ports)| (rank(*emission), ports)).collect();
        held.hash(state);
    }

    /// The emission numbers of the packets in flight, in no order.
    pub(crate) fn emissions(&self) -> impl Iterator<Item = u64> {
        self.in_flight.in_order().map(|flight| flight.emission)
    }

    /// Draw the fates of all later packets from another seed.
    pub(crate) fn redraw(&mut self, seed: u64) {
        self.fates.redraw(seed);
    }

    /// Take the state of the fates, without a change of the link.
    pub(crate) fn copy_fates(&self, fates: &mut Fates) {
        fates.copy_from(&self.fates);
    }

    /// The random fate of the next packet, of `bytes` bytes. The link draws for each packet, so
    /// that later packets keep their fates.
    #[inline]
    pub(crate) fn draw(&mut self, bytes: usize) -> Fate {
        self.fates.next_fate(bytes)
    }

    /// Whether chance decides about packets here: else every packet draws delivery.
    #[inline]
    #[must_use]
    pub(crate) fn draws(&self) -> bool {
        !self.fates.always_deliver()
    }

    /// The fate of the next packet, with `bytes` bytes and handed over at `now`, and the time of
    /// arrival unless the packet is lost. A blackout, a packet too large for the path and a full
    /// queue replace `fate`.
    #[inline]
    pub(crate) fn admit(
        &mut self,
        now: Duration,
        bytes: usize,
        fate: Fate,
    ) -> (Fate, Option<Duration>) {
        let fate = match () {
            () if self.is_dark(now) => Fate::Blackout,
            () if self.config.drop_above.is_some_and(|most| bytes > most) => Fate::TooLarge,
            () => fate,
        };
        if !fate.arrives() {
            return (fate, None);
        }
        let Some(sent) = self.serialize(now, bytes as u64) else {
            return (Fate::QueueFull, None);
        };
        let delay = match fate {
            Fate::Changed(changes) => self.delay(changes.moved),
            _ => self.config.delay,
        };
        let arrival = sent + delay.max(HOP);
        assert!(arrival > now, "a packet arrives after it was sent");
        (fate, Some(arrival))
    }

    /// Whether every packet arrives unchanged after the delay. Then the caller need not ask for
    /// fates.
    #[inline]
    #[must_use]
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// The arrival time of a packet that bypasses the queue at `now`.
    #[inline]
    #[must_use]
    pub(crate) fn arrival(&self, now: Duration) -> Duration {
        now + self.delay
    }

    /// Carry an admitted packet. Of packets with the same arrival time, the first carried arrives
    /// first.
    #[inline]
    pub(crate) fn carry(&mut self, flight: Flight) {
        if self.held.is_empty() {
            self.in_flight.add(flight);
        } else {
            let connection = ports(&flight.packet);
            self.carry_before_held(flight, connection);
        }
    }

    /// Carry a packet with changes.
    #[cold]
    pub(crate) fn carry_changed(&mut self, mut flight: Flight, changes: Changes) {
        // Before a bit of them may be flipped.
        let connection = ports(&flight.packet);
        if let Some(bit) = changes.corrupted {
            flip(&mut flight.packet, bit);
        }
        let Flight { arrival, emission, .. } = flight;
        let copy = changes.duplicated.then(|| flight.packet.clone());
        if changes.moved == Moved::Held {
            self.held.push((emission, connection));
            self.in_flight.add(flight);
        } else if self.held.is_empty() {
            self.in_flight.add(flight);
        } else {
            self.carry_before_held(flight, connection);
        }
        if let Some(packet) = copy {
            self.in_flight.add(Flight { arrival, emission, packet });
        }
    }

    /// Carry a packet, and release the packets held for `connection` just behind.
    #[cold]
    fn carry_before_held(&mut self, flight: Flight, connection: [u16; 2]) {
        let arrival = flight.arrival;
        self.in_flight.add(flight);
        let (released, waiting): (Vec<_>, Vec<_>) =
            self.held.drain(..).partition(|(_, ports)| *ports == connection);
        self.held = waiting;
        for (emission, _) in released {
            while let Some(mut flight) = self.in_flight.take(emission, arrival) {
                flight.arrival = arrival;
                self.in_flight.add(flight);
            }
        }
    }

    /// Arrival time and emission number of the next packet to arrive.
    #[inline]
    #[must_use]
    pub(crate) fn next_arrival(&self) -> Option<(Duration, u64)> {
        self.in_flight.first().map(|flight| (flight.arrival, flight.emission))
    }

    /// Number of packets in flight.
    #[must_use]
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Take the next packet to arrive.
    #[inline]
    pub(crate) fn pop_arrival(&mut self) -> Option<Flight> {
        self.in_flight.take_first()
    }

    #[inline]
    fn is_dark(&self, now: Duration) -> bool {
        self.config.blackout.iter().any(|window| window.contains(now))
    }

    fn delay(&self, moved: Moved) -> Duration {
        let delay = self.config.delay;
        match moved {
            Moved::InTurn => delay,
            Moved::Jitter(us) if us < 0 => {
                delay.saturating_sub(Duration::from_micros(us.unsigned_abs()))
            }
            Moved::Jitter(us) => delay + Duration::from_micros(us.unsigned_abs()),
            Moved::AtOnce => Duration::ZERO,
            Moved::Late(by) => delay + by,
            Moved::Held => delay + HOLD,
        }
    }

    /// When the last bit has left the sender, in whole microseconds; `None` if the queue is full.
    #[inline]
    fn serialize(&mut self, now: Duration, bytes: u64) -> Option<Duration> {
        let Some(rate) = self.config.rate else { return Some(now) };
        let now_ns = u64::try_from(now.as_nanos()).expect("a run ends long before 584 years");
        let backlog_ns = self.busy_until_ns.saturating_sub(now_ns);
        let waiting = u128::from(backlog_ns) * u128::from(rate) / 8_000_000_000;
        let full = waiting + u128::from(bytes) > u128::from(self.config.queue);
        // A packet that is larger than the queue never finds room.
        if full && (backlog_ns > 0 || bytes > self.config.queue) {
            return None;
        }
        let takes_ns = u128::from(bytes) * 8_000_000_000 / u128::from(rate);
        self.busy_until_ns =
            now_ns + backlog_ns + u64::try_from(takes_ns).expect("a packet takes under 584 years");
        Some(Duration::from_micros(self.busy_until_ns.div_ceil(1_000)))
    }
}

/// The ports of a packet from a host. In one direction, the ports identify the connection. A packet
/// that is no TCP, which only a real kernel sends, has the ports 0.
fn ports(packet: &[u8]) -> [u16; 2] {
    Segment::peek(packet).map_or([0; 2], |segment| segment.ports())
}
