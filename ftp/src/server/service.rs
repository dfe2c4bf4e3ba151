//! `server::service` answers the service commands (RFC 959 §4.1.3, RFC 3659): it begins transfers,
//! and says with exactly one final reply how each of them ended.

use super::parameter::Address;
use super::{ControlLoss, Cx, OnReset, Server, ServerConfig};
use crate::command::Command;
use crate::reply::{Class, Reply};
use crate::report::{Direction, Told, TransferReport};
use crate::session::Action;
use crate::store::{Fate, File, Store, StoreError};
use crate::tcp::Ending;
use crate::transfer::{End, Plan, Way};
use std::time::Duration;

/// A transfer under way: between its 1yz and its final reply.
#[derive(Debug)]
pub(super) struct Service {
    direction: Direction,
    file: File,
    /// Its report's place in the journal.
    report: usize,
    /// When its data connection must be open. None once it is.
    pub(super) deadline: Option<Duration>,
    /// ABOR has been said.
    aborted: bool,
}

/// What the server makes of an end.
#[derive(Clone, Copy)]
struct Judgement<'a> {
    code: u16,
    text: &'a str,
    fate: Fate,
}

impl Server {
    pub(super) fn handle_service<S: Store>(&mut self, command: Command<'_>, cx: Cx<'_, '_, S>) {
        match command {
            Command::Stor(path) => self.begin(Direction::Upload, path, cx),
            Command::Retr(path) => self.begin(Direction::Download, path, cx),
            Command::Size(path) => match cx.store.size(in_store(path)) {
                Ok(size) => self.reply(213, &size, cx),
                Err(error) => self.reply(550, &error.text(), cx),
            },
            Command::Allo(size) => {
                self.parameters.hint = size.split(' ').next().and_then(|size| size.parse().ok());
                self.reply(200, &"ALLO noted.", cx);
            }
            Command::Noop => self.reply(200, &"NOOP ok.", cx),
            // RFC 959 §4.1.3: 226 where a data connection is open, 225 where none is.
            Command::Abor if self.parameters.address == Address::Open => {
                self.parameters.address = Address::None;
                self.actions.push(Action::DropData);
                self.reply(226, &"Data connection closed.", cx);
            }
            Command::Abor => self.reply(225, &"No transfer to abort.", cx),
            Command::Syst => self.reply(215, &"UNIX Type: L8", cx),
            Command::Feat => self.reply(211, &"Features:\nEPRT\nEPSV\nSIZE\nEnd", cx),
            Command::Opts(_) => self.reply(501, &"Option not understood.", cx),
            Command::Pwd => self.reply(257, &"\"/\" is the current directory", cx),
            Command::Help => self.reply(214, &"See RFC 959.", cx),
            _ => self.reply(502, &"Command not implemented.", cx),
        }
    }

    fn begin<S: Store>(&mut self, direction: Direction, path: &str, cx: Cx<'_, '_, S>) {
        if self.parameters.address == Address::None {
            return self.reply(425, &"Use PORT or PASV first.", cx);
        }
        let path = in_store(path);
        let opened = match direction {
            Direction::Upload => cx.store.open_write(path, self.parameters.hint.take()),
            Direction::Download => cx.store.open_read(path, 0).map(|(file, _)| file),
        };
        let file = match opened {
            Ok(file) => file,
            Err(error) => return self.refuse(error, cx),
        };
        let report = cx.journal.reports.len();
        cx.journal.reports.push(TransferReport {
            session: cx.id,
            task: self.transfers,
            direction,
            name: path.into(),
            told: Told::Nothing,
            text: String::new(),
            reply: None,
            sent: 0,
            received: 0,
            data: None,
            ending: None,
            started: cx.now,
            ended: None,
        });
        self.transfers += 1;
        let deadline = Some(cx.now + cx.config.data_connect_timeout);
        self.service = Some(Service { direction, file, report, deadline, aborted: false });
        self.reply(150, &cx.config.texts.opening, cx);
        cx.journal.reports[report].reply = Some(Reply::new(150, &*cx.config.texts.opening));
        match self.parameters.address {
            Address::Active(to) => {
                let from = self.active_from(cx);
                self.actions.push(Action::Connect { from, to });
            }
            Address::Open => self.handle_data_opened(cx),
            // The client will connect.
            Address::Passive | Address::Asked | Address::None => {}
        }
    }

    /// No transfer: the data connection that was made for it is of no use.
    fn refuse<S: Store>(&mut self, error: StoreError, cx: Cx<'_, '_, S>) {
        self.parameters.address = Address::None;
        self.actions.push(Action::DropData);
        self.reply(error.code(), &error.text(), cx);
    }

    pub(super) fn handle_data_opened<S: Store>(&mut self, cx: Cx<'_, '_, S>) {
        self.parameters.address = Address::Open;
        let Some(service) = &mut self.service else {
            return;
        };
        service.deadline = None;
        let way = match service.direction {
            Direction::Upload => Way::Receive,
            Direction::Download => Way::Send(cx.config.close),
        };
        let idle_timeout = cx.config.data_idle_timeout;
        let plan = Plan { file: service.file, way, idle_timeout, alarm: None };
        self.actions.push(Action::Transfer(plan));
    }

