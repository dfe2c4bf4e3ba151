//! `bridge_args` defines the words of `bridge`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueHint};

use super::ScenarioArgs;
use super::value_words::{capture_point, jobs, patience, seed, trace_scope};
use crate::report::ladder::TraceScope;
use crate::run::CapturePoint;
use crate::search::Seeds;

#[derive(Debug, Args)]
pub(in crate::cli) struct BridgeArgs {
    #[command(flatten)]
    pub(in crate::cli) what: ScenarioArgs,
    /// The command of the client's end [default: our client, as the scenario sets it]
    ///
    /// The command runs by /bin/sh in a network namespace of its own. These words are filled in:
    /// {server} the address of the server, {port} the port of the server, {dir} the directory of this
    /// end, which is the working directory too, {file} the path of the scenario's file at the client.
    #[arg(long, value_name = "COMMAND", value_hint = ValueHint::CommandString)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(in crate::cli) client: Option<String>,
    /// The command of the server's end, with the same words [default: our server]
    ///
    /// The client starts once a socket listens at {port}. The command gets SIGTERM at the end.
    #[arg(long, value_name = "COMMAND", value_hint = ValueHint::CommandString)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(in crate::cli) server: Option<String>,
    /// The user as whom our client logs in, with the password of `HALFCLOSE_PASSWORD` or
    /// --password-file [default: anonymous]
    #[arg(long, value_name = "NAME", conflicts_with = "client")]
    pub(in crate::cli) user: Option<String>,
    /// The file whose first line is the password
    #[arg(long, value_name = "FILE", requires = "user", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) password_file: Option<PathBuf>,
    /// The seed of every random draw [default: the seed of the scenario, or 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    #[arg(conflicts_with = "seeds")]
    pub(in crate::cli) seed: Option<u64>,
    /// Run once for each seed, and count: N (the first N), A..B (without B) or A..=B (with B)
    #[arg(long, value_name = "SEEDS", conflicts_with_all = ["trace", "pcap", "report"])]
    pub(in crate::cli) seeds: Option<Seeds>,
    /// Pairs of ends that run at a time, with --seeds
    #[arg(long, value_name = "N", default_value = "1", value_parser = jobs, requires = "seeds")]
    pub(in crate::cli) jobs: NonZeroUsize,
    /// Print size and SHA-256 of this file at both ends; PATH is relative to the directory of an end
    #[arg(long = "check", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) checks: Vec<PathBuf>,
    /// End the client after this much real time
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = patience)]
    pub(in crate::cli) limit: Duration,
    /// Keep the directories and the output of both commands below DIR
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) dir: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Print every packet, of the data connections, the control connections, or all
    #[arg(long, value_name = "SCOPE", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "all", value_parser = trace_scope())]
    pub(in crate::cli) trace: Option<TraceScope>,
    /// Write every packet as pcapng; `-` is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) pcap: Option<PathBuf>,
    /// Where the capture is taken: at the client, at the server, or on the link, with every lost packet
    #[arg(long, value_name = "WHERE", default_value = "link", value_parser = capture_point())]
    pub(in crate::cli) pcap_at: CapturePoint,
    /// Write a page about the run: ladder, graphs, every header field; no network, no other file
    #[arg(long, value_name = "FILE.html", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) report: Option<PathBuf>,
}
