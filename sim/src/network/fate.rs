//! `fate` draws the fate of packet n of one direction: a pure function of (seed, direction, n) with
//! a fixed number of draws, so that two runs are equal up to their first difference. Faults of a
//! scenario belong to `faults`.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use rand::Rng;
use rand::rngs::ChaCha8Rng;

use crate::scenario::units;
use crate::scenario::{Burst, LinkConfig};
use crate::seed::{self, Purpose};

/// The fate of a packet on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// The packet arrives unchanged.
    Deliver,
    /// The packet was lost at random.
    Lost,
    /// The packet found no room in the queue (tail drop).
    QueueFull,
    /// The packet was lost in a burst (`gemodel`).
    BurstLost,
    /// The link was dark.
    Blackout,
    /// The packet was larger than the link passes (`drop_above`).
    TooLarge,
    /// A middlebox had forgotten the packet's connection (`nat_timeout`).
    Forgotten,
    /// A fault of the scenario dropped the packet.
    Dropped,
    /// The packet arrives with changes.
    Changed(Changes),
    /// A fault of the scenario forged the packet.
    Forged,
}

/// Changes to a packet that arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Changes {
    /// The packet arrives twice, with the copy just behind. The copy has no emission number and no
    /// fate.
    pub duplicated: bool,
    /// The bit that arrives flipped, counted from the first bit of the IPv4 header.
    pub corrupted: Option<u32>,
    /// The change of the arrival time.
    pub moved: Moved,
}

/// When a packet arrives, beside the link's delay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moved {
    /// The packet arrives after the link's delay.
    #[default]
    InTurn,
    /// So many microseconds later, or earlier.
    Jitter(i64),
    /// The packet arrives without the link's delay, ahead of earlier packets (netem's reorder).
    AtOnce,
    /// The packet arrives this much later.
    Late(Duration),
    /// The packet arrives just behind the next packet of the same connection and direction, or
    /// `HOLD` late.
    Held,
}

/// How long a held packet waits for another to follow.
pub(crate) const HOLD: Duration = Duration::from_millis(200);

impl Fate {
    /// The words of traces and captures; empty for plain delivery.
    #[must_use]
    pub fn words(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Deliver => "",
            Self::Lost => "dropped: loss",
            Self::QueueFull => "dropped: queue full",
            Self::BurstLost => "dropped: burst loss",
            Self::Blackout => "dropped: blackout",
            Self::TooLarge => "dropped: too large",
            Self::Forgotten => "dropped: forgotten by the NAT",
            Self::Dropped => "dropped: fault",
            Self::Forged => "forged: no host sent it",
            Self::Changed(changes) => return Cow::Owned(changes.words()),
        })
    }

    /// Whether the packet reaches the receiving host.
    #[inline]
    #[must_use]
    pub fn arrives(self) -> bool {
        matches!(self, Self::Deliver | Self::Changed(_) | Self::Forged)
    }

    /// The fate's number in the digest.
    #[inline]
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Deliver => 0,
            Self::Lost => 1,
            Self::QueueFull => 2,
            Self::BurstLost => 3,
            Self::Blackout => 4,
            Self::Forgotten => 5,
            Self::Dropped => 6,
            Self::Changed(_) => 7,
            Self::Forged => 8,
            Self::TooLarge => 9,
        }
    }
}

impl Changes {
    fn words(self) -> String {
        let mut words = Vec::new();
        if self.duplicated {
            words.push("duplicated".to_owned());
        }
        if let Some(bit) = self.corrupted {
            words.push(format!("corrupted: bit {bit} flipped"));
        }
        match self.moved {
            Moved::InTurn => {}
            Moved::Jitter(us) => words.push(format!("jitter {us:+}us")),
            Moved::AtOnce => words.push("reordered: sent at once".to_owned()),
            Moved::Late(by) => words.push(format!("delayed by {}", units::print_duration(by))),
            Moved::Held => words.push("held".to_owned()),
        }
        words.join(", ")
    }

