//! `file_check` compares the lines of an existing results file with the lines that a sweep is going to
//! write, and says how much of the file stays.

use std::io::BufRead;
use std::path::Path;

use super::compressed::{self, Next};
use super::{Format, Plan, ResultsError, row};
use crate::search::tally::Counted;

/// Compares the lines of an existing file with a plan.
pub(super) struct FileCheck<'a> {
    path: &'a Path,
    plan: &'a Plan<'a>,
    /// The listener that gets each known run with its number.
    known: &'a mut dyn FnMut(u64, &Counted),
    /// The number of the last line read, from 1.
    line: u64,
    /// Whether the names of the columns come next.
    head: bool,
    /// The number of the run that comes next.
    row: u64,
    /// The last line with its number and the number of the run. The run is made again, as the first
    /// is: the program that made both lines makes the rest.
    last: Option<(u64, u64, Vec<u8>)>,
}

impl<'a> FileCheck<'a> {
    pub(super) fn new(
        path: &'a Path,
        plan: &'a Plan<'a>,
        known: &'a mut dyn FnMut(u64, &Counted),
    ) -> Self {
        let head = plan.format == Format::Csv && plan.rows.contains(&0);
        Self { path, plan, known, line: 0, head, row: plan.rows.start, last: None }
    }

    /// Reads a whole file, as frames if the name of the file says so. Returns the number of bytes that
    /// stay.
    ///
    /// # Errors
    /// The file cannot be read, or holds anything but the beginning of the plan.
    pub(super) fn file(mut self, from: impl BufRead) -> Result<u64, ResultsError> {
        let kept = match super::is_zstd(self.path) {
            true => self.frames(from)?,
            false => self.lines(from)?.0,
        };
        self.end()?;
        Ok(kept)
    }

    /// Whether the lines that a summary counts are all read.
    fn is_over(&self) -> bool {
        self.plan.chosen.is_some_and(|lines| self.row - self.plan.rows.start == lines && !self.head)
    }

    /// Reads lines. Returns the number of bytes that stay, and whether every line was whole. Lines behind
    /// those that a summary counts are made again, but they too must be of this sweep.
    fn lines(&mut self, mut from: impl BufRead) -> Result<(u64, bool), ResultsError> {
        let (mut kept, mut text) = (0, Vec::new());
        loop {
            let read = compressed::read_line(&mut from, &mut text);
            read.map_err(|source| ResultsError::Unread { path: self.path.to_owned(), source })?;
            if text.is_empty() {
                return Ok((kept, true));
            }
            self.line += 1;
            let over = self.is_over();
            if !self.line(&text)? {
                return Ok((kept, false));
            }
            kept += if over { 0 } else { text.len() as u64 };
        }
    }

    /// Reads frames of lines. Returns the number of bytes in the file that are lines of this sweep.
    fn frames(&mut self, mut from: impl BufRead) -> Result<u64, ResultsError> {
        let mut kept = 0;
        loop {
            let next = compressed::next(&mut from);
            let next =
                next.map_err(|source| ResultsError::Unread { path: self.path.to_owned(), source })?;
            let (lines, length) = match next {
                Next::Frame(lines, length) => (lines, length),
                Next::CutOff | Next::End => return Ok(kept),
                Next::Foreign => {
                    self.line += 1;
                    return Err(self.foreign("begins something that is no zstd frame of a sweep"));
                }
            };
            let over = self.is_over();
            let (stays, whole) = self.lines(&lines[..])?;
            if !whole || !over && stays != lines.len() as u64 {
                self.line += 1;
                return Err(self.foreign("is not where a frame of this sweep ends"));
            }
            kept += if over { 0 } else { length };
        }
    }

    /// Reads a line; `false`: the line is cut off, and belongs to this sweep.
    fn line(&mut self, text: &[u8]) -> Result<bool, ResultsError> {
        let Plan { format, rows, identity, chosen, .. } = self.plan;
        if self.row == rows.end && chosen.is_none() {
            return Err(self.foreign("is more than this sweep has"));
        }
        if self.head {
            let names = row::csv_head();
            if !names.starts_with(text) {
                return Err(self.foreign("does not have the names of a sweep's columns"));
            }
            self.head = names != text;
            return Ok(!self.head);
        }
        if !text.ends_with(b"\n") {
            // Which run a chosen line is of, only the whole line says: the lines before must be ours.
            let ours = match chosen {
                Some(_) => self.line > 1,
                None => (self.plan.line)(self.row).starts_with(text),
            };
            if !ours {
                return Err(self.foreign("is cut off, and no line of this sweep begins so"));
            }
            return Ok(false);
        }
        let parsed = row::parse(*format, identity, text);
        let run = parsed.map_err(|problem| self.foreign(&problem))?;
        if chosen.is_none() {
            let seed = (self.plan.seed)(self.row);
            if run.seed != seed {
                let problem = format!("is of seed {}, where this sweep has {seed}", run.seed);
                return Err(self.foreign(&problem));
            }
            if self.row == rows.start {
                self.compare(self.line, self.row, text)?;
            }
            self.last = Some((self.line, self.row, text.to_vec()));
        }
        if !self.is_over() {
            (self.known)(self.row, &run);
            self.row += 1;
        }
        Ok(true)
    }

    /// Ends the comparison.
    ///
    /// # Errors
    /// This program does not make the last line, or lines that a summary counts are not there.
    fn end(mut self) -> Result<(), ResultsError> {
        if let Some((line, row, text)) = self.last.take() {
            self.compare(line, row, &text)?;
        }
        match self.plan.chosen {
            Some(lines) if lines > self.row - self.plan.rows.start => {
                self.line += 1;
                let problem = format!("is not there, and the summary counts {lines} rows");
                Err(self.foreign(&problem))
            }
            _ => Ok(()),
        }
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