    /// The data connection was refused, or did not come in time.
    pub(super) fn handle_data_failed<S: Store>(
        &mut self,
        ending: Option<Ending>,
        cx: Cx<'_, '_, S>,
    ) {
        let aborted = self.service.as_ref().is_some_and(|service| service.aborted);
        let code = if aborted { 426 } else { 425 };
        let text = if aborted { &cx.config.texts.aborted } else { &cx.config.texts.no_data };
        self.finish(Judgement { code, text, fate: Fate::Keep }, ending, 0, cx);
    }

    pub(super) fn handle_transfer_ended<S: Store>(&mut self, end: End, cx: Cx<'_, '_, S>) {
        let Some(service) = &self.service else { return };
        let was_abor = service.aborted;
        let judged = judge(service, &end, cx.config);
        let dropped = judged.is_none();
        let keep = Judgement { code: 0, text: "", fate: Fate::Keep };
        self.finish(judged.unwrap_or(keep), end.ending, end.moved, cx);
        if dropped && !self.over {
            self.over = true;
            self.actions.push(Action::Abort);
        }
        if was_abor {
            self.reply(226, &"ABOR successful.", cx);
        }
    }

    /// ABOR during a transfer: 426 for the transfer, 226 for the command (RFC 959 §4.1.3).
    pub(super) fn abort_service<S: Store>(&mut self, cx: Cx<'_, '_, S>) {
        cx.say(crate::report::Speaker::Client, || "ABOR".into());
        let Some(service) = &mut self.service else {
            return;
        };
        service.aborted = true;
        let waits = service.deadline.is_some();
        self.actions.push(Action::DropData);
        if waits {
            self.handle_data_failed(None, cx);
            self.reply(226, &"ABOR successful.", cx);
        }
    }

    pub(super) fn handle_control_loss<S: Store>(&mut self, cx: Cx<'_, '_, S>) {
        self.over = true;
        let waits = self.service.as_ref().map(|service| service.deadline.is_some());
        match (waits, cx.config.control_loss) {
            (Some(false), ControlLoss::Finish) => {}
            (Some(true), _) => {
                self.actions.push(Action::DropData);
                self.handle_data_failed(None, cx);
            }
            (Some(false), ControlLoss::Abort) | (None, _) => self.actions.push(Action::DropData),
        }
    }

    /// The transfer is over: closes its file, says so, and reports it.
    fn finish<S: Store>(
        &mut self,
        judgement: Judgement<'_>,
        ending: Option<Ending>,
        moved: u64,
        cx: Cx<'_, '_, S>,
    ) {
        let Some(service) = self.service.take() else {
            return;
        };
        self.parameters.address = Address::None;
        self.patience = cx.config.control_idle_timeout.map(|limit| cx.now + limit);
        let Judgement { code, text, fate } = judgement;
        cx.store.close(service.file, fate);
        let report = &mut cx.journal.reports[service.report];
        match service.direction {
            Direction::Upload => report.received = moved,
            Direction::Download => report.sent = moved,
        }
        report.ending = ending;
        report.ended = Some(cx.now);
        // Nobody is told anything over a control connection that is gone.
        if code != 0 && !self.over {
            let done = Class::of(code) == Some(Class::Completion);
            report.told = if done { Told::Success } else { Told::Failure };
            report.reply = Some(Reply::new(code, text));
            self.reply(code, &text, cx);
        }
    }
}

/// What an end of a transfer means; none: say nothing and reset the control connection.
fn judge<'a>(service: &Service, end: &End, config: &'a ServerConfig) -> Option<Judgement<'a>> {
    let texts = &config.texts;
    let upload = service.direction == Direction::Upload;
    let failed = match config.on_reset {
        OnReset::AbortDelete if upload => Fate::Discard,
        _ => Fate::Keep,
    };
    let (code, text, fate): (u16, &str, Fate) = if service.aborted {
        (426, &texts.aborted, failed)
    } else if end.complete {
        (226, &texts.complete, Fate::Keep)
    } else if let Some(error) = end.store {
        (error.code(), error.text(), failed)
    } else if end.idle {
        (426, &texts.data_timeout, failed)
    } else if upload && end.ending == Some(Ending::Reset) {
        match config.on_reset {
            OnReset::Abort | OnReset::AbortDelete => (426, &texts.aborted, failed),
            OnReset::AsEof => (226, &texts.complete, Fate::Keep),
            OnReset::PerrorReply => (426, &texts.perror, Fate::Keep),
            OnReset::DropControl => return None,
        }
    } else {
        (426, &texts.aborted, failed)
    };
    Some(Judgement { code, text, fate })
}

/// A path as the store names it. There are no directories: the root is where every session is.
fn in_store(path: &str) -> &str {
    path.trim_start_matches('/')
}
