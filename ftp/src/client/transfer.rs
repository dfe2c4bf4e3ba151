//! `client::transfer` follows one transfer from its task to what the user is told. Two things end
//! it, in either order: the server's final reply, and the end of the data connection. An upload
//! succeeded if the reply is 2yz and the client's own end of the data went as it meant it to; a
//! download if the reply is 2yz and the data ended with a FIN.

use super::{AborReplies, Client, ClientConfig, Cx, State, Task, Trust, ended};
use crate::reply::{Class, Reply};
use crate::report::{Direction, Speaker, Told};
use crate::session::{Action, Context};
use crate::store::{Fate, File, Store, Writing};
use crate::transfer::{Body, End, Plan, Way};
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;

/// The transfer under way.
#[derive(Debug)]
pub(super) struct Current {
    direction: Direction,
    local: Arc<str>,
    remote: Arc<str>,
    /// The local file. A download's is opened when the server has one to send.
    file: Option<File>,
    /// Its report's place in the journal.
    report: usize,
    /// 1yz has come.
    preliminary: bool,
    data: DataState,
    /// ABOR has been sent; its own final reply has come.
    abor: Abor,
    /// The class of the transfer's final reply.
    answer: Option<Class>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DataState {
    /// Not open yet.
    Absent,
    Open,
    Moving,
    /// It is over; whether it went as planned.
    Ended(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Abor {
    Unsaid,
    Said,
    Answered,
}

impl Current {
    /// The server has said its last word on it.
    pub(super) fn is_answered(&self) -> bool {
        self.answer.is_some() && self.abor != Abor::Said
    }

    /// Nothing but the end of its data is missing, and that will come.
    pub(super) fn waits_for_data(&self) -> bool {
        self.is_answered() && self.data == DataState::Moving
    }
}

impl Client {
    pub(super) fn begin_transfer<S: Store>(
        &mut self,
        direction: Direction,
        local: Arc<str>,
        remote: Arc<str>,
        cx: Cx<'_, '_, S>,
    ) {
        let report = self.report;
        self.report += 1;
        self.transfers_left -= 1;
        cx.journal.reports[report].started = cx.now;
        let mut current = Current {
            direction,
            local,
            remote,
            file: None,
            report,
            preliminary: false,
            data: DataState::Absent,
            abor: Abor::Unsaid,
            answer: None,
        };
        let mut readable = true;
        if direction == Direction::Upload {
            current.file = cx.store.open_read(&current.local, 0).ok().map(|(file, _)| file);
            readable = current.file.is_some();
        }
        self.current = Some(current);
        if !readable {
            self.fail_transfer(None, &cx.config.texts.store, cx);
        } else if self.image {
            self.open_data(cx);
        } else {
            self.state = State::Type;
            self.command("TYPE", Some(&"I"), cx);
        }
    }

    pub(super) fn send_transfer_command<S: Store>(&mut self, cx: Cx<'_, '_, S>) {
        let Some(current) = &self.current else { return };
        let remote = current.remote.clone();
        let verb = match current.direction {
            Direction::Upload => "STOR",
            Direction::Download => "RETR",
        };
        self.state = State::Transfer;
        self.command(verb, Some(&remote), cx);
    }

    pub(super) fn handle_data_opened<S: Store>(
        &mut self,
        data: (SocketAddr, SocketAddr),
        cx: Cx<'_, '_, S>,
    ) {
        let Some(current) = &mut self.current else {
            return;
        };
        cx.journal.reports[current.report].data = Some(data);
        current.data = DataState::Open;
        if self.state == State::Connecting {
            self.send_transfer_command(cx);
        } else {
            self.move_data(cx);
        }
    }

    pub(super) fn handle_transfer_reply<S: Store>(
        &mut self,
        reply: &Reply,
        class: Class,
        cx: Cx<'_, '_, S>,
    ) {
        let Some(current) = &mut self.current else {
            return;
        };
        let text = &mut cx.journal.reports[current.report].text;
        text.clear();
        // Writing to a String cannot fail.
        let _ = write!(text, "{reply}");
        if class == Class::Preliminary {
            current.preliminary = true;
            let upload = current.direction == Direction::Upload;
            cx.journal.reports[current.report].opened |= upload;
            cx.journal.reply(current.report, reply.code, &reply.text);
            return self.move_data(cx);
        }
        if current.answer.is_some() {
            current.abor = Abor::Answered;
            return self.conclude(cx);
        }
        cx.journal.reply(current.report, reply.code, &reply.text);
        current.answer = Some(class);
        let one = cx.config.abor_replies == AborReplies::One;
        if current.abor == Abor::Said && (reply.code == 225 || one) {
            // Real servers say 225 of a command that is done: no other reply follows.
            current.abor = Abor::Answered;
        }
        if class == Class::Completion {
            self.move_data(cx);
            self.trust(cx.config);
        } else {
            self.actions.push(Action::DropData);
            if current.data != DataState::Moving {
                current.data = DataState::Ended(false);
            }
        }
        self.conclude(cx);
    }

    /// Begins to move data once the server has said so and the connection is there.
    fn move_data<S: Store>(&mut self, cx: Cx<'_, '_, S>) {
        let Some(current) = &mut self.current else {
            return;
        };
        let agreed = current.preliminary || current.answer == Some(Class::Completion);
        if current.data != DataState::Open || !agreed {
            return;
        }
        if current.direction == Direction::Download {
            current.file = cx.store.open_write(&current.local, Writing::default(), cx.now).ok();
            cx.journal.reports[current.report].opened = current.file.is_some();
        }
        let Some(file) = current.file else {
            let text = &cx.config.texts.store;
            cx.say(Speaker::Program, || text.clone().into_owned());
            current.data = DataState::Ended(false);
            self.actions.push(Action::DropData);
            return;
        };
        let way = match current.direction {
            Direction::Upload => Way::Send(cx.config.close),
            Direction::Download => Way::Receive,
        };
        let alarm = self.tasks.as_deref().and_then(|tasks| match tasks.get(self.task) {
            Some(&(Task::Abor { after } | Task::Die { after })) => Some(after),
            _ => None,
        });
        current.data = DataState::Moving;
        let plan = Plan { alarm, ..Plan::new(Body::Image(file), way) };
        self.actions.push(Action::Transfer(plan));
    }

    /// A client that takes 2yz for the end of a download looks at no data behind it.
    fn trust(&mut self, config: &ClientConfig) {
        let download = |current: &Current| {
            current.direction == Direction::Download && current.data == DataState::Moving
        };
        if config.trusts == Trust::Reply && self.current.as_ref().is_some_and(download) {
            self.actions.push(Action::CloseData);
        }
    }

    /// As many bytes have moved as the script says.
    pub(super) fn handle_alarm<S: Store>(&mut self, cx: Cx<'_, '_, S>) {
        match self.tasks.as_deref().and_then(|tasks| tasks.get(self.task)) {
            Some(Task::Die { .. }) => self.die(cx),
            _ => self.abort_transfer(cx),
        }
    }

    /// The program is gone, and tells nobody anything; its system closes what it had open.
    fn die<S: Store>(&mut self, cx: Cx<'_, '_, S>) {
        if let Some(file) = self.current.take().and_then(|current| current.file) {
            let _ = cx.store.close(file, Fate::Keep);
        }
        self.deadline = None;
        self.state = State::Over;
        self.actions.push(Action::CloseData);
        self.actions.push(Action::Close);
    }

    /// The time for ABOR has come: says it in the way that a busy server hears (RFC 959 §4.1.3),
    /// and cuts the data connection. A FIN would look like the end of the file.
    pub(super) fn abort_transfer<S: Store>(&mut self, cx: Cx<'_, '_, S>) {
        let Some(current) = &mut self.current else {
            return;
        };
        current.abor = Abor::Said;
        self.task += 1;
        self.out.push_synch();
        self.command("ABOR", None, cx);
        self.actions.push(Action::DropData);
    }

    pub(super) fn handle_transfer_ended<S: Store>(&mut self, end: End, cx: Cx<'_, '_, S>) {
        let Some(current) = &mut self.current else {
            return;
        };
        let trusting = current.direction == Direction::Download
            && cx.config.trusts == Trust::Reply
            && current.answer == Some(Class::Completion);
        let complete = end.complete || trusting;
        current.data = DataState::Ended(complete);
        let report = &mut cx.journal.reports[current.report];
        match current.direction {
            Direction::Upload => report.sent = end.moved,
            Direction::Download => report.received = end.moved,
        }
        report.ending = end.ending;
        if let Some(file) = current.file.take() {
            let _ = cx.store.close(file, Fate::Keep);
        }
        let answered = current.is_answered();
        // Nothing is added to what the user has been told.
        if report.told == Told::Nothing
            && let Some(text) = complaint(&End { complete, ..end }, current, cx.config)
        {
            report.text.replace_range(.., text);
            cx.say(Speaker::Program, || text.into());
        }
        if self.state == State::Over && self.lost.is_none() {
            // 421 came first: everything has been told, and nothing follows.
            self.close_current(Told::Failure, cx);
        } else if answered {
            self.conclude(cx);
        } else if self.state == State::Transfer {
            self.await_reply(cx);
        }
    }

    /// Tells the user, if nothing is to be waited for any more.
    fn conclude<S: Store>(&mut self, cx: Cx<'_, '_, S>) {
        let Some(current) = &self.current else { return };
        let DataState::Ended(complete) = current.data else {
            // A server that says 2yz and never connects must not keep us for ever.
            if current.is_answered() && current.data == DataState::Absent {
                self.await_reply(cx);
            }
            return;
        };
        if !current.is_answered() {
            return self.await_reply(cx);
        }
        let done = current.answer == Some(Class::Completion);
        let success = done && complete && current.abor == Abor::Unsaid;
        let told = if success { Told::Success } else { Told::Failure };
        self.close_current(told, cx);
        match self.lost.take() {
            None => self.next_task(cx),
            Some(text) => {
                self.give_up(None, &text, cx);
                self.state = State::Over;
            }
        }
    }

    /// The transfer will not begin: tells failure and goes on.
    pub(super) fn fail_transfer<S: Store>(
        &mut self,
        reply: Option<&Reply>,
        text: &str,
        cx: Cx<'_, '_, S>,
    ) {
        if reply.is_none() {
            cx.say(Speaker::Program, || text.into());
        }
        self.fail_current(reply, text, cx);
        self.actions.push(Action::DropData);
        self.next_task(cx);
    }

    /// Tells failure of the transfer under way, if there is one.
    pub(super) fn fail_current<S: Store>(
        &mut self,
        reply: Option<&Reply>,
        text: &str,
        cx: Cx<'_, '_, S>,
    ) {
        let Some(current) = &self.current else { return };
        let moving = current.data == DataState::Moving;
        let report = &mut cx.journal.reports[current.report];
        report.text.replace_range(.., text);
        if let Some(reply) = reply {
            report.reply = Some(reply.clone());
        }
        if moving {
            // Its end, which comes with DropData, completes the report's figures.
            report.told = Told::Failure;
            report.ended = Some(cx.now);
        } else {
            self.close_current(Told::Failure, cx);
        }
    }

    fn close_current<S: Store>(&mut self, told: Told, cx: &mut Context<'_, ClientConfig, S>) {
        let Some(current) = self.current.take() else {
            return;
        };
        if let Some(file) = current.file {
            let _ = cx.store.close(file, Fate::Keep);
        }
        let report = &mut cx.journal.reports[current.report];
        report.told = told;
        report.ended = Some(cx.now);
    }
}

/// What the program says of the data connection's end, if it is worth a word.
fn complaint<'a>(end: &End, current: &Current, config: &'a ClientConfig) -> Option<&'a str> {
    let dropped =
        current.abor != Abor::Unsaid || current.answer.is_some_and(|it| it != Class::Completion);
    if end.complete || dropped {
        None
    } else if end.store.is_some() {
        Some(&config.texts.store)
    } else {
        end.ending.map(|ending| ended(ending, config))
    }
}
