//! `workload` holds the bytes of a scenario's files, made or read once and shared by all its runs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::Rng;

use crate::scenario::{Content, File, Scenario, Task};
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
}

impl Workload {
    /// Make or read every file of `scenario`.
    ///
    /// # Errors
    /// A file of the user's cannot be read.
    pub fn load(scenario: &Scenario) -> Result<Self, Unreadable> {
        let mut contents: Vec<Arc<[u8]>> = Vec::new();
        for (index, task) in scenario.tasks.iter().enumerate() {
            let content = match (task.file(), scenario.earlier_put(index)) {
                (Some(_), Some(put)) if matches!(task, Task::Get(_)) => Arc::clone(&contents[put]),
                (Some(file), _) => load(file)?,
                (None, _) => Arc::default(),
            };
            contents.push(content);
        }
        Ok(Self { contents })
    }

    /// The bytes that task `index` moves (none, if it moves no file).
    #[must_use]
    pub fn content(&self, index: usize) -> &Arc<[u8]> {
        &self.contents[index]
    }
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
