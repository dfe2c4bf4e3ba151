//! `judge` looks at each file when its receiving side closes it, and at the last transfer to a name
//! again at the end. It knows files and what is expected of them, not what anybody was told.

use halfclose_ftp::{MemoryStore, TransferReport};
use xxhash_rust::xxh3::xxh3_128;

use crate::scenario::{Scenario, Task};
use crate::side::Side;
use crate::verdict::FileState;
use crate::workload::Workload;

/// Bytes under a name: how many, and which.
type Found = (u64, u128);

/// A file that was looked at.
#[derive(Clone, Copy, Debug)]
struct Seen {
    state: FileState,
    found: Option<Found>,
}

/// Looks at the files of one run.
pub struct Judge<'a> {
    scenario: &'a Scenario,
    workload: &'a Workload,
    /// For each task: what was seen when its file was closed, where a later task writes it again.
    seen: Vec<Option<Seen>>,
}

impl<'a> Judge<'a> {
    /// A judge who has seen nothing.
    #[must_use]
    pub fn new(scenario: &'a Scenario, workload: &'a Workload) -> Self {
        Self { scenario, workload, seen: vec![None; scenario.tasks.len()] }
    }

    /// Forget what was seen.
    pub fn reset(&mut self) {
        self.seen.fill(None);
    }

    /// The tasks that move a file, in order: the client has a report for each.
    pub fn transfers(&self) -> impl Iterator<Item = usize> {
        (0..self.seen.len()).filter(|task| self.writes(*task).is_some())
    }

    /// `store`, at `side`, has closed the file `name` after writing it. It is looked at now only if
    /// a later task writes it again; otherwise the end is soon enough. `reports` are the client's. Says whether one does.
    pub fn closed(
        &mut self,
        side: Side,
        name: &str,
        store: &MemoryStore,
        reports: &[TransferReport],
    ) -> bool {
        let writers = self.transfers().zip(reports);
        let mut writers = writers.filter(|(task, _)| self.writes(*task) == Some((side, name)));
        let closer = writers.find(|(task, report)| {
            // One that was refused before anybody opened the file has closed none.
            self.seen[*task].is_none() && (report.opened || report.ended.is_none())
        });
        let again = writers.next().is_some();
        drop(writers);
        if let (Some((task, _)), true) = (closer, again) {
            self.seen[task] = Some(self.look(task, store));
        }
        closer.is_some() && again
    }

    /// What became of the file of `task`, and how many bytes are under its name, at the end.
    ///
    /// # Panics
    /// If the task moves no file.
    #[must_use]
    pub fn verdict_on(&self, task: usize, store: &MemoryStore) -> (FileState, u64) {
        let place = self.writes(task);
        let again = (task + 1..self.seen.len()).any(|later| self.writes(later) == place);
        let seen = match self.seen[task] {
            Some(seen) => seen,
            None if again => self.untouched(task),
            None => self.look(task, store),
        };
        (seen.state, seen.found.map_or(0, |(stored, _)| stored))
    }

    /// The side and the name that a task writes to.
    #[must_use]
    pub fn writes(&self, task: usize) -> Option<(Side, &'a str)> {
        match &self.scenario.tasks[task] {
            Task::Put(file) => Some((Side::Server, &file.name)),
            Task::Get(file) => Some((Side::Client, &file.name)),
            Task::Noop => None,
        }
    }

    /// What is under the name that `task` writes.
    fn look(&self, task: usize, store: &MemoryStore) -> Seen {
        let (_, name) = self.writes(task).expect("only tasks that write a file are looked at");
        let bytes = store.get(name);
        let expected: &[u8] = self.workload.content(task);
        let before = self.before(task);
        let found = bytes.map(|bytes| match self.is_shared(task) {
            true => (bytes.len() as u64, xxh3_128(bytes)),
            // Nobody will compare it.
            false => (bytes.len() as u64, 0),
        });
        let unchanged = before.is_some() && found == before;
        Seen { state: FileState::of(bytes, unchanged, expected), found }
    }

    /// What `task` left that never opened its file, where a later one did.
    fn untouched(&self, task: usize) -> Seen {
        let found = self.before(task);
        let expected = self.workload.content(task);
        let state = match found {
            None => FileState::Absent,
            Some(found) if found == (expected.len() as u64, xxh3_128(expected)) => FileState::Whole,
            Some(_) => FileState::Unchanged,
        };
        Seen { state, found }
    }

    /// What was under its name before `task`: what the last task that wrote it had left, or what was
    /// put there to be read.
    fn before(&self, task: usize) -> Option<Found> {
        let place = self.writes(task)?;
        match (0..task).rev().find(|other| self.writes(*other) == Some(place)) {
            Some(earlier) => match self.seen[earlier] {
                Some(seen) => seen.found,
                None => self.before(earlier),
            },
            None => {
                let source = (0..task).find(|other| self.reads(*other) == Some(place))?;
                let content = self.workload.content(source);
                Some((content.len() as u64, xxh3_128(content)))
            }
        }
    }

    /// The side and the name of the file that a task reads and the run has put there.
    fn reads(&self, task: usize) -> Option<(Side, &'a str)> {
        match &self.scenario.tasks[task] {
            Task::Get(file) => Some((Side::Server, &file.name)),
            Task::Put(_) | Task::Noop => None,
        }
    }

    /// Whether another task has to do with the name that `task` writes.
    fn is_shared(&self, task: usize) -> bool {
        let place = self.writes(task);
        let others = (0..self.seen.len()).filter(|other| *other != task);
        others.into_iter().any(|other| self.writes(other) == place || self.reads(other) == place)
    }
}
