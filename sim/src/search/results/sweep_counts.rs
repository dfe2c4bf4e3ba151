//! `sweep_counts` is the form of a sweep's counts in a summary file: a tally for each point of the grid,
//! with whole histograms, so that the counts of shards add up to the counts of the sweep.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::law::LAWS;
use crate::scenario::Choice;
use crate::search::coverage::{Coverage, Pair};
use crate::search::tally::histogram::Histogram;
use crate::search::tally::{Swept, Tally};
use crate::verdict::Verdict;

/// The counts of a sweep, or of a part of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SweepCounts {
    /// The number of runs that the part has when it is complete.
    pub(crate) wanted: u64,
    /// The number of rows in the results file, without the line of column names.
    pub(crate) rows: u64,
    /// The points of the grid that were run.
    points: Vec<PointCounts>,
}

/// The counts of a grid point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PointCounts {
    point: usize,
    choices: Vec<Choice>,
    runs: u64,
    verdicts: BTreeMap<String, u64>,
    first_seeds: BTreeMap<String, Vec<u64>>,
    broken_laws: BTreeMap<String, u64>,
    unexpected: u64,
    first_unexpected: Option<u64>,
    stack_stalled: u64,
    virtual_us: Numbers,
    lost: Numbers,
    /// The number of runs that reached each pair, by the name of the pair; absent without `--coverage`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    coverage: Vec<(String, u64)>,
}

/// A histogram as its buckets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Numbers {
    least: Option<u64>,
    /// Each bucket as its number, the count of numbers, and the largest number.
    buckets: Vec<(u32, u64, u64)>,
}

impl SweepCounts {
    /// The counts of `swept` with this many rows; `choices` gives the values of a point.
    pub(crate) fn new(swept: &Swept, rows: u64, choices: impl Fn(usize) -> Vec<Choice>) -> Self {
        let points = swept.points.iter();
        let points = points.map(|(point, tally)| point_counts(*point, choices(*point), tally));
        Self { wanted: swept.wanted, rows, points: points.collect() }
    }

    /// The counts as a sweep has them; `None` if a word is none of ours.
    pub(crate) fn swept(&self) -> Option<Swept> {
        let mut swept = Swept::new(self.wanted);
        for point in &self.points {
            swept.points.insert(point.point, point.tally()?);
        }
        Some(swept)
    }

    /// The values of the keys with lists, by the number of the point.
    pub(crate) fn choices(&self) -> BTreeMap<usize, Vec<Choice>> {
        self.points.iter().map(|point| (point.point, point.choices.clone())).collect()
    }
}

fn point_counts(point: usize, choices: Vec<Choice>, tally: &Tally) -> PointCounts {
    // Every field by name: a new field must find a place here.
    let Tally {
        runs,
        verdicts,
        first_seeds,
        broken_laws,
        unexpected,
        first_unexpected,
        stack_stalled,
        virtual_us,
        lost,
        coverage,
    } = tally;
    PointCounts {
        point,
        choices,
        runs: *runs,
        verdicts: verdicts.iter().map(|(it, count)| (it.name().to_owned(), *count)).collect(),
        first_seeds: first_seeds
            .iter()
            .map(|(verdict, seeds)| (verdict.name().to_owned(), seeds.clone()))
            .collect(),
        broken_laws: broken_laws.iter().map(|(law, count)| ((*law).to_owned(), *count)).collect(),
        unexpected: *unexpected,
        first_unexpected: *first_unexpected,
        stack_stalled: *stack_stalled,
        virtual_us: Numbers::of(virtual_us),
        lost: Numbers::of(lost),
        coverage: coverage.runs.iter().map(|(pair, count)| (pair.to_string(), *count)).collect(),
    }
}

impl PointCounts {
    fn tally(&self) -> Option<Tally> {
        let verdict = |name: &String| name.parse::<Verdict>().ok();
        let verdicts = self.verdicts.iter().map(|(name, count)| Some((verdict(name)?, *count)));
        let first = self.first_seeds.iter();
        let first = first.map(|(name, seeds)| Some((verdict(name)?, seeds.clone())));
        let laws = self.broken_laws.iter().map(|(name, count)| Some((law(name)?, *count)));
        let pairs = self.coverage.iter();
        let pairs = pairs.map(|(name, count)| Some((Pair::named(name)?, *count)));
        Some(Tally {
            runs: self.runs,
            verdicts: verdicts.collect::<Option<_>>()?,
            first_seeds: first.collect::<Option<_>>()?,
            broken_laws: laws.collect::<Option<_>>()?,
            unexpected: self.unexpected,
            first_unexpected: self.first_unexpected,
            stack_stalled: self.stack_stalled,
            virtual_us: self.virtual_us.histogram()?,
            lost: self.lost.histogram()?,
            coverage: Coverage { runs: pairs.collect::<Option<_>>()? },
        })
    }
}

/// The name of a law, as the table of laws holds the name.
pub(crate) fn law(name: &str) -> Option<&'static str> {
    LAWS.iter().map(|law| law.name).find(|law| *law == name)
}

impl Numbers {
    fn of(histogram: &Histogram) -> Self {
        Self { least: histogram.least(), buckets: histogram.buckets().collect() }
    }

    fn histogram(&self) -> Option<Histogram> {
        Histogram::of_buckets(&self.buckets, self.least)
    }
}
