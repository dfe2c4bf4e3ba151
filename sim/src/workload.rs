//! `workload` owns the tasks of every client and the bytes of their files, shared by all clients
//! and all runs. The `source` module reads or generates the bytes.

mod mentions;
mod source;
mod text;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use halfclose_ftp::Representation;
use halfclose_ftp::store::{FileContent, FileSource};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::scenario::catalogue::read_file;
use crate::scenario::{Content, File, Origin, Scenario, Task, WriteMode};
use mentions::Mentions;
use source::{Disk, Generated};
pub use source::{Held, SIZE_MAX};
pub(crate) use text::received;

/// A file of the user's that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("do.file: cannot read `{}`: {error}", path.display())]
pub struct Unreadable {
    /// Path of the file.
    pub path: PathBuf,
    /// Cause of the failure.
    pub error: io::Error,
}

/// The tasks of every client, and the bytes of their files. A task has an index: the tasks of the
/// first client come first.
#[derive(Clone, Debug)]
pub struct Workload {
    tasks: Vec<Task>,
    mentions: Mentions,
    /// How many tasks each client has.
    each: usize,
    /// The origins of the files of the first client.
    origins: Vec<Origin>,
    /// The payloads of the first client's tasks. The files of later clients have the same bytes.
    moved: Vec<Payload>,
    /// The sources of all files.
    known: Arc<[FileSource]>,
    /// The sources that are read during a run.
    disks: Vec<Arc<Disk>>,
}

/// The files of a task.
#[derive(Clone, Debug, Default)]
struct Payload {
    content: FileContent,
    /// The content as the receiver stores the content.
    received: FileContent,
    /// The hash of `received`, computed on first use.
    hash: OnceLock<u128>,
    /// Bytes of the content on the wire.
    on_the_way: u64,
    /// The receiver's file before the run.
    before: Option<FileContent>,
}

impl Workload {
    /// Make, read or open every file of `scenario`.
    ///
    /// # Errors
    /// A file of the user's cannot be read.
    pub fn load(scenario: &Scenario) -> Result<Self, Unreadable> {
        Self::load_holding(scenario, Held::default())
    }

    /// Load every file, with other limits for the bytes held in memory. The limits change no run.
    ///
    /// # Errors
    /// As `load`.
    pub fn load_holding(scenario: &Scenario, held: Held) -> Result<Self, Unreadable> {
        let is_text = scenario.client.representation == Representation::Ascii;
        let mut sources = Sources::new(scenario, held);
        let mut all: Vec<Payload> = Vec::new();
        // The file that each upload leaves at the server.
        let mut images: Vec<FileContent> = Vec::new();
        let origins = Mentions::origins(&scenario.tasks);
        for (index, task) in scenario.tasks.iter().enumerate() {
            let earlier = match origins[index] {
                Origin::Put(put) => Some(&images[put]),
                Origin::Get(get) => Some(&all[get].content),
                Origin::Taken | Origin::Before => None,
            };
            let content = match (task, task.file(), earlier) {
                (Task::Get(_), _, Some(image)) => image.clone(),
                (_, Some(file), _) => sources.content(file)?,
                (_, None, _) => FileContent::default(),
            };
            let before = task.file().and_then(|file| sources.before(file, &content));
            let (received, on_the_way) = match is_text {
                true => received(&content).map_err(|_| sources.unreadable())?,
                false => (content.clone(), content.size()),
            };
            images.push(match task {
                Task::Put(File { mode: WriteMode::Append, .. }) => {
                    let mut image = earlier.or(before.as_ref()).cloned().unwrap_or_default();
                    image.join(&received);
                    image
                }
                _ => received.clone(),
            });
            let hash = OnceLock::new();
            all.push(Payload { content, received, hash, on_the_way, before });
        }
        let mut known: Vec<FileSource> = Vec::new();
        let images =
            all.iter().flat_map(|it| [Some(&it.received), Some(&it.content), it.before.as_ref()]);
        for source in images.flatten().flat_map(FileContent::sources) {
            if !known.iter().any(|other| other.is(source)) {
                known.push(source.clone());
            }
        }
        let tasks = scenario.tasks_of_all_clients();
        Ok(Self {
            mentions: Mentions::new(&tasks),
            tasks,
            each: scenario.tasks.len(),
            origins,
            moved: all,
            known: known.into(),
            disks: sources.disks,
        })
    }

