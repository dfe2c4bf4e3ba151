//! `merged` puts the summaries of shards together: one search, one version, every shard once and
//! complete. The counts are the counts of the whole search on one machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::explore_counts::ExploreCounts;
use super::shard_file::{Counts, ShardFile};
use super::sibling_names::sibling;
use super::{ResultsError, SweepCounts};
use crate::search::shard::Shard;
use crate::search::sweep::quoted;
use crate::search::tally::Swept;

/// The shards of a search, put together.
pub(crate) struct Merged {
    /// The summary of the whole search, as far as the shards are there.
    pub(crate) whole: ShardFile,
    /// The shards that are not there or not complete.
    pub(crate) missing: Vec<Missing>,
    /// The shards that are there, in order, with the paths of the summary files.
    pub(super) parts: Vec<(PathBuf, ShardFile)>,
}

/// A shard that is not there, or not complete.
pub(crate) struct Missing {
    /// The part of the search.
    pub(crate) shard: Shard,
    /// The problem in a few words.
    pub(crate) what: String,
    /// The command that makes the part.
    pub(crate) command: String,
}

/// Reads summary files and adds up the counts.
///
/// # Errors
/// A file cannot be read, is no summary, or belongs to another search, version or division than the
/// first file; a shard is there twice; counts are impossible.
pub(crate) fn merge(paths: &[PathBuf]) -> Result<Merged, ResultsError> {
    let (mut parts, mut absent) = (BTreeMap::<u64, (PathBuf, ShardFile)>::new(), Vec::new());
    let mut first: Option<(PathBuf, ShardFile)> = None;
    for path in paths {
        let Some(file) = ShardFile::read(path)? else {
            absent.push(path);
            continue;
        };
        let (there, of) = first.get_or_insert_with(|| (path.clone(), file.clone()));
        if let Some(problem) = differs(&file, of, there) {
            return Err(ResultsError::summary(path, problem));
        }
        let shard = file.shard();
        if let Some((other, _)) = parts.insert(shard.number(), (path.clone(), file)) {
            let other = other.display();
            let problem = format!("is shard {shard}, and so is `{other}`: name each shard once");
            return Err(ResultsError::summary(path, problem));
        }
    }
    let not_there = |path: &Path| ResultsError::summary(path, "is not there");
    let Some((_, of)) = first else { return Err(not_there(&paths[0])) };
    let parts: Vec<_> = parts.into_values().collect();
    let missing = missing(&parts, of.shard().parts());
    let named = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        missing.iter().any(|it| it.command.contains(&*name))
    };
    if let Some(path) = absent.into_iter().find(|path| !named(path)) {
        return Err(not_there(path));
    }
    let whole = whole(&parts, missing.is_empty())?;
    Ok(Merged { whole, missing, parts })
}

/// What tells a summary from another that it should belong to.
fn differs(file: &ShardFile, of: &ShardFile, there: &Path) -> Option<String> {
    let there = there.display();
    let version = |file: &ShardFile| match file.search.rsplit_once('-') {
        Some((version, _)) => version.to_owned(),
        None => file.search.clone(),
    };
    let (ours, theirs) = (version(file), version(of));
    if ours != theirs {
        return Some(format!("is of halfclose {ours}, and `{there}` of {theirs}"));
    }
    let (command, other) = (command(file), command(of));
    if command != other {
        return Some(format!("is of `{command}`, and `{there}` of `{other}`"));
    }
    if file.search != of.search || file.fail_on != of.fail_on {
        let problem = "is of a scenario or of settings that differ from those of";
        return Some(format!("{problem} `{there}`: {}, not {}", file.search, of.search));
    }
    let (shard, parts) = (file.shard(), of.shard().parts());
    (shard.parts() != parts)
        .then(|| format!("is shard {shard}, and `{there}` is one of {parts} shards"))
}

/// The command of the search, without the part and the files.
fn command(file: &ShardFile) -> String {
    let mut words = vec![format!("halfclose {} {}", file.command(), file.words)];
    words.extend(file.options.iter().map(|word| quoted(word)));
    words.join(" ")
}

