//! `workload` is what there is to do: the tasks of every client, and the bytes of their files, made or
//! read once and shared by all clients and all runs.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use halfclose_ftp::Representation;
use rand::Rng;

use crate::scenario::{Content, File, How, Origin, Scenario, Task};
use crate::seed::{Purpose, stream};

/// A file of the user's that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("do.file: cannot read `{}`: {error}", path.display())]
pub struct Unreadable {
    /// Where it should be.
    pub path: PathBuf,
    /// Why not.
    pub error: io::Error,
}

/// The tasks of every client, and the bytes of their files. A task is known by its index: the first
/// client's tasks come first.
#[derive(Clone, Debug)]
pub struct Workload {
    tasks: Vec<Task>,
    /// How many tasks each client has.
    each: usize,
    /// The bytes of the first client's files: the others' have the same.
    contents: Vec<Arc<[u8]>>,
    /// The same as the receiver is to have it.
    received: Vec<Arc<[u8]>>,
    /// What is there before.
    before: Vec<Option<Arc<[u8]>>>,
    /// They are transferred as text.
    text: bool,
}

impl Workload {
    /// Make or read every file of `scenario`.
    ///
    /// # Errors
    /// A file of the user's cannot be read.
    pub fn load(scenario: &Scenario) -> Result<Self, Unreadable> {
        let text = scenario.client.representation == Representation::Ascii;
        let mut all = Self {
            tasks: scenario.everybodys_tasks(),
            each: scenario.tasks.len(),
            contents: Vec::new(),
            received: Vec::new(),
            before: Vec::new(),
            text,
        };
        // What each upload leaves at the server.
        let mut images: Vec<Arc<[u8]>> = Vec::new();
        for (index, task) in scenario.tasks.iter().enumerate() {
            let put = Origin::of(&scenario.tasks, index).put();
            let earlier = put.map(|put| Arc::clone(&images[put]));
            let content = match (task, task.file(), &earlier) {
                (Task::Get(_), _, Some(image)) => Arc::clone(image),
                (_, Some(file), _) => load(file)?,
                (_, None, _) => Arc::default(),
            };
            let received = if text { as_text(&content) } else { Arc::clone(&content) };
            let before = task.file().and_then(|file| before(file, &content));
            images.push(match task {
                Task::Put(File { how: How::Append, .. }) => {
                    let there = earlier.or_else(|| before.clone()).unwrap_or_default();
                    there.iter().chain(received.iter()).copied().collect()
                }
                _ => Arc::clone(&received),
            });
            all.contents.push(content);
            all.received.push(received);
            all.before.push(before);
        }
        Ok(all)
    }

    /// What everybody is asked to do: all tasks of the first client, then those of the second.
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

    /// All tasks of the client whose task `index` is: no other client's have to do with its files.
    #[must_use]
    pub fn beside(&self, index: usize) -> Range<usize> {
        self.tasks_of(self.client_of(index))
    }

    /// Where what task `index` finds under its name at the server comes from.
    #[must_use]
    pub fn origin(&self, index: usize) -> Origin {
        let mine = self.beside(index);
        match Origin::of(&self.tasks[mine.clone()], index - mine.start) {
            Origin::Put(put) => Origin::Put(mine.start + put),
            other => other,
        }
    }

    /// The bytes that task `index` moves (none, if it moves no file).
    #[must_use]
    pub fn content(&self, index: usize) -> &Arc<[u8]> {
        &self.contents[index % self.each]
    }

    /// The bytes that all tasks of all clients move.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let one: u64 = self.contents.iter().map(|content| content.len() as u64).sum();
        one * (self.tasks.len() / self.each.max(1)) as u64
    }

    /// The bytes of files that it holds in memory: those of one client, for all have the same.
    #[must_use]
    pub fn held(&self) -> u64 {
        let before = self.before.iter().flatten();
        self.contents.iter().chain(before).map(|bytes| bytes.len() as u64).sum()
    }

    /// The same as the receiver is to have it: a text's lines end with LF there.
    #[must_use]
    pub fn received(&self, index: usize) -> &Arc<[u8]> {
        &self.received[index % self.each]
    }

    /// What is where task `index` will write, before the run.
    #[must_use]
    pub fn before(&self, index: usize) -> Option<&Arc<[u8]>> {
        self.before[index % self.each].as_ref()
    }

    /// How many bytes all of task `index` is on the way: a text's lines end with CR LF there.
    #[must_use]
    pub fn on_the_way(&self, index: usize) -> u64 {
        let content = self.content(index);
        if !self.text {
            return content.len() as u64;
        }
        let bare = |at: usize| content[at] == b'\n' && (at == 0 || content[at - 1] != b'\r');
        (content.len() + (0..content.len()).filter(|at| bare(*at)).count()) as u64
    }
}

fn as_text(content: &[u8]) -> Arc<[u8]> {
    let cr = |at: usize| content[at] == b'\r' && content.get(at + 1) == Some(&b'\n');
    (0..content.len()).filter(|at| !cr(*at)).map(|at| content[at]).collect()
}

fn before(file: &File, content: &[u8]) -> Option<Arc<[u8]>> {
    let size = usize::try_from(file.before?).expect("sizes are checked when a scenario is read");
    Some(match file.how {
        // The first bytes of the file itself (a file of the user's may be shorter).
        How::Resume => content[..size.min(content.len())].into(),
        How::Over | How::Append => {
            let mut bytes = vec![0; size];
            stream(1, Purpose::Content).fill_bytes(&mut bytes);
            bytes.into()
        }
    })
}

fn load(file: &File) -> Result<Arc<[u8]>, Unreadable> {
    match &file.content {
        Content::Generated(size) => Ok(generate(*size).into()),
        Content::Path(path) => match read_file(path, SIZE_MAX) {
            Ok(bytes) => Ok(bytes.into()),
            Err(error) => Err(Unreadable { path: path.clone(), error }),
        },
    }
}

/// The largest file that is moved: its bytes are in memory on both sides.
pub const SIZE_MAX: u64 = 1 << 30;

/// All of a regular file of at most `limit` bytes: a device or a pipe may never end.
pub(crate) fn read_file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let found = std::fs::metadata(path)?;
    if found.is_dir() {
        return Err(io::Error::other("it is a directory"));
    }
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if found.len() > limit {
        let problem = format!("it is {} bytes long, more than {limit}", found.len());
        return Err(io::Error::other(problem));
    }
    std::fs::read(path)
}

/// Bytes that no prefix of theirs repeats: the same in every run, whatever its seed.
fn generate(size: u64) -> Vec<u8> {
    let size = usize::try_from(size).expect("sizes are checked when a scenario is read");
    let mut bytes = vec![0; size];
    stream(0, Purpose::Content).fill_bytes(&mut bytes);
    bytes
}
