//! `client` owns one session of an FTP client: the user-PI of RFC 959 §2.3 as a [`Session`]. The
//! client works through a script of tasks with one command in flight (§5.4) and reports the result
//! of each task. `next_command` does the tasks without a data connection, `data_connection` opens
//! data connections, `client_transfer` begins a transfer, `conclusion` follows the transfer to the
//! end and decides the result that the user sees.

mod client_config;
mod client_transfer;
mod conclusion;
mod data_connection;
mod dialogue;
mod list_fallback;
mod next_command;
mod task;
mod verification;

use crate::clone_by_field::{clone_by_field, hash_by_field};
use client_config::ended;
pub use client_config::{AborReplies, ClientConfig, ClientTexts, DataMode, DownloadEnd};
pub use task::{RemoteName, Task, UploadMode};

use crate::report::{Direction, Speaker, Told};
use crate::session::{Action, Actions, Context, Event, Session};
use crate::store::Store;
use crate::wire::line::{Lines, Outbox};
use crate::wire::listing::Form;
use crate::wire::reply::{Class, Parser, Progress, Reply};
use crate::wire::representation::Representation;
use client_transfer::{ClientTransfer, TransferKind};
use dialogue::quote;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The reply or event that the client waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Stage {
    /// Waiting for the greeting (220).
    #[default]
    Greeting,
    /// Waiting for the reply to USER.
    User,
    /// Waiting for the reply to PASS.
    Pass,
    /// Waiting for the reply to ACCT.
    Account,
    /// Waiting for the reply to CWD before a listing.
    Enter,
    /// Waiting for the reply to TYPE before a transfer.
    Type,
    /// Waiting for the reply to SIZE before a transfer.
    SizeBefore,
    /// Waiting for the reply to MDTM before an upload.
    ModifiedBefore,
    /// Waiting for a listener of the client's own, to name in PORT or EPRT.
    Listening,
    /// Waiting for the reply to EPRT (`extended`) or to PORT.
    Port { extended: bool, at: SocketAddr },
    /// Waiting for the reply to EPSV (`extended`) or to PASV.
    Passive { extended: bool },
    /// Waiting for a data connection that the client opens to the port of EPSV (`extended`) or of
    /// PASV.
    Connecting { extended: bool },
    /// Waiting for the reply to REST.
    Rest,
    /// Waiting for the replies to a transfer command (STOR, RETR, ...), for the reply to an ABOR of
    /// the transfer, and for the end of the data.
    Transfer,
    /// Waiting for the reply to SIZE after a transfer.
    SizeAfter,
    /// Waiting for the reply to MDTM after an upload that failed.
    ModifiedAfter,
    /// Waiting for the reply to a command without a transfer, or to an ABOR outside a transfer.
    Simple,
    /// Waiting for the reply to TYPE before a SIZE task.
    SizeType,
    /// Waiting for the reply to RNFR.
    RenameFrom,
    /// Waiting for the reply to QUIT.
    Quit,
    /// The session is over.
    Over,
}

/// One session of a client.
// In memory the fields stand in this order: those that each reply needs share few lines of the cache.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Client {
    lines: Lines,
    /// Bytes of replies since the last command.
    heard: usize,
    /// Lines that had arrived before the command in flight was sent: they do not answer the command.
    stale: usize,
    /// The reply that the parser collects began with such a line.
    stale_reply: bool,
    parser: Parser,
    stage: Stage,
    out: Outbox,
    actions: Actions,
    /// The time at which the wait for the next reply ends.
    deadline: Option<Duration>,
    /// The command that the server is to answer next.
    asked_for: &'static str,
    tasks: Option<Arc<[Task]>>,
    /// Index of the task under way, or of the next task.
    task: usize,
    /// The transfer under way.
    current: Option<ClientTransfer>,
    /// The last line since the command in flight that was no reply of FTP.
    odd_line: Option<String>,
    /// The control connection is gone: the text that the user was told.
    lost: Option<String>,
    /// The two addresses of the control connection, local address first, once the connection is
    /// open.
    ends: Option<(SocketAddr, SocketAddr)>,
    /// Index in the journal of the next transfer's report.
    report: usize,
    /// The number of transfers of the script that have not begun.
    transfers_left: usize,
    /// The type that the server has accepted (TYPE), and the type in the last TYPE command.
    representation: Option<Representation>,
    asked: Option<Representation>,
    /// The server has refused EPRT or EPSV.
    no_extensions: bool,
}

