//! `ports.rs` chooses ephemeral ports: the next one nobody has, from a place the seed decides.

use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

/// RFC 6335 §6: the dynamic ports.
const EPHEMERAL: RangeInclusive<u16> = 49152..=65535;

/// Where the search goes on.
#[derive(Debug)]
pub(crate) struct Ports {
    next: u16,
}

impl Ports {
    /// RFC 6056 §3.3.1: do not always begin at the same port.
    pub(crate) fn new(address: Ipv4Addr, seed: u64) -> Self {
        let draw = mix(seed ^ u64::from(address.to_bits()).rotate_left(32)) >> 50;
        Self { next: EPHEMERAL.start() + u16::try_from(draw).unwrap_or(0) }
    }

    /// The next port that is not taken.
    pub(crate) fn pick(&mut self, taken: impl Fn(u16) -> bool) -> Option<u16> {
        for _ in EPHEMERAL {
            let port = self.next;
            self.next = port.checked_add(1).unwrap_or(*EPHEMERAL.start());
            if !taken(port) {
                return Some(port);
            }
        }
        None
    }
}

/// The finaliser of `SplitMix64`: every bit of the input reaches every bit of the output.
pub(crate) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
