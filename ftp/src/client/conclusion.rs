//! `client::conclusion` follows a transfer from the first reply to the result that the user sees.
//!
//! Two events end a transfer, in either order: the final reply, and the end of the data connection.
//! An upload succeeds if the reply is 2yz and the client ended the data as planned. A download
//! succeeds if the reply is 2yz and the data ended with a FIN. After a doubtful end of an upload,
//! the client may ask how much the server holds (SIZE).

use super::client_transfer::{AborState, ClientTransfer, DataState, TransferKind};
use super::next_command::number;
use super::{
    AborReplies, Client, ClientConfig, ClientContext, DownloadEnd, Stage, Task, UploadMode, ended,
};
use crate::report::{Direction, Speaker, Told};
use crate::session::Action;
use crate::store::{Fate, Store};
use crate::transfer::TransferEnd;
use crate::wire::listing::Form;
use crate::wire::reply::{Class, Reply};
use crate::wire::representation::Representation;
use std::fmt::{self, Display, Write};

impl Client {
    pub(super) fn handle_transfer_reply<S: Store>(
        &mut self,
        reply: &Reply,
        class: Class,
        cx: &mut ClientContext<'_, S>,
    ) {
        let Some(current) = &mut self.current else {
            return;
        };
        let text = &mut cx.journal.reports[current.report].text;
        text.clear();
        reply.append_to(text);
        if class == Class::Preliminary {
            current.preliminary = true;
            let upload = current.direction() == Direction::Upload;
            cx.journal.reports[current.report].opened |= upload;
            if current.kind == TransferKind::Put(UploadMode::Unique) {
                // RFC 1123 §4.1.2.9: the 1yz reply names the file.
                let name = reply.text.split_once("FILE: ").map(|(_, name)| name.trim().to_owned());
                cx.journal.reports[current.report].remote_name = name;
            }
            cx.journal.reply(current.report, reply.code, &reply.text);
            return self.move_data(cx);
        }
        if let TransferKind::List(form, true) = current.kind
            // 501: the path is no directory, so MLSD does not list it (RFC 3659 §7.2.1); LIST does.
            && (matches!(reply.code, 500 | 502 | 504)
                || (reply.code == 501 && form == Form::Facts))
            && !current.preliminary
        {
            let next = if form == Form::Facts { Form::Long } else { Form::Names };
            return self.fall_back(next, cx);
        }
        if current.answer.is_some() {
            current.abor = AborState::Answered;
            return self.conclude(cx);
        }
        cx.journal.reply(current.report, reply.code, &reply.text);
        current.answer = Some(class);
        let one = cx.config.abor_replies == AborReplies::One;
        if current.abor == AborState::Said && (reply.code == 225 || one) {
            // Real servers send 225 if the transfer is over already, and no second reply.
            current.abor = AborState::Answered;
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

    /// Ends the data of a download at the 2yz reply, if the client is configured to trust the
    /// reply.
    fn trust(&mut self, config: &ClientConfig) {
        let download = |current: &ClientTransfer| {
            current.direction() == Direction::Download && current.data == DataState::Moving
        };
        if config.trusts == DownloadEnd::Reply && self.current.as_ref().is_some_and(download) {
            self.actions.push(Action::CloseData);
        }
    }

    /// Runs the script's ABOR or DIE: the transfer has moved as many bytes as the script says.
    pub(super) fn handle_alarm<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        match self.tasks.as_deref().and_then(|tasks| tasks.get(self.task)) {
            Some(Task::Die { .. }) => self.die(cx),
            _ => self.abort_transfer(cx),
        }
    }

    /// Ends the program without a message to the server; the operating system closes the
    /// connections.
    fn die<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        if let Some(file) = self.current.take().and_then(|current| current.file) {
            let _ = cx.store.close(file, Fate::Keep);
        }
        self.deadline = None;
        self.stage = Stage::Over;
        self.actions.push(Action::CloseData);
        self.actions.push(Action::Close);
    }