clone_by_field! {
    Client {
        lines, parser, out, actions, stage, tasks, task, report, transfers_left, current,
        representation, asked, no_extensions, ends, heard, asked_for, stale, stale_reply,
        odd_line, deadline, lost,
    }
}

hash_by_field! {
    Client {
        lines, parser, out, actions, stage, tasks, task, report, transfers_left, current,
        representation, asked, no_extensions, ends, heard, asked_for, stale, stale_reply,
        odd_line, lost,
    } deadlines { deadline } without {}
}

/// The most bytes that a server may reply to one command.
const REPLY_LIMIT: usize = 1 << 20;

type ClientContext<'a, S> = Context<'a, ClientConfig, S>;

impl Session for Client {
    type Config = ClientConfig;

    fn reset(&mut self) {
        let mut lines = std::mem::take(&mut self.lines);
        let mut parser = std::mem::take(&mut self.parser);
        let mut out = std::mem::take(&mut self.out);
        let mut actions = std::mem::take(&mut self.actions);
        lines.reset();
        parser.reset();
        out.reset();
        actions.reset();
        *self = Self { lines, parser, out, actions, ..Self::default() };
    }

    fn room(&self) -> usize {
        self.lines.room()
    }

    fn handle_bytes(&mut self, bytes: &[u8]) {
        self.lines.handle_bytes(bytes);
    }

    fn handle_lines<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        while self.stage != Stage::Over {
            let Some(line) = self.lines.next_line() else {
                return;
            };
            cx.say(Speaker::Server, || String::from_utf8_lossy(line.bytes).into_owned());
            // A short line costs the journal more than its own bytes.
            self.heard += line.bytes.len().max(64);
            let stale = self.stale > 0;
            self.stale -= usize::from(stale);
            self.stale_reply |= stale && !self.parser.is_inside();
            if self.stage == Stage::Greeting && self.parser.is_foreign(line.bytes) {
                let line = quote(line.bytes);
                return self.lose_and_end(&format!("no FTP server: the peer said {line}"), cx);
            }
            let progress = self.parser.handle_line(line.bytes);
            if progress == Progress::Malformed {
                self.odd_line = Some(quote(line.bytes));
            }
            if self.heard > REPLY_LIMIT {
                return self.lose_and_end(&cx.config.texts.endless, cx);
            }
            if progress == Progress::Complete {
                let stale = std::mem::take(&mut self.stale_reply);
                if stale && self.parser.reply().code != 421 {
                    continue;
                }
                let parser = std::mem::take(&mut self.parser);
                self.handle_reply(parser.reply(), cx);
                self.parser = parser;
            }
        }
    }

    fn handle_event<S: Store>(&mut self, event: Event, cx: &mut ClientContext<'_, S>) {
        match event {
            Event::Opened { local, peer } | Event::Crowded { local, peer } => {
                self.ends = Some((local, peer));
                let left = self.report..self.report + self.transfers_left;
                for report in &mut cx.journal.reports[left] {
                    report.control = self.ends;
                }
            }
            Event::Retire | Event::Progress(_) => {}
            Event::Cut => self.end(),
            Event::ControlEnded(ending) => self.handle_control_ended(ending, cx),
            Event::Listening(at) => self.handle_listening(at, cx),
            Event::DataOpened { local, peer } => self.handle_data_opened((local, peer), cx),
            Event::DataFailed(ending) => self.handle_data_failed(ending, cx),
            Event::Alarm => self.handle_alarm(cx),
            Event::TransferEnded(end) => self.handle_transfer_ended(end, cx),
        }
    }

    fn handle_timeout<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        if self.deadline.is_some_and(|deadline| deadline <= cx.now) {
            if self.is_listing_without_data() {
                return self.end_listing_without_data(cx);
            }
            let text = self.timed_out(cx.config);
            self.lose_and_end(&text, cx);
        }
    }

    fn next_wakeup(&self) -> Option<Duration> {
        self.deadline
    }

    fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop()
    }

    fn unsent(&self) -> &[u8] {
        self.out.unsent()
    }

    fn sent(&mut self, count: usize) -> bool {
        self.out.sent(count)
    }
}

impl Client {
    /// Takes the script. Every transfer in the script has a report from now on.
    pub fn start<S: Store>(&mut self, tasks: Arc<[Task]>, cx: &mut ClientContext<'_, S>) {
        self.report = cx.journal.reports.len();
        for (at, task) in tasks.iter().enumerate() {
            let (direction, name, listing) = match task {
                Task::Put { local, .. } => (Direction::Upload, local, None),
                Task::Get { local, .. } => (Direction::Download, local, None),
                Task::List { local, form, .. } => {
                    (Direction::Download, local, Some(form.unwrap_or(Form::Facts)))
                }
                _ => continue,
            };
            self.transfers_left += 1;
            let report = cx.journal.begin(cx.id, at, direction, name, cx.now);
            cx.journal.reports[report].listing = listing;
        }
        self.tasks = Some(tasks);
        self.await_reply(cx);
    }

