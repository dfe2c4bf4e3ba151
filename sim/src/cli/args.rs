//! The words of the command line. Scripts depend on them.

#[cfg(feature = "net")]
pub(super) mod network_args;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches, Parser, Subcommand};

use crate::catalogue;
use crate::report::scope_name;
use crate::scenario::nearest::hint;
use crate::scenario::units;
use crate::search::{Scope, Seeds, Shard};
use crate::verdict::Verdict;

/// Replay the end of a TCP connection from a seed.
///
/// An FTP client and server over a real TCP stack, on a simulated link with a virtual clock. Exit
/// status: 0 as expected, 1 an expectation was broken or a replay diverged, 2 usage or input error,
/// 3 a real transfer failed.
#[derive(Debug, Parser)]
#[command(name = "halfclose", version, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Invocation,
}

#[derive(Debug, Subcommand)]
pub(super) enum Invocation {
    /// Run a scenario once, and say what came of it
    Run(RunArgs),
    /// Run a scenario for each pair of a client that ends its way and a server that takes it its way
    Matrix(MatrixArgs),
    /// Run a scenario with many seeds, at every point of its grid, and count what comes of it
    Sweep(SweepArgs),
    /// Run a scenario with every placement of a few faults on its packets, and count what comes of it
    Explore(ExploreArgs),
    /// Cut a run down to the fewest faults that still come to the same, as a scenario of its own
    Shrink(ShrinkArgs),
    /// Run again what a capture holds, and compare packet by packet
    Replay(ReplayArgs),
    /// Name the scenarios that come with the program
    List(ListArgs),
    /// Tell the story of a scenario, its keys and their values
    Show(ShowArgs),
    /// Serve a directory over FTP, on this machine's network
    #[cfg(feature = "net")]
    Serve(network_args::ServeArgs),
    /// Upload a file to an FTP server, and choose how the data connection ends
    #[cfg(feature = "net")]
    Put(network_args::PutArgs),
    /// Download a file from an FTP server
    #[cfg(feature = "net")]
    Get(network_args::GetArgs),
    /// List a directory of an FTP server
    #[cfg(feature = "net")]
    Ls(network_args::LsArgs),
}

