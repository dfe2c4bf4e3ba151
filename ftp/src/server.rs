//! `server` is the server-PI of RFC 959 §2.3 as a [`Session`]: commands in, replies and actions out.
//! Commands are split as §4.1 splits them: `access` (§4.1.1), `parameter` (§4.1.2), `service`
//! (§4.1.3). It moves no file itself: that is the transfer's work.

mod access;
mod config;
mod interruption;
mod judgement;
mod parameter;
mod service;

pub use config::{Limits, OnFin, ServerConfig, User};

use crate::command::{self, Command, Refused};
use crate::line::{Line, Lines, Outbox};
use crate::model::Phrase;
use crate::reply;
use crate::report::Speaker;
use crate::session::{Action, Actions, Context, Event, Session};
use crate::store::Store;
use access::Access;
use parameter::{Address, Parameters};
use service::{Service, Wait};
use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

/// One client's session, on the server.
#[derive(Debug, Default)]
pub struct Server {
    lines: Lines,
    out: Outbox,
    actions: Actions,
    access: Access,
    parameters: Parameters,
    /// The transfer under way.
    service: Option<Service>,
    /// Which of two ways the model goes, for the last transfer.
    draw: bool,
    /// How many transfers the session has begun.
    transfers: usize,
    /// The control connection's two ends, once it is open.
    ends: Option<(SocketAddr, SocketAddr)>,
    /// When the control connection is silent for too long.
    patience: Option<Duration>,
    /// The program is to end.
    retiring: bool,
    /// The control connection is gone, or to be closed.
    over: bool,
}

type Cx<'a, 'b, S> = &'a mut Context<'b, ServerConfig, S>;

impl Session for Server {
    type Config = ServerConfig;

    fn limits(config: &ServerConfig) -> (usize, usize) {
        (config.limits.sessions, config.limits.per_address)
    }

    fn reset(&mut self) {
        self.lines.reset();
        self.out.reset();
        self.actions.reset();
        self.access.reset();
        self.parameters = Parameters::default();
        self.service = None;
        self.draw = false;
        self.transfers = 0;
        self.ends = None;
        self.patience = None;
        self.retiring = false;
        self.over = false;
    }

    fn room(&self) -> usize {
        self.lines.room()
    }

    fn handle_bytes(&mut self, bytes: &[u8]) {
        self.lines.handle_bytes(bytes);
    }

    fn handle_lines<S: Store>(&mut self, cx: Cx<'_, '_, S>) {
        self.patience = cx.config.control_idle_timeout.map(|limit| cx.now + limit);
        self.interrupt(cx);
        // One command at a time: what is pipelined behind a transfer waits for its end.
        self.say_goodbye(cx);
        while !self.over && self.service.is_none() && self.parameters.address != Address::Asked {
            let mut lines = std::mem::take(&mut self.lines);
            let line = lines.next_line();
            let some = line.is_some();
            if let Some(line) = line {
                self.handle_line(line, cx);
            }
            self.lines = lines;
            if !some {
                return;
            }
        }
    }

    fn handle_event<S: Store>(&mut self, event: Event, cx: Cx<'_, '_, S>) {
        match event {
            Event::Opened { local, peer } => {
                self.ends = Some((local, peer));
                self.patience = cx.config.control_idle_timeout.map(|limit| cx.now + limit);
                self.reply(220, &cx.config.banner, cx);
            }
            Event::Crowded { .. } => {
                self.reply(421, &"Too many connections, try again later.", cx);
                self.end();
            }
            Event::Retire => self.retire(cx),
            Event::Cut => self.cut(),
            Event::ControlEnded(_) => self.handle_control_loss(cx),
            Event::Listening(at) => self.handle_listening(at, cx),
            Event::DataOpened { .. } => self.handle_data_opened(cx),
            Event::DataFailed(ending) => self.handle_data_failed(Some(ending), cx),
            Event::Alarm => self.handle_alarm(),
            Event::TransferEnded(end) => self.handle_transfer_ended(end, cx),
        }
        self.handle_lines_after(event, cx);
    }

