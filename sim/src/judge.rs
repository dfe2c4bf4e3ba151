//! `judge` compares each file with the expected file when the receiving side closes the file, and
//! the last file of a name again at the end of the run. The user's view of a transfer is unknown
//! here.

pub(crate) mod expectation;

use std::ops::Range;
use std::time::Duration;

use crate::scenario::{Listing, Origin, Scenario, Task, WriteMode};
use crate::side::{EPOCH, Side};
use crate::verdict::FileState;
use crate::workload::{Workload, fingerprint};
use halfclose_ftp::store::FileContent;
use halfclose_ftp::wire::listing::{Form, NameSource, Printer};
use halfclose_ftp::{MemoryStore, Store, TransferReport};

/// The content under a name: number of bytes, and hash.
type Found = (u64, u128);

/// A file after its comparison.
#[derive(Clone, Copy, Debug)]
struct Seen {
    state: FileState,
    found: Option<Found>,
    /// Bytes and lines of the expected listing.
    listed: (u64, u64),
}

/// The judge of the files of one run.
pub(crate) struct Judge<'a> {
    scenario: &'a Scenario,
    workload: &'a Workload,
    /// For each task with a name that a later task writes again: the file when the file was closed.
    seen: Vec<Option<Seen>>,
    /// For each task: whether its file was written and closed.
    written: Vec<bool>,
}

impl<'a> Judge<'a> {
    /// A judge who has seen nothing.
    #[must_use]
    pub(crate) fn new(scenario: &'a Scenario, workload: &'a Workload) -> Self {
        let tasks = workload.tasks().len();
        Self { scenario, workload, seen: vec![None; tasks], written: vec![false; tasks] }
    }

    /// Forget the files of the run before.
    pub(crate) fn reset(&mut self) {
        self.seen.fill(None);
        self.written.fill(false);
    }

    /// The tasks that move a file or a listing, in order. The client has a report for each of them.
    pub(crate) fn transfers(&self) -> impl Iterator<Item = usize> {
        (0..self.seen.len()).filter(|task| self.writes(*task).is_some())
    }

    /// The tasks of client `client`, counted from 1, that move a file or a listing.
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
        let owner = self.scenario.whose(name);
        let others = (owner - 1) * self.transfers_of(1).count();
        let writers = self.transfers_of(owner).zip(&reports[others.min(reports.len())..]);
        let mut writers = writers.filter(|(task, _)| self.writes(*task) == Some((side, name)));
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
        if self.follows_append(task) {
            // The server may hold two incomplete files, one behind the other: all of them was sent.
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

    /// Whether `task` downloads a file that several tasks have put together.
    fn follows_append(&self, task: usize) -> bool {
        let downloads = matches!(self.workload.tasks()[task], Task::Get(_));
        let put = if downloads { self.workload.origin(task).put() } else { None };
        let put = put.and_then(|put| self.workload.tasks()[put].file());
        put.is_some_and(|file| file.mode == WriteMode::Append)
    }

    /// The state of the file of `task` at the end of the run, and the number of bytes under its
    /// name. `opened`: a program has opened the file, as far as the client program knows.
    ///
    /// # Panics
    /// If the task moves no file.
    #[must_use]
    pub(crate) fn verdict_on(
        &self,
        task: usize,
        store: &MemoryStore,
        opened: bool,
    ) -> (FileState, u64) {
        let place = self.writes(task);
        let (_, name) = place.expect("only tasks that write a file are looked at");
        let again = self.later(task).any(|later| self.writes(later) == place);
        let again = again || self.is_touched(task);
        let seen = match self.seen[task] {
            Some(seen) => seen,
            None if again => self.untouched(task),
            // A listing that was not closed is at most in progress.
            None if matches!(self.workload.tasks()[task], Task::List(_)) => {
                let found = store.content(name).map(|image| (image.size(), 0));
                let state = found.map_or(FileState::Absent, |_| FileState::Short);
                Seen { state, found, listed: (0, 0) }
            }
            // An upload that never began has changed nothing, even if there is a file by now.
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
    pub(crate) fn resumes_another(&self, task: usize) -> bool {
        let resumes =
            self.workload.tasks()[task].file().is_some_and(|it| it.mode == WriteMode::Resume);
        let expected = self.workload.received(task);
        resumes
            && self.before(task).is_some_and(|(length, hash)| {
                length > expected.size() || fingerprint(expected, length) != hash
            })
    }

    /// Bytes of the source of `task` missing from a file in this state with `stored` bytes. Bytes
    /// from before the run do not count as bytes of the source, unless the transfer resumed them.
    #[must_use]
    pub(crate) fn lost(&self, task: usize, state: FileState, stored: u64) -> u64 {
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

    /// Whether a later task removes the upload of `task`.
    fn is_touched(&self, task: usize) -> bool {
        match self.writes(task) {
            Some((Side::Server, name)) => {
                self.workload.tasks()[self.later(task)].iter().any(|later| later.touches(name))
            }
            _ => false,
        }
    }

    /// The file under the name that `task` writes, compared now.
    fn look(&self, task: usize, store: &MemoryStore) -> Seen {
        let (_, name) = self.writes(task).expect("only tasks that write a file are looked at");
        let image = store.content(name);
        let expected = self.workload.received(task);
        let before = self.before(task);
        let found = image.map(|image| match self.is_shared(task) {
            true => (image.size(), self.workload.hash(task, image)),
            // No later task compares the hash.
            false => (image.size(), 0),
        });
        let unchanged = before.is_some() && found == before;
        let appended =
            self.workload.tasks()[task].file().is_some_and(|it| it.mode == WriteMode::Append);
        let state = match (image, before) {
            // The old bytes, then the sent bytes.
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

    /// The file of a `task` that never opened a file, although a later task did.
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

    /// The file under the name of `task` before the task: the file of the last task that wrote the
    /// name, or the file that the run began with.
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
        let place = self.writes(task);
        if self.workload.before(task).is_some() {
            return true;
        }
        let others = self.workload.beside(task).filter(|other| *other != task);
        others.into_iter().any(|other| self.writes(other) == place || self.reads(other) == place)
    }
}

/// Compare a received listing with the server's directory.
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

/// The listing of a directory in this form at this time of the run; empty if there is no such
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
