//! The laws of files: a stored file is a prefix of the sent file, success means the whole file, and
//! an old file stays until a new file is accepted. The judge compares the files, the dialogue gives
//! the replies, and the FIN gives the end of a stream.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use halfclose_ftp::report::Direction;
use halfclose_ftp::{MemoryStore, Told, TransferReport};

use super::connections::Endpoint;
use super::{About, Breach, Findings, Table, hash_table};
use crate::outcome::TransferOutcome;
use crate::scenario::Task;
use crate::side::Side;
use crate::terms::law_names::{OLD_FILE, PREFIX, SUCCESS};
use crate::verdict::FileState;
use crate::workload::fingerprint;

/// A file's name, as a number (FNV-1a).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

    pub(super) fn of(name: &str) -> Self {
        let mut it = Self::default();
        name.bytes().for_each(|byte| it.push(byte));
        it
    }
}

/// The evidence on the uploads to one name.
#[derive(Clone, Debug, Default, Hash)]
struct Upload {
    /// The control connection of the last STOR or APPE.
    by: u64,
    /// Number of STORs and APPEs with a 1yz reply.
    accepted: u32,
    /// Number of STORs and APPEs with a 2yz reply.
    completed: u32,
    /// Number of files closed under the name.
    closed: u32,
    /// The last file and its hash, if a later task writes the same name again.
    left: Option<(Arc<str>, u128)>,
}

/// The evidence on uploads, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Uploads(Table<FileName, Upload>);

impl Hash for Uploads {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_table(&self.0, state);
    }
}

impl Uploads {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn entry(&mut self, name: FileName) -> &mut Upload {
        self.0.entry(name).or_default()
    }

    /// The file of this name may change from now on.
    pub(super) fn forget(&mut self, name: FileName) {
        if let Some(upload) = self.0.get_mut(&name) {
            upload.left = None;
        }
    }

    /// Whether a file of this name waits for its replacement.
    pub(super) fn is_left(&self, name: FileName) -> bool {
        self.0.get(&name).is_some_and(|upload| upload.left.is_some())
    }

    /// A STOR or APPE of `name` came on control connection `by`.
    pub(super) fn asked(&mut self, name: FileName, by: u64) {
        self.entry(name).by = by;
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
    /// `side` has closed a file after writing; `again`: a later task writes the file once more.
    pub fn closed(&mut self, side: Side, name: &Arc<str>, again: bool, store: &mut MemoryStore) {
        if side == Side::Server {
            let file = FileName::of(name);
            let upload = self.uploads.entry(file);
            upload.closed += 1;
            upload.left = again.then(|| (Arc::clone(name), hash_of(name, store)));
            if again {
                self.dialogues.leaves(upload.by, file);
                self.liar.empties(name, store);
            }
        }
    }

    /// Check the stored files that commands since the last check may have changed. Each file must
    /// be the last upload's, as long as no other upload was accepted.
    #[inline]
    pub fn old_files(&mut self, now: Duration, store: &MemoryStore) {
        while let Some(name) = self.dialogues.due.pop() {
            self.old_file(now, name, store);
        }
    }

    fn old_file(&mut self, now: Duration, name: FileName, store: &MemoryStore) {
        let upload = self.uploads.entry(name);
        if upload.accepted > upload.closed {
            upload.left = None;
        }
        if upload.left.as_ref().is_some_and(|(name, left)| *left != hash_of(name, store)) {
            upload.left = None;
            let seen = "a stored file has changed, and no upload in its place was accepted";
            let (side, about) = (Side::Server, About::Other);
            let seen = seen.to_owned();
            self.breach(Breach { law: OLD_FILE, at: now, side, emission: None, seen, about });
        }
    }
}

/// Check that every transfer left a prefix of its source.
pub(super) fn prefix(findings: &Findings<'_>, breaches: &mut Vec<Breach>) {
    for (transfer, report) in findings.transfers.iter().zip(findings.reports) {
        if transfer.file == FileState::Other {
            let seen =
                format!("{}: {} bytes that were not sent so", transfer.task, transfer.stored);
            breaches.push(of_transfer(PREFIX, findings, (transfer, report), seen));
        }
    }
}

/// Check that every success means a whole file.
pub(super) fn success(findings: &Findings<'_>, breaches: &mut Vec<Breach>) {
    let tasks = findings.workload.tasks();
    let indices = (0..tasks.len()).filter(|index| tasks[*index].is_transfer());
    for (index, (transfer, report)) in indices.zip(findings.transfers.iter().zip(findings.reports))
    {
        let task = &tasks[index];
        let said = match report.direction {
            // A killed client program has told its user nothing.
            Direction::Download => transfer.told == Told::Success && !transfer.died,
            Direction::Upload => {
                let path = task.uploads().unwrap_or_default();
                let named = findings.workload.naming(path, findings.workload.beside(index));
                let same = |other: &&usize| tasks[**other].uploads() == Some(path);
                let only = named.iter().filter(same).count() == 1;
                let upload = findings.evidence.uploads.0.get(&FileName::of(path));
                let completed = upload.is_some_and(|upload| upload.completed > 0);
                let heard = report.reply.as_ref().is_some_and(|it| (200..300).contains(&it.code));
                heard || (only && completed)
            }
        };
        // The prefix law judges other bytes.
        let whole = matches!(transfer.file, FileState::Whole | FileState::Other);
        if !said
            || whole
            || fin_came_early(findings, report.direction, transfer.to_send, report.data)
        {
            continue;
        }
        let verb = if matches!(task, Task::Put(_)) { "2yz to" } else { "success told of" };
        let (stored, sent) = (transfer.stored, transfer.sent);
        let seen = format!("{verb} {}, and {stored} of {sent} bytes are there", transfer.task);
        breaches.push(of_transfer(SUCCESS, findings, (transfer, report), seen));
    }
}

/// Whether the sender's own FIN announced fewer bytes.
fn fin_came_early(
    findings: &Findings<'_>,
    direction: Direction,
    sent: u64,
    data: Option<(std::net::SocketAddr, std::net::SocketAddr)>,
) -> bool {
    let Some((client, server)) = data else { return false };
    let key = match direction {
        Direction::Upload => Endpoint(Side::Client, client.port(), server.port()),
        Direction::Download => Endpoint(Side::Server, server.port(), client.port()),
    };
    let fin = findings.evidence.connections.get(key).and_then(|known| known.fin_after);
    fin.is_some_and(|after| u64::from(after) < sent)
}

fn hash_of(name: &str, store: &MemoryStore) -> u128 {
    store.content(name).map_or(0, |image| fingerprint(image, image.size()))
}

fn receiver(direction: Direction) -> Side {
    match direction {
        Direction::Upload => Side::Server,
        Direction::Download => Side::Client,
    }
}

fn of_transfer(
    law: &'static str,
    findings: &Findings<'_>,
    (transfer, report): (&TransferOutcome, &TransferReport),
    seen: String,
) -> Breach {
    let about = if transfer.resumes_another { About::ResumedAnother } else { About::Other };
    let side = receiver(report.direction);
    Breach { law, at: findings.now, side, emission: None, seen, about }
}
