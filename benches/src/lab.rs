//! `lab` is halfclose's side of a benchmark: two hosts of `halfclose-stack` on the perfect wire of
//! `bare`, driven in the same way, packet by packet.

use std::collections::VecDeque;
use std::time::Duration;

use halfclose_stack::{Config, Host, Packet, Ready};

use crate::{ADDRESSES, HOP};

/// The application: called with the number of a host, the host, the time, and the ready connection.
pub type Touch<'a> = &'a mut dyn FnMut(usize, &mut Host, Duration, Ready);

/// Two hosts on a perfect wire.
pub struct Pair {
    /// The two hosts: 0 opens, 1 listens.
    pub hosts: [Host; 2],
    in_flight: VecDeque<(Duration, usize, Packet)>,
    /// The virtual time of both hosts.
    pub now: Duration,
    /// The number of packets handed over so far.
    pub packets: u64,
}

impl Pair {
    /// Makes two hosts of this configuration at 10.0.0.1 and 10.0.0.2.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let host = |index: usize| Host::new(Config { address: ADDRESSES[index], ..config });
        Self {
            hosts: [host(0), host(1)],
            in_flight: VecDeque::new(),
            now: Duration::ZERO,
            packets: 0,
        }
    }

    /// Hands packets over and fires timers until nothing is left or `done` returns true; `touch` is
    /// the application, called with each ready connection.
    pub fn drive(&mut self, touch: Touch<'_>, done: &mut dyn FnMut() -> bool) {
        self.settle(0, touch);
        self.settle(1, touch);
        while !done() {
            let packet = self.in_flight.front().map(|(at, ..)| *at);
            // Nearly always a packet is next, so no timer need be known exactly.
            let sleep = packet.is_some_and(|at| self.hosts.iter().all(|it| it.sleeps_until(at)));
            let timer = if sleep { None } else { self.next_timer() };
            let index = match (packet, timer) {
                (None, None) => return,
                (Some(packet), timer) if timer.is_none_or(|(at, _)| packet <= at) => {
                    let (at, to, packet) = self.in_flight.pop_front().expect("it is there");
                    self.now = at;
                    self.hosts[to].handle_packet(self.now, &packet);
                    self.hosts[1 - to].recycle(packet);
                    to
                }
                (_, Some((at, index))) => {
                    self.now = self.now.max(at);
                    self.hosts[index].handle_timeout(self.now);
                    index
                }
                (Some(_), None) => unreachable!("a packet without a timer comes first"),
            };
            self.settle(index, touch);
        }
    }

    fn next_timer(&mut self) -> Option<(Duration, usize)> {
        let [one, other] = self.hosts.each_mut().map(Host::next_wakeup);
        match (one, other) {
            (Some(one), Some(other)) if other < one => Some((other, 1)),
            (Some(one), _) => Some((one, 0)),
            (None, other) => other.map(|other| (other, 1)),
        }
    }

    fn settle(&mut self, index: usize, touch: Touch<'_>) {
        let Self { hosts, in_flight, now, packets } = self;
        let host = &mut hosts[index];
        loop {
            while let Some(ready) = host.poll_ready() {
                touch(index, host, *now, ready);
            }
            while let Some(packet) = host.poll_transmit(*now) {
                in_flight.push_back((*now + HOP, 1 - index, packet));
                *packets += 1;
            }
            if !host.is_ready() {
                return;
            }
        }
    }
}