/// What to run.
#[derive(Clone, Debug, Args)]
pub(super) struct ScenarioArgs {
    /// A name of the catalogue, or a TOML file
    #[arg(value_name = "SCENARIO", default_value = catalogue::DEFAULT)]
    pub(super) scenario: String,
    /// Run this arm of the scenario (`halfclose show` names them), with what it expects
    #[arg(long, value_name = "NAME")]
    pub(super) arm: Option<String>,
    /// Set a key of the scenario (`halfclose show` names them); may be repeated, the last one holds.
    /// What the scenario expects is then no longer expected, unless an expect key is set too. A list
    /// (`0%,1%`) makes a grid for `sweep`, a range (`5ms..50ms`) a value for each seed
    #[arg(short = 's', long = "set", value_name = "KEY=VALUE")]
    pub(super) settings: Vec<String>,
    /// Move this file of yours, under its own name; short for -s do.file=PATH
    #[arg(long, value_name = "PATH", allow_hyphen_values = true)]
    pub(super) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) what: ScenarioArgs,
    /// What every random draw comes from; without it the scenario's own seed, or 0
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(super) seed: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    /// Print every packet, the client on the left, the server on the right
    #[arg(long)]
    pub(super) trace: bool,
    /// Write every packet as pcapng, with the scenario and the seed inside
    #[arg(long, value_name = "FILE")]
    pub(super) pcap: Option<PathBuf>,
    /// Write a page about the run
    #[arg(long, value_name = "FILE", hide = true)]
    pub(super) report: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct MatrixArgs {
    #[command(flatten)]
    pub(super) what: ScenarioArgs,
    /// Seeds to run each cell with: A..B without B, A..=B with it
    #[arg(long, value_name = "A..B", default_value = "0..1")]
    pub(super) seeds: Seeds,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct SweepArgs {
    #[command(flatten)]
    pub(super) what: ScenarioArgs,
    /// Seeds to run it with: A..B without B, A..=B with it
    #[arg(long, value_name = "A..B")]
    pub(super) seeds: Seeds,
    /// Threads [default: one for each core]; they change nothing of what is found
    #[arg(long, value_name = "N", value_parser = jobs, allow_negative_numbers = true)]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Run the I-th of N consecutive parts; their files, one after the other, are the whole
    #[arg(long, value_name = "I/N", allow_hyphen_values = true)]
    pub(super) shard: Option<Shard>,
    /// Write a line for each run, in order: .jsonl or .csv. Where the file has the first lines of this
    /// sweep already, it goes on behind them
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Exit with status 1 if a run comes to one of these, or breaks a law; what the scenario expects
    /// is then not asked
    #[arg(long, value_name = "VERDICT,...", value_delimiter = ',', value_parser = verdict)]
    pub(super) fail_on: Vec<Verdict>,
    /// Print the summary as one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExploreArgs {
    // Before the scenario, whose settings are taken out of what it counts.
    #[command(flatten)]
    pub(super) compare: Compare,
    #[command(flatten)]
    pub(super) what: ScenarioArgs,
    /// The most faults of a schedule: each drops, duplicates or holds one packet
    #[arg(long, value_name = "K", value_parser = faults, allow_negative_numbers = true)]
    pub(super) faults: usize,
    /// The connections whose packets are in scope: data, control or both
    #[arg(long, value_name = "CHANNEL", default_value = "data", value_parser = scope)]
    pub(super) channel: Scope,
    /// Only the last N packets of those, in each schedule's own run
    #[arg(long, value_name = "N", value_parser = last, allow_negative_numbers = true)]
    pub(super) last: Option<usize>,
    /// What every random draw comes from; without it the scenario's own seed, or 0
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(super) seed: Option<u64>,
    /// Threads [default: one for each core]; they change nothing of what is found
    #[arg(long, value_name = "N", value_parser = jobs, allow_negative_numbers = true)]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Visit at most so many schedules, the shortest first
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(super) max_schedules: Option<u64>,
    /// Stop each arm after so much real time, as in 60s
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) max_time: Option<Duration>,
    /// Exit with status 1 if a schedule comes to one of these (one that breaks a law always does)
    #[arg(long, value_name = "VERDICT,...", value_delimiter = ',', value_parser = verdict)]
    pub(super) fail_on: Vec<Verdict>,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// `--compare`, and where it stands: the `-s` behind it belong to the other arm alone.
#[derive(Debug)]
pub(super) struct Compare {
    /// How many `-s` are before it; `None`: nothing is compared.
    pub(super) settings: Option<usize>,
}

impl Args for Compare {
    fn augment_args(command: clap::Command) -> clap::Command {
        let arg = Arg::new("compare").long("compare").action(ArgAction::SetTrue);
        command.arg(arg.help(
            "Explore a second arm beside it: with the -s that stand behind this word, which the first \
             arm does not have",
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
pub(super) struct ShrinkArgs {
    #[command(flatten)]
    pub(super) what: ScenarioArgs,
    /// The seed of the run; without it the scenario's own seed, or 0
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(super) seed: Option<u64>,
    /// Write the scenario here; without it, it is printed below what is said of it
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// A capture that `halfclose run --pcap` wrote, or a trace that `halfclose run --trace` printed
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// A name of the catalogue, or a TOML file
    #[arg(value_name = "NAME")]
    pub(super) scenario: String,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// More threads than any machine has cores are a slip of the hand.
fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    let jobs = text.parse().ok().filter(|jobs: &NonZeroUsize| jobs.get() <= 1024);
    jobs.ok_or_else(|| "a number of threads, from 1 to 1024".to_owned())
}

fn verdict(name: &str) -> Result<Verdict, String> {
    name.parse().map_err(|()| {
        let names = Verdict::ALL.map(Verdict::name);
        format!("is none of {}{}", names.join(", "), hint(name, names.into_iter()))
    })
}

/// More faults than a run has packets make no difference; the count ends long before.
fn faults(text: &str) -> Result<usize, String> {
    let faults = text.parse().ok().filter(|faults| (0..=64).contains(faults));
    faults.ok_or_else(|| "a number of faults, from 0 to 64".to_owned())
}

fn last(text: &str) -> Result<usize, String> {
    let last = text.parse().ok().filter(|last| *last > 0);
    last.ok_or_else(|| "a number of packets, from 1".to_owned())
}

fn scope(name: &str) -> Result<Scope, String> {
    let all = [Scope::Data, Scope::Control, Scope::Both];
    let found = all.into_iter().find(|scope| scope_name(*scope) == name);
    let names = all.map(scope_name);
    found.ok_or_else(|| format!("is none of {}{}", names.join(", "), hint(name, names.into_iter())))
}

fn time(text: &str) -> Result<Duration, String> {
    units::parse_duration(text).map_err(|error| error.to_string())
}
