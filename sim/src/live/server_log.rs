//! `live::server_log` writes a line for each event of a server. No line has a password or a control
//! character.

use std::fmt::{self, Display, Write as _};
use std::io::Write;
use std::time::Duration;

use halfclose_ftp::report::{Direction, Remains, Speaker};
use halfclose_ftp::store::Store;
use halfclose_ftp::tcp::Ending;
use halfclose_ftp::wire::date::Civil;
use halfclose_ftp::{Driver, Server, TransferReport};

/// The log with its destination.
pub(super) struct ServerLog<'a> {
    out: &'a mut dyn Write,
    /// The date at which the program's time begins.
    epoch: Duration,
    /// Whether the log has the whole dialogue.
    verbose: bool,
}

impl<'a> ServerLog<'a> {
    pub(super) fn new(out: &'a mut dyn Write, epoch: Duration, verbose: bool) -> Self {
        Self { out, epoch, verbose }
    }

    /// Writes a line of the program itself.
    pub(super) fn note(&mut self, text: &str) {
        let text = format!("halfclose: {text}");
        self.write(&text);
    }

    /// Writes everything that has happened since the last call.
    pub(super) fn take<S: Store>(&mut self, server: &mut Driver<Server, S>) {
        let said: Vec<_> = server.drain_dialogue().collect();
        for line in said {
            let sign = match line.speaker {
                Speaker::Program => "",
                _ if !self.verbose => continue,
                Speaker::Client => "> ",
                Speaker::Server => "< ",
            };
            for text in line.text.lines() {
                let text = format!("{sign}{text}");
                self.line(line.at, line.session.0, &text);
            }
        }
        while let Some(report) = server.poll_report() {
            let at = report.ended.unwrap_or(report.started);
            let text = transfer(&report);
            self.line(at, report.session.0, &text);
        }
    }

    fn line(&mut self, at: Duration, session: u32, text: &str) {
        let text = format!("{} #{session} {}", Date(self.epoch + at), super::clean(text));
        self.write(&text);
    }

    fn write(&mut self, text: &str) {
        // A server whose log is full or gone continues to serve.
        let _ = writeln!(self.out, "{text}");
    }
}

/// The result of a transfer in words.
fn transfer(report: &TransferReport) -> String {
    let (verb, bytes) = match (report.direction, report.listing) {
        (_, Some(form)) => (form.verb(), report.sent),
        (Direction::Upload, None) => ("received", report.received),
        (Direction::Download, None) => ("sent", report.sent),
    };
    let took = report.ended.unwrap_or(report.started).saturating_sub(report.started);
    let mut text = format!("{verb} /{}: {bytes} bytes in {:.3} s", report.name, took.as_secs_f64());
    match &report.reply {
        Some(reply) => write!(text, ", {reply}"),
        None => write!(text, ", no reply"),
    }
    .expect("a String takes everything");
    let end = end(report).into_iter().map(str::to_owned);
    for part in end.chain(report.remains.map(|remains| fate(remains, report))) {
        text.push_str("; ");
        text.push_str(&part);
    }
    text
}

/// Which end of the data connection ended the connection, where the reply alone does not say.
fn end(report: &TransferReport) -> Option<&'static str> {
    match report.ending {
        Some(Ending::Reset) => Some("reset by the client"),
        Some(Ending::Refused) => Some("the client refused the data connection"),
        Some(Ending::TimedOut | Ending::Stalled) => Some("the client's host did not answer"),
        Some(Ending::Aborted) => Some("reset by the server"),
        Some(Ending::Finished) if report.direction == Direction::Upload => {
            Some("ended by the client")
        }
        None if report.reply.as_ref().is_some_and(|reply| reply.code == 425) => {
            Some("no data connection was opened")
        }
        None if !is_done(report) => Some("ended by the server"),
        Some(Ending::Finished) | None => None,
    }
}

/// Whether the server reported success.
fn is_done(report: &TransferReport) -> bool {
    report.reply.as_ref().is_some_and(|reply| (200..300).contains(&reply.code))
}

/// What became of the file of an upload.
fn fate(remains: Remains, report: &TransferReport) -> String {
    match remains {
        Remains::Kept if is_done(report) => "the file is kept".to_owned(),
        Remains::Kept => format!("kept unfinished, {} bytes", report.received),
        Remains::Cut(length) => format!("kept unfinished, {length} of the bytes"),
        Remains::Old(size) => {
            format!("discarded: the old file of {size} bytes is there, unchanged")
        }
        Remains::OldPart(size) => format!("discarded: {size} bytes of the old file are left"),
        Remains::Removed => "discarded: the file is removed".to_owned(),
    }
}

/// The time as ISO 8601 has it.
struct Date(Duration);

impl Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second } = Civil::of(self.0);
        write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}
