//! `search_args` defines the words of `matrix`, `sweep`, `explore` and `shrink`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches, ValueHint};

use super::value_words::{faults, jobs, one_of, positive, seed, time, whole};
use super::{CiArgs, ScenarioArgs};
use crate::report::scope_name;
use crate::search::sweep::Rows;
use crate::search::{Scope, Seeds, Shard};
use crate::verdict::Verdict;

#[derive(Debug, Args)]
pub(in crate::cli) struct MatrixArgs {
    #[command(flatten)]
    pub(in crate::cli) what: ScenarioArgs,
    /// The seeds of each pair: N (the first N), A..B (without B) or A..=B (with B)
    #[arg(long, value_name = "SEEDS", default_value = "1")]
    pub(in crate::cli) seeds: Seeds,
    /// Threads [default: one for each core]; the number changes no result
    #[arg(long, value_name = "N", value_parser = jobs, allow_negative_numbers = true)]
    pub(in crate::cli) jobs: Option<NonZeroUsize>,
    /// Make no further run after this much real time, such as 60s or 5min
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(in crate::cli) max_time: Option<Duration>,
    /// Write a page with switches, the ladder of each choice and the matrix (.html), or the matrix (.svg)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) report: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SweepArgs {
    #[command(flatten)]
    pub(in crate::cli) what: ScenarioArgs,
    /// The seeds of the runs: N (the first N), A..B (without B) or A..=B (with B)
    #[arg(long, value_name = "SEEDS")]
    pub(in crate::cli) seeds: Seeds,
    /// Threads [default: one for each core]; the number changes no result
    #[arg(long, value_name = "N", value_parser = jobs, allow_negative_numbers = true)]
    pub(in crate::cli) jobs: Option<NonZeroUsize>,
    /// Make no further run after this much real time, such as 60s or 5min
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(in crate::cli) max_time: Option<Duration>,
    /// Make the I-th of N consecutive parts; the files of all parts in order are the whole file
    #[arg(long, value_name = "I/N", allow_hyphen_values = true)]
    pub(in crate::cli) shard: Option<Shard>,
    /// The same as --shard with parts counted from 0, as Kubernetes and AWS Batch count
    #[arg(long, value_name = "I/N", allow_hyphen_values = true, conflicts_with = "shard")]
    #[arg(value_parser = Shard::from_zero)]
    pub(in crate::cli) shard_index: Option<Shard>,
    /// Write a line for each run, in order, to FILE.jsonl or FILE.csv, compressed if .zst follows
    ///
    /// A file with the first lines of the same sweep is continued.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) out: Option<PathBuf>,
    /// The runs with a line in --out: all, or those that are findings (needs --summary)
    ///
    /// A finding is a run that differs from the expectation of the scenario, breaks a law, or has a
    /// verdict of --fail-on.
    #[arg(long, value_name = "WHICH", value_parser = rows())]
    pub(in crate::cli) rows: Option<Rows>,
    /// Write the counts to FILE, every minute and at the end; `halfclose merge` adds up such files
    ///
    /// The same command continues from the file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) summary: Option<PathBuf>,
    /// Exit with status 0 if every run was made, with or without findings
    #[arg(long)]
    pub(in crate::cli) findings_ok: bool,
    /// Run the seeds in FILE first, and add the first seeds of new findings to FILE
    ///
    /// A line of FILE is a scenario and a seed that failed once. A finding is a run that differs from the
    /// expectation, breaks a law, or has a verdict of --fail-on.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) corpus: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) ci: CiArgs,
    /// Exit with status 1 if a run has a listed verdict or breaks a law
    ///
    /// The expectation of the scenario then does not count.
    #[arg(long, value_name = "VERDICT,...", value_delimiter = ',', value_parser = verdicts())]
    pub(in crate::cli) fail_on: Vec<Verdict>,
    /// Make every run, even where a run can be derived from another run
    ///
    /// Two seeds with equal random draws lead to the same run, except for sequence numbers and ports. The
    /// option changes no result, only the time.
    #[arg(long)]
    pub(in crate::cli) no_classes: bool,
    /// Show the TCP events in each state, and the ends of data connections, that the runs reached
    ///
    /// Example: halfclose sweep q123208 --seeds 1000 -s link.loss=5% --coverage. Each run that is made and
    /// not derived is made twice.
    #[arg(long)]
    pub(in crate::cli) coverage: bool,
    /// Write a page with the shares against each swept key, and distributions of time and lost bytes
    #[arg(long, value_name = "FILE.html", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) report: Option<PathBuf>,
    /// Print the counts as one JSON object
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ExploreArgs {
    // `Compare` counts the settings before the scenario takes them, so this field comes first.
    #[command(flatten)]
    pub(in crate::cli) compare: Compare,
    #[command(flatten)]
    pub(in crate::cli) what: ScenarioArgs,
    /// The most faults in a run: each fault drops, duplicates or holds a packet
    #[arg(long, value_name = "K", value_parser = faults, allow_negative_numbers = true)]
    pub(in crate::cli) faults: usize,
    /// The connections whose packets get faults
    #[arg(long, value_name = "CHANNEL", default_value = "data", value_parser = scopes())]
    pub(in crate::cli) channel: Scope,
    /// Place faults on the last N packets only, counted in each run
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    pub(in crate::cli) last: Option<usize>,
    /// The seed of every random draw [default: the seed of the scenario, or 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub(in crate::cli) seed: Option<u64>,
    /// Threads [default: one for each core]; the number changes no result
    #[arg(long, value_name = "N", value_parser = jobs, allow_negative_numbers = true)]
    pub(in crate::cli) jobs: Option<NonZeroUsize>,
    /// Make the I-th of N parts; `halfclose merge` adds up the summaries of all parts
    #[arg(long, value_name = "I/N", allow_hyphen_values = true, conflicts_with = "compare")]
    pub(in crate::cli) shard: Option<Shard>,
    /// The same as --shard with parts counted from 0, as Kubernetes and AWS Batch count
    #[arg(long, value_name = "I/N", allow_hyphen_values = true, conflicts_with_all = ["shard", "compare"])]
    #[arg(value_parser = Shard::from_zero)]
    pub(in crate::cli) shard_index: Option<Shard>,
    /// Write the counts to FILE, every minute and at the end; the same command continues from FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["compare", "max_schedules"])]
    pub(in crate::cli) summary: Option<PathBuf>,
    /// Exit with status 0 if every run was made, with or without findings
    #[arg(long)]
    pub(in crate::cli) findings_ok: bool,
    /// Make at most N runs, with the fewest faults first
    #[arg(long, value_name = "N", value_parser = whole, allow_negative_numbers = true)]
    pub(in crate::cli) max_schedules: Option<u64>,
    /// Make N runs with lists of faults that reach something new, in place of every list
    ///
    /// A list whose run reaches new TCP events and states, or reaches them another number of times, is kept;
    /// further lists add, remove, move and change its faults. Prints what the runs reached. Example:
    /// halfclose explore q123208 --faults 3 --guided 1000. One thread makes all runs.
    #[arg(long, value_name = "N", value_parser = whole, allow_negative_numbers = true)]
    #[arg(conflicts_with_all = ["compare", "summary", "shard", "shard_index", "max_schedules", "last", "jobs"])]
    pub(in crate::cli) guided: Option<u64>,
    /// End a run that comes to the state of an earlier run: less work for five faults or more
    ///
    /// The counts of the earlier run, which had as many faults left in this state, are added in place of the
    /// rest of the run. So all counts and all shortest lists of faults are the same as without the option. One in 64
    /// of the ended runs is continued all the same and compared. Prints the number of turns that were run; a
    /// turn handles one event, such as the arrival of a packet. Keeps at most 2 GiB. One thread makes all
    /// runs. Example: halfclose explore q123208 --faults 6 --merge
    #[arg(long)]
    #[arg(conflicts_with_all = ["guided", "summary", "shard", "shard_index", "max_schedules", "last", "jobs"])]
    pub(in crate::cli) merge: bool,
    /// Make every run, even where a run comes to the state of an earlier run
    ///
    /// If two lists of faults lead to the same state, both have the same results with one further fault behind
    /// that state. One in 64 of such lists is run all the same and compared. The option changes no result, only the
    /// time.
    #[arg(long)]
    #[arg(conflicts_with_all = ["merge", "guided"])]
    pub(in crate::cli) no_classes: bool,
    /// Make no further run of an arm after this much real time, such as 60s or 5min
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(in crate::cli) max_time: Option<Duration>,
    #[command(flatten)]
    pub(in crate::cli) ci: CiArgs,
    /// Exit with status 1 if a run has a listed verdict; a broken law always exits with status 1
    #[arg(long, value_name = "VERDICT,...", value_delimiter = ',', value_parser = verdicts())]
    pub(in crate::cli) fail_on: Vec<Verdict>,
    /// Write a page with the counts, and the shortest list of faults for each verdict as a ladder
    #[arg(long, value_name = "FILE.html", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) report: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// The place of `--compare` among the words: every `-s` behind `--compare` belongs to the second arm alone.
#[derive(Debug)]
pub(in crate::cli) struct Compare {
    /// The number of `-s` before `--compare`; `None`: no second arm.
    pub(in crate::cli) settings: Option<usize>,
}

impl Args for Compare {
    fn augment_args(command: clap::Command) -> clap::Command {
        let arg = Arg::new("compare").long("compare").action(ArgAction::SetTrue);
        command.arg(arg.help(
            "Explore a second arm beside the first: every -s behind this word is a setting of the \
             second arm alone",
        ))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Compare {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let at = matches.get_flag("compare").then(|| matches.index_of("compare")).flatten();
        let before = |at: usize| {
            let settings = matches.indices_of("settings").into_iter().flatten();
            settings.filter(|index| *index < at).count()
        };
        Ok(Self { settings: at.map(before) })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ShrinkArgs {
    #[command(flatten)]
    pub(in crate::cli) what: ScenarioArgs,
    /// The seed of the run [default: the seed of the scenario, or 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub(in crate::cli) seed: Option<u64>,
    /// Make no further run after this much real time, such as 60s or 5min
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(in crate::cli) max_time: Option<Duration>,
    /// Write milder faults into the scenario: a packet is late, not lost, where this is enough
    #[arg(long)]
    pub(in crate::cli) weaken: bool,
    /// Write the scenario to this file [default: print the scenario below the report]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FateArgs {
    #[command(flatten)]
    pub(in crate::cli) what: ScenarioArgs,
    /// The seed of the run [default: the seed of the scenario, or 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub(in crate::cli) seed: Option<u64>,
    /// Continuations of the run from each packet
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(in crate::cli) continuations: u64,
    /// Threads [default: one for each core]; the number changes no result
    #[arg(long, value_name = "N", value_parser = jobs, allow_negative_numbers = true)]
    pub(in crate::cli) jobs: Option<NonZeroUsize>,
    /// Make no further run after this much real time, such as 60s or 5min
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(in crate::cli) max_time: Option<Duration>,
    /// Print one JSON object
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MergeArgs {
    /// The summary files of all shards (`--summary`)
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// Write the rows of all shards, in order, to this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Write the summary of the whole search to this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) summary: Option<PathBuf>,
    /// Exit with status 0 if no shard is missing, with or without findings
    #[arg(long)]
    pub(in crate::cli) findings_ok: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

fn rows() -> impl clap::builder::TypedValueParser<Value = Rows> {
    one_of(vec![("all", Rows::All), ("unexpected", Rows::Unexpected), ("none", Rows::None)])
}

fn verdicts() -> impl clap::builder::TypedValueParser<Value = Verdict> {
    one_of(Verdict::ALL.map(|verdict| (verdict.name(), verdict)).to_vec())
}

fn scopes() -> impl clap::builder::TypedValueParser<Value = Scope> {
    let all = [Scope::Data, Scope::Control, Scope::Both];
    one_of(all.map(|scope| (scope_name(scope), scope)).to_vec())
}
