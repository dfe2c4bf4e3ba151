//! `results` owns the results file of a sweep: a line for each run, as JSON or as CSV, in the order of the
//! runs. Every line names the sweep, so a truncated file is continued, the files of all shards together
//! are the file of the whole sweep, and lines of different sweeps are never mixed.

mod line_writer;
mod row;
mod row_template;

pub(crate) use line_writer::LineWriter;
pub(crate) use row::{Identity, Line};
pub(crate) use row_template::RowTemplate;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::run::RunError;
use crate::search::tally::Counted;

/// The format of a line, by the extension of the file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON object on each line.
    JsonLines,
    /// RFC 4180, but lines end with LF alone, with the names of the columns above the first run of the whole sweep.
    Csv,
}

/// The reason why a results file is refused.
#[derive(Debug, Error)]
pub enum ResultsError {
    /// The name of the file has no known extension.
    #[error("`{}` ends in neither .jsonl nor .csv", .0.display())]
    Format(PathBuf),
    /// The file cannot be opened, read or written.
    #[error("cannot write `{}`: {source}", path.display())]
    Io {
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
    /// The runs cannot be made.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// A results file, open at the end.
#[derive(Debug)]
pub(crate) struct Results {
    path: PathBuf,
    file: File,
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
}

impl Format {
    /// The format by the extension of a file's name.
    ///
    /// # Errors
    /// The extension is unknown.
    pub fn of(path: &Path) -> Result<Self, ResultsError> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("jsonl" | "ndjson") => Ok(Self::JsonLines),
            Some("csv") => Ok(Self::Csv),
            _ => Err(ResultsError::Format(path.to_owned())),
        }
    }
}

impl Results {
    /// Open `path` behind the lines of this sweep that it holds already, and hand each of them to
    /// `known`. A line that was cut off at the end is taken away. Nothing is changed unless all of
    /// it is of this sweep.
    ///
    /// # Errors
    /// It cannot be written, or it holds something else.
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
        let kept = FileCheck { path, plan, line: 0 }.read(BufReader::new(&file), &mut known)?;
        file.set_len(kept).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut results = Self { path: path.to_owned(), file };
        if kept == 0 && plan.format == Format::Csv && plan.rows.contains(&0) {
            results.write(&row::csv_head())?;
        }
        Ok(results)
    }

    /// Write whole lines.
    ///
    /// # Errors
    /// The disk does not take them; then it has those of them that it took wholly.
    pub(crate) fn write(&mut self, lines: &[u8]) -> Result<(), ResultsError> {
        let Some((written, source)) = write_all(&mut self.file, lines) else { return Ok(()) };
        let half = lines[..written].iter().rev().take_while(|byte| **byte != b'\n').count();
        // A half line that stays after all is taken away when the file is gone on with.
        let _ = self.file.stream_position().and_then(|end| self.file.set_len(end - half as u64));
        Err(ResultsError::Io { path: self.path.clone(), source })
    }
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

/// Compares the lines of an existing file with a plan.
struct FileCheck<'a> {
    path: &'a Path,
    plan: &'a Plan<'a>,
    /// The number of the last line read, from 1.
    line: u64,
}

impl FileCheck<'_> {
    /// The number of bytes of the file that are lines of this sweep.
    fn read(
        mut self,
        mut from: impl BufRead,
        known: &mut impl FnMut(u64, &Counted),
    ) -> Result<u64, ResultsError> {
        let Plan { format, rows, identity, .. } = self.plan;
        let mut head = *format == Format::Csv && rows.contains(&0);
        let (mut kept, mut row, mut text) = (0, rows.start, Vec::new());
        // The last line is run again, as the first: whatever made them makes the rest.
        let mut last: Option<(u64, u64, Vec<u8>)> = None;
        loop {
            text.clear();
            let read = from.read_until(b'\n', &mut text);
            read.map_err(|source| ResultsError::Io { path: self.path.to_owned(), source })?;
            if text.is_empty() {
                break;
            }
            self.line += 1;
            if row == rows.end {
                return Err(self.foreign("is more than this sweep has"));
            }
            if head {
                let names = row::csv_head();
                if !names.starts_with(&text) {
                    return Err(self.foreign("does not have the names of a sweep's columns"));
                }
                if names != text {
                    break;
                }
                head = false;
            } else if text.ends_with(b"\n") {
                let parsed = row::parse(*format, identity, &text);
                let run = parsed.map_err(|problem| self.foreign(&problem))?;
                let seed = (self.plan.seed)(row);
                if run.seed != seed {
                    let problem = format!("is of seed {}, where this sweep has {seed}", run.seed);
                    return Err(self.foreign(&problem));
                }
                if row == rows.start {
                    self.compare(self.line, row, &text)?;
                }
                known(row, &run);
                last = Some((self.line, row, text.clone()));
                row += 1;
            } else {
                if !(self.plan.line)(row).starts_with(&text) {
                    return Err(self.foreign("is cut off, and no line of this sweep begins so"));
                }
                break;
            }
            kept += text.len() as u64;
        }
        if let Some((line, row, text)) = last {
            self.compare(line, row, &text)?;
        }
        Ok(kept)
    }

    fn compare(&self, line: u64, row: u64, text: &[u8]) -> Result<(), ResultsError> {
        if (self.plan.line)(row) == text {
            return Ok(());
        }
        let problem = "is not what this program makes of that run".to_owned();
        Err(ResultsError::Foreign { path: self.path.to_owned(), line, problem })
    }

    fn foreign(&self, problem: &str) -> ResultsError {
        let (path, problem) = (self.path.to_owned(), problem.to_owned());
        ResultsError::Foreign { path, line: self.line, problem }
    }
}