fn missing(parts: &[(PathBuf, ShardFile)], of: u64) -> Vec<Missing> {
    let mut all = Vec::new();
    let mut there = parts.iter().peekable();
    for number in 1..=of {
        let shard = Shard::new(number, of).expect("the number is one of the parts");
        let found = there.next_if(|(_, file)| file.shard() == shard);
        let what = match found {
            None => "is not there".to_owned(),
            Some((path, file)) if !file.complete => {
                format!("is not complete{} (`{}`)", progress(file), path.display())
            }
            Some(_) => continue,
        };
        let files = found.and_then(|(_, file)| file.files.clone());
        let names = match files {
            Some(files) => (Some(files.summary), files.out),
            None => guessed(parts, number),
        };
        let (summary, out) = names;
        let base = command(&parts[0].1);
        let summary = summary.unwrap_or_else(|| format!("shard-{number}-of-{of}.json"));
        let mut command = format!("{base} --shard {shard} --summary {}", quoted(&summary));
        if let Some(out) = out {
            command.push_str(&format!(" --out {}", quoted(&out)));
        }
        all.push(Missing { shard, what, command });
    }
    all
}

/// How far a part has come.
fn progress(file: &ShardFile) -> String {
    match &file.counts {
        Counts::Sweep(counts) => {
            let runs = counts.swept().map_or(0, |swept| swept.runs());
            format!(": {runs} of {} runs", counts.wanted)
        }
        Counts::Explore(counts) => format!(": {} runs", counts.runs()),
    }
}

/// The names of the files of a shard that is not there: the summary, and the rows if others have rows.
fn guessed(parts: &[(PathBuf, ShardFile)], number: u64) -> (Option<String>, Option<String>) {
    let files =
        || parts.iter().filter_map(|(_, file)| Some((file.shard().number(), file.files.as_ref()?)));
    let summaries: Vec<_> = files().map(|(shard, files)| (shard, &*files.summary)).collect();
    let rows: Vec<_> =
        files().filter_map(|(shard, it)| Some((shard, it.out.as_deref()?))).collect();
    let out = sibling(&rows, number).or_else(|| {
        let (_, first) = rows.first()?;
        let kind = first.split_once('.').map_or("jsonl", |(_, kind)| kind);
        Some(format!("shard-{number}.{kind}"))
    });
    (sibling(&summaries, number), out)
}

fn whole(parts: &[(PathBuf, ShardFile)], complete: bool) -> Result<ShardFile, ResultsError> {
    let (mut swept, mut rows) = (Swept::default(), 0);
    let (mut choices, mut explored) = (BTreeMap::new(), None::<ExploreCounts>);
    let mut unmatched = None;
    for (path, file) in parts {
        let alien = || ResultsError::summary(path, "has a word or a number that no search writes");
        match &file.counts {
            Counts::Sweep(counts) => {
                let part = counts.swept().ok_or_else(alien)?;
                swept.wanted += part.wanted;
                part.points.iter().for_each(|(point, tally)| swept.merge(*point, tally));
                choices.extend(counts.choices());
                rows += counts.rows;
                unmatched = unmatched.or((part.runs() > 0).then(|| file.unmatched.clone()));
            }
            Counts::Explore(counts) => {
                let all = explored.get_or_insert_with(ExploreCounts::default);
                all.add(counts).ok_or_else(alien)?;
                unmatched = unmatched.or(Some(file.unmatched.clone()));
            }
        }
    }
    let mut whole = parts[0].1.clone().into_whole();
    whole.complete = complete;
    whole.unmatched = unmatched.unwrap_or_default();
    whole.counts = match explored {
        Some(explored) => Counts::Explore(explored),
        None => Counts::Sweep(SweepCounts::new(&swept, rows, |point| {
            choices.get(&point).cloned().unwrap_or_default()
        })),
    };
    Ok(whole)
}
