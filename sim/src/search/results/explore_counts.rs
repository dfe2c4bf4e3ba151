//! `explore_counts` is the form of an exploration's counts in a summary file: the lists of faults that
//! were run, by length and by verdict, and the least lists, so that the counts of shards add up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sweep_counts::law;
use crate::scenario::fault::{Action, Fault};
use crate::search::explore::Explored;
use crate::search::schedule::Placed;
use crate::verdict::Verdict;

/// The counts of an exploration, or of a part of an exploration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExploreCounts {
    /// The number of lists that were run, by the number of their faults.
    by_faults: Vec<u64>,
    /// The number of parent lists in the last layer whose children were all run.
    pub(crate) families: u64,
    verdicts: BTreeMap<String, u64>,
    least: BTreeMap<String, Vec<PlacedFault>>,
    broken_laws: BTreeMap<String, (u64, Vec<PlacedFault>)>,
    /// A summary of an older program has no such count.
    #[serde(default)]
    stack_stalled: u64,
    /// The laws that the scenario expects to be broken.
    pub(crate) waived: Vec<String>,
    /// The faults of each least list by the names of their packets.
    names: BTreeMap<String, Vec<String>>,
}

/// A fault as its emission number and its action, by the place among the explored actions.
type PlacedFault = (u64, usize);

fn written(list: &[Placed]) -> Vec<PlacedFault> {
    let action = |placed: &Placed| Action::EXPLORED.iter().position(|it| *it == placed.action);
    let fault = |placed| Some((action(placed)?, placed.emission));
    let all = list.iter().map(|placed| fault(placed).expect("an exploration places its actions"));
    all.map(|(action, emission)| (emission, action)).collect()
}

fn read(list: &[PlacedFault]) -> Option<Vec<Placed>> {
    let placed = |(emission, action): &PlacedFault| {
        Some(Placed { emission: *emission, action: *Action::EXPLORED.get(*action)? })
    };
    list.iter().map(placed).collect()
}

/// The key of a list of faults among the names.
fn key(list: &[Placed]) -> String {
    let all: Vec<_> = list.iter().map(ToString::to_string).collect();
    all.join("; ")
}

impl ExploreCounts {
    /// The counts of `explored`, of which this many families of the last layer are done. `named` gives
    /// the faults of a list by the names of their packets.
    pub(crate) fn new(
        explored: &Explored,
        families: u64,
        named: impl Fn(&[Placed]) -> Vec<String>,
    ) -> Self {
        let Explored { by_faults, verdicts, least, broken_laws, stack_stalled, .. } = explored;
        let lists = least.values().chain(broken_laws.values().map(|(_, list)| list));
        Self {
            by_faults: by_faults.clone(),
            families,
            verdicts: verdicts.iter().map(|(it, count)| (it.name().to_owned(), *count)).collect(),
            least: least.iter().map(|(it, list)| (it.name().to_owned(), written(list))).collect(),
            broken_laws: broken_laws
                .iter()
                .map(|(law, (count, list))| ((*law).to_owned(), (*count, written(list))))
                .collect(),
            stack_stalled: *stack_stalled,
            waived: Vec::new(),
            names: lists.map(|list| (key(list), named(list))).collect(),
        }
    }

    /// The number of lists that were run.
    pub(super) fn runs(&self) -> u64 {
        self.by_faults.iter().sum()
    }

    /// The faults of a least list by the names of their packets.
    pub(crate) fn named(&self, list: &[Placed]) -> Vec<Fault> {
        let lines = self.names.get(&key(list)).map_or(&[][..], Vec::as_slice);
        lines.iter().filter_map(|line| line.parse().ok()).collect()
    }

    /// Adds the counts of another part; `None` if a word is none of ours.
    pub(super) fn add(&mut self, other: &Self) -> Option<()> {
        let (mut all, part) = (self.explored(false)?, other.explored(false)?);
        all.add_part(&part);
        let mut names = std::mem::take(&mut self.names);
        names.extend(other.names.clone());
        let named = |list: &[Placed]| names.get(&key(list)).cloned().unwrap_or_default();
        *self = Self {
            waived: other.waived.clone(),
            ..Self::new(&all, self.families + other.families, named)
        };
        Some(())
    }

    /// The counts as an exploration has them; `None` if a word is none of ours.
    pub(crate) fn explored(&self, exhaustive: bool) -> Option<Explored> {
        let verdict = |name: &String| name.parse::<Verdict>().ok();
        let verdicts = self.verdicts.iter().map(|(name, count)| Some((verdict(name)?, *count)));
        let least = self.least.iter().map(|(name, list)| Some((verdict(name)?, read(list)?)));
        let laws = self.broken_laws.iter();
        let laws = laws.map(|(name, (count, list))| Some((law(name)?, (*count, read(list)?))));
        Some(Explored {
            made: None,
            guided: None,
            merged: None,
            exhaustive,
            by_faults: self.by_faults.clone(),
            verdicts: verdicts.collect::<Option<_>>()?,
            least: least.collect::<Option<_>>()?,
            broken_laws: laws.collect::<Option<_>>()?,
            stack_stalled: self.stack_stalled,
        })
    }
}