    /// The bytes of the changes in the digest.
    pub(crate) fn digest(self) -> [u8; 15] {
        let (kind, amount) = match self.moved {
            Moved::InTurn => (0, 0),
            Moved::Jitter(us) => (1, us.cast_unsigned()),
            Moved::AtOnce => (2, 0),
            Moved::Late(by) => (3, u64::try_from(by.as_micros()).expect("a delay is under a day")),
            Moved::Held => (4, 0),
        };
        let mut bytes = [0; 15];
        bytes[0] = u8::from(self.duplicated) | u8::from(self.corrupted.is_some()) << 1;
        bytes[1..5].copy_from_slice(&self.corrupted.unwrap_or(0).to_le_bytes());
        bytes[5] = kind;
        bytes[6..14].copy_from_slice(&amount.to_le_bytes());
        bytes
    }
}

/// Flip bit `bit` of `packet`, modulo the packet's length. Bit 0 is the highest bit of the first
/// byte.
pub(crate) fn flip(packet: &mut [u8], bit: u32) {
    let bit = bit as usize % (packet.len() * 8).max(1);
    if let Some(byte) = packet.get_mut(bit / 8) {
        *byte ^= 0x80 >> (bit % 8);
    }
}

/// Number of draws for each packet. Draws without a use on this link are made all the same, so that
/// the fate of a packet never depends on another setting.
const DRAWS: usize = 8;

/// The fates of one direction, in order.
pub(crate) struct Fates {
    loss_ppm: u32,
    burst: Option<Burst>,
    /// Whether the burst model is in the bad state.
    bad: bool,
    duplicate_ppm: u32,
    corrupt_ppm: u32,
    reorder_ppm: u32,
    /// Of 2^32: how much of the last packet's draw is in the next one's.
    reorder_rho: u64,
    reorder_last: u32,
    jitter_us: u64,
    rng: Option<ChaCha8Rng>,
    purpose: Purpose,
}

impl Hash for Fates {
    /// Hashes what later draws depend on. Two directions of one configuration and one seed that hash the same
    /// draw the same fates.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { bad, reorder_last, rng, .. } = self;
        (bad, reorder_last).hash(state);
        rng.as_ref().map(ChaCha8Rng::serialize_state).hash(state);
    }
}

impl Fates {
    /// The fates that `seed` draws for the direction of `purpose`.
    #[must_use]
    pub(crate) fn new(config: &LinkConfig, seed: u64, purpose: Purpose) -> Self {
        let LinkConfig { loss_ppm, burst, duplicate_ppm, corrupt_ppm, reorder_ppm, .. } = *config;
        let jitter_us = u64::try_from(config.jitter.as_micros()).expect("jitter is under a day");
        let chances = [loss_ppm, duplicate_ppm, corrupt_ppm, reorder_ppm];
        let chance = jitter_us > 0 || burst.is_some() || chances != [0; 4];
        Self {
            loss_ppm,
            burst,
            bad: false,
            duplicate_ppm,
            corrupt_ppm,
            reorder_ppm,
            reorder_rho: (u64::from(config.reorder_correlation_ppm) << 32) / 1_000_000,
            reorder_last: 0,
            jitter_us,
            // A link without chance needs no draws.
            rng: chance.then(|| seed::stream(seed, purpose)),
            purpose,
        }
    }

    /// Take the state of `source`, the fates of a link of the same configuration.
    pub(crate) fn copy_from(&mut self, source: &Self) {
        (self.bad, self.reorder_last) = (source.bad, source.reorder_last);
        let state = source.rng.as_ref().map(ChaCha8Rng::serialize_state);
        self.rng = state.as_ref().map(ChaCha8Rng::deserialize_state);
    }

