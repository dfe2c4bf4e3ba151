//! `flights` is the packets of one direction in the order of their arrival, however many there are.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use halfclose_stack::{Host, Packet};

/// A packet on its way.
pub(crate) struct Flight {
    /// The time of its arrival. Packets with one time arrive in the order in which they were added.
    pub arrival: Duration,
    /// The emission number of the packet, or of the packet that it copies or was forged for.
    pub emission: u64,
    /// The bytes of the packet.
    pub packet: Packet,
}

/// The packets of one direction.
#[derive(Default)]
pub(super) struct Flights {
    /// Packets that arrived behind every packet before them when they were added: nearly always all.
    queue: VecDeque<Flight>,
    /// The others: each arrives before the last packet of the queue, so the queue is not empty, and
    /// behind every packet of the queue with the same time, which was added before.
    early: BinaryHeap<Early>,
    /// How many packets were early.
    count: u64,
}

/// A packet that arrives before another one that was added before it.
struct Early {
    number: u64,
    flight: Flight,
}

impl Flights {
    /// Adds a packet on the way.
    #[inline]
    pub(super) fn add(&mut self, flight: Flight) {
        if self.queue.back().is_none_or(|last| last.arrival <= flight.arrival) {
            self.queue.push_back(flight);
        } else {
            self.add_early(flight);
        }
    }

    #[cold]
    fn add_early(&mut self, flight: Flight) {
        self.count += 1;
        self.early.push(Early { number: self.count, flight });
    }

    /// The next packet to arrive.
    #[inline]
    pub(super) fn first(&self) -> Option<&Flight> {
        if self.early.is_empty() { self.queue.front() } else { self.first_of_both() }
    }

    #[cold]
    fn first_of_both(&self) -> Option<&Flight> {
        let first = self.queue.front()?;
        match self.early.peek() {
            Some(Early { flight, .. }) if flight.arrival < first.arrival => Some(flight),
            _ => Some(first),
        }
    }

    /// Take the next packet. The packet behind is touched, so that its header comes into the cache while
    /// the taken packet is handled: with thousands of connections, most packets have left the cache.
    #[inline]
    pub(super) fn take_first(&mut self) -> Option<Flight> {
        if !self.early.is_empty() {
            return self.take_first_of_both();
        }
        let first = self.queue.pop_front();
        let next = self.queue.front().and_then(|next| next.packet.first());
        std::hint::black_box(next.copied());
        first
    }

    #[cold]
    fn take_first_of_both(&mut self) -> Option<Flight> {
        let first = self.queue.front()?.arrival;
        if self.early.peek().is_some_and(|early| early.flight.arrival < first) {
            return self.early.pop().map(|early| early.flight);
        }
        self.queue.pop_front()
    }

    /// Take the first packet with that emission number that arrives after `arrival`.
    #[cold]
    pub(super) fn take(&mut self, emission: u64, arrival: Duration) -> Option<Flight> {
        if !self.early.is_empty() {
            let all = std::iter::from_fn(|| self.take_first()).collect();
            self.queue = all;
        }
        let at = self.queue.iter().position(|f| f.emission == emission && f.arrival > arrival)?;
        self.queue.remove(at)
    }

    /// The packets in the order of their arrival.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &Flight> {
        let mut early: Vec<_> = self.early.iter().collect();
        early.sort_unstable_by(|one, other| other.cmp(one));
        let mut early = early.into_iter().map(|early| &early.flight).peekable();
        let mut queue = self.queue.iter().peekable();
        std::iter::from_fn(move || {
            let first = queue.peek().map_or(Duration::MAX, |first| first.arrival);
            early.next_if(|early| early.arrival < first).or_else(|| queue.next())
        })
    }

    /// Whether a packet with that emission number is on the way.
    pub(super) fn has(&self, emission: u64) -> bool {
        self.in_order().any(|flight| flight.emission == emission)
    }

    /// Take copies of all packets of `source`, in the place of the packets before. The buffers go
    /// back to `host` and come from `host`.
    pub(super) fn copy_from(&mut self, source: &Self, host: &mut Host) {
        self.drain().for_each(|flight| host.recycle(flight.packet));
        let mut copy = |flight: &Flight| Flight { packet: host.copy_of(&flight.packet), ..*flight };
        self.queue.extend(source.queue.iter().map(&mut copy));
        let early = |early: &Early| Early { number: early.number, flight: copy(&early.flight) };
        self.early.extend(source.early.iter().map(early));
        self.count = source.count;
    }

    /// How many packets there are.
    pub(super) fn len(&self) -> usize {
        self.queue.len() + self.early.len()
    }

    /// Take all packets, in no order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Flight> + '_ {
        self.count = 0;
        self.queue.drain(..).chain(self.early.drain().map(|early| early.flight))
    }
}

impl Ord for Early {
    /// The greatest is taken first: the earliest, and of those the one that was added first.
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |early: &Self| (early.flight.arrival, early.number);
        key(other).cmp(&key(self))
    }
}

impl PartialOrd for Early {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Early {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Early {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list that each packet is put into behind all that arrive no later.
    #[derive(Default)]
    struct Plain(Vec<(u64, u64)>);

    impl Plain {
        fn add(&mut self, arrival: u64, emission: u64) {
            let behind = self.0.iter().rposition(|(other, _)| *other <= arrival);
            self.0.insert(behind.map_or(0, |at| at + 1), (arrival, emission));
        }
    }

    #[test]
    fn packets_arrive_as_from_a_sorted_list() {
        let (mut flights, mut plain) = (Flights::default(), Plain::default());
        let mut state = 7_u64;
        let mut draw = |of: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % of
        };
        let seen = |flight: Option<Flight>| {
            flight.map(|it| (u64::try_from(it.arrival.as_micros()).expect("few"), it.emission))
        };
        let micros = Duration::from_micros;
        for emission in 0..20_000 {
            // Few different times, so that many packets share one.
            let arrival = emission / 8 + draw(12);
            plain.add(arrival, emission);
            let packet = Packet::from(vec![0_u8]);
            flights.add(Flight { arrival: micros(arrival), emission, packet });
            if draw(50) == 0 {
                let (arrival, which) = (emission / 8 + draw(6), emission - draw(20).min(emission));
                let at = plain.0.iter().position(|it| it.1 == which && it.0 > arrival);
                let taken = at.map(|at| plain.0.remove(at));
                assert_eq!(seen(flights.take(which, micros(arrival))), taken);
            }
            if draw(100) > 2 && plain.0.len() > 40 {
                let next = flights.first().map(|it| it.emission);
                let taken = seen(flights.take_first());
                assert_eq!((taken, next), (Some(plain.0[0]), Some(plain.0[0].1)));
                plain.0.remove(0);
            }
            assert_eq!(flights.len(), plain.0.len());
        }
        assert!(flights.count > 1_000, "{} were early", flights.count);
        assert_eq!(flights.drain().count(), plain.0.len());
    }
}
