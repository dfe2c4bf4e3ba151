//! `server::service` answers the service commands (RFC 959 §4.1.3, RFC 3659): it begins transfers,
//! and says with exactly one final reply how each of them ended.

use super::judgement::judge;
use super::parameter::Address;
use super::{Cx, OnFin, Server};
use crate::command::Command;
use crate::model::{Answer, Control, Facts, Interruption, Judgement, Kept, Phrase};
use crate::reply::Class;
use crate::report::{Direction, Told};
use crate::session::Action;
use crate::store::{Appears, Begin, Fate, File, Store, StoreError, Writing};
use crate::tcp::Ending;
use crate::transfer::{End, Plan, Way};
use std::time::Duration;

/// A transfer under way: between its 1yz and its final reply.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) direction: Direction,
    file: File,
    /// Its report's place in the journal.
    report: usize,
    /// What it waits for before it can move data.
    pub(super) waits: Option<Wait>,
    /// Which of two ways the model goes this time.
    pub(super) draw: bool,
    /// A command that ends it.
    pub(super) interrupted: Option<Interruption>,
    /// The control connection is closed after it.
    pub(super) closes: bool,
}

/// What a transfer waits for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    /// Its data connection, so long.
    Connection(Duration),
    /// The program itself, until then.
    Program(Duration),
}

impl Server {
    pub(super) fn handle_service<S: Store>(&mut self, command: Command<'_>, cx: Cx<'_, '_, S>) {
        match command {
            Command::Stor(path) => self.begin(Direction::Upload, path, cx),
            Command::Retr(path) => self.begin(Direction::Download, path, cx),
            Command::Size(path) => match cx.store.metadata(in_store(path)) {
                Ok(it) => self.reply(213, &it.size, cx),
                Err(error) => self.reply(550, &error.text(), cx),
            },
            Command::Allo(size) => {
                self.parameters.hint = size.split(' ').next().and_then(|size| size.parse().ok());
                self.reply(200, &"ALLO noted.", cx);
            }
            Command::Noop => self.reply(200, &"NOOP ok.", cx),
            // Divergence: RFC 959 §4.2 says 225 where a data connection is open; real servers say
            // 226 there, and 225 where none is (measured).
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
            Direction::Upload => {
                let hidden = cx.config.model.hidden;
                let appears = if hidden { Appears::WhenKept } else { Appears::AtOnce };
                let hint = self.parameters.hint.take();
                cx.store.open_write(path, Writing { begin: Begin::New, appears, hint }, cx.now)
            }
            Direction::Download => cx.store.open_read(path, 0).map(|(file, _)| file),
        };
        let file = match opened {
            Ok(file) => file,
            Err(error) => return self.refuse(error, cx),
        };
        let report = cx.journal.begin(cx.id, self.transfers, direction, path, cx.now);
        cx.journal.reports[report].opened = true;
        self.transfers += 1;
        self.draw = cx.config.draws >> (report % 64) & 1 == 1;
        self.service = Some(Service {
            direction,
            file,
            report,
            waits: Some(Wait::Connection(cx.now + cx.config.data_connect_timeout)),
            draw: self.draw,
            interrupted: None,
            closes: false,
        });
        let texts = &cx.config.model.texts;
        let open = self.parameters.address == Address::Open;
        let phrase = if open { texts.already_open } else { texts.opening };
        let (code, facts) = (phrase.0, Facts { path, ..Facts::default() });
        self.reply(code, &phrase.with(facts), cx);
        cx.journal.reply(report, code, phrase.with(facts));
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
        if cx.config.accept_delay.is_zero() {
            self.begin_moving(cx);
        } else {
            service.waits = Some(Wait::Program(cx.now + cx.config.accept_delay));
        }
    }

    /// The data connection is open, and the program is there.
    pub(super) fn begin_moving<S: Store>(&mut self, cx: Cx<'_, '_, S>) {
        let Some(service) = &mut self.service else {
            return;
        };
        service.waits = None;
        let way = match service.direction {
            Direction::Upload => Way::Receive,
            Direction::Download => Way::Send(cx.config.close),
        };
        let (idle_timeout, read_delay) = (cx.config.data_idle_timeout, cx.config.read_delay);
        let (chatter, waits_on) = (cx.config.chatter, cx.config.on_fin == OnFin::Waits);
        let plan =
            Plan { idle_timeout, read_delay, chatter, waits_on, ..Plan::new(service.file, way) };
        self.actions.push(Action::Transfer(plan));
    }

