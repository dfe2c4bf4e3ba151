//! `seeds` owns ranges of consecutive seeds, from 0 to 2^64 - 1 inclusive.

pub(crate) mod corpus;

use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

/// A range of consecutive seeds, which may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    first: u64,
    /// The number of seeds, at most 2^64.
    count: u128,
}

impl Seeds {
    /// The number of seeds.
    #[must_use]
    pub fn count(self) -> u128 {
        self.count
    }

    /// The seed with this number in the range, from 0.
    ///
    /// # Panics
    /// If the range has no seed with this number.
    #[must_use]
    pub fn at(self, number: u64) -> u64 {
        assert!(u128::from(number) < self.count, "there are only {} seeds", self.count);
        self.first + number
    }

    /// The seeds in ascending order.
    pub fn iter(self) -> impl Iterator<Item = u64> {
        let last = self.count.checked_sub(1);
        let last = last.map(|more| u128::from(self.first) + more);
        let last = last.map(|last| u64::try_from(last).expect("it is a seed"));
        last.map(|last| self.first..=last).into_iter().flatten()
    }
}

impl From<Range<u64>> for Seeds {
    fn from(Range { start, end }: Range<u64>) -> Self {
        Self { first: start, count: u128::from(end.saturating_sub(start)) }
    }
}

impl From<RangeInclusive<u64>> for Seeds {
    fn from(range: RangeInclusive<u64>) -> Self {
        let (first, last) = (*range.start(), *range.end());
        let count = if range.is_empty() { 0 } else { u128::from(last - first) + 1 };
        Self { first, count }
    }
}

/// How a range of seeds is written.
const FORM: &str = "write N (the first N seeds), A..B (without B) or A..=B (with B)";

impl FromStr for Seeds {
    type Err = String;

    /// Reads `N` (0 to N-1), `A..B` (without B) or `A..=B` (with B). An empty range is an error.
    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once("..").unwrap_or(("0", text));
        let behind = text.contains("..").then(|| last.strip_prefix('=')).flatten();
        let (last, closed) = behind.map_or((last, false), |last| (last, true));
        let number = |part: &str| -> Result<u64, String> {
            part.trim().parse().map_err(|_| format!("`{part}` is not a seed: {FORM}"))
        };
        let (first, last) = (number(first)?, number(last)?);
        if last < first {
            return Err(format!("the range runs backwards: {FORM}, A first"));
        }
        let seeds = if closed { Self::from(first..=last) } else { (first..last).into() };
        if seeds.count() == 0 {
            return Err(format!("the range is empty: {FORM}"));
        }
        Ok(seeds)
    }
}

impl fmt::Display for Seeds {
    /// `A..B`; with the last seed of all, `A..=B`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, end) = (self.first, u128::from(self.first) + self.count);
        match u64::try_from(end) {
            Ok(end) => write!(out, "{first}..{end}"),
            Err(_) => write!(out, "{first}..={}", u64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_seed_is_one_too() {
        let last = u64::MAX;
        for (seeds, count, shown) in [
            (Seeds::from(3..5), 2, "3..5".to_owned()),
            ((3..=5).into(), 3, "3..6".to_owned()),
            ((5..5).into(), 0, "5..5".to_owned()),
            ((last - 1..last).into(), 1, format!("{}..{last}", last - 1)),
            ((last - 1..=last).into(), 2, format!("{}..={last}", last - 1)),
            ((0..=last).into(), 1 << 64, format!("0..={last}")),
        ] {
            assert_eq!((seeds.count(), seeds.to_string()), (count, shown));
            let first = seeds.iter().next();
            assert_eq!(first, (count > 0).then(|| seeds.at(0)));
            assert!(count > 9 || seeds.iter().count() as u128 == count);
        }
        assert_eq!(Seeds::from(last - 1..=last).at(1), last);
    }

    #[test]
    fn ranges_read() {
        for (text, range) in
            [("0..1", 0..1), ("3..=3", 3..4), ("0..1000", 0..1000), ("100", 0..100), ("1", 0..1)]
        {
            assert_eq!(text.parse::<Seeds>(), Ok(range.into()), "{text}");
        }
        assert_eq!("7..=18446744073709551615".parse::<Seeds>(), Ok((7..=u64::MAX).into()));
    }

    #[test]
    fn a_bad_range_says_what_would_be_right() {
        let form = FORM;
        for (text, message) in [
            ("5..5", format!("the range is empty: {form}")),
            ("9..3", format!("the range runs backwards: {form}, A first")),
            ("9..=3", format!("the range runs backwards: {form}, A first")),
            ("seven", format!("`seven` is not a seed: {form}")),
            ("0", format!("the range is empty: {form}")),
            ("=5", format!("`=5` is not a seed: {form}")),
            ("a..b", format!("`a` is not a seed: {form}")),
            ("1..", format!("`` is not a seed: {form}")),
            ("-1..3", format!("`-1` is not a seed: {form}")),
            ("0..=18446744073709551616", format!("`18446744073709551616` is not a seed: {form}")),
        ] {
            assert_eq!(text.parse::<Seeds>(), Err(message), "{text}");
        }
    }
}
