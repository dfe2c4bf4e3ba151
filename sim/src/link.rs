//! `link` is one direction of the wire: rate, tail-drop queue, delay, and the packets in flight in
//! order of arrival. It knows bytes and times, not TCP.

use std::collections::VecDeque;
use std::time::Duration;

use halfclose_stack::{Host, Packet};

use crate::fate::{Fate, Fates};
use crate::scenario::LinkConfig;

/// One direction of the wire.
pub struct Link {
    config: LinkConfig,
    fates: Fates,
    /// When the last bit of what was accepted so far leaves the sender, in nanoseconds.
    busy_until_ns: u64,
    in_flight: VecDeque<Flight>,
}

/// A packet on its way.
pub struct Flight {
    /// When it arrives: ties go by `emission`.
    pub arrival: Duration,
    /// Its emission number.
    pub emission: u64,
    /// Its bytes.
    pub packet: Packet,
}

/// What the link decided about a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Its fate.
    pub fate: Fate,
    /// When it arrives, if it does.
    pub arrival: Option<Duration>,
}

impl Link {
    /// An idle link.
    #[must_use]
    pub fn new(config: LinkConfig, fates: Fates) -> Self {
        Self { config, fates, busy_until_ns: 0, in_flight: VecDeque::new() }
    }

    /// Idle again with other fates, keeping its memory; what is in flight goes back to its host.
    pub fn reset(&mut self, fates: Fates, host: &mut Host) {
        self.in_flight.drain(..).for_each(|flight| host.recycle(flight.packet));
        self.fates = fates;
        self.busy_until_ns = 0;
    }

    /// Decide about the next packet, of this many bytes, handed over at `now`.
    #[inline]
    pub fn admit(&mut self, now: Duration, bytes: usize) -> Admission {
        let fate = self.fates.next_fate();
        if fate != Fate::Deliver {
            return Admission { fate, arrival: None };
        }
        let Some(sent) = self.serialize(now, bytes as u64) else {
            return Admission { fate: Fate::QueueFull, arrival: None };
        };
        // At least a microsecond, so that virtual time grows with every hop.
        let arrival = sent + self.config.delay.max(Duration::from_micros(1));
        assert!(arrival > now, "a packet arrives after it was sent");
        Admission { fate, arrival: Some(arrival) }
    }

    /// Carry an admitted packet, in order of (arrival, emission): emission numbers grow, so equal
    /// arrivals stay in order.
    #[inline]
    pub fn carry(&mut self, flight: Flight) {
        let behind = self.in_flight.iter().rev().take_while(|f| f.arrival > flight.arrival).count();
        if behind == 0 {
            self.in_flight.push_back(flight);
        } else {
            self.in_flight.insert(self.in_flight.len() - behind, flight);
        }
    }

    /// When the next packet arrives, and its emission number.
    #[inline]
    #[must_use]
    pub fn next_arrival(&self) -> Option<(Duration, u64)> {
        self.in_flight.front().map(|flight| (flight.arrival, flight.emission))
    }

    /// The next packet that has arrived at `now`.
    #[inline]
    pub fn poll_arrival(&mut self, now: Duration) -> Option<Flight> {
        if self.in_flight.front()?.arrival > now {
            return None;
        }
        self.in_flight.pop_front()
    }

    /// When the last bit has left the sender, in whole microseconds; `None` if the queue is full.
    #[inline]
    fn serialize(&mut self, now: Duration, bytes: u64) -> Option<Duration> {
        let Some(rate) = self.config.rate else { return Some(now) };
        let now_ns = u64::try_from(now.as_nanos()).expect("a run ends long before 584 years");
        let backlog_ns = self.busy_until_ns.saturating_sub(now_ns);
        let waiting = u128::from(backlog_ns) * u128::from(rate) / 8_000_000_000;
        if waiting + u128::from(bytes) > u128::from(self.config.queue) && backlog_ns > 0 {
            return None;
        }
        let takes_ns = u128::from(bytes) * 8_000_000_000 / u128::from(rate);
        self.busy_until_ns =
            now_ns + backlog_ns + u64::try_from(takes_ns).expect("a packet takes under 584 years");
        Some(Duration::from_micros(self.busy_until_ns.div_ceil(1_000)))
    }
}
