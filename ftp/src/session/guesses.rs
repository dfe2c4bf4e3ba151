//! `guesses` owns the wrong passwords of each origin (an IPv4 address, or the /64 of an IPv6
//! address), and spaces the answers to the next passwords of the origin, right or wrong: without a
//! difference in time, a guesser cannot leave before the slow answer (RFC 2577 §5).

use crate::clone_by_field::TimeKind;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// How long an origin is remembered behind its last wrong password.
const MEMORY: Duration = Duration::from_secs(600);
/// The longest queue of answers for one origin. A password beyond the queue is not even compared.
const QUEUE: Duration = Duration::from_secs(30);
/// The most origins in memory; the origin with the oldest wrong password is forgotten first.
const ORIGINS: usize = 4096;
/// The wrong passwords after which the answers of an origin come slower by one delay more.
const STEP: u32 = 8;
/// The longest space between two answers, in delays.
const SLOWEST: u32 = 8;

/// The wrong passwords of all origins.
#[derive(Clone, Debug, Default, Hash)]
pub struct Guesses(BTreeMap<IpAddr, Guesser>);

/// The wrong passwords of one origin.
#[derive(Clone, Copy, Debug)]
struct Guesser {
    failures: u32,
    last: Duration,
    /// The time of the last answer in the queue.
    answered: Duration,
}

impl Hash for Guesser {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { failures, last, answered } = self;
        failures.hash(state);
        TimeKind::Distance.hash(*last, state);
        TimeKind::Distance.hash(*answered, state);
    }
}

/// The addresses that one owner has at will: an IPv4 address, or a /64 of IPv6.
pub(crate) fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & (u128::from(u64::MAX) << 64)).into()
        }
    }
}

impl Guesses {
    /// Whether the queue of the peer's origin has room for the answer to one more password.
    #[must_use]
    pub fn has_room(&self, peer: IpAddr, now: Duration) -> bool {
        self.0.get(&origin(peer)).is_none_or(|guesser| guesser.answered <= now + QUEUE)
    }

    /// Notes a password of `peer` at `now`. Returns the time of the answer: at once for the right
    /// password of an origin without recent failures, or else in the queue of the origin, at least
    /// `delay` later.
    pub fn answer_at(
        &mut self,
        peer: IpAddr,
        admitted: bool,
        delay: Duration,
        now: Duration,
    ) -> Duration {
        let origin = origin(peer);
        let known = self.0.get(&origin).filter(|known| now < known.last + MEMORY).copied();
        if delay.is_zero() || (known.is_none() && admitted) {
            return now;
        }
        let mut guesser = known.unwrap_or(Guesser { failures: 0, last: now, answered: now });
        let space = delay * (1 + guesser.failures / STEP).min(SLOWEST);
        guesser.answered = guesser.answered.max(now) + space;
        if !admitted {
            guesser.failures = guesser.failures.saturating_add(1);
            guesser.last = now;
        }
        if self.0.len() >= ORIGINS && !self.0.contains_key(&origin) {
            let oldest = self.0.iter().min_by_key(|(_, guesser)| guesser.last).map(|(at, _)| *at);
            oldest.map(|oldest| self.0.remove(&oldest));
        }
        self.0.insert(origin, guesser);
        guesser.answered
    }

    pub(crate) fn reset(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A guesser who sends as many passwords as the server takes, from all addresses of a /64.
    #[test]
    fn an_origin_makes_one_guess_a_second_at_most() {
        let mut guesses = Guesses::default();
        let mut answered = 0;
        for second in 0..60 {
            for host in 0..1000_u16 {
                let peer = Ipv6Addr::new(0x2001, 0xdb8, 0, 7, 1, 2, 3, host).into();
                if guesses.has_room(peer, at(second)) {
                    guesses.answer_at(peer, false, DELAY, at(second));
                    answered += 1;
                }
            }
        }
        assert!(answered <= 60, "{answered} guesses in a minute");
    }

    #[test]
    fn a_right_password_is_as_slow_as_a_wrong_one_after_a_failure() {
        let mut guesses = Guesses::default();
        let [here, there] = ["192.0.2.1", "192.0.2.2"].map(|peer| peer.parse().unwrap());
        assert_eq!(guesses.answer_at(here, true, DELAY, at(5)), at(5));
        assert_eq!(guesses.answer_at(here, false, DELAY, at(5)), at(6));
        assert_eq!(guesses.answer_at(here, true, DELAY, at(7)), at(8));
        assert_eq!(guesses.answer_at(there, true, DELAY, at(7)), at(7), "another origin");
        assert_eq!(guesses.answer_at(here, true, DELAY, at(606)), at(606), "ten minutes later");
    }

    #[test]
    fn the_memory_of_origins_is_bounded() {
        let mut guesses = Guesses::default();
        for host in 0..10_000_u32 {
            let peer = std::net::Ipv4Addr::from_bits(host).into();
            guesses.answer_at(peer, false, DELAY, at(u64::from(host)));
        }
        assert_eq!(guesses.0.len(), ORIGINS);
    }
}
