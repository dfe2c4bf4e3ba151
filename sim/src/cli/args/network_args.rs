//! The words of `serve`, `put`, `get` and `ls`. Scripts depend on them.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use halfclose_ftp::{Close, Judgement, ServerModel};

use crate::scenario::keys;
use crate::scenario::nearest::hint;
use crate::scenario::units::parse_duration;

#[derive(Debug, Args)]
pub(in crate::cli) struct ServeArgs {
    /// The directory that is served, and nothing outside of it
    #[arg(value_name = "DIR")]
    pub(in crate::cli) directory: PathBuf,
    /// Where to listen; port 0 is any free one, which the first line says
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:2121", value_parser = address)]
    pub(in crate::cli) listen: SocketAddr,
    /// Who may log in, with the password of `HALFCLOSE_PASSWORD`, of a file, or typed
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) user: Option<String>,
    /// Where the password is: the first line of this file
    #[arg(long, value_name = "FILE", requires = "user")]
    pub(in crate::cli) password_file: Option<PathBuf>,
    /// Anybody may log in as `anonymous`
    #[arg(long)]
    pub(in crate::cli) anonymous: bool,
    /// Nobody may change anything
    #[arg(long)]
    pub(in crate::cli) read_only: bool,
    /// Ports for passive data connections: A..B without B, A..=B with it; any free one if not said
    #[arg(long, value_name = "A..B", value_parser = ports)]
    pub(in crate::cli) passive_ports: Option<RangeInclusive<u16>>,
    /// The address that PASV names, if clients reach this machine by another one
    #[arg(long, value_name = "ADDR")]
    pub(in crate::cli) passive_address: Option<Ipv4Addr>,
    /// What a reset makes of an upload: abort-delete (as if it had never been), abort (what was
    /// received stays), as-eof (a reset ends the file: 226), drop-control, perror-reply
    #[arg(long, value_name = "POLICY", value_parser = policy, conflicts_with = "model")]
    pub(in crate::cli) on_reset: Option<Judgement>,
    /// Behave as that server was measured to (docs/MODELS.md names them)
    #[arg(long, value_name = "NAME", value_parser = model)]
    pub(in crate::cli) model: Option<&'static ServerModel>,
    /// An upload is under its name from its first byte on, in place of an old file
    #[arg(long)]
    pub(in crate::cli) in_place: bool,
    /// Have an upload on the disk before saying 226
    #[arg(long)]
    pub(in crate::cli) sync: bool,
    /// Sessions at a time
    #[arg(long, value_name = "N", value_parser = sessions)]
    pub(in crate::cli) max_sessions: Option<usize>,
    /// Sessions at a time from one address
    #[arg(long, value_name = "N", value_parser = sessions)]
    pub(in crate::cli) max_per_address: Option<usize>,
    /// How long a control connection may be silent
    #[arg(long, value_name = "TIME", value_parser = patience)]
    pub(in crate::cli) idle_timeout: Option<Duration>,
    /// How long a data connection may move nothing
    #[arg(long, value_name = "TIME", value_parser = patience)]
    pub(in crate::cli) data_timeout: Option<Duration>,
    /// How long transfers may go on after SIGTERM
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    pub(in crate::cli) grace: Duration,
    /// Log every command and reply
    #[arg(short, long)]
    pub(in crate::cli) verbose: bool,
    /// Print the address as one JSON object
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// What all that talk to a server have.
#[derive(Debug, Args)]
pub(in crate::cli) struct SessionArgs {
    /// Where the password is: the first line of this file (else `HALFCLOSE_PASSWORD`, else typed)
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) password_file: Option<PathBuf>,
    /// Let the server open data connections (PORT, EPRT)
    #[arg(long)]
    pub(in crate::cli) active: bool,
    /// How long no reply may come, and no byte move
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = patience)]
    pub(in crate::cli) timeout: Duration,
    /// Print what is said, to standard error
    #[arg(short, long)]
    pub(in crate::cli) verbose: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PutArgs {
    /// The file to upload; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// Where to: ftp://[USER@]HOST[:PORT]/PATH; a path that ends with `/` is a directory
    #[arg(value_name = "URL")]
    pub(in crate::cli) url: String,
    /// How to end the data connection: fin, half-close, reset, reset-when-sent, reset-when-acked,
    /// fin-then-reset
    #[arg(long, value_name = "HOW", default_value = "fin", value_parser = close)]
    pub(in crate::cli) close: Close,
    /// Go on with what is there already
    #[arg(short = 'c', long = "continue", conflicts_with = "append")]
    pub(in crate::cli) resume: bool,
    /// Add to what is there (APPE)
    #[arg(short, long)]
    pub(in crate::cli) append: bool,
    #[command(flatten)]
    pub(in crate::cli) session: SessionArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct GetArgs {
    /// What to download: ftp://[USER@]HOST[:PORT]/PATH
    #[arg(value_name = "URL")]
    pub(in crate::cli) url: String,
    /// Where to: a file, or a directory; `-` is standard output. The URL's last name if not said
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// Go on with what is there already
    #[arg(short = 'c', long = "continue")]
    pub(in crate::cli) resume: bool,
    #[command(flatten)]
    pub(in crate::cli) session: SessionArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct LsArgs {
    /// What to list: ftp://[USER@]HOST[:PORT]/PATH
    #[arg(value_name = "URL")]
    pub(in crate::cli) url: String,
    /// The long form, as the server writes it (LIST)
    #[arg(short, long, conflicts_with_all = ["names", "json"])]
    pub(in crate::cli) long: bool,
    /// Names alone (NLST)
    #[arg(short, long, conflicts_with = "json")]
    pub(in crate::cli) names: bool,
    #[command(flatten)]
    pub(in crate::cli) session: SessionArgs,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let form = "write ADDR:PORT, as 127.0.0.1:2121 or [::]:21";
    let port = text.rsplit_once(':').map(|(_, port)| port).ok_or(form)?;
    port.parse::<u16>().map_err(|_| format!("`{port}` is no port: {form}"))?;
    let mut found = text.to_socket_addrs().map_err(|error| format!("{error}: {form}"))?;
    found.next().ok_or_else(|| format!("no such address: {form}"))
}

/// How many sessions there may be: with none, nobody could be served.
fn sessions(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("nobody could be served: it must be 1 or more".into()),
        Ok(sessions) => Ok(sessions),
        Err(error) => Err(format!("{error}: it must be a number from 1 on")),
    }
}

/// How long somebody may take: with no time at all, everybody would be too late.
fn patience(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text).map_err(|error| error.to_string())?;
    if time.is_zero() {
        return Err("everybody would be too late: it must be more than 0, as 30s or 5min".into());
    }
    Ok(time)
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let form = "write A..B (without B) or A..=B (with it), from 1024 to 65535";
    let (first, last) = text.split_once("..").ok_or_else(|| format!("is no range: {form}"))?;
    let (last, closed) = last.strip_prefix('=').map_or((last, false), |last| (last, true));
    let number = |part: &str| -> Result<u32, String> {
        part.trim().parse().map_err(|_| format!("`{part}` is no port: {form}"))
    };
    let (first, last) = (number(first)?, number(last)?);
    let last = if closed { Some(last) } else { last.checked_sub(1) };
    let range =
        last.filter(|last| first <= *last).ok_or_else(|| format!("the range is empty: {form}"))?;
    match (u16::try_from(first), u16::try_from(range)) {
        // Below 1024 are services that a client might be led to (RFC 2577 §3).
        (Ok(first @ 1024..), Ok(last)) => Ok(first..=last),
        _ => Err(form.to_owned()),
    }
}

fn policy(text: &str) -> Result<Judgement, String> {
    word(text, keys::ON_RESET)?.ok_or_else(|| "name the server with --model".to_owned())
}

fn close(text: &str) -> Result<Close, String> {
    word(text, Close::WORDS)
}

fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, it)| *it).ok_or_else(|| {
        let near = hint(text, words.iter().map(|(word, _)| *word));
        let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        format!("it must be one of {}{near}", all.join(", "))
    })
}

fn model(text: &str) -> Result<&'static ServerModel, String> {
    let presets = &halfclose_ftp::model::PRESETS;
    presets.iter().find(|model| model.name == text).ok_or_else(|| {
        let near = hint(text, presets.iter().map(|model| model.name));
        format!("no such server was measured{near}")
    })
}