    /// Check that the user's files did not change while runs read them. Otherwise the runs are
    /// worthless.
    ///
    /// # Errors
    /// A file has changed, or could not be read.
    pub fn verify(&self) -> Result<(), Unreadable> {
        verify(&self.disks)
    }

    /// The tasks of all clients: the tasks of the first client, then the tasks of the second, and
    /// so on.
    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// The tasks of client `client`, counted from 1.
    #[must_use]
    pub fn tasks_of(&self, client: usize) -> Range<usize> {
        (client - 1) * self.each..client * self.each
    }

    /// The client, counted from 1, whose task `index` is.
    #[must_use]
    pub fn client_of(&self, index: usize) -> usize {
        index / self.each + 1
    }

    /// All tasks of the client of task `index`. The files of these tasks concern no other client.
    #[must_use]
    pub fn beside(&self, index: usize) -> Range<usize> {
        self.tasks_of(self.client_of(index))
    }

    /// The origin of the file that task `index` finds under its name at the server.
    #[must_use]
    pub fn origin(&self, index: usize) -> Origin {
        let start = index - index % self.each;
        match self.origins[index - start] {
            Origin::Put(put) => Origin::Put(start + put),
            Origin::Get(get) => Origin::Get(start + get),
            other => other,
        }
    }

    /// The tasks `within` a range that name `path`, on either side, in order.
    #[must_use]
    pub fn naming(&self, path: &str, within: Range<usize>) -> &[usize] {
        self.mentions.of(path, within)
    }

    /// The tasks `within` a range that rename a file, in order.
    #[must_use]
    pub fn renaming(&self, within: Range<usize>) -> &[usize] {
        self.mentions.renames(within)
    }

    /// The place of `task` among the tasks that move a file or a listing, and among their reports.
    #[must_use]
    pub fn report_of(&self, task: usize) -> usize {
        self.mentions.transfers_before(task)
    }

    fn moved(&self, index: usize) -> &Payload {
        &self.moved[index % self.each]
    }

    /// The bytes that task `index` moves; empty if the task moves no file.
    #[must_use]
    pub fn content(&self, index: usize) -> &FileContent {
        &self.moved(index).content
    }

    /// Number of bytes that all tasks of all clients move.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let one: u64 = self.moved.iter().map(|moved| moved.content.size()).sum();
        one * (self.tasks.len() / self.each.max(1)) as u64
    }

    /// Number of bytes held in memory: the files of one client, because all clients have the same
    /// bytes.
    #[must_use]
    pub fn held(&self) -> u64 {
        let here = |known: &FileSource| matches!(known, FileSource::Here(_)).then(|| known.size());
        self.known.iter().filter_map(here).sum()
    }

    /// Number of the user's files held open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.disks.len()
    }

    /// The sources of all files.
    #[must_use]
    pub fn known(&self) -> &Arc<[FileSource]> {
        &self.known
    }

    /// The content of task `index` as the receiver stores the content: lines of a text end with LF.
    #[must_use]
    pub fn received(&self, index: usize) -> &FileContent {
        &self.moved(index).received
    }

    /// The hash of `image`, which is probably the received content of task `index`.
    #[must_use]
    pub fn hash(&self, index: usize, image: &FileContent) -> u128 {
        let Payload { received, hash, .. } = self.moved(index);
        match image.is(received) {
            true => *hash.get_or_init(|| fingerprint(image, image.size())),
            false => fingerprint(image, image.size()),
        }
    }

    /// The file under the name that task `index` writes, before the run.
    #[must_use]
    pub fn before(&self, index: usize) -> Option<&FileContent> {
        self.moved(index).before.as_ref()
    }

    /// How many bytes all of task `index` is on the way: a text's lines end with CR LF there.
    #[must_use]
    pub fn on_the_way(&self, index: usize) -> u64 {
        self.moved(index).on_the_way
    }
}

