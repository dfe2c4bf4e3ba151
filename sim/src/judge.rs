//! `judge` compares each file with the expected file when the receiving side closes the file, and
//! the last file of a name again at the end of the run. The user's view of a transfer is unknown
//! here.

pub(crate) mod expectation;
mod file_comparison;
mod listed_directory;

use std::ops::Range;

use crate::scenario::{Origin, Scenario, Task, WriteMode};
use crate::side::Side;
use crate::terms::hash_by_field::hash_by_field;
use crate::verdict::FileState;
use crate::workload::{Workload, fingerprint};
use halfclose_ftp::report::Direction;
use halfclose_ftp::store::FileContent;
use halfclose_ftp::{MemoryStore, TransferReport};
use listed_directory::listed;

/// The content under a name: number of bytes, and hash.
type Found = (u64, u128);

/// A file after its comparison.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Seen {
    pub(crate) state: FileState,
    found: Option<Found>,
    /// Bytes and lines of the expected listing.
    listed: (u64, u64),
    /// Whether a download resumed a file that is not the beginning of the server's file.
    another: bool,
}

impl Seen {
    fn of(state: FileState, found: Option<Found>) -> Self {
        Self { state, found, listed: (0, 0), another: false }
    }

    /// Bytes under the name.
    pub(crate) fn stored(&self) -> u64 {
        self.found.map_or(0, |(stored, _)| stored)
    }
}

/// The judge of the files of one run.
pub(crate) struct Judge<'a> {
    scenario: &'a Scenario,
    workload: &'a Workload,
    /// For each task with a name that a later task writes again: the file when the file was closed.
    seen: Vec<Option<Seen>>,
    /// For each task: whether its file was written and closed.
    written: Vec<bool>,
    /// Whether a task renames: a failed rename leaves another file than the tasks tell.
    renames: bool,
    /// For each upload of a scenario that renames: the file that the server held when the server
    /// accepted the upload.
    stood: Vec<Option<Option<Found>>>,
    /// The number of the server's reports that were looked at.
    accepted: usize,
}

hash_by_field! {
    Judge<'_> { seen, written, stood, accepted } without { scenario, workload, renames }
}

impl<'a> Judge<'a> {
    /// A judge who has seen nothing.
    #[must_use]
    pub(crate) fn new(scenario: &'a Scenario, workload: &'a Workload) -> Self {
        let tasks = workload.tasks().len();
        let (seen, written, stood) = (vec![None; tasks], vec![false; tasks], vec![None; tasks]);
        let renames = !workload.renaming(0..tasks).is_empty();
        Self { scenario, workload, seen, written, renames, stood, accepted: 0 }
    }

    /// Take the state of `source`, the judge of another run of the same scenario.
    pub(crate) fn copy_from(&mut self, source: &Self) {
        let Self { scenario: _, workload: _, renames: _, seen, written, stood, accepted } = source;
        self.seen.clone_from(seen);
        self.written.clone_from(written);
        self.stood.clone_from(stood);
        self.accepted = *accepted;
    }

    /// Forget the files of the run before.
    pub(crate) fn reset(&mut self) {
        self.seen.fill(None);
        self.written.fill(false);
        self.stood.fill(None);
        self.accepted = 0;
    }

    /// The server has begun the transfers of `served`. If the scenario renames files, remember the
    /// files that new uploads find. `reports` are the client's.
    #[inline]
    pub(crate) fn accepted(
        &mut self,
        served: &[TransferReport],
        store: &MemoryStore,
        reports: &[TransferReport],
    ) {
        if self.renames {
            self.remember(served, store, reports);
        }
    }

    #[cold]
    fn remember(
        &mut self,
        served: &[TransferReport],
        store: &MemoryStore,
        reports: &[TransferReport],
    ) {
        let new = std::mem::replace(&mut self.accepted, served.len()).min(served.len());
        for upload in served[new..].iter().filter(|it| it.direction == Direction::Upload) {
            let place = (Side::Server, &*upload.name);
            let writer = self.writers(place, 0..self.seen.len()).find(|task| {
                let report = reports.get(self.workload.report_of(*task));
                report.is_some_and(|report| report.ended.is_none()) && self.stood[*task].is_none()
            });
            if let Some(task) = writer {
                self.stood[task] = Some(self.found(task, store.content(place.1)));
            }
        }
    }

    /// The tasks that move a file or a listing, in order. The client has a report for each of them.
    pub(crate) fn transfers(&self) -> impl Iterator<Item = usize> {
        (0..self.seen.len()).filter(|task| self.writes(*task).is_some())
    }

