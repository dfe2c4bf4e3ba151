//! `args` defines the words of the command line. Help, man pages and completions come from the same
//! definitions, and scripts depend on the words.

#[cfg(all(feature = "net", target_os = "linux"))]
pub(super) mod bridge_args;
#[cfg(feature = "net")]
pub(super) mod network_args;
mod search_args;
mod value_words;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use super::help::{self, examples};
use crate::catalogue;
use crate::explain::Cause;
use crate::report::ladder::TraceScope;
use crate::report::page::LadderForm;
use crate::run::CapturePoint;
pub(super) use search_args::{ExploreArgs, FateArgs, MatrixArgs, MergeArgs, ShrinkArgs, SweepArgs};
use value_words::{ScenarioName, capture_point, cause, found, ladder_form, seed, trace_scope};

/// Replay the end of a TCP connection from a seed
///
/// An FTP client and an FTP server run over a real TCP stack, on a simulated link with a virtual clock.
/// The commands run, sweep, explore and shrink such scenarios; serve, put, get and ls do the same FTP over
/// the network of this machine.
#[derive(Debug, Parser)]
#[command(name = "halfclose", version, arg_required_else_help = true, after_long_help = help::program())]
#[command(after_help = "`halfclose --help` explains the verdicts and the exit statuses.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Invocation,
    /// When to use colours; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorWhen,
}

/// When the output has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ColorWhen {
    Auto,
    Always,
    Never,
}

