//! `histogram` counts numbers in bounded memory and computes percentiles: exact up to 127, and within
//! 1/128 of the exact value above.

use std::collections::BTreeMap;

/// Buckets for each power of two.
const FINE: u32 = 7;

/// Numbers counted in buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// For each bucket, the count of numbers and the largest number.
    buckets: BTreeMap<u32, (u64, u64)>,
    count: u64,
    least: Option<u64>,
}

impl Histogram {
    /// Counts a number in its bucket.
    pub fn add(&mut self, number: u64) {
        let (count, most) = self.buckets.entry(bucket(number)).or_default();
        *count += 1;
        *most = number.max(*most);
        self.count += 1;
        self.least = Some(self.least.map_or(number, |least| least.min(number)));
    }

    /// Adds all numbers of another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, (more, largest)) in &other.buckets {
            let (count, most) = self.buckets.entry(*bucket).or_default();
            *count += more;
            *most = (*largest).max(*most);
        }
        self.count += other.count;
        self.least = self.least.into_iter().chain(other.least).min();
    }

    /// The counted number that `percent` % of all numbers do not exceed, at most 1/128 above the exact
    /// percentile; 100 is the largest number. `None` if no number was counted.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        // Nearest rank: the least number with so many at or below it.
        let rank = u128::from(self.count) * u128::from(percent.min(100));
        let rank = u64::try_from(rank.div_ceil(100)).expect("a share of a count").max(1);
        let mut below = 0;
        self.buckets.values().find_map(|(count, most)| {
            below += count;
            (below >= rank).then_some(*most)
        })
    }

    /// Each bucket as its number, the count of numbers, and the largest number.
    #[cfg(feature = "results")]
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (u32, u64, u64)> {
        self.buckets.iter().map(|(bucket, (count, most))| (*bucket, *count, *most))
    }

    /// The histogram of these buckets, which [`buckets`](Self::buckets) gave, and the least number.
    /// `None` if no histogram has such buckets.
    #[cfg(feature = "results")]
    pub(crate) fn of_buckets(all: &[(u32, u64, u64)], least: Option<u64>) -> Option<Self> {
        let mut histogram = Self { least, ..Self::default() };
        for (number, count, most) in all {
            let sound = *count > 0 && bucket(*most) == *number;
            sound.then_some(())?;
            histogram.count = histogram.count.checked_add(*count)?;
            histogram.buckets.insert(*number, (*count, *most));
        }
        let sound = histogram.buckets.len() == all.len() && least.is_some() != all.is_empty();
        sound.then_some(histogram)
    }

    /// The smallest number counted, or `None` if none was.
    #[must_use]
    pub fn least(&self) -> Option<u64> {
        self.least
    }
}

/// The bucket of a number: the numbers of a bucket agree in their highest bits.
fn bucket(number: u64) -> u32 {
    let shift = (u64::BITS - number.leading_zeros()).saturating_sub(FINE + 1);
    let rest = u32::try_from(number >> shift).expect("eight bits are left");
    (shift << (FINE + 1)) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_near_the_exact_ones() {
        let mut numbers: Vec<u64> = (0..10_000).map(|n| n * n * 7919 % 1_000_003).collect();
        let (mut all, mut parts) = (Histogram::default(), Histogram::default());
        for part in numbers.chunks(97) {
            let mut one = Histogram::default();
            part.iter().for_each(|number| one.add(*number));
            part.iter().for_each(|number| all.add(*number));
            parts.merge(&one);
        }
        assert_eq!(all, parts);
        numbers.sort_unstable();
        assert_eq!(all.least(), Some(numbers[0]));
        assert_eq!(all.percentile(100), numbers.last().copied());
        for percent in [1, 10, 50, 90, 99] {
            let exact = numbers[usize::try_from(percent).expect("small") * 100 - 1];
            let found = all.percentile(percent).expect("there are some");
            assert!(exact <= found && found <= exact + exact / 64, "{percent}: {exact} {found}");
        }
    }

    #[test]
    fn few_values_are_exact_and_buckets_are_in_order() {
        let mut histogram = Histogram::default();
        assert_eq!((histogram.percentile(50), histogram.least()), (None, None));
        for number in [55_295, 55_295, 0, u64::MAX] {
            histogram.add(number);
        }
        let found: Vec<_> = [0, 25, 50, 75, 100].map(|p| histogram.percentile(p)).to_vec();
        assert_eq!(found, [0, 0, 55_295, 55_295, u64::MAX].map(Some));
        let near =
            (0..64).flat_map(|bit| [(1_u64 << bit).wrapping_sub(1), 1 << bit, (1 << bit) + 1]);
        let mut near: Vec<_> = near.collect();
        near.sort_unstable();
        assert!(near.iter().map(|number| bucket(*number)).is_sorted());
    }
}
