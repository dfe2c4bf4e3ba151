//! `judge` looks at each file when its receiving side closes it, and at the last transfer to a name
//! again at the end. It knows files and what is expected of them, not what anybody was told.

pub mod expectation;

use std::ops::Range;
use std::time::Duration;

use crate::scenario::{Listing, Origin, Scenario, Task, WriteMode};
use crate::side::{EPOCH, Side};
use crate::verdict::FileState;
use crate::workload::{Workload, fingerprint};
use halfclose_ftp::store::FileContent;
use halfclose_ftp::wire::listing::{Form, NameSource, Printer};
use halfclose_ftp::{MemoryStore, Store, TransferReport};

/// Bytes under a name: how many, and which.
type Found = (u64, u128);

/// A file that was looked at.
#[derive(Clone, Copy, Debug)]
struct Seen {
    state: FileState,
    found: Option<Found>,
    /// Bytes of a listing that it should be, and lines.
    listed: (u64, u64),
}

/// Looks at the files of one run.
pub struct Judge<'a> {
    scenario: &'a Scenario,
    workload: &'a Workload,
    /// For each task: what was seen when its file was closed, where a later task writes it again.
    seen: Vec<Option<Seen>>,
    /// For each task: whether its file was closed after it had been written.
    written: Vec<bool>,
}

impl<'a> Judge<'a> {
    /// A judge who has seen nothing.
    #[must_use]
    pub fn new(scenario: &'a Scenario, workload: &'a Workload) -> Self {
        let tasks = workload.tasks().len();
        Self { scenario, workload, seen: vec![None; tasks], written: vec![false; tasks] }
    }

    /// Forget what was seen.
    pub fn reset(&mut self) {
        self.seen.fill(None);
        self.written.fill(false);
    }

    /// The tasks that move a file or a listing, in order: the client has a report for each.
    pub fn transfers(&self) -> impl Iterator<Item = usize> {
        (0..self.seen.len()).filter(|task| self.writes(*task).is_some())
    }

    /// The same of one client, counted from 1.
    fn transfers_of(&self, client: usize) -> impl Iterator<Item = usize> {
        self.workload.tasks_of(client).filter(|task| self.writes(*task).is_some())
    }

    /// The tasks after `task` of the same client.
    fn later(&self, task: usize) -> Range<usize> {
        task + 1..self.workload.beside(task).end
    }

    /// The tasks before `task` of the same client.
    fn earlier(&self, task: usize) -> Range<usize> {
        self.workload.beside(task).start..task
    }

