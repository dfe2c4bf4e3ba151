//! `results` owns the results file of a sweep: a line for each run, as JSON or as CSV, in the order of the
//! runs. Every line names the sweep, so a truncated file is continued, the files of all shards
//! together are the file of the whole sweep, and lines of different sweeps are never mixed.

#![cfg_attr(
    not(feature = "cli"),
    allow(
        dead_code,
        unused_imports,
        reason = "only the command merges shards and explores into files"
    )
)]

mod compressed;
mod explore_counts;
mod explore_record;
mod file_check;
mod line_writer;
pub(crate) mod merged;
mod merged_rows;
mod row;
mod row_template;
mod shard_file;
mod sibling_names;
mod sweep_counts;

pub(crate) use explore_counts::ExploreCounts;
pub(crate) use explore_record::ExploreRecord;
pub(crate) use line_writer::LineWriter;
pub(crate) use row::{Identity, Line};
pub(crate) use row_template::RowTemplate;
pub(crate) use shard_file::{Counts, Files, Lock, ShardFile};
pub(crate) use sweep_counts::{SweepCounts, law as law_named};

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::run::RunError;
use crate::search::tally::Counted;
use file_check::FileCheck;

/// The format of a line, by the extension of the file's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A JSON object on each line.
    #[default]
    JsonLines,
    /// RFC 4180, but lines end with LF alone, with the names of the columns above the first run of
    /// the whole sweep.
    Csv,
}

/// The reason why a results file is refused.
#[derive(Debug, Error)]
pub enum ResultsError {
    /// The name of the file has no known extension.
    #[error("`{}` ends in neither .jsonl nor .csv (nor .jsonl.zst nor .csv.zst)", .0.display())]
    Format(PathBuf),
    /// The file cannot be opened, read or written.
    #[error("cannot write `{}`: {source}", path.display())]
    Io {
        /// The path of the file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Unread {
        /// The path of the file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Another sweep has the file open for writing.
    #[error("`{}` is being written by another sweep", .0.display())]
    Busy(PathBuf),
    /// The file holds lines that are not the first lines of this sweep.
    #[error("`{}` line {line} {problem}: name another file, or remove this one", path.display())]
    Foreign {
        /// The path of the file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: u64,
        /// The difference from the line of this sweep.
        problem: String,
    },
    /// A summary file is no part of this search, or of the other summaries.
    #[error("`{}` {problem}", path.display())]
    Summary {
        /// The path of the file.
        path: PathBuf,
        /// What is wrong with the file, and what would be right.
        problem: String,
    },
    /// The runs cannot be made.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl ResultsError {
    /// The error for a summary file.
    pub(crate) fn summary(path: &Path, problem: impl Into<String>) -> Self {
        Self::Summary { path: path.to_owned(), problem: problem.into() }
    }
}

/// A results file, open at the end.
#[derive(Debug)]
pub(crate) struct Results {
    path: PathBuf,
    file: File,
    /// Lines of the frame that is not written yet; `None`: the file is not compressed.
    frame: Option<Vec<u8>>,
}

/// The lines that a sweep is going to write.
pub(crate) struct Plan<'a> {
    /// The identity of the sweep.
    pub identity: &'a Identity,
    /// The format of the lines.
    pub format: Format,
    /// The numbers of the runs, counted over the whole sweep.
    pub rows: Range<u64>,
    /// The seed of a run by its number.
    pub seed: &'a dyn Fn(u64) -> u64,
    /// The line of a run by the number of the run, which is made for the line.
    pub line: &'a dyn Fn(u64) -> Vec<u8>,
    /// The number of lines that a summary counts, where only some runs have a line; `None`: every
    /// run has a line.
    pub chosen: Option<u64>,
}

impl Format {
    /// The format by the extension of a file's name.
    ///
    /// # Errors
    /// The extension is unknown.
    pub fn of(path: &Path) -> Result<Self, ResultsError> {
        let inner =
            if is_zstd(path) { Path::new(path.file_stem().unwrap_or_default()) } else { path };
        match inner.extension().and_then(|extension| extension.to_str()) {
            Some("jsonl" | "ndjson") => Ok(Self::JsonLines),
            Some("csv") => Ok(Self::Csv),
            _ => Err(ResultsError::Format(path.to_owned())),
        }
    }
}

/// Whether the name of a file says that the file is compressed with zstd.
fn is_zstd(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "zst")
}

