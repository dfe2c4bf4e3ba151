//! `tally` counts the results of many runs in memory that does not grow with the number of runs.

pub(crate) mod histogram;
pub(crate) mod shares;

use std::collections::BTreeMap;

use crate::outcome::Outcome;
use crate::search::classes::Made;
use crate::search::coverage::{Coverage, Pair};
use crate::search::tally::histogram::Histogram;
use crate::verdict::Verdict;

/// The number of first seeds kept for each verdict.
const FIRST: usize = 5;

/// The counted results of some runs of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number of runs.
    pub runs: u64,
    /// The number of runs that came to each verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// The first seeds of each verdict, at most five.
    pub first_seeds: BTreeMap<Verdict, Vec<u64>>,
    /// The number of runs that broke each law without a waiver.
    pub broken_laws: BTreeMap<&'static str, u64>,
    /// The number of runs that differ from what the scenario expects, or break a law unexpectedly.
    pub unexpected: u64,
    /// The seed of the first unexpected run.
    pub first_unexpected: Option<u64>,
    /// The number of runs in which the TCP stack of a host stalled.
    pub stack_stalled: u64,
    /// When each client program had told its user everything, in virtual microseconds.
    pub virtual_us: Histogram,
    /// Bytes of each run's files that were lost.
    pub lost: Histogram,
    /// The pairs that the runs reached; empty unless a sweep was asked for its coverage.
    pub coverage: Coverage,
}

/// The parts of a run that a tally counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The seed of the run.
    pub seed: u64,
    /// The verdict of the run.
    pub verdict: Verdict,
    /// When the client program had told the user everything, in virtual microseconds.
    pub virtual_us: u64,
    /// The number of lost bytes of the run's files.
    pub lost: u64,
    /// Laws broken without an excuse.
    pub broken_laws: Vec<&'static str>,
    /// Whether the run came to the expectation of the scenario.
    pub expected: bool,
    /// Whether the TCP stack of a host stalled.
    pub stack_stalled: bool,
    /// The pairs that the run reached; empty unless a sweep was asked for its coverage.
    pub pairs: Vec<Pair>,
}

impl Counted {
    /// Takes the counted parts of `outcome`.
    ///
    /// # Panics
    /// If the run took longer than 584,000 years.
    #[must_use]
    pub fn of(outcome: &Outcome, expected: bool) -> Self {
        let us = outcome.told_at.as_micros();
        Self {
            seed: outcome.seed,
            verdict: outcome.verdict,
            virtual_us: u64::try_from(us).expect("a run ends long before 584,000 years"),
            lost: outcome.transfers.iter().map(|transfer| transfer.lost).sum(),
            broken_laws: outcome.broken_laws.iter().map(|law| law.name).collect(),
            expected,
            stack_stalled: outcome.stack_stalled,
            pairs: Vec::new(),
        }
    }
}

impl Tally {
    /// Counts a run with its verdict.
    pub fn add(&mut self, run: &Counted) {
        self.runs += 1;
        *self.verdicts.entry(run.verdict).or_default() += 1;
        let first = self.first_seeds.entry(run.verdict).or_default();
        if first.len() < FIRST {
            first.push(run.seed);
        }
        for law in &run.broken_laws {
            *self.broken_laws.entry(law).or_default() += 1;
        }
        if !run.expected {
            self.unexpected += 1;
            self.first_unexpected.get_or_insert(run.seed);
        }
        self.stack_stalled += u64::from(run.stack_stalled);
        self.virtual_us.add(run.virtual_us);
        self.lost.add(run.lost);
        self.coverage.add(&run.pairs);
    }

    /// Adds the counts of `other`, a tally of later seeds.
    pub fn merge(&mut self, later: &Self) {
        self.runs += later.runs;
        for (verdict, count) in &later.verdicts {
            *self.verdicts.entry(*verdict).or_default() += count;
        }
        for (verdict, seeds) in &later.first_seeds {
            let first = self.first_seeds.entry(*verdict).or_default();
            first.extend(seeds.iter().take(FIRST - first.len().min(FIRST)));
        }
        for (law, count) in &later.broken_laws {
            *self.broken_laws.entry(law).or_default() += count;
        }
        self.unexpected += later.unexpected;
        self.first_unexpected = self.first_unexpected.or(later.first_unexpected);
        self.stack_stalled += later.stack_stalled;
        self.virtual_us.merge(&later.virtual_us);
        self.lost.merge(&later.lost);
        self.coverage.merge(&later.coverage);
    }
}

/// What a sweep came to: a tally for each point of the scenario's grid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// The grid points that were run, by their number.
    pub points: BTreeMap<usize, Tally>,
    /// The number of runs that the sweep was to make, with those that its results file already had.
    pub wanted: u64,
    /// The number of runs that the results file already had.
    pub resumed: u64,
    /// How many of the other runs were made, and how many derived: each thread learns classes of
    /// its own, so these two numbers, and no others, depend on the threads.
    pub made: Made,
}

