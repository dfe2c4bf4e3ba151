//! `seed_draws.rs` owns everything that a host draws from the seed: the first ephemeral port, and the
//! initial sequence number of each connection.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::ids::Key;

/// The first ephemeral port (RFC 6335 §6: dynamic ports are 49152 to 65535).
pub(crate) const FIRST_EPHEMERAL: u16 = 49152;
/// The number of ephemeral ports less one, as a mask.
const EPHEMERAL_MASK: u16 = u16::MAX - FIRST_EPHEMERAL;

/// The draws of one host with one seed, without the host: a pure function of address and seed.
///
/// Two hosts with equal configurations except the seed differ in these draws alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedDraws {
    /// Address and seed, mixed into one number.
    host: u64,
    /// The ephemeral port tried first, less 49152.
    base: u16,
}

impl SeedDraws {
    /// The draws of a host with this `address` and this `seed` in the [`Config`](crate::Config).
    #[must_use]
    pub fn new(address: Ipv4Addr, seed: u64) -> Self {
        let bits = u64::from(address.to_bits());
        // RFC 6056 §3.3.1: do not always begin at the same port.
        let base = mix(seed ^ bits.rotate_left(32)) >> 50;
        Self { host: mix(seed ^ bits), base: u16::try_from(base).unwrap_or(0) }
    }

    /// The ephemeral port `place` ports behind the first port, wrapping around the end.
    #[inline]
    #[must_use]
    pub fn port(&self, place: u16) -> u16 {
        FIRST_EPHEMERAL + (self.base.wrapping_add(place) & EPHEMERAL_MASK)
    }

    /// The place of an ephemeral `port`, the inverse of `port`. `None` for a port below 49152.
    #[inline]
    #[must_use]
    pub fn place(&self, port: u16) -> Option<u16> {
        let above = port.checked_sub(FIRST_EPHEMERAL)?;
        Some(above.wrapping_sub(self.base) & EPHEMERAL_MASK)
    }

    /// The initial sequence number of the connection between `port` and `peer` after `incarnation`
    /// earlier uses of the 4-tuple.
    #[inline]
    #[must_use]
    pub fn initial_sequence_number(&self, port: u16, peer: SocketAddrV4, incarnation: u32) -> u32 {
        let mut random = Random(self.connection_seed(Key::connection(port, peer), incarnation));
        // smoltcp's interface draws an IPv4 identification that is not 0 first.
        while random.short() == 0 {}
        random.next()
    }

    /// The seed of smoltcp's interface for the connection.
    #[inline]
    pub(crate) fn connection_seed(&self, key: Key, incarnation: u32) -> u64 {
        mix(mix(self.host ^ key.bits()) ^ u64::from(incarnation))
    }
}

/// The generator of smoltcp 0.14 (`smoltcp::rand`, private there): sPCG32.
struct Random(u64);

impl Random {
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(0xbb2e_fcec_3c39_611d).wrapping_add(0x7590_ef39);
        (self.0 >> (29 - (self.0 >> 61))) as u32
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
    fn short(&mut self) -> u16 {
        let drawn = self.next();
        (drawn ^ (drawn >> 16)) as u16
    }
}

/// The finaliser of `SplitMix64`: every bit of the input reaches every bit of the output.
#[inline]
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
