//! `link_config` owns the settings of one direction of the link. Probabilities are in parts per
//! million.

use std::time::Duration;

use super::values::HEADERS;

/// The settings of one direction of the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkConfig {
    /// Propagation delay of the link.
    pub delay: Duration,
    /// How far the delay may vary, evenly, to both sides.
    pub jitter: Duration,
    /// Bits per second; `None`: no limit.
    pub rate: Option<u64>,
    /// Bytes that may wait for the rate; a packet without room in the queue is dropped (tail drop).
    pub queue: u64,
    /// Bytes of the largest packet that passes; a larger packet is lost without a word, as in a
    /// tunnel's black hole (RFC 2923 §2.1). `None`: every packet passes.
    pub drop_above: Option<usize>,
    /// Independent loss of a packet.
    pub loss_ppm: u32,
    /// Loss in bursts, in place of independent loss.
    pub burst: Option<Burst>,
    /// Share of the packets that arrive twice.
    pub duplicate_ppm: u32,
    /// Share of the packets that arrive with one bit flipped.
    pub corrupt_ppm: u32,
    /// Share of the packets that are sent at once, ahead of the delayed packets.
    pub reorder_ppm: u32,
    /// How much the draw for one packet's reordering depends on the previous draw.
    pub reorder_correlation_ppm: u32,
    /// When the link carries nothing.
    pub blackout: Vec<Blackout>,
}

/// Burst loss after Gilbert and Elliott, in netem's four numbers (`loss gemodel p r 1-h 1-k`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// p: probability of changing from the good state to the bad state.
    pub p: u32,
    /// r: probability of changing from the bad state to the good state.
    pub r: u32,
    /// 1-h: loss in the bad state.
    pub bad: u32,
    /// 1-k: loss in the good state.
    pub good: u32,
}

/// A stretch of virtual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blackout {
    /// First instant of the blackout.
    pub from: Duration,
    /// First instant after the blackout.
    pub until: Duration,
}

impl Blackout {
    /// Whether `at` is in the blackout.
    #[inline]
    #[must_use]
    pub fn contains(&self, at: Duration) -> bool {
        self.from <= at && at < self.until
    }
}

impl Default for LinkConfig {
    /// 20 ms of delay, and nothing goes wrong.
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(20),
            jitter: Duration::ZERO,
            rate: None,
            queue: 64 << 10,
            drop_above: None,
            loss_ppm: 0,
            burst: None,
            duplicate_ppm: 0,
            corrupt_ppm: 0,
            reorder_ppm: 0,
            reorder_correlation_ppm: 0,
            blackout: Vec::new(),
        }
    }
}

impl LinkConfig {
    /// The first contradiction between settings of the link: the last part of a key, and the
    /// problem.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let wrong = |key, problem: &str| Err((key, problem.to_owned()));
        if self.rate.is_some() && self.queue < HEADERS as u64 {
            let problem =
                format!("{} bytes do not even hold the {HEADERS} bytes of headers", self.queue);
            return Err(("queue", problem));
        }
        if self.loss_ppm > 0 && self.burst.is_some() {
            return wrong("gemodel", "a link loses by loss or by gemodel, not by both");
        }
        if self.reorder_ppm > 0 && self.delay.is_zero() {
            return wrong(
                "reorder",
                "without a delay there is nothing to be ahead of: set link.delay",
            );
        }
        if self.reorder_correlation_ppm > 0 && self.reorder_ppm == 0 {
            return wrong(
                "reorder_correlation",
                "there is no reordering to correlate: set link.reorder",
            );
        }
        Ok(())
    }
}