    fn handle_timeout<S: Store>(&mut self, cx: Cx<'_, '_, S>) {
        if let Some(service) = &self.service {
            match service.waits {
                Some(Wait::Connection(deadline)) if deadline <= cx.now => {
                    self.actions.push(Action::DropData);
                    self.handle_data_failed(None, cx);
                    self.handle_lines(cx);
                }
                Some(Wait::Program(start)) if start <= cx.now => self.begin_moving(cx),
                _ => {}
            }
        } else if !self.over && self.patience.is_some_and(|patience| patience <= cx.now) {
            self.reply(421, &cx.config.model.texts.control_timeout, cx);
            self.end();
        }
    }

    fn next_wakeup(&self) -> Option<Duration> {
        match &self.service {
            Some(service) => service.waits.map(|wait| match wait {
                Wait::Connection(at) | Wait::Program(at) => at,
            }),
            None if self.over => None,
            None => self.patience,
        }
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

impl Server {
    /// Events that let the session go on with the commands that waited.
    fn handle_lines_after<S: Store>(&mut self, event: Event, cx: Cx<'_, '_, S>) {
        if matches!(event, Event::Listening(_) | Event::DataFailed(_) | Event::TransferEnded(_)) {
            self.handle_lines(cx);
        }
    }

    fn handle_line<S: Store>(&mut self, line: Line<'_>, cx: Cx<'_, '_, S>) {
        cx.say(Speaker::Client, || spoken(line.bytes));
        if line.cut {
            return self.reply(500, &"Command line too long.", cx);
        }
        if let Some(phrase) = refusal(line.bytes, cx.config) {
            return self.reply(phrase.0, &phrase.1, cx);
        }
        match command::parse(line.bytes) {
            Ok(Command::Abor) => self.handle_abor(line.synch, cx),
            Ok(command) => self.handle_command(command, cx),
            Err(Refused::Unknown) => self.reply(500, &"Unknown command.", cx),
            Err(Refused::NotImplemented) => self.reply(502, &"Command not implemented.", cx),
            Err(Refused::Argument) => self.reply(501, &"Bad argument.", cx),
        }
    }

    fn handle_command<S: Store>(&mut self, command: Command<'_>, cx: Cx<'_, '_, S>) {
        if !self.access.allows(command) {
            return self.reply(530, &"Please login with USER and PASS.", cx);
        }
        match command {
            Command::User(_) | Command::Pass(_) | Command::Acct(_) | Command::Quit => {
                self.handle_access(command, cx);
            }
            Command::Type(_)
            | Command::Stru(_)
            | Command::Mode(_)
            | Command::Pasv
            | Command::Epsv(_)
            | Command::Port(_)
            | Command::Eprt(_) => self.handle_parameter(command, cx),
            Command::Stor(_)
            | Command::Retr(_)
            | Command::Allo(_)
            | Command::Size(_)
            | Command::Noop
            | Command::Abor
            | Command::Syst
            | Command::Feat
            | Command::Opts(_)
            | Command::Pwd
            | Command::Help => self.handle_service(command, cx),
        }
    }

    fn reply<S: Store>(&mut self, code: u16, text: &dyn Display, cx: Cx<'_, '_, S>) {
        if self.over {
            return;
        }
        let out = self.out.buffer();
        let start = out.len();
        reply::write(out, code, text);
        let line = &out[start..];
        cx.say(Speaker::Server, || String::from_utf8_lossy(line).trim_end().replace('\r', ""));
    }

    /// Nothing more will be said.
    fn end(&mut self) {
        self.over = true;
        self.actions.push(Action::DropData);
        self.actions.push(Action::Close);
    }
}

/// What the model has against this command.
fn refusal(line: &[u8], config: &ServerConfig) -> Option<Phrase> {
    let verb = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    let mut refuses = config.model.refuses.iter();
    refuses.find(|(refused, _)| verb.eq_ignore_ascii_case(refused.as_bytes())).map(|(_, it)| *it)
}

/// A command line as it may be shown.
fn spoken(line: &[u8]) -> String {
    match line.get(..5) {
        Some(verb) if verb.eq_ignore_ascii_case(b"PASS ") => "PASS ****".into(),
        _ => String::from_utf8_lossy(line).into_owned(),
    }
}
