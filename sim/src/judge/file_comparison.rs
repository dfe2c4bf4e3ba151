//! `file_comparison` compares the file under a name with the file that a task should leave there.

use halfclose_ftp::store::FileContent;
use halfclose_ftp::{MemoryStore, Representation};

use super::{Found, Judge, Seen};
use crate::scenario::{Task, WriteMode};
use crate::verdict::FileState;
use crate::workload::{fingerprint, received};

impl Judge<'_> {
    /// Whether `task` downloads a file that other tasks make or rename, and may fail to make.
    pub(super) fn follows_parts(&self, task: usize) -> bool {
        let downloads = matches!(self.workload.tasks()[task], Task::Get(_));
        downloads && (self.renames || self.workload.origin(task).put().is_some())
    }

    /// Whether `task` downloads a file whose last part an earlier task appends.
    fn appends(&self, task: usize) -> bool {
        let put = self.workload.origin(task).put();
        let put = put.and_then(|put| self.workload.tasks()[put].file());
        put.is_some_and(|file| file.mode == WriteMode::Append)
    }

    /// The file of a download whose source other tasks make. The server may hold two incomplete
    /// files, one behind the other, or an old file: the download moved what was there.
    pub(super) fn look_at_parts(
        &self,
        task: usize,
        client: &MemoryStore,
        server: &MemoryStore,
    ) -> Seen {
        let seen = self.look(task, client);
        let (_, name) = self.writes(task).expect("a download writes a file");
        let (Some(held), Some(found)) = (server.content(name), client.content(name)) else {
            return seen;
        };
        // A download of the same file as before, which is not the file that the tasks should make,
        // looks unchanged.
        if !matches!(seen.state, FileState::Other | FileState::Unchanged) {
            return seen;
        }
        // An unreadable file is reported by `Workload::verify`.
        let text = self.is_text().then(|| received(held).ok()).flatten();
        let held = text.as_ref().map_or(held, |(text, _)| text);
        if !held.holds(0, found, 0, found.size()) {
            let resumes =
                self.workload.tasks()[task].file().is_some_and(|it| it.mode == WriteMode::Resume);
            let offset = self.workload.before(task).map_or(0, FileContent::size);
            let another = resumes && held.holds(offset, found, offset, found.size());
            let half = self.is_text() && ends_in_half_a_line_end(found, 0, held);
            let state = if half { FileState::Short } else { seen.state };
            return Seen { state, another, ..seen };
        }
        // An old file that an upload did not replace is whole as it is.
        let enough = self.workload.received(task).size() <= found.size();
        let whole = found.size() == held.size() && (enough || !self.appends(task));
        let state = if whole { FileState::Whole } else { FileState::Short };
        Seen { state, ..seen }
    }

    /// Whether the files are texts, whose lines end with CR LF on the way.
    fn is_text(&self) -> bool {
        self.scenario.client.representation == Representation::Ascii
    }

    /// The file under the name that `task` writes, compared now.
    pub(super) fn look(&self, task: usize, store: &MemoryStore) -> Seen {
        let (_, name) = self.writes(task).expect("only tasks that write a file are looked at");
        let image = store.content(name);
        let expected = self.workload.received(task);
        let before = self.before(task);
        let found = self.found(task, image);
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
        let half = state == FileState::Other
            && self.is_text()
            && image.is_some_and(|image| {
                let behind = before.filter(|_| appended).map_or(0, |(length, _)| length);
                ends_in_half_a_line_end(image, behind, expected)
            });
        let state = if half { FileState::Short } else { state };
        Seen::of(state, found)
    }

    /// The size and the hash of `image`, a file of `task`.
    pub(super) fn found(&self, task: usize, image: Option<&FileContent>) -> Option<Found> {
        image.map(|image| match self.is_shared(task) {
            true => (image.size(), self.workload.hash(task, image)),
            // No later task compares the hash.
            false => (image.size(), 0),
        })
    }
}

/// Whether `image` behind its first `behind` bytes is the beginning of a text, cut between the CR and
/// the LF of a line end (RFC 959 §3.1.1.1): the receiver cannot know that the CR is half a line end.
fn ends_in_half_a_line_end(image: &FileContent, behind: u64, expected: &FileContent) -> bool {
    let Some(lines) = image.size().checked_sub(behind + 1) else { return false };
    let byte = |of: &FileContent, at: u64| {
        let mut last = None;
        let read = of.each(at, at + 1, |bytes| last = bytes.first().copied());
        read.ok().and(last)
    };
    lines < expected.size()
        && byte(image, behind + lines) == Some(b'\r')
        && byte(expected, lines) == Some(b'\n')
        && image.holds(behind, expected, 0, lines)
}
