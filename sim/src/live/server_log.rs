//! `live::server_log` writes a line for each event of a server. No line has a password or a control
//! character, and each line of a session names the peer's address.

use std::fmt::{self, Display, Write as _};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use super::log_writer::LogWriter;
use halfclose_ftp::report::{Direction, Remains, Speaker};
use halfclose_ftp::store::Store;
use halfclose_ftp::tcp::Ending;
use halfclose_ftp::wire::date::Civil;
use halfclose_ftp::{Driver, Server, TransferReport};

/// The log with its destination.
pub(super) struct ServerLog {
    out: LogWriter,
    /// The date at which the program's time begins. The clock of the machine may be set meanwhile.
    epoch: Duration,
    /// Whether the log has the whole dialogue.
    verbose: bool,
}

impl ServerLog {
    pub(super) fn new(epoch: Duration, verbose: bool) -> Self {
        Self { out: LogWriter::new(), epoch, verbose }
    }

    /// Begins to write to standard error, from a thread of its own.
    pub(super) fn start(&mut self) -> io::Result<()> {
        self.out.start()
    }

    /// Sets the date at which the program's time begins, by the clock of now.
    pub(super) fn set_epoch(&mut self, epoch: Duration) {
        self.epoch = epoch;
    }

    /// Waits until the lines are written, at most for this time.
    pub(super) fn finish(self, patience: Duration) {
        self.out.finish(patience);
    }

    /// Writes a line of the program itself.
    pub(super) fn note(&mut self, text: &str) {
        self.out.write(format!("halfclose: {text}"));
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
                self.line(line.at, (line.session.0, line.peer), &text);
            }
        }
        while let Some(report) = server.poll_report() {
            let at = report.ended.unwrap_or(report.started);
            let text = transfer(&report);
            self.line(at, (report.session.0, report.peer), &text);
        }
    }

    fn line(&mut self, at: Duration, (session, peer): (u32, Option<IpAddr>), text: &str) {
        let (date, text) = (Date(self.epoch + at), super::clean(text));
        let line = match peer {
            Some(peer) => format!("{date} #{session} {peer} {text}"),
            None => format!("{date} #{session} - {text}"),
        };
        self.out.write(line);
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
        Some(reply) if reply.code < 200 => write!(text, ", no final reply after {reply}"),
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
        None if !report.connected => Some("no data connection was opened"),
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
