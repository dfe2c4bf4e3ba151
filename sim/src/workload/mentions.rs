//! `mentions` finds the tasks that name a path, and the place of a task among the transfers, however
//! many tasks there are.

use std::ops::Range;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::scenario::{FileCommand, Origin, Task, Verb};

/// An index of the tasks of all clients. Indexes are only looked up, never walked in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Mentions {
    /// The tasks that name each path, on either side, in order.
    paths: IndexMap<Box<str>, Vec<usize>, FxBuildHasher>,
    /// The tasks that rename, in order: a renamed directory moves files that the task does not name.
    renames: Vec<usize>,
    /// For each task: the number of tasks before it that move a file or a listing.
    transfers: Vec<usize>,
}

impl Mentions {
    pub(super) fn new(tasks: &[Task]) -> Self {
        let mut new = Self::default();
        let mut transfers = 0;
        for (index, task) in tasks.iter().enumerate() {
            let local = match task {
                Task::List(listing) => Some(&*listing.local),
                _ => None,
            };
            for path in task.paths().chain(local) {
                let known = new.paths.get_mut(path);
                match known {
                    Some(known) if known.last() == Some(&index) => {}
                    Some(known) => known.push(index),
                    None => drop(new.paths.insert(path.into(), vec![index])),
                }
            }
            if is_rename(task) {
                new.renames.push(index);
            }
            new.transfers.push(transfers);
            transfers += usize::from(task.is_transfer());
        }
        new
    }

    /// The tasks `within` a range that name `path`, in order.
    pub(super) fn of(&self, path: &str, within: Range<usize>) -> &[usize] {
        self.paths.get(path).map_or(&[], |all| cut(all, within))
    }

    /// The tasks `within` a range that rename, in order.
    pub(super) fn renames(&self, within: Range<usize>) -> &[usize] {
        cut(&self.renames, within)
    }

    /// How many of the tasks before `task` move a file or a listing.
    pub(super) fn transfers_before(&self, task: usize) -> usize {
        self.transfers[task]
    }

    /// The origin of each file of the tasks of one client.
    pub(super) fn origins(tasks: &[Task]) -> Vec<Origin> {
        let mentions = Self::new(tasks);
        let origin = |index: usize| {
            let before = |path: &str, at: usize| {
                let last = |some: &[usize]| some.last().copied();
                last(mentions.of(path, 0..at)).max(last(mentions.renames(0..at)))
            };
            Origin::of(tasks, index, before)
        };
        (0..tasks.len()).map(origin).collect()
    }
}

fn is_rename(task: &Task) -> bool {
    matches!(task, Task::Do(FileCommand { verb: Verb::Rename, .. }))
}

/// The part of a sorted list with the numbers `within` a range.
fn cut(all: &[usize], within: Range<usize>) -> &[usize] {
    let from = all.partition_point(|index| *index < within.start);
    let until = all.partition_point(|index| *index < within.end);
    &all[from..until.max(from)]
}