    /// The store at `side` has closed the file `name` after writing it. It is looked at now only if a
    /// later task writes it again, or takes it away; otherwise the end is soon enough. (A listing is:
    /// what it lists may change.) `reports` are the client's. Says whether one does.
    pub fn closed(
        &mut self,
        side: Side,
        name: &str,
        [client, server]: [&mut MemoryStore; 2],
        reports: &[TransferReport],
    ) -> bool {
        // Nobody but its own client has to do with a file, however many there are.
        let owner = self.scenario.whose(name);
        let others = (owner - 1) * self.transfers_of(1).count();
        let writers = self.transfers_of(owner).zip(&reports[others.min(reports.len())..]);
        let mut writers = writers.filter(|(task, _)| self.writes(*task) == Some((side, name)));
        let closer = writers.find(|(task, report)| {
            // One that was refused before anybody opened the file has closed none.
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
        if self.follows_append(task) {
            // The server may hold two stumps, one behind the other: that is what was sent of it.
            let held = server.content(name).zip(client.content(name));
            let sent = held.is_some_and(|(held, found)| held.holds(0, found, 0, found.size()));
            let seen = self.look(task, client);
            let stump = seen.state == FileState::Other && sent;
            let state = if stump { FileState::Short } else { seen.state };
            self.seen[task] = Some(Seen { state, ..seen });
            return again;
        }
        let again = again || self.is_touched(task);
        if again {
            let store = if side == Side::Client { client } else { server };
            self.seen[task] = Some(self.look(task, store));
        }
        again
    }

    /// Whether `task` downloads what several tasks have put together.
    fn follows_append(&self, task: usize) -> bool {
        let downloads = matches!(self.workload.tasks()[task], Task::Get(_));
        let put = if downloads { self.workload.origin(task).put() } else { None };
        let put = put.and_then(|put| self.workload.tasks()[put].file());
        put.is_some_and(|file| file.mode == WriteMode::Append)
    }

    /// What became of the file of `task`, and how many bytes are under its name, at the end; `opened`:
    /// somebody has opened it, as far as the client program knows.
    ///
    /// # Panics
    /// If the task moves no file.
    #[must_use]
    pub fn verdict_on(&self, task: usize, store: &MemoryStore, opened: bool) -> (FileState, u64) {
        let place = self.writes(task);
        let (_, name) = place.expect("only tasks that write a file are looked at");
        let again = self.later(task).any(|later| self.writes(later) == place);
        let again = again || self.is_touched(task);
        let seen = match self.seen[task] {
            Some(seen) => seen,
            None if again => self.untouched(task),
            // A listing that nobody has closed is on its way at best.
            None if matches!(self.workload.tasks()[task], Task::List(_)) => {
                let found = store.content(name).map(|image| (image.size(), 0));
                let state = found.map_or(FileState::Absent, |_| FileState::Short);
                Seen { state, found, listed: (0, 0) }
            }
            // An upload that never began has changed nothing, whatever is there by now.
            None if !self.written[task] && !opened && store.content(name).is_some() => {
                let image = store.content(name);
                let state = FileState::of(image, 0, true, self.workload.received(task));
                let found = image.map(|image| (image.size(), 0));
                Seen { state, found, listed: (0, 0) }
            }
            None => self.look(task, store),
        };
        (seen.state, seen.found.map_or(0, |(stored, _)| stored))
    }

    /// The side and the name that a task writes to.
    #[must_use]
    pub fn writes(&self, task: usize) -> Option<(Side, &'a str)> {
        match &self.workload.tasks()[task] {
            Task::Put(file) => Some((Side::Server, &file.name)),
            Task::Get(file) => Some((Side::Client, &file.name)),
            Task::List(listing) => Some((Side::Client, &listing.local)),
            Task::Do(_) => None,
        }
    }

    /// Bytes of the source of `task`: of a listing, as many as it should have had.
    #[must_use]
    pub fn source_len(&self, task: usize) -> u64 {
        match &self.workload.tasks()[task] {
            Task::List(_) => self.seen[task].map_or(0, |seen| seen.listed.0),
            _ => self.workload.content(task).size(),
        }
    }

    /// Bytes that are to be sent of it, if it begins at `offset`.
    #[must_use]
    pub fn to_send(&self, task: usize, offset: u64) -> u64 {
        let all = match &self.workload.tasks()[task] {
            // Each line has a CR on the way.
            Task::List(_) => self.seen[task].map_or(0, |seen| seen.listed.0 + seen.listed.1),
            _ => self.workload.on_the_way(task),
        };
        all.saturating_sub(offset)
    }

    /// Whether `task` was to go on with a file that is not the beginning of its source.
    #[must_use]
    pub fn resumes_another(&self, task: usize) -> bool {
        let resumes =
            self.workload.tasks()[task].file().is_some_and(|it| it.mode == WriteMode::Resume);
        let expected = self.workload.received(task);
        resumes
            && self.before(task).is_some_and(|(length, hash)| {
                length > expected.size() || fingerprint(expected, length) != hash
            })
    }

    /// Bytes of the source of `task` that are not where they should be, if the file is in this state
    /// and has `stored` bytes: what was there before is not of the source, unless it was resumed.
    #[must_use]
    pub fn lost(&self, task: usize, state: FileState, stored: u64) -> u64 {
        let mode = self.workload.tasks()[task].file().map(|file| file.mode);
        let all = match &self.workload.tasks()[task] {
            Task::List(_) => self.source_len(task),
            _ => self.workload.received(task).size(),
        };
        let there = match state {
            FileState::Whole => all,
            FileState::Short if mode == Some(WriteMode::Append) => {
                stored.saturating_sub(self.before(task).map_or(0, |(length, _)| length))
            }
            FileState::Short => stored,
            FileState::Unchanged
                if mode == Some(WriteMode::Resume) && !self.resumes_another(task) =>
            {
                stored
            }
            FileState::Absent | FileState::Unchanged | FileState::Other => 0,
        };
        all.saturating_sub(there)
    }

    /// Whether a later task takes away what `task` has uploaded.
    fn is_touched(&self, task: usize) -> bool {
        match self.writes(task) {
            Some((Side::Server, name)) => {
                self.workload.tasks()[self.later(task)].iter().any(|later| later.touches(name))
            }
            _ => false,
        }
    }

    /// What is under the name that `task` writes.
    fn look(&self, task: usize, store: &MemoryStore) -> Seen {
        let (_, name) = self.writes(task).expect("only tasks that write a file are looked at");
        let image = store.content(name);
        let expected = self.workload.received(task);
        let before = self.before(task);
        let found = image.map(|image| match self.is_shared(task) {
            true => (image.size(), self.workload.hash(task, image)),
            // Nobody will compare it.
            false => (image.size(), 0),
        });
        let unchanged = before.is_some() && found == before;
        let appended =
            self.workload.tasks()[task].file().is_some_and(|it| it.mode == WriteMode::Append);
        let state = match (image, before) {
            // What was there, and then what was sent.
            (Some(image), Some((length, hash))) if appended => {
                let kept = length <= image.size() && fingerprint(image, length) == hash;
                match kept {
                    true => FileState::of(Some(image), length, unchanged, expected),
                    false => FileState::Other,
                }
            }
            (image, _) => FileState::of(image, 0, unchanged, expected),
        };
        Seen { state, found, listed: (0, 0) }
    }

    /// What `task` left that never opened its file, where a later one did.
    fn untouched(&self, task: usize) -> Seen {
        let found = self.before(task);
        let expected = self.workload.received(task);
        let state = match found {
            None => FileState::Absent,
            Some(found) if found == self.whole(task, expected) => FileState::Whole,
            Some(_) => FileState::Unchanged,
        };
        Seen { state, found, listed: (0, 0) }
    }

    /// What was under its name before `task`: what the last task that wrote it had left, or what was
    /// put there to be read.
    fn before(&self, task: usize) -> Option<Found> {
        let place = self.writes(task)?;
        let writer = match self.workload.origin(task) {
            _ if place.0 == Side::Client => {
                self.earlier(task).rev().find(|other| self.writes(*other) == Some(place))
            }
            Origin::Put(earlier) => Some(earlier),
            Origin::Taken => return None,
            Origin::Before => None,
        };
        match writer {
            Some(earlier) => match self.seen[earlier] {
                Some(seen) => seen.found,
                None => self.before(earlier),
            },
            None => {
                if let Some(before) = self.workload.before(task) {
                    return Some(self.whole(task, before));
                }
                let source = self.earlier(task).find(|other| self.reads(*other) == Some(place))?;
                let content = self.workload.content(source);
                Some(self.whole(source, content))
            }
        }
    }

    /// All of `image`, which is of `task`.
    fn whole(&self, task: usize, image: &FileContent) -> Found {
        (image.size(), self.workload.hash(task, image))
    }

    /// The side and the name of the file that a task reads and the run has put there.
    fn reads(&self, task: usize) -> Option<(Side, &'a str)> {
        match &self.workload.tasks()[task] {
            Task::Get(file) => Some((Side::Server, &file.name)),
            Task::Put(_) | Task::List(_) | Task::Do(_) => None,
        }
    }

    /// Whether another task has to do with the name that `task` writes.
    fn is_shared(&self, task: usize) -> bool {
        let place = self.writes(task);
        if self.workload.before(task).is_some() {
            return true;
        }
        let others = self.workload.beside(task).filter(|other| *other != task);
        others.into_iter().any(|other| self.writes(other) == place || self.reads(other) == place)
    }
}

/// A listing that was received, beside what the server has to list.
fn listed(
    found: Option<&FileContent>,
    server: &mut MemoryStore,
    Listing { path, .. }: &Listing,
    report: &TransferReport,
) -> Seen {
    let form = report.listing.unwrap_or(Form::Facts);
    let expected = listing_of(server, path, form, report.started);
    let lines = expected.iter().filter(|byte| **byte == b'\n').count() as u64;
    let expected = FileContent::from(expected);
    let state = FileState::of(found, 0, false, &expected);
    let found = found.map(|found| (found.size(), 0));
    Seen { state, found, listed: (expected.size(), lines) }
}

/// The listing of a directory in that form, at that time of the run; empty if there is no such
/// directory.
fn listing_of(store: &mut MemoryStore, path: &str, form: Form, now: Duration) -> Vec<u8> {
    let Ok(listing) = store.open_listing(path) else { return Vec::new() };
    let mut printer = Printer::new(NameSource::Directory(listing), form, EPOCH + now);
    if form == Form::Names && !path.is_empty() {
        printer.prefix = format!("{path}/");
    }
    let mut text = Vec::new();
    let mut room = [0; 4096];
    while let Ok(read) = printer.read(store, &mut room) {
        text.extend_from_slice(&room[..read.bytes]);
        if read.last {
            break;
        }
    }
    store.close_listing(listing);
    text.retain(|byte| *byte != b'\r');
    text
}