impl Swept {
    /// No run yet, of `wanted` runs.
    #[must_use]
    pub fn new(wanted: u64) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Adds the tally of later runs at one grid point.
    pub fn merge(&mut self, point: usize, tally: &Tally) {
        self.points.entry(point).or_default().merge(tally);
    }

    /// The tallies of all grid points together.
    #[must_use]
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        self.points.values().for_each(|tally| total.merge(tally));
        total
    }

    /// The number of runs that were made.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.points.values().map(|tally| tally.runs).sum()
    }

    /// Whether every run was made: neither a time limit nor a flag ended the sweep early.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.runs() == self.wanted
    }

    /// The number of runs that came to `verdict`.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.points.values().filter_map(|tally| tally.verdicts.get(&verdict)).sum()
    }

    /// The share of runs that came to `verdict`, from 0 to 1; 0 if no run was made.
    #[must_use]
    pub fn share(&self, verdict: Verdict) -> f64 {
        share(self.count(verdict), self.runs())
    }

    /// The 95 % confidence interval of the share of `verdict`, by Wilson's score: 0 to 1 if no run
    /// was made.
    #[must_use]
    pub fn interval(&self, verdict: Verdict) -> (f64, f64) {
        match self.runs() {
            0 => (0.0, 1.0),
            runs => wilson(self.count(verdict), runs),
        }
    }

    /// The grid point and the seed of the first run that came to `verdict`.
    #[must_use]
    pub fn first(&self, verdict: Verdict) -> Option<(usize, u64)> {
        let first = |(point, tally): (&usize, &Tally)| {
            Some((*point, *tally.first_seeds.get(&verdict)?.first()?))
        };
        self.points.iter().find_map(first)
    }
}

/// The share of `count` in `of`, from 0 to 1; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "a share needs no 64 bits")]
#[must_use]
pub(crate) fn share(count: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { count as f64 / of as f64 }
}

/// The 95 % confidence interval of a share, by Wilson's score: between which shares the true one
/// lies, if `count` of `of` runs were drawn at random. For people; no run depends on it.
///
/// # Panics
/// If `of` is 0.
#[must_use]
pub(crate) fn wilson(count: u64, of: u64) -> (f64, f64) {
    assert!(of > 0, "a share of nothing");
    // The two-sided 95 % quantile of the normal distribution.
    const Z: f64 = 1.959_963_984_540_054;
    #[expect(clippy::cast_precision_loss, reason = "an interval needs no 64 bits")]
    let (count, of) = (count as f64, of as f64);
    let (share, weight) = (count / of, Z * Z / of);
    let centre = share + weight / 2.0;
    let spread = Z * (share * (1.0 - share) / of + weight / (4.0 * of)).sqrt();
    let least = ((centre - spread) / (1.0 + weight)).max(0.0);
    let most = ((centre + spread) / (1.0 + weight)).min(1.0);
    // At the ends it is exact.
    (if count == 0.0 { 0.0 } else { least }, if count >= of { 1.0 } else { most })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seed: u64) -> Counted {
        let verdict = Verdict::ALL[usize::try_from(seed % 6).expect("small")];
        let broken_laws = if seed.is_multiple_of(5) { vec!["nothing-leaks"] } else { Vec::new() };
        Counted {
            seed,
            verdict,
            virtual_us: seed * 1_000,
            lost: seed % 3,
            stack_stalled: seed.is_multiple_of(7),
            pairs: Vec::new(),
            expected: broken_laws.is_empty(),
            broken_laws,
        }
    }

    #[test]
    fn parts_in_order_are_the_whole() {
        let mut whole = Tally::default();
        (0..100).for_each(|seed| whole.add(&run(seed)));
        for size in [1, 7, 50, 100] {
            let mut swept = Swept::default();
            for first in (0..100).step_by(size) {
                let mut part = Tally::default();
                (first..(first + size as u64).min(100)).for_each(|seed| part.add(&run(seed)));
                swept.merge(usize::try_from(first % 2).expect("small"), &part);
            }
            if size % 2 == 0 {
                assert_eq!(swept.points[&0], whole);
            }
            assert_eq!(swept.total().runs, 100);
            assert_eq!(swept.total().verdicts, whole.verdicts);
        }
        assert_eq!(whole.first_seeds[&Verdict::Corrupt], [0, 6, 12, 18, 24]);
        assert_eq!((whole.unexpected, whole.first_unexpected), (20, Some(0)));
        assert_eq!(whole.stack_stalled, 15);
        assert_eq!(whole.broken_laws["nothing-leaks"], 20);
    }

    #[test]
    fn wilson_is_as_tables_have_it() {
        for ((count, of), (least, most)) in [
            ((0, 10), (0.0, 0.277_5)),
            ((10, 10), (0.722_5, 1.0)),
            ((5, 10), (0.236_6, 0.763_4)),
            ((1, 100), (0.001_8, 0.054_5)),
            ((0, 100_000), (0.0, 0.000_038_4)),
        ] {
            let (a, b) = wilson(count, of);
            assert!((a - least).abs() < 6e-5 && (b - most).abs() < 6e-5, "{count}/{of}: {a} {b}");
        }
    }
}