    /// Sends ABOR with a Telnet Synch, so that a busy server reads the command (RFC 959 §4.1.3),
    /// and resets the data connection: a FIN would look like the end of the file.
    pub(super) fn abort_transfer<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        let Some(current) = &mut self.current else {
            return;
        };
        current.abor = AborState::Said;
        self.task += 1;
        self.out.push_synch();
        self.command("ABOR", None, cx);
        self.actions.push(Action::DropData);
    }

    pub(super) fn handle_transfer_ended<S: Store>(
        &mut self,
        end: TransferEnd,
        cx: &mut ClientContext<'_, S>,
    ) {
        let Some(current) = &mut self.current else {
            return;
        };
        let trusting = current.direction() == Direction::Download
            && cx.config.trusts == DownloadEnd::Reply
            && current.answer == Some(Class::Completion);
        let closed = current.file.take().map_or(Ok(()), |file| cx.store.close(file, Fate::Keep));
        let upload = current.direction() == Direction::Upload;
        let end = TransferEnd { store: end.store.or(closed.err().filter(|_| !upload)), ..end };
        let complete = (end.complete || trusting) && end.store.is_none();
        current.data = DataState::Ended(complete);
        let report = &mut cx.journal.reports[current.report];
        match current.direction() {
            Direction::Upload => report.sent = end.moved,
            Direction::Download => report.received = end.moved,
        }
        report.ending = end.ending;
        let answered = current.is_answered();
        // The user has been told already: add nothing.
        if report.told == Told::Nothing
            && let Some(text) = complaint(&TransferEnd { complete, ..end }, current, cx.config)
        {
            report.text.replace_range(.., text);
            cx.say(Speaker::Program, || text.into());
        }
        if self.stage == Stage::Over && self.lost.is_none() {
            // 421 came first: the failure has been reported, and no reply follows.
            self.close_current(Told::Failure, cx);
        } else if answered {
            self.conclude(cx);
        } else if self.stage == Stage::Transfer {
            self.await_reply(cx);
        }
    }

    /// Reports the result once the data and the replies are complete.
    fn conclude<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        let Some(current) = &self.current else { return };
        let DataState::Ended(complete) = current.data else {
            // A server may send 2yz and never connect: limit the wait.
            if current.is_answered() && current.data == DataState::Absent {
                self.await_reply(cx);
            }
            return;
        };
        if !current.is_answered() {
            return self.await_reply(cx);
        }
        let done = current.answer == Some(Class::Completion);
        let success = done && complete && current.abor == AborState::Unsaid;
        let told = if success { Told::Success } else { Told::Failure };
        if !success && self.is_doubtful(cx.config) {
            return self.ask_what_is_there(cx);
        }
        self.close_current(told, cx);
        match self.lost.take() {
            None => self.next_task(cx),
            Some(text) => {
                self.give_up(None, &text, cx);
                self.stage = Stage::Over;
            }
        }
    }

    /// Whether the server may hold more of a failed upload than the reply says.
    fn is_doubtful(&self, config: &ClientConfig) -> bool {
        let asks = config.checks && config.representation == Representation::Image;
        let begun = self.current.as_ref().is_some_and(|it| {
            it.direction() == Direction::Upload && it.preliminary && it.abor == AborState::Unsaid
        });
        asks && begun && self.lost.is_none()
    }

    fn ask_what_is_there<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        let Some(current) = &self.current else { return };
        let name = cx.journal.reports[current.report].remote_name.clone();
        let remote = name.map_or_else(|| current.remote.clone(), Into::into);
        self.stage = Stage::SizeAfter;
        self.command("SIZE", Some(&remote), cx);
    }

    /// Adds to the failure how much of the file the server holds (the reply to SIZE).
    pub(super) fn handle_size_after<S: Store>(
        &mut self,
        reply: &Reply,
        cx: &mut ClientContext<'_, S>,
    ) {
        let Some(current) = &self.current else { return };
        let report = &mut cx.journal.reports[current.report];
        report.remote_size = number(reply);
        let said = match &report.reply {
            Some(reply) if reply.class() > Some(Class::Completion) => reply.code.to_string(),
            _ => report.text.clone(),
        };
        // The total size of an appended file or of a stream is unknown.
        let known = current.kind != TransferKind::Put(UploadMode::Append) && current.size > 0;
        let all = Thousands(current.size);
        let text = match report.remote_size.map(Thousands) {
            Some(there) if known && there.0 == all.0 => {
                Some(format!("{said}, but the server holds all {all} bytes"))
            }
            Some(there) if known => {
                Some(format!("{said}: the server holds {there} of {all} bytes"))
            }
            Some(there) => Some(format!("{said}: the server holds {there} bytes")),
            // RFC 3659 §4: the server has no such file.
            None if reply.code == 550 => Some(format!("{said}, and the server holds no such file")),
            None => None,
        };
        if let Some(text) = text {
            report.text.clone_from(&text);
            cx.say(Speaker::Program, || text);
        }
        self.close_current(Told::Failure, cx);
        self.next_task(cx);
    }

    /// Reports failure of a transfer that cannot begin, and goes on with the script.
    pub(super) fn fail_transfer<S: Store>(
        &mut self,
        reply: Option<&Reply>,
        text: &str,
        cx: &mut ClientContext<'_, S>,
    ) {
        if reply.is_none() {
            cx.say(Speaker::Program, || text.into());
        }
        self.fail_current(reply, text, cx);
        self.actions.push(Action::DropData);
        self.next_task(cx);
    }

    /// Reports failure of the transfer under way, if there is one.
    pub(super) fn fail_current<S: Store>(
        &mut self,
        reply: Option<&Reply>,
        text: &str,
        cx: &mut ClientContext<'_, S>,
    ) {
        let Some(current) = &self.current else { return };
        let moving = current.data == DataState::Moving;
        let report = &mut cx.journal.reports[current.report];
        // A transfer that waits only for SIZE has been reported already.
        if self.stage != Stage::SizeAfter {
            report.text.replace_range(.., text);
        }
        if let Some(reply) = reply.filter(|_| self.stage != Stage::SizeAfter) {
            report.reply = Some(reply.clone());
        }
        if moving {
            // `DropData` ends the transfer, and that event completes the byte counts.
            report.told = Told::Failure;
            report.ended = Some(cx.now);
        } else {
            self.close_current(Told::Failure, cx);
        }
    }

    fn close_current<S: Store>(&mut self, told: Told, cx: &mut ClientContext<'_, S>) {
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

/// A number with a comma between thousands.
#[derive(Clone, Copy)]
struct Thousands(u64);

impl Display for Thousands {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                out.write_char(',')?;
            }
            out.write_char(digit)?;
        }
        Ok(())
    }
}

/// The program's message for the end of the data connection; `None` if the end needs no message.
fn complaint<'a>(
    end: &TransferEnd,
    current: &ClientTransfer,
    config: &'a ClientConfig,
) -> Option<&'a str> {
    let dropped = current.abor != AborState::Unsaid
        || current.answer.is_some_and(|it| it != Class::Completion);
    if end.complete || dropped {
        None
    } else if end.store.is_some() {
        Some(&config.texts.store)
    } else {
        end.ending.map(|ending| ended(ending, config))
    }
}
