//! `session` is the common part of `put`, `get` and `ls`: the login, the settings of the session, and the
//! report of a transfer.

use std::io::{self, Write};
use std::time::Duration;

use halfclose_ftp::report::Told;
use halfclose_ftp::{ClientConfig, DataMode, TransferReport};
use serde_json::{Value, json};

use super::args::network_args::SessionArgs;
use super::{CommandError, Status};
use crate::live::{self, Done, FtpUrl, Options, PasswordSource};

/// Reads the URL, finds the password, and returns the settings of the session.
pub(super) fn options(
    url: &str,
    args: &SessionArgs,
    err: &mut dyn Write,
) -> Result<(FtpUrl, Options), CommandError> {
    let target = FtpUrl::parse(url)?;
    let mut config = ClientConfig {
        mode: if args.active { DataMode::Active } else { DataMode::Passive },
        representation: target.representation,
        account: args.account.clone(),
        follows_227: args.follow_227,
        enters: true,
        checks: true,
        reply_timeout: Some(args.timeout),
        data_idle_timeout: Some(args.timeout),
        ..ClientConfig::default()
    };
    if let Some(user) = &target.user {
        config.password = match &target.password {
            Some(password) => {
                writeln!(
                    err,
                    "warning: every user of this machine can read a command line: leave the password \
                     out of the URL"
                )?;
                password.clone()
            }
            // RFC 1635: any password is right, and no password of another server must go there.
            None if user == "anonymous" && args.password_file.is_none() => config.password,
            None => PasswordSource { file: args.password_file.clone() }.find(user, err)?,
        };
        config.user.clone_from(user);
    } else if args.password_file.is_some() {
        return Err(CommandError::input(
            "--password-file: the URL names no user: write ftp://USER@HOST/",
        ));
    }
    // The session's own timeouts are shorter, and their messages say more.
    let (timeout, verbose) = (2 * args.timeout, args.verbose);
    Ok((
        target,
        Options {
            config,
            timeout,
            verbose,
            progress: !args.json && !args.verbose,
            ends_at_signals: true,
            interrupted: None,
            stores: None,
        },
    ))
}

/// Reports a session without a transfer. With `--json` a script gets an object here too.
pub(super) fn failed(
    command: &str,
    (url, file): (&str, &str),
    error: live::Error,
    json: bool,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    match error {
        live::Error::Failed(problem) | live::Error::Unreachable(problem) if json => {
            let url = live::shown(url);
            let told = json!({
                "command": command, "url": url, "file": file, "told": "failure", "client": problem,
            });
            writeln!(out, "{}", live::json_text(&told))?;
            Ok(Status::Failed)
        }
        error => Err(error.into()),
    }
}

/// The report of a transfer, for a person or for a script.
pub(super) struct TransferSummary<'a> {
    pub command: &'a str,
    pub url: &'a str,
    pub file: &'a str,
    pub done: &'a Done,
    /// The local error, in the system's words. The local error is printed in place of the server's reply.
    pub trouble: Option<String>,
    /// The path of an unfinished download.
    pub part: Option<String>,
    /// Further keys of the JSON object.
    pub more: &'a [(&'a str, Value)],
}

impl TransferSummary<'_> {
    /// Prints the report, and returns the status of the command.
    pub(super) fn print(&self, json: bool, out: &mut dyn Write) -> Result<Status, CommandError> {
        let Some(report) = self.done.transfers.last() else {
            return Err(CommandError::Transfer("nothing was transferred".to_owned()));
        };
        let success = report.told == Told::Success && self.trouble.is_none();
        if json {
            writeln!(out, "{}", live::json_text(&self.json(report)))?;
            return Ok(if success { Status::AsExpected } else { Status::Failed });
        }
        if !success {
            let (file, bytes) = (self.file, moved(report));
            // The kernel has taken the bytes: whether the bytes arrived is not known.
            let moved = if self.command == "put" { "sent" } else { "received" };
            let text = self.text(report);
            let part = self.part.as_ref().map_or_else(String::new, |part| format!(", in `{part}`"));
            let text = format!("{file}: {text} ({bytes} bytes {moved}{part})");
            return Err(CommandError::Transfer(text));
        }
        self.words(report, out)?;
        Ok(Status::AsExpected)
    }

    fn words(&self, report: &TransferReport, out: &mut dyn Write) -> io::Result<()> {
        let (file, bytes) = (self.file, moved(report));
        let seconds = took(report).as_secs_f64();
        let rate = readable(rate(bytes, took(report)));
        let after = match report.offset {
            0 => String::new(),
            offset => format!(" after {offset}"),
        };
        let file = live::clean(file);
        writeln!(
            out,
            "{file}: {bytes} bytes{after} in {seconds:.3} s ({rate}/s): {}",
            one_line(&report.text)
        )
    }

    fn text<'b>(&'b self, report: &'b TransferReport) -> &'b str {
        self.trouble.as_deref().unwrap_or(&report.text)
    }

    fn json(&self, report: &TransferReport) -> Value {
        let bytes = moved(report);
        let took = took(report);
        let mut object = json!({
            "command": self.command,
            "url": live::shown(self.url),
            "file": self.file,
            "server": self.done.server.to_string(),
            "told": match report.told {
                Told::Success if self.trouble.is_some() => "failure",
                Told::Success => "success",
                Told::Failure => "failure",
                Told::Nothing => "nothing",
            },
            "reply": report.reply.as_ref().map(ToString::to_string),
            "client": self.text(report),
            "bytes": bytes,
            "offset": report.offset,
            "remote_size": report.remote_size,
            "ending": report.ending.map(|ending| format!("{ending:?}").to_lowercase()),
            "seconds": took.as_secs_f64(),
            "bytes_per_second": rate(bytes, took),
            "session_seconds": self.done.took.as_secs_f64(),
        });
        if let Some(part) = &self.part {
            object["part"] = part.as_str().into();
        }
        for (key, value) in self.more {
            object[*key] = value.clone();
        }
        object
    }
}

fn moved(report: &TransferReport) -> u64 {
    report.sent.max(report.received)
}

fn took(report: &TransferReport) -> Duration {
    report.ended.unwrap_or(report.started).saturating_sub(report.started)
}

fn rate(bytes: u64, took: Duration) -> u64 {
    let micros = took.as_micros().max(1);
    u64::try_from(u128::from(bytes) * 1_000_000 / micros).unwrap_or(u64::MAX)
}

/// A reply in a single line, without control characters.
fn one_line(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(live::clean).collect();
    lines.join("; ")
}

/// A number of bytes in three digits or so.
fn readable(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}