    fn handle_reply<S: Store>(&mut self, reply: &Reply, cx: &mut ClientContext<'_, S>) {
        let Some(class) = reply.class() else { return };
        if reply.code == 421 {
            // RFC 959 §5.4: 421 may answer any command, and the control connection closes.
            return self.handle_service_gone(reply, cx);
        }
        if class == Class::Preliminary && self.stage != Stage::Transfer {
            return self.await_reply(cx);
        }
        self.deadline = None;
        let done = class == Class::Completion;
        match self.stage {
            Stage::Greeting | Stage::User | Stage::Pass | Stage::Account => {
                self.handle_login_reply(reply, class, cx);
            }
            Stage::Enter if done => {
                if let Some(current) = &mut self.current {
                    current.remote = "".into();
                }
                self.prepare(cx);
            }
            // The path may name a file: the listing itself shows whether the file exists.
            Stage::Enter => self.refuse_and_go_on(reply, cx),
            Stage::Type if done => {
                self.representation = self.asked;
                self.look_or_open(cx);
            }
            Stage::Type => self.fail_transfer(Some(reply), &reply.to_string(), cx),
            Stage::SizeBefore => self.handle_size_before(reply, cx),
            Stage::ModifiedBefore => self.handle_modified_before(reply, cx),
            Stage::SizeAfter => self.handle_size_after(reply, cx),
            Stage::ModifiedAfter => self.handle_modified_after(reply, cx),
            Stage::Rest => self.handle_rest_reply(reply, cx),
            Stage::Port { extended, at } => self.handle_port_reply(reply, extended, at, cx),
            Stage::Passive { extended } => self.handle_passive_reply(reply, extended, cx),
            Stage::Transfer => self.handle_transfer_reply(reply, class, cx),
            Stage::Simple | Stage::SizeType | Stage::RenameFrom => {
                self.handle_command_reply(reply, done, cx);
            }
            Stage::Quit => self.end(),
            // No command is in flight, so the reply answers nothing.
            Stage::Listening | Stage::Connecting { .. } | Stage::Over => {}
        }
    }

    /// Begins the next task of the script; after the last task, QUIT.
    fn next_task<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        let Some(tasks) = self.tasks.clone() else {
            return;
        };
        let Some(task) = tasks.get(self.task) else {
            self.task = tasks.len();
            return self.quit(cx);
        };
        self.task += 1;
        match task {
            Task::Put { local, remote, mode } => {
                self.begin_transfer(TransferKind::Put(*mode), local, remote, cx);
            }
            Task::Get { remote, local, resume } => {
                self.begin_transfer(TransferKind::Get { resume: *resume }, local, remote, cx);
            }
            Task::List { remote, local, form } => {
                let kind = TransferKind::List(form.unwrap_or(Form::Facts), form.is_none());
                self.begin_transfer(kind, local, remote, cx);
            }
            Task::Abor { .. } => {
                self.stage = Stage::Simple;
                self.command("ABOR", None, cx);
            }
            // The transfer ended before this task's byte count.
            Task::Die { .. } => self.next_task(cx),
            task => self.begin_command(task, cx),
        }
    }

    fn quit<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        self.stage = Stage::Quit;
        self.command("QUIT", None, cx);
    }

    /// Closes the control connection: the script is over.
    fn end(&mut self) {
        self.stage = Stage::Over;
        self.deadline = None;
        self.actions.push(Action::DropData);
        self.actions.push(Action::Close);
    }

    /// Reports failure of every transfer and command that has not begun.
    fn give_up<S: Store>(
        &mut self,
        reply: Option<&Reply>,
        text: &str,
        cx: &mut ClientContext<'_, S>,
    ) {
        let left = self.report..self.report + self.transfers_left;
        for report in &mut cx.journal.reports[left] {
            report.told = Told::Failure;
            report.reply = reply.cloned();
            report.text.replace_range(.., text);
            report.ended = Some(cx.now);
        }
        self.transfers_left = 0;
        self.give_up_commands(reply, text, cx);
    }

    fn local(&self) -> SocketAddr {
        self.ends.expect("tasks begin on an open control connection").0
    }

    fn peer(&self) -> SocketAddr {
        self.ends.expect("tasks begin on an open control connection").1
    }
}
