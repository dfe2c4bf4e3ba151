//! `merged_rows` copies the rows of all shards in order, and compares the rows with the counts.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use super::merged::Merged;
use super::shard_file::{Counts, ShardFile};
use super::{Format, Identity, ResultsError, compressed, is_zstd, row};
use crate::search::tally::Tally;

impl Merged {
    /// Writes the rows of all shards to `to`, a file of the name `name`.
    ///
    /// # Errors
    /// A results file is not there, is damaged, or has other rows than its summary counts; the format
    /// differs from the format that `name` asks for; `to` fails.
    pub(crate) fn copy_rows(&self, name: &Path, to: &mut impl Write) -> Result<u64, ResultsError> {
        let format = Format::of(name)?;
        let zstd = is_zstd(name);
        let failed = |source| ResultsError::Io { path: name.to_owned(), source };
        let (mut rows, mut lines) = (0, Vec::new());
        for (path, file) in &self.parts {
            rows += copy(path, file, format, |line| {
                lines.extend_from_slice(line);
                if lines.len() < compressed::FRAME {
                    return Ok(());
                }
                write(to, &mut lines, zstd).map_err(failed)
            })?;
        }
        write(to, &mut lines, zstd).map_err(failed)?;
        Ok(rows)
    }
}

/// Writes lines, in a frame if `zstd` says so.
fn write(to: &mut impl Write, lines: &mut Vec<u8>, zstd: bool) -> std::io::Result<()> {
    if !lines.is_empty() {
        match zstd {
            true => to.write_all(&compressed::frame(lines))?,
            false => to.write_all(lines)?,
        }
    }
    lines.clear();
    Ok(())
}

impl Merged {
    /// Every file of the shards that are there: the summary, and the rows if the shard has rows.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.parts.iter().flat_map(|(summary, file)| {
            let rows = rows_path(summary, file).ok();
            std::iter::once(summary.clone()).chain(rows)
        })
    }
}

/// The path of the results file of a shard: as the command had the path, or beside the summary.
fn rows_path(summary: &Path, file: &ShardFile) -> Result<PathBuf, ResultsError> {
    let out = file.files.as_ref().and_then(|files| files.out.as_ref());
    let Some(out) = out.map(PathBuf::from) else {
        let problem = "names no rows: make the shards with --out, or leave out --out here";
        return Err(ResultsError::summary(summary, problem));
    };
    let beside = out.file_name().map(|name| summary.with_file_name(name));
    Ok(beside.filter(|path| path.is_file()).unwrap_or(out))
}

/// Hands over each line of the shard's results file.
fn copy(
    summary: &Path,
    file: &ShardFile,
    format: Format,
    mut each: impl FnMut(&[u8]) -> Result<(), ResultsError>,
) -> Result<u64, ResultsError> {
    let path = rows_path(summary, file)?;
    let refused = |problem: String| ResultsError::summary(&path, problem);
    if Format::of(&path)? != format {
        return Err(refused("has rows of another format than the file of --out".to_owned()));
    }
    let unread = |source| ResultsError::Unread { path: path.clone(), source };
    let open = BufReader::new(File::open(&path).map_err(unread)?);
    let mut from: Box<dyn BufRead> = match is_zstd(&path) {
        true => Box::new(BufReader::new(compressed::Lines::new(open))),
        false => Box::new(open),
    };
    let identity = Identity::read(&file.search);
    let (mut text, mut line, mut tally) = (Vec::new(), 0_u64, Tally::default());
    loop {
        compressed::read_line(&mut from, &mut text).map_err(unread)?;
        if text.is_empty() {
            break;
        }
        line += 1;
        if line > 1 || format != Format::Csv || text != row::csv_head() {
            let run = match text.ends_with(b"\n") {
                true => row::parse(format, &identity, &text),
                false => Err("is cut off".to_owned()),
            };
            tally.add(&run.map_err(|problem| refused(format!("line {line} {problem}")))?);
        }
        each(&text)?;
    }
    let Counts::Sweep(counts) = &file.counts else { return Ok(0) };
    let (rows, wanted) = (tally.runs, counts.rows);
    let counted = counts.swept().map(|swept| swept.total()).unwrap_or_default();
    let all = rows == counted.runs;
    if rows != wanted || all && tally.verdicts != counted.verdicts {
        let summary = summary.display();
        return Err(refused(format!(
            "has {rows} rows, and `{summary}` counts {wanted} other rows"
        )));
    }
    Ok(rows)
}