fn verify(disks: &[Arc<Disk>]) -> Result<(), Unreadable> {
    disks.iter().try_for_each(|disk| {
        disk.verify().map_err(|error| Unreadable { path: disk.path.clone(), error })
    })
}

/// The hash (XXH3) of the first `length` bytes of a file, or of the whole file. An unreadable file
/// has the hash 0: `Workload::verify` reports the file.
#[must_use]
pub(crate) fn fingerprint(image: &FileContent, length: u64) -> u128 {
    let length = length.min(image.size());
    if let Some(bytes) = image.as_slice() {
        return xxh3_128(&bytes[..usize::try_from(length).unwrap_or(bytes.len())]);
    }
    let mut hash = Xxh3::new();
    image.each(0, length, |bytes| hash.update(bytes)).map_or(0, |()| hash.digest128())
}

/// Where the files of a scenario come from: each is there once.
struct Sources<'a> {
    held: Held,
    /// The generated source as long as the longest generated file, and the source of files before
    /// the run.
    generated: [FileSource; 2],
    read: Vec<(&'a Path, FileSource)>,
    disks: Vec<Arc<Disk>>,
}

impl<'a> Sources<'a> {
    fn new(scenario: &'a Scenario, held: Held) -> Self {
        let files = || scenario.tasks.iter().filter_map(Task::file);
        let contents = files().filter_map(|file| match file.content {
            Content::Generated(size) => Some(size),
            Content::Path(_) => None,
        });
        let before =
            files().filter(|file| file.mode != WriteMode::Resume).filter_map(|file| file.before);
        let known = |which, longest: Option<u64>| {
            Generated { which, size: longest.unwrap_or_default() }.known(held.generated)
        };
        let generated = [known(0, contents.max()), known(1, before.max())];
        Self { held, generated, read: Vec::new(), disks: Vec::new() }
    }

    fn content(&mut self, file: &'a File) -> Result<FileContent, Unreadable> {
        let path = match &file.content {
            Content::Generated(size) => {
                return Ok(FileContent::of(self.generated[0].clone(), *size));
            }
            Content::Path(path) => &**path,
        };
        if let Some((_, known)) = self.read.iter().find(|(read, _)| *read == path) {
            return Ok(FileContent::of(known.clone(), u64::MAX));
        }
        let known = self.open(path);
        let known = known.map_err(|error| Unreadable { path: path.to_owned(), error })?;
        self.read.push((path, known.clone()));
        Ok(FileContent::of(known, u64::MAX))
    }

    fn open(&mut self, path: &Path) -> io::Result<FileSource> {
        if std::fs::metadata(path)?.len() <= self.held.read {
            return Ok(FileSource::Here(read_file(path, SIZE_MAX)?.into()));
        }
        let disk = Arc::new(Disk::open(path)?);
        self.disks.push(Arc::clone(&disk));
        Ok(FileSource::There(disk))
    }

    /// Why a file could not be read.
    fn unreadable(&self) -> Unreadable {
        let failed = verify(&self.disks).err();
        failed.expect("only a file of the user's can fail, and remembers the failure")
    }

    fn before(&self, file: &File, content: &FileContent) -> Option<FileContent> {
        let size = file.before?;
        Some(match file.mode {
            // The first bytes of the file itself (a file of the user's may be shorter).
            WriteMode::Resume => content.first(size),
            WriteMode::Replace | WriteMode::Append => {
                FileContent::of(self.generated[1].clone(), size)
            }
        })
    }
}