/// The choice of colours in `arguments`. The choice is known before clap reads the arguments, so a usage
/// error has the right colours too.
pub(super) fn color_choice(arguments: &[OsString]) -> anstream::ColorChoice {
    let mut words = arguments.iter().filter_map(|word| word.to_str());
    let mut chosen = ColorWhen::Auto;
    while let Some(word) = words.next() {
        let when = match word.strip_prefix("--color") {
            Some("") => words.next(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        let when = when.and_then(|when| ColorWhen::from_str(when, false).ok());
        chosen = when.unwrap_or(chosen);
    }
    match chosen {
        ColorWhen::Auto => anstream::ColorChoice::Auto,
        ColorWhen::Always => anstream::ColorChoice::Always,
        ColorWhen::Never => anstream::ColorChoice::Never,
    }
}

/// Whether the command is `ls`.
pub(super) fn is_listing(arguments: &[OsString]) -> bool {
    let mut words = arguments.iter().skip(1).filter_map(|word| word.to_str());
    let is_color = |word: &str| ColorWhen::from_str(word, false).is_ok();
    words.find(|word| !word.starts_with('-') && !is_color(word)) == Some("ls")
}

/// A command with the words behind its name.
#[derive(Debug, Subcommand)]
pub(super) enum Invocation {
    /// Run a scenario once, and say what the user saw and whether the file is whole
    #[command(after_help = examples(help::RUN))]
    Run(RunArgs),
    /// Run a scenario for every pair of a client's close and a server's answer to a reset
    #[command(after_help = examples(help::MATRIX))]
    Matrix(MatrixArgs),
    /// Run a scenario with many seeds, at every point of a grid, and count the verdicts
    #[command(after_help = examples(help::SWEEP))]
    Sweep(SweepArgs),
    /// Run a scenario with every placement of a few faults on packets, and count the verdicts
    #[command(after_help = examples(help::EXPLORE))]
    Explore(ExploreArgs),
    /// Say at each packet of a run how the run could still have ended
    #[command(after_help = examples(help::FATE))]
    Fate(FateArgs),
    /// Put the summaries of shards together, and name the shards that are missing
    #[command(after_help = examples(help::MERGE))]
    Merge(MergeArgs),
    /// Cut a run down to the fewest faults with the same verdict, and print the small scenario
    #[command(after_help = examples(help::SHRINK))]
    Shrink(ShrinkArgs),
    /// Run the scenario of a capture or a trace again, and compare packet by packet
    #[command(after_help = examples(help::REPLAY))]
    Replay(ReplayArgs),
    /// Explain the end of each connection and each transfer, in a capture or in a run
    #[command(after_help = examples(help::EXPLAIN))]
    Explain(ExplainArgs),
    /// List the scenarios of the program, or search them
    #[command(after_help = examples(help::LIST))]
    List(ListArgs),
    /// Show how to run a scenario, the story, and the keys with their values
    #[command(after_help = examples(help::SHOW))]
    Show(ShowArgs),
    /// Run real programs on the ends of the link of a scenario, in real time
    #[cfg(all(feature = "net", target_os = "linux"))]
    #[command(after_help = examples(help::BRIDGE))]
    Bridge(bridge_args::BridgeArgs),
    /// Serve a directory over FTP, on the network of this machine
    #[cfg(feature = "net")]
    #[command(after_help = examples(help::SERVE))]
    Serve(network_args::ServeArgs),
    /// Upload a file to an FTP server, and choose how the data connection ends
    #[cfg(feature = "net")]
    #[command(after_help = examples(help::PUT))]
    Put(network_args::PutArgs),
    /// Download a file from an FTP server
    #[cfg(feature = "net")]
    #[command(after_help = examples(help::GET))]
    Get(network_args::GetArgs),
    /// List a directory of an FTP server
    #[cfg(feature = "net")]
    #[command(after_help = examples(help::LS))]
    Ls(network_args::LsArgs),
    /// Ask a running server what it says and holds when an upload ends in each way
    #[cfg(feature = "net")]
    #[command(after_help = examples(help::PROBE))]
    Probe(network_args::ProbeArgs),
    /// Print the completion script of a shell
    #[command(after_help = examples(help::COMPLETIONS))]
    Completions(CompletionsArgs),
    /// Write the manual pages of the program
    #[command(after_help = examples(help::MAN))]
    Man(ManArgs),
}

/// The scenario of a command, with the settings.
#[derive(Clone, Debug, Args)]
pub(super) struct ScenarioArgs {
    /// A name of the catalogue (`halfclose list`), or the path of a TOML file
    #[arg(value_name = "SCENARIO", default_value = catalogue::DEFAULT, hide_possible_values = true)]
    #[arg(value_parser = ScenarioName)]
    pub(super) scenario: String,
    /// Run this arm, a variant of the scenario with its own expectation (`halfclose show` lists the arms)
    #[arg(long, value_name = "NAME")]
    pub(super) arm: Option<String>,
    /// Set a key of the scenario; `halfclose show SCENARIO --all` lists the keys
    ///
    /// May be repeated: the last setting of a key counts. The expectation of the scenario does not count
    /// once a setting changes the run, unless a setting names an expect key: see --keep-expect. For
    /// `sweep`, a list (`0%,1%`) makes a grid, and a range (`5ms..50ms`) draws a value for each seed.
    #[arg(short = 's', long = "set", value_name = "KEY=VALUE")]
    pub(super) settings: Vec<String>,
    /// Keep the expectation of the scenario under the changes of -s and --file
    #[arg(long)]
    pub(super) keep_expect: bool,
    /// Transfer this file from your disk, under the same name; short for -s do.file=PATH
    #[arg(long, value_name = "PATH", allow_hyphen_values = true, value_hint = ValueHint::FilePath)]
    pub(super) file: Option<PathBuf>,
}

/// How findings are told to continuous integration.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub(super) struct CiArgs {
    /// Write the checks and their findings as a JUnit file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) junit: Option<PathBuf>,
    /// Print each finding on standard error as an annotation of this service
    #[arg(long, value_name = "SERVICE")]
    pub(super) annotate: Option<CiService>,
}

/// A service of continuous integration that reads annotations from the output of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CiService {
    /// GitHub Actions, which reads workflow commands.
    Github,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) what: ScenarioArgs,
    /// The seed of every random draw [default: the seed of the scenario, or 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub(super) seed: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    /// Print every packet, of the data connections, the control connections, or all
    ///
    /// On a terminal the trace fits the width, and the middle of a long transfer is folded. In a pipe the
    /// trace has every line, in packetdrill's notation: `halfclose replay` runs such a trace again.
    #[arg(long, value_name = "SCOPE", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "all", value_parser = trace_scope())]
    pub(super) trace: Option<TraceScope>,
    /// Write every packet as pcapng, with the scenario and the seed inside
    ///
    /// `-` is standard output: the report of the run then goes to standard error.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) pcap: Option<PathBuf>,
    /// Where the capture is taken: at the client, at the server, or on the link, with every lost packet
    ///
    /// `halfclose replay` compares captures of the link.
    #[arg(long, value_name = "WHERE", default_value = "link", value_parser = capture_point())]
    pub(super) pcap_at: CapturePoint,
    /// Write a page about the run: ladder, graphs, every header field; no network, no other file
    #[arg(long, value_name = "FILE.html", value_hint = ValueHint::FilePath)]
    pub(super) report: Option<PathBuf>,
    #[command(flatten)]
    pub(super) ci: CiArgs,
    /// Print the packets as a ladder in place of the summary: a picture (svg), or a diagram that GitHub
    /// draws (mermaid); `--trace=data` draws the data connections alone
    #[arg(long, value_name = "FORM", value_parser = ladder_form(), conflicts_with = "json")]
    pub(super) ladder: Option<LadderForm>,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// A capture from `halfclose run --pcap`, or a trace from `halfclose run --trace`
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A capture of any program (pcap or pcapng, plain, gzip or zstd; `-` is standard input), or a
    /// scenario to run
    #[arg(value_name = "CAPTURE|SCENARIO", value_hint = ValueHint::FilePath, allow_hyphen_values = true)]
    pub(super) what: String,
    /// Run the scenario with this seed, and explain the run
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub(super) seed: Option<u64>,
    /// Run this arm of the scenario
    #[arg(long, value_name = "NAME")]
    pub(super) arm: Option<String>,
    /// Set a key of the scenario
    #[arg(short = 's', long = "set", value_name = "KEY=VALUE")]
    pub(super) settings: Vec<String>,
    /// Only transfers and connections that ended for one of these causes
    #[arg(long, value_name = "CAUSE,...", value_delimiter = ',', value_parser = cause())]
    pub(super) only: Vec<Cause>,
    /// Only the connection of this number, and its transfers
    #[arg(long, value_name = "N")]
    pub(super) stream: Option<u64>,
    /// Say every transfer and every connection, not only the worst
    #[arg(long)]
    pub(super) all: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    /// Make a scenario of the session with the worst transfer, or of the session of `--stream`: a run
    /// of the scenario gets the same explanation, or the command says what is missing
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["seed", "arm", "settings"])]
    pub(super) scenario: Option<PathBuf>,
    /// Print the worst transfer as a text to paste into a ticket
    #[arg(long, conflicts_with = "json")]
    pub(super) ticket: bool,
    /// Exit with status 1 if the capture has one of these: a cause, `short` (a file that is not whole)
    /// or `reset-on-data` (a RST on a data connection)
    #[arg(long, value_name = "WHAT,...", value_delimiter = ',', value_parser = found())]
    pub(super) fail_on: Vec<String>,
    #[command(flatten)]
    pub(super) ci: CiArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// List only scenarios with this text in the name, the title or the story
    #[arg(value_name = "WORD")]
    pub(super) word: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// A name of the catalogue (`halfclose list`), or the path of a TOML file
    #[arg(value_name = "NAME", hide_possible_values = true, value_parser = ScenarioName)]
    pub(super) scenario: String,
    /// Show every key, with defaults too
    #[arg(short, long)]
    pub(super) all: bool,
    /// Print one JSON object with every key
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell for the script
    #[arg(value_name = "SHELL")]
    pub(super) shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The directory for the pages; a missing directory is made
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) directory: PathBuf,
}