    /// The tasks `within` a range that write to `place`, in order.
    fn writers<'s>(
        &'s self,
        place: (Side, &'s str),
        within: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = usize> + 's {
        let named = self.workload.naming(place.1, within).iter().copied();
        named.filter(move |task| self.writes(*task) == Some(place))
    }

    /// The tasks after `task` of the same client.
    fn later(&self, task: usize) -> Range<usize> {
        task + 1..self.workload.beside(task).end
    }

    /// The tasks before `task` of the same client.
    fn earlier(&self, task: usize) -> Range<usize> {
        self.workload.beside(task).start..task
    }

    /// The store at `side` has closed the file `name` after writing. The judge compares the file
    /// now if a later task writes or removes the file, and otherwise at the end of the run. A
    /// listing is compared now, because the listed directory may change. `reports` are the
    /// client's. Returns whether a later task writes or removes the file.
    pub(crate) fn closed(
        &mut self,
        side: Side,
        name: &str,
        [client, server]: [&mut MemoryStore; 2],
        reports: &[TransferReport],
    ) -> bool {
        // A file concerns its own client alone, however many clients there are.
        let within = self.workload.tasks_of(self.scenario.whose(name));
        let writers = self.writers((side, name), within);
        let mut writers =
            writers.map_while(|task| Some((task, reports.get(self.workload.report_of(task))?)));
        let closer = writers.find(|(task, report)| {
            // A transfer refused before a file was opened has closed no file.
            self.seen[*task].is_none() && (report.opened || report.ended.is_none())
        });
        let again = writers.next().is_some();
        drop(writers);
        let Some((task, report)) = closer else { return false };
        self.written[task] = true;
        if let Task::List(listing) = &self.workload.tasks()[task] {
            let found = client.content(name);
            self.seen[task] = Some(listed(found, server, listing, report));
            return again;
        }
        if self.follows_parts(task) {
            self.seen[task] = Some(self.look_at_parts(task, client, server));
            return again;
        }
        let again = again || self.is_touched(task);
        if again {
            let store = if side == Side::Client { client } else { server };
            self.seen[task] = Some(self.look(task, store));
        }
        again
    }

    /// The file of `task` at the end of the run. `opened`: a program has opened the file, as far as
    /// the client program knows.
    ///
    /// # Panics
    /// If the task moves no file.
    #[must_use]
    pub(crate) fn verdict_on(
        &self,
        task: usize,
        [client, server]: [&MemoryStore; 2],
        opened: bool,
    ) -> Seen {
        let place = self.writes(task);
        let (side, name) = place.expect("only tasks that write a file are looked at");
        let store = if side == Side::Client { client } else { server };
        let again = place.is_some_and(|it| self.writers(it, self.later(task)).next().is_some());
        let again = again || self.is_touched(task);
        match self.seen[task] {
            Some(seen) => seen,
            None if again => self.untouched(task),
            // A listing that was not closed is at most in progress.
            None if matches!(self.workload.tasks()[task], Task::List(_)) => {
                let found = store.content(name).map(|image| (image.size(), 0));
                Seen::of(found.map_or(FileState::Absent, |_| FileState::Short), found)
            }
            // An upload that never began has changed nothing, even if there is a file by now.
            None if !self.written[task] && !opened && store.content(name).is_some() => {
                let image = store.content(name);
                let state = FileState::of(image, 0, true, self.workload.received(task));
                Seen::of(state, image.map(|image| (image.size(), 0)))
            }
            None if self.follows_parts(task) => self.look_at_parts(task, client, server),
            None => self.look(task, store),
        }
    }

    /// The side and the name to which a task writes.
    #[must_use]
    pub(crate) fn writes(&self, task: usize) -> Option<(Side, &'a str)> {
        match &self.workload.tasks()[task] {
            Task::Put(file) => Some((Side::Server, &file.name)),
            Task::Get(file) => Some((Side::Client, &file.name)),
            Task::List(listing) => Some((Side::Client, &listing.local)),
            Task::Do(_) => None,
        }
    }

    /// Bytes of the source of `task`; of a listing, bytes of the expected listing.
    #[must_use]
    pub(crate) fn source_len(&self, task: usize) -> u64 {
        match &self.workload.tasks()[task] {
            Task::List(_) => self.seen[task].map_or(0, |seen| seen.listed.0),
            _ => self.workload.content(task).size(),
        }
    }

