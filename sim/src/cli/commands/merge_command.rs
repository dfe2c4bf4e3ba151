//! `halfclose merge` puts the summaries of shards together, and names the shards that are missing.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use clap::Parser;
use serde_json::{Map, Value, json};

use super::explore_command::{self, Findings, with_faults};
use super::sweep_command::show;
use crate::cli::args::{Arguments, Invocation, MergeArgs};
use crate::cli::input_files::InputFiles;
use crate::cli::output_file::OutputFile;
use crate::cli::selection::Selection;
use crate::cli::{CommandError, Status};
use crate::report::{Exploration, ExploredArm, SweepReport, scope_name};
use crate::search::results::merged::{Merged, merge};
use crate::search::results::{Counts, ExploreCounts, ShardFile, SweepCounts, law_named};
use crate::search::sweep::reproduce;
use crate::search::{Scope, Shard};
use crate::verdict::Verdict;

pub(in crate::cli) fn execute(
    args: &MergeArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let merged = merge(&args.files).map_err(CommandError::input)?;
    let Merged { whole, missing, .. } = &merged;
    let missed: Vec<_> = missing
        .iter()
        .map(|it| {
            let shard = it.shard.to_string();
            json!({ "shard": shard, "problem": it.what, "command": it.command })
        })
        .collect();
    let mut more = Map::new();
    more.insert("complete".to_owned(), json!(whole.complete));
    more.insert("missing".to_owned(), Value::Array(missed));
    let mut inputs = InputFiles::default();
    merged.files().for_each(|path| inputs.add("a shard", path));
    for (option, path) in [("--out", &args.out), ("--summary", &args.summary)] {
        path.as_ref().map_or(Ok(()), |path| inputs.protect(option, path))?;
    }
    if whole.complete {
        write_files(args, &merged)?;
    }
    let fail_on: Vec<Verdict> = whole.fail_on.iter().filter_map(|it| it.parse().ok()).collect();
    let broken = match &whole.counts {
        Counts::Sweep(counts) => show_sweep(args, whole, counts, &fail_on, more, out)?,
        Counts::Explore(counts) => show_exploration(args, whole, counts, &fail_on, more, out)?,
    };
    if let [first, rest @ ..] = &missing[..] {
        for it in std::iter::once(first).chain(rest) {
            writeln!(err, "missing: shard {} {}: {}", it.shard, it.what, it.command)?;
        }
        let (count, of) = (missing.len(), first.shard.parts());
        let problem = match count {
            1 => format!("1 of {of} shards is missing: the command above makes the shard"),
            _ => format!("{count} of {of} shards are missing: the commands above make the shards"),
        };
        return Err(CommandError::Input(problem));
    }
    Ok(if broken && !args.findings_ok { Status::Broken } else { Status::AsExpected })
}

/// Writes the files of the whole search.
fn write_files(args: &MergeArgs, merged: &Merged) -> Result<(), CommandError> {
    if let Some(path) = &args.out {
        let mut file = OutputFile::create(path).map_err(CommandError::input)?;
        merged.copy_rows(path, &mut file).map_err(CommandError::input)?;
        file.commit().map_err(CommandError::input)?;
    }
    args.summary
        .as_deref()
        .map_or(Ok(()), |path: &Path| merged.whole.write(path))
        .map_err(CommandError::input)
}

/// Prints the counts of an exploration, and returns whether there are findings. Counts of a part of the
/// tree say nothing about closure, so a person reads the missing shards alone.
fn show_exploration(
    args: &MergeArgs,
    whole: &ShardFile,
    counts: &ExploreCounts,
    fail_on: &[Verdict],
    more: Map<String, Value>,
    out: &mut dyn Write,
) -> Result<bool, CommandError> {
    if !whole.complete && !args.json {
        return Ok(false);
    }
    let number = |name| whole.option(name).and_then(|number| number.parse().ok());
    let scopes = [Scope::Data, Scope::Control, Scope::Both];
    let channel = whole.option("--channel");
    let scope = scopes.into_iter().find(|scope| Some(scope_name(*scope)) == channel);
    let seed = whole.unmatched.0;
    let explored = counts.explored(whole.complete).expect("`merge` has read the counts");
    let arm = ExploredArm {
        title: &whole.words,
        explored: &explored,
        took: Duration::ZERO,
        made: 0,
        unmatched: &whole.unmatched.1,
        named: &|list| counts.named(list),
        reproduce: &|faults| with_faults(&whole.words, faults, seed),
    };
    let exploration = Exploration {
        faults: number("--faults").unwrap_or_default(),
        scope: scope.unwrap_or_default(),
        last: number("--last"),
        shard: Shard::WHOLE,
        arms: std::slice::from_ref(&arm),
    };
    let expected: Vec<_> = counts.waived.iter().filter_map(|law| law_named(law)).collect();
    let findings = Findings { fail_on, expected: &[&expected] };
    explore_command::show(&exploration, &findings, args.json, more, out)
}

/// The scenario that the words of a summary select, if the scenario is on this machine too.
fn selection(words: &str) -> Option<Selection> {
    let words = ["halfclose", "run"].map(str::to_owned).into_iter().chain(shlex::split(words)?);
    match Arguments::try_parse_from(words).ok()?.command {
        Invocation::Run(args) => Selection::new(args.what).ok(),
        _ => None,
    }
}

/// Prints the counts of a sweep, and returns whether there are findings.
fn show_sweep(
    args: &MergeArgs,
    whole: &ShardFile,
    counts: &SweepCounts,
    fail_on: &[Verdict],
    more: Map<String, Value>,
    out: &mut dyn Write,
) -> Result<bool, CommandError> {
    let summary = counts.swept().expect("`merge` has read the counts");
    let choices = counts.choices();
    let of = |point| choices.get(&point).cloned().unwrap_or_default();
    let selection = selection(&whole.words);
    let seeds = whole.option("--seeds").unwrap_or_default();
    let absent = if whole.complete { "" } else { ", NOT COMPLETE: shards are missing" };
    let report = SweepReport {
        title: &format!("{}, seeds {seeds}{absent}", whole.words),
        summary: &summary,
        choices: &of,
        took: (Duration::ZERO, 0),
        unmatched: (whole.unmatched.0, &whole.unmatched.1),
        reproduce: &|point, seed| match &selection {
            Some(selection) => {
                let words = selection.words_at(point, seed, &of(point));
                format!("halfclose run {words} --seed {seed}")
            }
            None => reproduce(&whole.words, &of(point), seed),
        },
    };
    show(fail_on, args.json, &report, more, out)
}
