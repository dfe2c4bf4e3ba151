//! `fate` decides what becomes of packet n of one direction: a pure function of (seed, direction,
//! n) with a fixed number of draws, so that two runs part only after their first difference.

use rand::Rng;
use rand::rngs::ChaCha8Rng;

use crate::scenario::LinkConfig;
use crate::seed::{self, Purpose};

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It arrives.
    Deliver,
    /// It was lost at random.
    Lost,
    /// It found no room in the queue (tail drop).
    QueueFull,
}

impl Fate {
    /// The word of traces and captures; empty for plain delivery.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Deliver => "",
            Self::Lost => "dropped: loss",
            Self::QueueFull => "dropped: queue full",
        }
    }
}

/// Draws a packet takes, whatever the link uses of them: so a fate never depends on another's.
const DRAWS: usize = 8;

/// The fates of one direction, in order.
pub struct Fates {
    loss_ppm: u32,
    rng: Option<ChaCha8Rng>,
}

impl Fates {
    /// The fates of `seed` for the direction that `purpose` names.
    #[must_use]
    pub fn new(config: &LinkConfig, seed: u64, purpose: Purpose) -> Self {
        // A link without chance in it draws nothing; its draws would change nothing.
        let rng = (config.loss_ppm > 0).then(|| seed::stream(seed, purpose));
        Self { loss_ppm: config.loss_ppm, rng }
    }

    /// The fate of the next packet.
    #[inline]
    pub fn next_fate(&mut self) -> Fate {
        let Some(rng) = &mut self.rng else { return Fate::Deliver };
        let mut draws = [0_u32; DRAWS];
        for draw in &mut draws {
            *draw = rng.next_u32();
        }
        let [loss, ..] = draws;
        if ppm(loss) < self.loss_ppm { Fate::Lost } else { Fate::Deliver }
    }
}

/// A draw as parts per million. Comparing it with a threshold makes the drops at 2 % contain every
/// drop at 1 %.
#[inline]
fn ppm(draw: u32) -> u32 {
    u32::try_from((u64::from(draw) * 1_000_000) >> 32).expect("below a million")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn fates(loss_ppm: u32, seed: u64) -> Vec<Fate> {
        let config = LinkConfig { delay: Duration::ZERO, rate: None, queue: 0, loss_ppm };
        let mut fates = Fates::new(&config, seed, Purpose::FatesUp);
        (0..100_000).map(|_| fates.next_fate()).collect()
    }

    #[test]
    fn more_loss_keeps_every_drop_of_less() {
        let (one, two) = (fates(10_000, 7), fates(20_000, 7));
        assert!(one.iter().zip(&two).all(|(a, b)| *a == Fate::Deliver || a == b));
        let lost = |fates: &[Fate]| fates.iter().filter(|f| **f == Fate::Lost).count();
        assert!((900..1_100).contains(&lost(&one)), "{}", lost(&one));
        assert!((1_850..2_150).contains(&lost(&two)), "{}", lost(&two));
    }

    #[test]
    fn another_seed_has_other_fates() {
        assert_ne!(fates(10_000, 7), fates(10_000, 8));
    }
}
