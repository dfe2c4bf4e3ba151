//! The laws of files: a prefix of what was sent, whole where success is said, and the old one
//! untouched until a new one is accepted. What a file is, the judge has seen; what was said of it
//! comes from the dialogue, and where a stream ended from its FIN.

use std::time::Duration;

use halfclose_ftp::report::Direction;
use halfclose_ftp::{MemoryStore, Told, TransferReport};
use xxhash_rust::xxh3::xxh3_128;

use super::connections::Key;
use super::{About, Breach, Facts};
use crate::outcome::TransferOutcome;
use crate::scenario::Task;
use crate::side::Side;
use crate::verdict::FileState;

pub(super) const PREFIX: &str = "file-is-a-prefix";
pub(super) const SUCCESS: &str = "success-is-whole";
pub(super) const OLD: &str = "old-file-stays";

/// A file's name, as a number (FNV-1a).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileName(u64);

impl Default for FileName {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl FileName {
    pub(super) fn push(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }

    fn of(name: &str) -> Self {
        let mut it = Self::default();
        name.bytes().for_each(|byte| it.push(byte));
        it
    }
}

/// What was said and seen of the uploads to one name.
#[derive(Clone, Copy, Debug)]
struct Upload {
    name: FileName,
    /// STORs and APPEs that were answered 1yz.
    accepted: u32,
    /// STORs and APPEs that were answered 2yz.
    completed: u32,
    /// Files that were closed there.
    closed: u32,
    /// Hash of the last one, if a later task writes that name again.
    left: Option<u128>,
}

/// Uploads by name.
#[derive(Debug, Default)]
pub(super) struct Uploads(Vec<Upload>);

impl Uploads {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn entry(&mut self, name: FileName) -> &mut Upload {
        let at = self.0.iter().position(|upload| upload.name == name).unwrap_or_else(|| {
            let (accepted, completed, closed) = (0, 0, 0);
            self.0.push(Upload { name, accepted, completed, closed, left: None });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// Any file may have another name now, or none.
    pub(super) fn forget_all(&mut self) {
        self.0.iter_mut().for_each(|upload| upload.left = None);
    }

    /// The file of that name may go.
    pub(super) fn forget(&mut self, name: FileName) {
        if let Some(upload) = self.0.iter_mut().find(|upload| upload.name == name) {
            upload.left = None;
        }
    }

    /// A STOR or APPE of `name` was answered.
    pub(super) fn replied(&mut self, name: FileName, code: u16) {
        let upload = self.entry(name);
        match code {
            125 | 150 => upload.accepted += 1,
            200..300 => upload.completed += 1,
            _ => {}
        }
    }
}

impl super::Evidence {
    /// `side` has closed a file that it wrote; `again` says that a later task writes it once more.
    pub fn closed(&mut self, side: Side, name: &str, again: bool, store: &mut MemoryStore) {
        if side == Side::Server {
            let upload = self.uploads.entry(FileName::of(name));
            upload.closed += 1;
            upload.left = again.then(|| hash_of(name, store));
            if again {
                self.liar.empties(name, store);
            }
        }
    }

    /// Whether there is something to compare: a command came, and a file waits to be replaced.
    #[inline]
    pub fn has_old_files(&mut self) -> bool {
        std::mem::take(&mut self.dialogues.moved)
            && self.uploads.0.iter().any(|upload| upload.left.is_some())
    }

    /// See that the stored file `name` is what its last upload left, as long as no other has been
    /// accepted.
    pub fn old_file(&mut self, now: Duration, name: &str, store: &MemoryStore) {
        let upload = self.uploads.entry(FileName::of(name));
        if upload.accepted > upload.closed {
            upload.left = None;
        }
        if upload.left.is_some_and(|left| left != hash_of(name, store)) {
            upload.left = None;
            let seen = "a stored file has changed, and no upload in its place was accepted";
            let (side, about) = (Side::Server, About::Other);
            let seen = seen.to_owned();
            self.breach(Breach { law: OLD, at: now, side, emission: None, seen, about });
        }
    }
}

/// No transfer left something else than a prefix of its source.
pub(super) fn prefix(facts: &Facts<'_>, breaches: &mut Vec<Breach>) {
    for (transfer, report) in facts.transfers.iter().zip(facts.reports) {
        if transfer.file == FileState::Other {
            let seen =
                format!("{}: {} bytes that were not sent so", transfer.task, transfer.stored);
            breaches.push(of_transfer(PREFIX, facts, (transfer, report), seen));
        }
    }
}

/// Success means all of it.
pub(super) fn success(facts: &Facts<'_>, breaches: &mut Vec<Breach>) {
    let tasks = facts.tasks.iter().filter(|task| task.is_transfer());
    for (task, (transfer, report)) in tasks.zip(facts.transfers.iter().zip(facts.reports)) {
        let said = match report.direction {
            Direction::Download => transfer.told == Told::Success,
            Direction::Upload => {
                let path = task.uploads().unwrap_or_default();
                let same = |other: &&Task| other.uploads() == Some(path);
                let only = facts.tasks.iter().filter(same).count() == 1;
                let name = FileName::of(path);
                let mut uploads = facts.evidence.uploads.0.iter();
                let completed = uploads.any(|it| it.name == name && it.completed > 0);
                let heard = report.reply.as_ref().is_some_and(|it| (200..300).contains(&it.code));
                heard || (only && completed)
            }
        };
        // Other bytes are the prefix law's.
        let whole = matches!(transfer.file, FileState::Whole | FileState::Other);
        if !said || whole || fin_came_early(facts, report.direction, transfer.to_send, report.data)
        {
            continue;
        }
        let verb = if matches!(task, Task::Put(_)) { "2yz to" } else { "success told of" };
        let (stored, sent) = (transfer.stored, transfer.sent);
        let seen = format!("{verb} {}, and {stored} of {sent} bytes are there", transfer.task);
        breaches.push(of_transfer(SUCCESS, facts, (transfer, report), seen));
    }
}

/// Whether the sender's own FIN says that fewer bytes are all.
fn fin_came_early(
    facts: &Facts<'_>,
    direction: Direction,
    sent: u64,
    data: Option<(std::net::SocketAddr, std::net::SocketAddr)>,
) -> bool {
    let Some((client, server)) = data else { return false };
    let key = match direction {
        Direction::Upload => Key(Side::Client, client.port(), server.port()),
        Direction::Download => Key(Side::Server, server.port(), client.port()),
    };
    let fin = facts.evidence.connections.get(key).and_then(|known| known.fin_after);
    fin.is_some_and(|after| u64::from(after) < sent)
}

fn hash_of(name: &str, store: &MemoryStore) -> u128 {
    store.get(name).map_or(0, xxh3_128)
}

fn receiver(direction: Direction) -> Side {
    match direction {
        Direction::Upload => Side::Server,
        Direction::Download => Side::Client,
    }
}

fn of_transfer(
    law: &'static str,
    facts: &Facts<'_>,
    (transfer, report): (&TransferOutcome, &TransferReport),
    seen: String,
) -> Breach {
    let about = if transfer.resumes_another { About::ResumedAnother } else { About::Other };
    let side = receiver(report.direction);
    Breach { law, at: facts.now, side, emission: None, seen, about }
}
