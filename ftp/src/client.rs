//! `client` is the user-PI of RFC 959 §2.3 as a [`Session`]: it works through a script of tasks, one
//! command in flight (§5.4), and tells its user what came of each. `command` does what moves nothing,
//! `setup` makes data connections, `transfer` begins a transfer, `conclusion` follows it to its end and
//! decides what is told.

mod client_config;
mod client_transfer;
mod conclusion;
mod data_connection;
mod next_command;
mod task;

use client_config::ended;
pub use client_config::{AborReplies, ClientConfig, ClientTexts, DataMode, DownloadEnd};
pub use task::{Task, UploadMode};

use crate::report::{Direction, Speaker, Told};
use crate::session::{Action, Actions, Context, Event, Session};
use crate::store::Store;
use crate::tcp::Ending;
use crate::wire::line::{Lines, Outbox};
use crate::wire::listing::Form;
use crate::wire::reply::{Class, Parser, Progress, Reply};
use crate::wire::representation::Representation;
use crate::wire::text::Text;
use client_transfer::{ClientTransfer, TransferKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// What the client waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The greeting (220).
    #[default]
    Greeting,
    /// The reply to USER.
    User,
    /// The reply to PASS.
    Pass,
    /// The reply to TYPE, before a transfer.
    Type,
    /// The reply to SIZE, before an upload that goes on.
    SizeBefore,
    /// A listener of its own, to name in PORT or EPRT.
    Listening,
    /// The reply to EPRT, or to PORT.
    Port { extended: bool, at: SocketAddr },
    /// The reply to EPSV, or to PASV.
    Passive { extended: bool },
    /// The data connection that it opens itself.
    Connecting,
    /// The reply to REST.
    Rest,
    /// The replies to STOR, RETR and their kin (and to an ABOR in between), and the end of the data.
    Transfer,
    /// The reply to SIZE, after an upload that did not end well.
    SizeAfter,
    /// The reply to a command that moves nothing, or to an ABOR outside a transfer.
    Simple,
    /// The reply to TYPE, before such a command.
    SizeType,
    /// The reply to RNFR.
    RenameFrom,
    /// The reply to QUIT.
    Quit,
    /// Nothing more.
    Over,
}

/// The data connection of the transfer under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DataState {
    /// Not open yet.
    Absent,
    Open,
    Moving,
    /// It is over; whether it went as planned.
    Ended(bool),
}

/// How far an ABOR of the transfer under way has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AborState {
    Unsaid,
    Said,
    Answered,
}

/// One session of a client.
#[derive(Debug, Default)]
pub struct Client {
    lines: Lines,
    parser: Parser,
    out: Outbox,
    actions: Actions,
    stage: Stage,
    tasks: Option<Arc<[Task]>>,
    /// The task under way, or the next one.
    task: usize,
    /// The journal's place of the next transfer's report.
    report: usize,
    /// How many transfers have not begun.
    transfers_left: usize,
    /// The transfer under way.
    current: Option<ClientTransfer>,
    /// The type that the server has accepted, and the one that it has been asked for.
    representation: Option<Representation>,
    asked: Option<Representation>,
    /// The server has refused EPRT or EPSV.
    no_extensions: bool,
    /// The control connection's two ends, once it is open.
    ends: Option<(SocketAddr, SocketAddr)>,
    /// Bytes of replies since the last command.
    heard: usize,
    /// When the next reply has been waited for too long.
    deadline: Option<Duration>,
    /// The control connection is gone, and why, as the user was told.
    lost: Option<String>,
}

