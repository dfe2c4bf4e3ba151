//! `shard_file` owns the summary file of a shard: which search, which part, and what was counted. The
//! file is written whole or not at all, and one process at a time writes it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::explore_counts::ExploreCounts;
use super::sweep_counts::SweepCounts;
use super::{Identity, ResultsError};
use crate::search::shard::Shard;

/// The version of the summary file.
const VERSION: u32 = 1;

/// The summary of a shard of a search, or of a whole search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShardFile {
    /// The version of the file.
    halfclose_summary: u32,
    /// The identity of the search: program version, format of rows, hash of scenario and settings.
    pub(crate) search: String,
    /// The words behind `halfclose run` that select the scenario.
    pub(crate) words: String,
    /// Every option that decides a count or a row.
    pub(crate) options: Vec<String>,
    /// The part, as `I/N`.
    shard: String,
    /// Whether every run of the part was made.
    pub(crate) complete: bool,
    /// The names of the part's files; absent for a complete search in one part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) files: Option<Files>,
    /// The verdicts that count as findings, by name.
    pub(crate) fail_on: Vec<String>,
    /// The seed of the first run, and faults of the scenario that met no packet in the run.
    pub(crate) unmatched: (u64, Vec<String>),
    /// The counts of the runs.
    pub(crate) counts: Counts,
    /// A hash of the rest of the file.
    check: String,
}

/// The names of the files of a part, as the command line had the names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Files {
    /// The name of the summary file.
    pub(crate) summary: String,
    /// The name of the results file, if rows were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) out: Option<String>,
}

/// What a search counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Counts {
    /// The counts of a sweep.
    Sweep(SweepCounts),
    /// The counts of an exploration.
    Explore(ExploreCounts),
}

impl ShardFile {
    /// The summary of a part of a search that has no counts yet.
    pub(crate) fn new(
        (search, words): (&str, &str),
        options: &[String],
        shard: Shard,
        files: Option<Files>,
        counts: Counts,
    ) -> Self {
        Self {
            halfclose_summary: VERSION,
            search: search.to_owned(),
            words: words.to_owned(),
            options: options.to_vec(),
            shard: shard.to_string(),
            complete: false,
            files,
            fail_on: Vec::new(),
            unmatched: (0, Vec::new()),
            counts,
            check: String::new(),
        }
    }

    /// The part of the search.
    pub(crate) fn shard(&self) -> Shard {
        self.shard.parse().expect("`read` has parsed the shard, and `new` has written one")
    }

    /// Why this summary is not of the same part of the same search as `blank`; `None` if it is.
    pub(crate) fn is_no_part_like(&self, blank: &Self) -> Option<String> {
        if let Some(problem) = Identity::read(&blank.search).misfit(&self.search) {
            return Some(problem);
        }
        let place = |it: &Self| (it.command(), it.shard.clone(), it.options.clone());
        let (command, shard, options) = place(self);
        let options = options.join(" ");
        (place(self) != place(blank))
            .then(|| format!("is of shard {shard} of the {command} with {options}"))
    }

    /// The value of an option of the search.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        let at = self.options.iter().position(|option| option == name)?;
        self.options.get(at + 1).map(String::as_str)
    }

    /// The summary as the summary of the whole search.
    pub(crate) fn into_whole(mut self) -> Self {
        (self.shard, self.files) = (Shard::WHOLE.to_string(), None);
        self
    }

    /// The name of the command: `sweep` or `explore`.
    pub(crate) fn command(&self) -> &'static str {
        match self.counts {
            Counts::Sweep(_) => "sweep",
            Counts::Explore(_) => "explore",
        }
    }

    /// Reads the file at `path`; `None` if there is no file.
    ///
    /// # Errors
    /// The file cannot be read, is cut off or altered, or is no summary of this format.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, ResultsError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ResultsError::Unread { path: path.to_owned(), source }),
        };
        Self::parse(&bytes).map(Some).map_err(|problem| ResultsError::summary(path, problem))
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            halfclose_summary: u32,
        }
        let version = serde_json::from_slice::<Version>(bytes).map(|it| it.halfclose_summary);
        if let Some(other) = version.ok().filter(|version| *version != VERSION) {
            return Err(format!("is a summary of format {other}, and this program has {VERSION}"));
        }
        let read = serde_json::from_slice::<Self>(bytes);
        let file = read.map_err(|_| "is cut off, or no summary of a search (--summary)")?;
        let text = Self { check: String::new(), ..file.clone() }.text();
        let sound = file.check == format!("{:016x}", xxh3_64(text.as_bytes()));
        if !sound || file.shard.parse::<Shard>().is_err() {
            return Err("was altered: the hash at the end does not fit".to_owned());
        }
        Ok(file)
    }

    fn text(&self) -> String {
        let mut text = serde_json::to_string(self).expect("keys are text");
        text.push('\n');
        text
    }

    /// The bytes of the file.
    pub(super) fn sealed(&self) -> String {
        let mut file = Self { check: String::new(), ..self.clone() };
        // A whole search is the same under any name.
        file.files = file.files.filter(|_| self.shard() != Shard::WHOLE || !self.complete);
        file.check = format!("{:016x}", xxh3_64(file.text().as_bytes()));
        file.text()
    }

    /// Writes the summary to `path` under a temporary name, then renames the file.
    ///
    /// # Errors
    /// The disk does not take the file; a file that was there stays.
    pub(crate) fn write(&self, path: &Path) -> Result<(), ResultsError> {
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let temporary = beside(&target, "tmp");
        let write = || {
            let mut file = File::create(&temporary)?;
            file.write_all(self.sealed().as_bytes())?;
            // The name must not reach the disk before the bytes.
            file.sync_data()?;
            fs::rename(&temporary, &target)
        };
        write().map_err(|source| {
            let _ = fs::remove_file(&temporary);
            ResultsError::Io { path: path.to_owned(), source }
        })
    }
}

/// `.NAME.kind` in the folder of `path`.
fn beside(path: &Path, kind: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{kind}"))
}

/// The right to write a summary file, held by one process at a time.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the right to write `path`, by a locked file beside `path`. The system frees the lock of a
    /// killed process.
    ///
    /// # Errors
    /// Another process has the right, or the folder takes no file.
    pub(crate) fn take(path: &Path) -> Result<Self, ResultsError> {
        let failed = |source| ResultsError::Io { path: path.to_owned(), source };
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(failed(io::Error::other("it is not a regular file")));
        }
        let name = beside(&path.canonicalize().unwrap_or_else(|_| path.to_owned()), "lock");
        loop {
            let mut options = OpenOptions::new();
            let file = options.write(true).create(true).truncate(false).open(&name);
            let file = file.map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(ResultsError::Busy(path.to_owned())),
                // Where there are no locks, no other process holds one.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            // The process before may have removed the file between our open and our lock.
            if same(&file, &name) {
                return Ok(Self { path: name, _file: file });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The file is still locked here, so no other process loses its file.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether `path` still names this file.
#[cfg(unix)]
fn same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(ours), Ok(there)) = (file.metadata(), path.metadata()) else { return false };
    (ours.dev(), ours.ino()) == (there.dev(), there.ino())
}

#[cfg(not(unix))]
fn same(_: &File, _: &Path) -> bool {
    true
}
