//! `network_args` defines the words of `serve`, `put`, `get` and `ls`.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::{Args, ValueHint};
use halfclose_ftp::model::PRESETS;
use halfclose_ftp::{Close, Judgement, ServerModel};

use super::value_words::{one_of, patience, positive, time};
use crate::live::ListingOrder;
use crate::scenario::ServerSetup;

#[derive(Debug, Args)]
pub(in crate::cli) struct ServeArgs {
    /// The directory to serve; no path leads out of the directory
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) directory: PathBuf,
    /// The address to listen at; port 0 takes any free port, and the first line of output names the port
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:2121", value_parser = address)]
    pub(in crate::cli) listen: SocketAddr,
    /// Admit this user, with the password of `HALFCLOSE_PASSWORD`, of --password-file, or typed
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) user: Option<String>,
    /// Become this user (a name or a number) once the server listens; only root can
    #[arg(long, value_name = "USER")]
    pub(in crate::cli) run_as: Option<String>,
    /// The file whose first line is the password
    #[arg(long, value_name = "FILE", requires = "user", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) password_file: Option<PathBuf>,
    /// Admit the user `anonymous`, with any password; beside --user only for reading
    #[arg(long)]
    pub(in crate::cli) anonymous: bool,
    /// With --user too: let `anonymous` change files; without this option, `anonymous` then only reads
    #[arg(long, requires = "anonymous", conflicts_with = "read_only")]
    pub(in crate::cli) anonymous_writes: bool,
    /// Refuse every change of a file or a directory
    #[arg(long)]
    pub(in crate::cli) read_only: bool,
    /// Ports for passive data connections: A..B (without B) or A..=B (with B) [default: any free port]
    #[arg(long, value_name = "A..B", value_parser = ports)]
    pub(in crate::cli) passive_ports: Option<RangeInclusive<u16>>,
    /// The address in the replies to PASV, if clients reach this machine by another address
    #[arg(long, value_name = "ADDR")]
    pub(in crate::cli) passive_address: Option<Ipv4Addr>,
    /// How to end an upload after a reset of the data connection [default: abort-delete]
    ///
    /// abort keeps the bytes received, abort-delete removes the file, as-eof takes the reset for the end
    /// of the file (226), perror-reply puts the error text of the system into the reply, drop-control
    /// resets the control connection too.
    #[arg(long, value_name = "POLICY", value_parser = policies(), conflicts_with = "model")]
    pub(in crate::cli) on_reset: Option<Judgement>,
    /// Treat uploads and their ends as this server does, by measurement (docs/MODELS.md)
    #[arg(long, value_name = "NAME", value_parser = models())]
    pub(in crate::cli) model: Option<&'static ServerModel>,
    /// Write an upload under its final name from the first byte on, in place of an old file
    #[arg(long)]
    pub(in crate::cli) in_place: bool,
    /// Write an upload to the disk (fsync) before the reply 226
    #[arg(long)]
    pub(in crate::cli) sync: bool,
    /// The most sessions at a time
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(in crate::cli) max_sessions: Option<usize>,
    /// The most sessions at a time from one address
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(in crate::cli) max_per_address: Option<usize>,
    /// How long a control connection may be silent, such as 5min
    #[arg(long, value_name = "TIME", value_parser = patience)]
    pub(in crate::cli) idle_timeout: Option<Duration>,
    /// How long a data connection may move no byte, such as 30s
    #[arg(long, value_name = "TIME", value_parser = patience)]
    pub(in crate::cli) data_timeout: Option<Duration>,
    /// How long transfers may go on after Ctrl-C, SIGTERM or SIGHUP
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    pub(in crate::cli) grace: Duration,
    /// Log every command and every reply
    #[arg(short, long)]
    pub(in crate::cli) verbose: bool,
    /// Print the address as one JSON object
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// The options of `put`, `get` and `ls`.
#[derive(Debug, Args)]
pub(in crate::cli) struct SessionArgs {
    /// The file whose first line is the password [default: `HALFCLOSE_PASSWORD`, or typed]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) password_file: Option<PathBuf>,
    /// Let the server open data connections (PORT, EPRT)
    #[arg(long)]
    pub(in crate::cli) active: bool,
    /// The account, for a server that asks for one (332)
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) account: Option<String>,
    /// Connect to the address in the server's 227 reply, not to the address of the control
    /// connection; a hostile server can make the client connect to any host
    #[arg(long)]
    pub(in crate::cli) follow_227: bool,
    /// How long to wait without a reply and without a byte
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = patience)]
    pub(in crate::cli) timeout: Duration,
    /// Print every command and every reply to standard error
    #[arg(short, long)]
    pub(in crate::cli) verbose: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PutArgs {
    /// The file to upload; `-` is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) file: PathBuf,
    /// The place at the server: ftp://[USER@]HOST[:PORT]/PATH; a path that ends in `/` is a directory
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub(in crate::cli) url: String,
    /// How to end the data connection
    #[arg(long, value_name = "HOW", default_value = "fin", value_parser = closes())]
    pub(in crate::cli) close: Close,
    /// Continue behind the bytes at the server (REST)
    #[arg(short = 'c', long = "continue", conflicts_with = "append")]
    pub(in crate::cli) resume: bool,
    /// Append to the file at the server (APPE)
    #[arg(short, long)]
    pub(in crate::cli) append: bool,
    #[command(flatten)]
    pub(in crate::cli) session: SessionArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct GetArgs {
    /// The file to download: ftp://[USER@]HOST[:PORT]/PATH
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub(in crate::cli) url: String,
    /// A file or a directory; `-` is standard output [default: the last name of the URL]
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) file: Option<PathBuf>,
    /// Continue behind the bytes of the unfinished download (REST)
    #[arg(short = 'c', long = "continue")]
    pub(in crate::cli) resume: bool,
    #[command(flatten)]
    pub(in crate::cli) session: SessionArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ProbeArgs {
    /// The directory for the files of the probe, as in <ftp://USER@HOST:2121/DIR/>
    ///
    /// Every file has a unique name, and is deleted again, also after Ctrl-C. Nothing else is changed.
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub(in crate::cli) url: String,
    /// The ways to end an upload [default: all]
    #[arg(long = "close", value_name = "HOW,...", value_delimiter = ',', value_parser = closes())]
    pub(in crate::cli) closes: Vec<Close>,
    /// The sizes of the files in bytes
    #[arg(long, value_name = "BYTES,...", value_delimiter = ',', default_value = "1,10000")]
    pub(in crate::cli) sizes: Vec<usize>,
    /// Uploads of each size in each way: a server may answer in several ways
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) runs: u32,
    /// Compare with the JSON of an earlier probe: exit status 1 if an answer is not in FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) expect: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) session: SessionArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct LsArgs {
    /// The directory to list: ftp://[USER@]HOST[:PORT]/PATH
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub(in crate::cli) url: String,
    /// Print the long form, as the server writes it (LIST)
    #[arg(short, long, conflicts_with_all = ["names", "json"])]
    pub(in crate::cli) long: bool,
    /// Print names alone (NLST)
    #[arg(short, long, conflicts_with = "json")]
    pub(in crate::cli) names: bool,
    /// The order of the entries; -l and -n keep the server's order
    #[arg(long, value_enum, default_value_t, value_name = "ORDER", conflicts_with_all = ["names", "long"])]
    pub(in crate::cli) sort: ListingOrder,
    #[command(flatten)]
    pub(in crate::cli) session: SessionArgs,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let form = "write ADDR:PORT, such as 127.0.0.1:2121 or [::]:21";
    let port = text.rsplit_once(':').map(|(_, port)| port).ok_or(form)?;
    port.parse::<u16>().map_err(|_| format!("`{port}` is not a port: {form}"))?;
    let mut found = text.to_socket_addrs().map_err(|error| format!("{error}: {form}"))?;
    found.next().ok_or_else(|| format!("there is no such address: {form}"))
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let form = "write A..B (without B) or A..=B (with B), from 1024 to 65535";
    let (first, last) =
        text.split_once("..").ok_or_else(|| format!("it must be a range: {form}"))?;
    let (last, closed) = last.strip_prefix('=').map_or((last, false), |last| (last, true));
    let number = |part: &str| -> Result<u32, String> {
        part.trim().parse().map_err(|_| format!("`{part}` is not a port: {form}"))
    };
    let (first, last) = (number(first)?, number(last)?);
    let last = if closed { Some(last) } else { last.checked_sub(1) };
    let range =
        last.filter(|last| first <= *last).ok_or_else(|| format!("the range is empty: {form}"))?;
    match (u16::try_from(first), u16::try_from(range)) {
        // RFC 2577 §3: a client must not be led to the services below port 1024.
        (Ok(first @ 1024..), Ok(last)) => Ok(first..=last),
        _ => Err(form.to_owned()),
    }
}

fn policies() -> impl TypedValueParser<Value = Judgement> {
    let words = ServerSetup::ON_RESET.iter();
    one_of(words.filter_map(|(word, judgement)| Some((*word, (*judgement)?))).collect())
}

fn closes() -> impl TypedValueParser<Value = Close> {
    one_of(Close::WORDS.to_vec())
}

fn models() -> impl TypedValueParser<Value = &'static ServerModel> {
    one_of(PRESETS.iter().map(|model| (model.name, model)).collect())
}