/// What a server may say to one command, in bytes.
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
            // Each costs whoever keeps it more than its bytes.
            self.heard += line.bytes.len().max(64);
            let progress = self.parser.handle_line(line.bytes);
            if self.heard > REPLY_LIMIT {
                self.lose(&cx.config.texts.endless, cx);
                return self.end();
            }
            if progress == Progress::Complete {
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
            self.lose(&cx.config.texts.timed_out, cx);
            self.end();
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
    /// Takes the script. Every transfer in it has a report from now on.
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
            // RFC 959 §5.4: it may answer anything, and the control connection closes.
            return self.handle_service_gone(reply, cx);
        }
        if class == Class::Preliminary && self.stage != Stage::Transfer {
            return self.await_reply(cx);
        }
        self.deadline = None;
        let done = class == Class::Completion;
        match self.stage {
            Stage::Greeting if done => {
                self.stage = Stage::User;
                self.command("USER", Some(&cx.config.user), cx);
            }
            Stage::User if class == Class::Intermediate && reply.code != 332 => {
                self.stage = Stage::Pass;
                self.command("PASS", Some(&cx.config.password), cx);
            }
            Stage::User | Stage::Pass if done => self.next_task(cx),
            Stage::Greeting | Stage::User | Stage::Pass => {
                self.give_up(Some(reply), &reply.to_string(), cx);
                self.quit(cx);
            }
            Stage::Type if done => {
                self.representation = self.asked;
                self.look_or_open(cx);
            }
            Stage::Type => self.fail_transfer(Some(reply), &reply.to_string(), cx),
            Stage::SizeBefore => self.handle_size_before(reply, cx),
            Stage::SizeAfter => self.handle_size_after(reply, cx),
            Stage::Rest => self.handle_rest_reply(reply, cx),
            Stage::Port { extended, at } => self.handle_port_reply(reply, extended, at, cx),
            Stage::Passive { extended } => self.handle_passive_reply(reply, extended, cx),
            Stage::Transfer => self.handle_transfer_reply(reply, class, cx),
            Stage::Simple | Stage::SizeType | Stage::RenameFrom => {
                self.handle_command_reply(reply, done, cx);
            }
            Stage::Quit => self.end(),
            // No command is in flight: nothing to answer.
            Stage::Listening | Stage::Connecting | Stage::Over => {}
        }
    }

    /// Goes on with the script; after its end, QUIT.
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
            // Too late.
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

    fn command<S: Store>(
        &mut self,
        verb: &str,
        argument: Option<&dyn Text>,
        cx: &mut ClientContext<'_, S>,
    ) {
        let out = self.out.buffer();
        let start = out.len();
        self.heard = 0;
        crate::wire::command::write(out, verb, argument);
        let line = &out[start..];
        cx.say(Speaker::Client, || match verb {
            "PASS" => "PASS ****".into(),
            _ => String::from_utf8_lossy(line).trim_end().to_owned(),
        });
        self.await_reply(cx);
    }

    fn await_reply<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        self.deadline = cx.config.reply_timeout.map(|limit| cx.now + limit);
    }

    /// 421: the server is about to close the control connection.
    fn handle_service_gone<S: Store>(&mut self, reply: &Reply, cx: &mut ClientContext<'_, S>) {
        let text = reply.to_string();
        self.fail_current(Some(reply), &text, cx);
        self.give_up(Some(reply), &text, cx);
        self.end();
    }

    fn handle_control_ended<S: Store>(&mut self, ending: Ending, cx: &mut ClientContext<'_, S>) {
        self.deadline = None;
        if matches!(self.stage, Stage::Quit | Stage::Over) {
            self.stage = Stage::Over;
            return;
        }
        let text = ended(ending, cx.config);
        self.lose(text, cx);
    }

    /// The control connection is of no use any more: what has no final reply will get none.
    fn lose<S: Store>(&mut self, text: &str, cx: &mut ClientContext<'_, S>) {
        self.deadline = None;
        cx.say(Speaker::Program, || text.into());
        if self.current.as_ref().is_some_and(ClientTransfer::waits_for_data) {
            // The server has said its last word on it; its data may still be on the way.
            self.lost = Some(text.into());
            return;
        }
        self.fail_current(None, text, cx);
        self.give_up(None, text, cx);
        self.stage = Stage::Over;
        self.actions.push(Action::DropData);
    }

    /// Tells failure of every transfer that has not begun: none will.
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