impl Results {
    /// Opens `path` behind the existing lines of this sweep, and calls `known` for each existing
    /// line. A line that was cut off at the end is removed. A file with any line of a different
    /// sweep is not changed.
    ///
    /// # Errors
    /// The file cannot be written, or holds something other than lines of this sweep.
    pub(crate) fn open(
        path: &Path,
        plan: &Plan<'_>,
        mut known: impl FnMut(u64, &Counted),
    ) -> Result<Self, ResultsError> {
        let failed = |source| ResultsError::Io { path: path.to_owned(), source };
        // A pipe or a device cannot be read back.
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(failed(io::Error::other("it is not a regular file")));
        }
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let mut file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ResultsError::Busy(path.to_owned())),
            // Where there are no locks, nobody holds one.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let frame = is_zstd(path).then(Vec::new);
        let kept = FileCheck::new(path, plan, &mut known).file(BufReader::new(&file))?;
        file.set_len(kept).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut results = Self { path: path.to_owned(), file, frame };
        if kept == 0 && plan.format == Format::Csv && plan.rows.contains(&0) {
            results.write(&row::csv_head())?;
        }
        Ok(results)
    }

    /// Writes whole lines. Of a compressed file, the last lines may stay in memory.
    ///
    /// # Errors
    /// The disk does not take the lines; the file then has the lines that the disk took wholly.
    pub(crate) fn write(&mut self, lines: &[u8]) -> Result<(), ResultsError> {
        if self.frame.is_some() {
            // A frame ends behind a line, however many lines come at once.
            for line in lines.split_inclusive(|byte| *byte == b'\n') {
                self.add_to_frame(line)?;
            }
            return Ok(());
        }
        self.append(lines, |lines, written| {
            lines[..written].iter().rev().take_while(|byte| **byte != b'\n').count()
        })
    }

    /// Adds a line to the frame, and writes a frame that is long enough.
    fn add_to_frame(&mut self, line: &[u8]) -> Result<(), ResultsError> {
        let frame = self.frame.get_or_insert_default();
        frame.extend_from_slice(line);
        if frame.len() < compressed::FRAME { Ok(()) } else { self.flush() }
    }

    /// Writes the lines that are still in memory.
    ///
    /// # Errors
    /// The disk does not take the lines.
    pub(crate) fn flush(&mut self) -> Result<(), ResultsError> {
        let Some(lines) = self.frame.as_mut().map(std::mem::take) else { return Ok(()) };
        match lines.is_empty() {
            true => Ok(()),
            false => self.append(&compressed::frame(&lines), |_, written| written),
        }
    }

    /// Waits until the lines are on the disk: a summary must not count lines that a crash of the
    /// system would lose.
    ///
    /// # Errors
    /// The disk does not take the lines.
    pub(crate) fn sync(&mut self) -> Result<(), ResultsError> {
        self.flush()?;
        let failed = |source| ResultsError::Io { path: self.path.clone(), source };
        self.file.sync_data().map_err(failed)
    }

    /// Writes bytes behind the others. `half` gives the number of the last bytes to take away after
    /// the disk took only the first ones.
    fn append(
        &mut self,
        lines: &[u8],
        half: impl FnOnce(&[u8], usize) -> usize,
    ) -> Result<(), ResultsError> {
        let Some((written, source)) = write_all(&mut self.file, lines) else { return Ok(()) };
        let half = half(lines, written);
        // A half line that stays after all is taken away when the file is gone on with.
        let _ = self.file.stream_position().and_then(|end| self.file.set_len(end - half as u64));
        Err(ResultsError::Io { path: self.path.clone(), source })
    }
}

/// Reads `bytes` as the results file that a sweep of `rows` runs, whose lines name the sweep
/// `sweep`, goes on with; `line` gives the line of a run. The seed of a run is the number of the
/// run, and `path` tells the format. Returns the number of bytes that stay, and the number of runs
/// read.
///
/// # Errors
/// The file holds anything but the beginning of the sweep.
pub fn read_rows(
    path: &Path,
    bytes: &[u8],
    (sweep, rows): (&str, u64),
    line: &dyn Fn(u64) -> Vec<u8>,
) -> Result<(u64, u64), ResultsError> {
    let (identity, seed) = (Identity::read(sweep), |run| run);
    let format = Format::of(path)?;
    let plan = Plan { identity: &identity, format, rows: 0..rows, seed: &seed, line, chosen: None };
    let mut runs = 0;
    let mut known = |_, _: &Counted| runs += 1;
    let kept = FileCheck::new(path, &plan, &mut known).file(bytes)?;
    Ok((kept, runs))
}

/// Reads `bytes` as the summary file of a search. Returns the bytes of the same summary as written.
///
/// # Errors
/// The bytes are no summary, or were altered; the error says the problem.
pub fn read_summary(bytes: &[u8]) -> Result<Vec<u8>, String> {
    ShardFile::parse(bytes).map(|summary| summary.sealed().into_bytes())
}

/// Writes all bytes. On failure returns the number of bytes written, and the error.
fn write_all(to: &mut impl Write, bytes: &[u8]) -> Option<(usize, io::Error)> {
    let mut written = 0;
    while written < bytes.len() {
        match to.write(&bytes[written..]) {
            Ok(0) => return Some((written, io::ErrorKind::WriteZero.into())),
            Ok(more) => written += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Some((written, error)),
        }
    }
    None
}
