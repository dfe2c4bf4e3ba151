//! `shard` divides the runs of a sweep among machines: `I/N` is the I-th of N consecutive parts.

use std::fmt;
use std::num::NonZeroU64;
use std::ops::Range;
use std::str::FromStr;

/// The I-th of N parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// The number of the part, from 1.
    number: NonZeroU64,
    of: NonZeroU64,
}

impl Shard {
    /// The only part of a whole that is not divided.
    pub const WHOLE: Self = Self { number: NonZeroU64::MIN, of: NonZeroU64::MIN };

    /// One of `of` parts, by the number from 1; `None` if there is no such part.
    #[must_use]
    pub fn new(number: u64, of: u64) -> Option<Self> {
        let (number, of) = (NonZeroU64::new(number)?, NonZeroU64::new(of)?);
        (number <= of).then_some(Self { number, of })
    }

    /// The number of this part, from 1.
    #[must_use]
    pub fn number(self) -> u64 {
        self.number.get()
    }

    /// The number of all parts.
    #[must_use]
    pub fn parts(self) -> u64 {
        self.of.get()
    }

    /// Reads `I/N` with parts that are counted from 0, as job arrays of Kubernetes and AWS Batch count.
    ///
    /// # Errors
    /// The text is no such pair of numbers.
    pub fn from_zero(text: &str) -> Result<Self, String> {
        const FORM: &str = "write I/N, as in 0/3, 1/3 and 2/3";
        let numbers = text.split_once('/').and_then(|(index, of)| {
            let index = index.trim().parse::<u64>().ok()?;
            Some((index.checked_add(1)?, of.trim().parse::<u64>().ok()?))
        });
        let Some((number, of)) = numbers else { return Err(format!("is no shard: {FORM}")) };
        let index = number - 1;
        let none = || format!("there is no shard {index} of {of}, counted from 0: {FORM}");
        Self::new(number, of).ok_or_else(none)
    }

    /// The rows of this shard among `all` rows: the shards in order make up the whole.
    #[must_use]
    pub fn of(self, all: u64) -> Range<u64> {
        let cut = |number: u64| {
            let at = u128::from(all) * u128::from(number) / u128::from(self.of.get());
            u64::try_from(at).expect("a part is no larger than the whole")
        };
        cut(self.number.get() - 1)..cut(self.number.get())
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "write I/N, as in 1/3, 2/3 and 3/3";
        let numbers = text.split_once('/').and_then(|(number, of)| {
            let number = number.trim().parse::<u64>().ok()?;
            Some((number, of.trim().parse::<u64>().ok()?))
        });
        let Some((number, of)) = numbers else { return Err(format!("is no shard: {FORM}")) };
        match (NonZeroU64::new(number), NonZeroU64::new(of)) {
            (Some(number), Some(of)) if number <= of => Ok(Self { number, of }),
            (_, None) => Err(format!("there are no 0 shards: {FORM}")),
            (None, _) => Err(format!("shards are counted from 1: {FORM}")),
            _ => Err(format!("there is no shard {number} of {of}: {FORM}")),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_the_whole() {
        for all in [0, 1, 2, 99, 100, 101, u64::MAX] {
            for of in [1, 2, 3, 7, 101] {
                let mut next = 0;
                for number in 1..=of {
                    let shard: Shard = format!("{number}/{of}").parse().expect("sound");
                    let part = shard.of(all);
                    assert_eq!(part.start, next, "{shard} of {all}");
                    assert!(part.end - part.start <= (all / of).saturating_add(1));
                    next = part.end;
                }
                assert_eq!(next, all);
            }
        }
    }

    #[test]
    fn a_shard_that_is_not_there_is_refused() {
        let form = "write I/N, as in 1/3, 2/3 and 3/3";
        for (text, problem) in [
            ("4/3", "there is no shard 4 of 3"),
            ("0/3", "shards are counted from 1"),
            ("0/0", "there are no 0 shards"),
            ("1", "is no shard"),
            ("-1/3", "is no shard"),
        ] {
            assert_eq!(text.parse::<Shard>(), Err(format!("{problem}: {form}")), "{text}");
        }
        let form = "write I/N, as in 0/3, 1/3 and 2/3";
        for (text, problem) in [
            ("3/3", "there is no shard 3 of 3, counted from 0"),
            ("0/0", "there is no shard 0 of 0, counted from 0"),
            ("18446744073709551615/3", "is no shard"),
            ("1", "is no shard"),
        ] {
            assert_eq!(Shard::from_zero(text), Err(format!("{problem}: {form}")), "{text}");
        }
    }

    #[test]
    fn parts_counted_from_0_are_the_same_parts() {
        for (index, number) in [("0/3", "1/3"), ("2/3", "3/3"), (" 4 / 5", "5/5")] {
            assert_eq!(Shard::from_zero(index), number.parse(), "{index}");
        }
    }
}
