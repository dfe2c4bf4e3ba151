//! `workload` holds the bytes of a scenario's files, made or read once and shared by all its runs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use halfclose_ftp::Representation;
use rand::Rng;

use crate::scenario::{Content, File, How, Scenario, Task};
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

/// The bytes of a scenario's files, one for each task that moves one.
#[derive(Clone, Debug)]
pub struct Workload {
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
        let mut all = Self { contents: Vec::new(), received: Vec::new(), before: Vec::new(), text };
        // What each upload leaves at the server.
        let mut images: Vec<Arc<[u8]>> = Vec::new();
        for (index, task) in scenario.tasks.iter().enumerate() {
            let earlier = scenario.earlier_put(index).map(|put| Arc::clone(&images[put]));
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

    /// The bytes that task `index` moves (none, if it moves no file).
    #[must_use]
    pub fn content(&self, index: usize) -> &Arc<[u8]> {
        &self.contents[index]
    }

    /// The same as the receiver is to have it: a text's lines end with LF there.
    #[must_use]
    pub fn received(&self, index: usize) -> &Arc<[u8]> {
        &self.received[index]
    }

    /// What is where task `index` will write, before the run.
    #[must_use]
    pub fn before(&self, index: usize) -> Option<&Arc<[u8]>> {
        self.before[index].as_ref()
    }

    /// How many bytes all of task `index` is on the way: a text's lines end with CR LF there.
    #[must_use]
    pub fn on_the_way(&self, index: usize) -> u64 {
        let content = &self.contents[index];
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