    /// The data connection was refused, or did not come in time, or an interruption came first.
    pub(super) fn handle_data_failed<S: Store>(
        &mut self,
        ending: Option<Ending>,
        cx: Cx<'_, '_, S>,
    ) {
        let Some(service) = &self.service else { return };
        if let Some(interruption) = service.interrupted {
            return self.finish_interrupted(interruption, ending, 0, cx);
        }
        let failed = Phrase(425, cx.config.model.texts.no_data);
        let judgement = Judgement { answer: Answer::Says(failed), kept: Kept::All };
        self.finish(judgement, ending, 0, cx);
    }

    pub(super) fn handle_transfer_ended<S: Store>(&mut self, end: End, cx: Cx<'_, '_, S>) {
        let Some(service) = &self.service else { return };
        let closes = service.closes;
        match service.interrupted {
            Some(interruption) => {
                self.finish_interrupted(interruption, end.ending, end.moved, cx);
            }
            None => {
                self.finish(
                    judge(service.direction, service.draw, &end, cx.config),
                    end.ending,
                    end.moved,
                    cx,
                );
            }
        }
        if closes {
            self.leave(Control::Close);
        }
        self.say_goodbye(cx);
    }

    /// The command that has ended the transfer speaks for it.
    fn finish_interrupted<S: Store>(
        &mut self,
        Interruption { says, control, .. }: Interruption,
        ending: Option<Ending>,
        moved: u64,
        cx: Cx<'_, '_, S>,
    ) {
        let kept = cx.config.model.abandoned;
        let (answer, rest) = match says {
            [first, rest @ ..] => (Answer::Says(*first), rest),
            [] => (Answer::Silence(control), says),
        };
        let facts = self.finish(Judgement { answer, kept }, ending, moved, cx);
        for phrase in rest {
            self.reply(phrase.0, &phrase.with(facts), cx);
        }
        self.leave(control);
    }

    /// The transfer is over: closes its file, says so, and reports it. What is known of it now may
    /// be spoken of.
    fn finish<S: Store>(
        &mut self,
        Judgement { answer, kept }: Judgement,
        ending: Option<Ending>,
        moved: u64,
        cx: Cx<'_, '_, S>,
    ) -> Facts<'static> {
        let Some(service) = self.service.take() else {
            return Facts::default();
        };
        self.parameters.address = Address::None;
        self.patience = cx.config.control_idle_timeout.map(|limit| cx.now + limit);
        let _ = cx.store.close(service.file, fate(kept, moved));
        let report = &mut cx.journal.reports[service.report];
        match service.direction {
            Direction::Upload => report.received = moved,
            Direction::Download => report.sent = moved,
        }
        report.ending = ending;
        report.ended = Some(cx.now);
        let took = cx.now.saturating_sub(report.started);
        let texts = &cx.config.model.texts;
        let phrase = match answer {
            Answer::Complete => texts.complete,
            Answer::Aborted => texts.aborted,
            Answer::Says(phrase) => phrase,
            Answer::Silence(control) => {
                self.leave(control);
                cx.journal.finish(service.report);
                return Facts { path: "", took, moved };
            }
        };
        // Nobody is told anything over a control connection that is gone.
        if !self.over {
            let done = Class::of(phrase.0) == Some(Class::Completion);
            report.told = if done { Told::Success } else { Told::Failure };
            let path = std::mem::take(&mut report.name);
            let facts = Facts { path: &path, took, moved };
            cx.journal.reply(service.report, phrase.0, phrase.with(facts));
            self.reply(phrase.0, &phrase.with(facts), cx);
            cx.journal.reports[service.report].name = path;
        }
        cx.journal.finish(service.report);
        Facts { path: "", took, moved }
    }
}

/// What the store is to do with a file of which `moved` bytes were written.
fn fate(kept: Kept, moved: u64) -> Fate {
    match kept.of(moved) {
        None => Fate::Discard,
        Some(length) if length < moved => Fate::Cut(length),
        Some(_) => Fate::Keep,
    }
}

/// A path as the store names it. There are no directories: the root is where every session is.
fn in_store(path: &str) -> &str {
    path.trim_start_matches('/')
}
