//! `shares` holds the bounds that a check sets on the shares of verdicts.

use std::collections::BTreeMap;

use crate::verdict::Verdict;

/// A bound on the share of runs that come to one verdict.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ShareBound {
    pub(crate) verdict: Verdict,
    /// From 0 to 100.
    percent: f64,
    side: BoundSide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BoundSide {
    AtMost,
    AtLeast,
}

impl ShareBound {
    pub(crate) fn at_most(verdict: Verdict, percent: f64) -> Self {
        Self { verdict, percent, side: BoundSide::AtMost }
    }

    pub(crate) fn at_least(verdict: Verdict, percent: f64) -> Self {
        Self { verdict, percent, side: BoundSide::AtLeast }
    }

    /// Whether the bound holds for these counts of verdicts.
    #[expect(clippy::cast_precision_loss, reason = "a share of a few million runs")]
    pub(crate) fn holds(&self, verdicts: &BTreeMap<Verdict, u64>) -> bool {
        let runs: u64 = verdicts.values().sum();
        let count = verdicts.get(&self.verdict).copied().unwrap_or(0) as f64;
        let bound = self.percent / 100.0 * runs as f64;
        // A rounding error of the product must not decide.
        match self.side {
            BoundSide::AtMost => count <= bound + 1e-6,
            BoundSide::AtLeast => count >= bound - 1e-6,
        }
    }

    /// Whether a run that came to `verdict` counts against the bound.
    pub(crate) fn is_against(&self, verdict: Verdict) -> bool {
        match self.side {
            BoundSide::AtMost => verdict == self.verdict,
            BoundSide::AtLeast => verdict != self.verdict,
        }
    }

    /// What the counts are and what the bound permits, as in `31 of 1000 runs (3.10 %) are truncated,
    /// and at most 2 % may be`.
    pub(crate) fn breach(&self, verdicts: &BTreeMap<Verdict, u64>) -> String {
        let runs: u64 = verdicts.values().sum();
        let count = verdicts.get(&self.verdict).copied().unwrap_or(0);
        let share = super::share(count, runs) * 100.0;
        let Self { verdict, percent, side } = self;
        let bound = match side {
            BoundSide::AtMost => format!("at most {percent} % may be"),
            BoundSide::AtLeast => format!("at least {percent} % must be"),
        };
        format!("{count} of {runs} runs ({share:.2} %) are {verdict}, and {bound}")
    }
}

/// Gives a builder the bounds of shares that its checks ask for.
macro_rules! share_bounded {
    ($builder:ident) => {
        impl $builder<'_> {
            /// Lets a check fail if more than this percentage of the runs come to `verdict`.
            #[must_use]
            pub fn at_most(mut self, verdict: Verdict, percent: f64) -> Self {
                self.bounds
                    .push($crate::search::tally::shares::ShareBound::at_most(verdict, percent));
                self
            }

            /// Lets a check fail if less than this percentage of the runs come to `verdict`.
            #[must_use]
            pub fn at_least(mut self, verdict: Verdict, percent: f64) -> Self {
                self.bounds
                    .push($crate::search::tally::shares::ShareBound::at_least(verdict, percent));
                self
            }
        }
    };
}

pub(crate) use share_bounded;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_on_the_bound_holds() {
        let verdicts = |truncated, intact| {
            BTreeMap::from([(Verdict::Truncated, truncated), (Verdict::Intact, intact)])
        };
        for (truncated, intact, most, least) in [
            (20, 980, true, true),
            (21, 979, false, false),
            // 29 of 1,000 are 2.9 %, whatever 0.029 * 100 is in floating point.
            (0, 0, true, true),
        ] {
            let verdicts = verdicts(truncated, intact);
            assert_eq!(ShareBound::at_most(Verdict::Truncated, 2.0).holds(&verdicts), most);
            assert_eq!(ShareBound::at_least(Verdict::Intact, 98.0).holds(&verdicts), least);
        }
        assert!(ShareBound::at_most(Verdict::Truncated, 2.9).holds(&verdicts(29, 971)));
        assert!(!ShareBound::at_most(Verdict::Truncated, 2.9).holds(&verdicts(30, 970)));
        let bound = ShareBound::at_most(Verdict::Truncated, 2.0);
        assert!(bound.is_against(Verdict::Truncated) && !bound.is_against(Verdict::Intact));
        assert_eq!(
            bound.breach(&verdicts(31, 969)),
            "31 of 1000 runs (3.10 %) are truncated, and at most 2 % may be"
        );
    }
}
