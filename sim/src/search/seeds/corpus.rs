//! `corpus` owns the corpus file: the seeds that failed once, by the name of the scenario, so that a sweep
//! or a check runs these seeds first ever after.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The first lines of a new corpus.
const HEAD: &str = "# Seeds that failed once: halfclose runs these seeds first. A line is a scenario, a seed,\n\
                    # and a comment. Keep the file under version control; remove a line to forget a seed.\n";

/// The reason why a corpus cannot be used.
#[derive(Debug, Error)]
pub enum CorpusError {
    /// The file cannot be read or written.
    #[error("cannot use the corpus `{}`: {source}", path.display())]
    Io {
        /// The path of the file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A line of the file has no scenario and seed.
    #[error("`{}` line {line}: write a scenario, a space and a seed", path.display())]
    Line {
        /// The path of the file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
    },
}

/// A seed that failed, and the comment of its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailedSeed {
    /// The seed of the failed run.
    pub(crate) seed: u64,
    /// The failure and the command line of the run, in one line.
    pub(crate) comment: String,
}

/// The seeds in the corpus at `path` for the scenario `name`, in ascending order. A missing file is an
/// empty corpus.
///
/// # Errors
/// The file cannot be read, the directory of the file is missing, or a line has no scenario and seed.
pub(crate) fn seeds(path: &Path, name: &str) -> Result<BTreeSet<u64>, CorpusError> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(path, name, &text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match path.parent() {
            // A search of hours must not find out at its end that the seeds have no place.
            Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                let problem = format!("there is no directory `{}`", folder.display());
                let source = io::Error::new(io::ErrorKind::NotFound, problem);
                Err(CorpusError::Io { path: path.to_owned(), source })
            }
            _ => Ok(BTreeSet::new()),
        },
        Err(source) => Err(CorpusError::Io { path: path.to_owned(), source }),
    }
}

/// Appends the seeds that the corpus does not have yet, and returns how many. The file is locked
/// meanwhile, so tests and shards may add at the same time.
///
/// # Errors
/// The file cannot be read or written, or a line has no scenario and seed.
pub(crate) fn add(path: &Path, name: &str, failed: &[FailedSeed]) -> Result<usize, CorpusError> {
    let fails = |source| CorpusError::Io { path: path.to_owned(), source };
    if failed.is_empty() {
        return Ok(0);
    }
    let mut options = OpenOptions::new();
    let file = options.read(true).append(true).create(true).open(path);
    let mut file: File = file.map_err(fails)?;
    // Where there are no locks, no other process holds one.
    match file.lock() {
        Err(error) if error.kind() != io::ErrorKind::Unsupported => return Err(fails(error)),
        _ => {}
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(fails)?;
    let mut known = parse(path, name, &text)?;
    let mut lines = if text.is_empty() { HEAD.to_owned() } else { String::new() };
    if !text.is_empty() && !text.ends_with('\n') {
        lines.push('\n');
    }
    let before = known.len();
    for FailedSeed { seed, comment } in failed {
        if known.insert(*seed) {
            lines.push_str(&format!("{} {seed}  # {comment}\n", word(name)));
        }
    }
    let added = known.len() - before;
    if added > 0 {
        file.write_all(lines.as_bytes()).map_err(fails)?;
    }
    Ok(added)
}

/// The name of a scenario as one word.
fn word(name: &str) -> String {
    let word: Vec<_> = name.split_whitespace().collect();
    if word.is_empty() { "-".to_owned() } else { word.join("-").replace('#', "-") }
}

fn parse(path: &Path, name: &str, text: &str) -> Result<BTreeSet<u64>, CorpusError> {
    let (name, mut seeds) = (word(name), BTreeSet::new());
    for (at, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let parts = line.split_once(char::is_whitespace);
        let seed = parts.and_then(|(of, seed)| Some((of, seed.trim().parse::<u64>().ok()?)));
        let Some((of, seed)) = seed else {
            return Err(CorpusError::Line { path: path.to_owned(), line: at + 1 });
        };
        if of == name {
            seeds.insert(seed);
        }
    }
    Ok(seeds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_kept_once_and_read_by_its_scenario() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("corpus.txt");
        assert_eq!(seeds(&path, "a b").expect("no file is an empty corpus"), BTreeSet::new());
        let failed = |seed| FailedSeed { seed, comment: format!("run --seed {seed}") };
        assert_eq!(add(&path, "a b", &[failed(7), failed(3), failed(7)]).expect("space"), 2);
        assert_eq!(add(&path, "other", &[failed(7)]).expect("space"), 1);
        assert_eq!(add(&path, "a b", &[failed(3)]).expect("space"), 0);
        assert_eq!(seeds(&path, "a b").expect("sound"), BTreeSet::from([3, 7]));
        let text = std::fs::read_to_string(&path).expect("it is there");
        assert_eq!(
            &text[HEAD.len()..],
            "a-b 7  # run --seed 7\na-b 3  # run --seed 3\nother 7  # run --seed 7\n"
        );
        std::fs::write(&path, format!("{text}\nmine 4x\n")).expect("space");
        for problem in [seeds(&path, "a").map(drop), add(&path, "a", &[failed(1)]).map(drop)] {
            let problem = problem.expect_err("a bad line").to_string();
            assert!(problem.ends_with("line 7: write a scenario, a space and a seed"), "{problem}");
        }
        assert!(std::fs::read_to_string(&path).expect("there").ends_with("4x\n"), "as it was");
    }
}