    /// Bytes to be sent for `task` if the transfer begins at `offset`.
    #[must_use]
    pub(crate) fn to_send(&self, task: usize, offset: u64) -> u64 {
        let all = match &self.workload.tasks()[task] {
            // Each line has a CR on the way.
            Task::List(_) => self.seen[task].map_or(0, |seen| seen.listed.0 + seen.listed.1),
            _ => self.workload.on_the_way(task),
        };
        all.saturating_sub(offset)
    }

    /// Whether `task` was to resume a file that is not the beginning of the task's source.
    #[must_use]
    pub(crate) fn resumes_another(&self, task: usize, seen: &Seen) -> bool {
        let resumes =
            self.workload.tasks()[task].file().is_some_and(|it| it.mode == WriteMode::Resume);
        let expected = self.workload.received(task);
        seen.another
            || resumes
                && self.before(task).is_some_and(|(length, hash)| {
                    length > expected.size() || fingerprint(expected, length) != hash
                })
    }

    /// Bytes of the source of `task` missing from the file. Bytes from before the run do not count as
    /// bytes of the source, unless the transfer resumed them.
    #[must_use]
    pub(crate) fn lost(&self, task: usize, seen: &Seen) -> u64 {
        let stored = seen.stored();
        let mode = self.workload.tasks()[task].file().map(|file| file.mode);
        let all = match &self.workload.tasks()[task] {
            Task::List(_) => self.source_len(task),
            _ => self.workload.received(task).size(),
        };
        let there = match seen.state {
            FileState::Whole => all,
            FileState::Short if mode == Some(WriteMode::Append) => {
                stored.saturating_sub(self.before(task).map_or(0, |(length, _)| length))
            }
            FileState::Short => stored,
            FileState::Unchanged
                if mode == Some(WriteMode::Resume) && !self.resumes_another(task, seen) =>
            {
                stored
            }
            FileState::Absent | FileState::Unchanged | FileState::Other => 0,
        };
        all.saturating_sub(there)
    }

    /// Whether a later task removes the upload of `task`.
    fn is_touched(&self, task: usize) -> bool {
        match self.writes(task) {
            Some((Side::Server, name)) => {
                let named = self.workload.naming(name, self.later(task)).iter();
                let mut all = named.chain(self.workload.renaming(self.later(task)));
                all.any(|later| self.workload.tasks()[*later].touches(name))
            }
            _ => false,
        }
    }

    /// The file of a `task` that never opened a file, although a later task did.
    fn untouched(&self, task: usize) -> Seen {
        let found = self.before(task);
        let expected = self.workload.received(task);
        let state = match found {
            None => FileState::Absent,
            Some(found) if found == self.whole(task, expected) => FileState::Whole,
            Some(_) => FileState::Unchanged,
        };
        Seen::of(state, found)
    }

    /// The file under the name of `task` before the task: the file of the last task that wrote the
    /// name, or the file that the run began with.
    fn before(&self, task: usize) -> Option<Found> {
        let place = self.writes(task)?;
        if let Some(found) = self.stood[task] {
            return found;
        }
        let writer = match self.workload.origin(task) {
            _ if place.0 == Side::Client => self.writers(place, self.earlier(task)).next_back(),
            Origin::Put(earlier) => Some(earlier),
            Origin::Get(get) => return Some(self.whole(get, self.workload.content(get))),
            Origin::Taken => return None,
            Origin::Before => None,
        };
        match writer {
            Some(earlier) => match self.seen[earlier] {
                Some(seen) => seen.found,
                None => self.before(earlier),
            },
            None => self.workload.before(task).map(|before| self.whole(task, before)),
        }
    }

    /// All of `image`, a file of `task`.
    fn whole(&self, task: usize, image: &FileContent) -> Found {
        (image.size(), self.workload.hash(task, image))
    }

    /// The side and the name of a file that a task reads and that the run began with.
    fn reads(&self, task: usize) -> Option<(Side, &'a str)> {
        match &self.workload.tasks()[task] {
            Task::Get(file) => Some((Side::Server, &file.name)),
            Task::Put(_) | Task::List(_) | Task::Do(_) => None,
        }
    }

    /// Whether another task reads or writes the name that `task` writes.
    fn is_shared(&self, task: usize) -> bool {
        let Some(place) = self.writes(task) else { return false };
        if self.renames || self.workload.before(task).is_some() {
            return true;
        }
        let named = self.workload.naming(place.1, self.workload.beside(task)).iter().copied();
        let mut others = named.filter(|other| *other != task);
        others.any(|other| [self.writes(other), self.reads(other)].contains(&Some(place)))
    }
}