    /// The same of another seed, from the first on.
    pub(crate) fn reset(&mut self, seed: u64) {
        self.bad = false;
        self.reorder_last = 0;
        if self.rng.is_some() {
            self.rng = Some(seed::stream(seed, self.purpose));
        }
    }

    /// Draw from another seed from now on. The state of the loss in bursts stays.
    pub(crate) fn redraw(&mut self, seed: u64) {
        if self.rng.is_some() {
            self.rng = Some(seed::stream(seed, self.purpose));
        }
    }

    /// Whether there is no chance in them: every packet is delivered.
    #[must_use]
    pub(crate) fn always_deliver(&self) -> bool {
        self.rng.is_none()
    }

    /// The fate of the next packet, of this many bytes.
    #[inline]
    pub(crate) fn next_fate(&mut self, bytes: usize) -> Fate {
        let Some(rng) = &mut self.rng else { return Fate::Deliver };
        let mut draws = [0_u32; DRAWS];
        for draw in &mut draws {
            *draw = rng.next_u32();
        }
        let [loss, turn, burst, copy, corrupt, bit, ahead, jitter] = draws;
        // Stateful models see every packet, lost packets too.
        let in_burst = self.in_burst(turn, burst);
        let ahead = self.correlated(ahead);
        if ppm(loss) < self.loss_ppm {
            return Fate::Lost;
        }
        if in_burst {
            return Fate::BurstLost;
        }
        let moved = match () {
            () if ppm(ahead) < self.reorder_ppm => Moved::AtOnce,
            () if self.jitter_us > 0 => Moved::Jitter(self.offset(jitter)),
            () => Moved::InTurn,
        };
        let bits = u32::try_from(bytes * 8).expect("an IPv4 packet is at most 65535 bytes");
        let changes = Changes {
            duplicated: ppm(copy) < self.duplicate_ppm,
            corrupted: (ppm(corrupt) < self.corrupt_ppm).then(|| share(bit, u64::from(bits))),
            moved,
        };
        if changes == Changes::default() { Fate::Deliver } else { Fate::Changed(changes) }
    }

    /// netem's `loss_gilb_ell`: the state may change, and the previous state decides about the
    /// packet.
    #[inline]
    fn in_burst(&mut self, turn: u32, lose: u32) -> bool {
        let Some(Burst { p, r, bad, good }) = self.burst else { return false };
        let (leave, loss) = if self.bad { (r, bad) } else { (p, good) };
        self.bad ^= ppm(turn) < leave;
        ppm(lose) < loss
    }

    /// netem's `get_crandom`, in integers: the weighted mean of the draw and of the previous
    /// result.
    #[inline]
    fn correlated(&mut self, draw: u32) -> u32 {
        if self.reorder_rho == 0 {
            return draw;
        }
        let [fresh, last] = [draw, self.reorder_last].map(u128::from);
        let rho = u128::from(self.reorder_rho);
        let mixed = (fresh * ((1 << 32) - rho) + last * rho) >> 32;
        self.reorder_last = u32::try_from(mixed).expect("between two numbers of 32 bits");
        self.reorder_last
    }

    /// Uniform, from a jitter too early to a jitter too late, as netem's without a distribution.
    fn offset(&self, draw: u32) -> i64 {
        let late = (u128::from(draw) * u128::from(2 * self.jitter_us)) >> 32;
        let us = |us: u64| i64::try_from(us).expect("jitter is under a day");
        us(u64::try_from(late).expect("at most twice the jitter")) - us(self.jitter_us)
    }
}

/// A draw as parts per million. Compared with a threshold, the drops at 2 % contain every drop at 1
/// %.
#[inline]
fn ppm(draw: u32) -> u32 {
    share(draw, 1_000_000)
}

/// A draw as a number below `of`.
#[inline]
fn share(draw: u32, of: u64) -> u32 {
    u32::try_from((u64::from(draw) * of) >> 32).expect("below what fits 32 bits")
}

#[cfg(test)]
mod fate_tests;
