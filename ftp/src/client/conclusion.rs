//! `client::conclusion` follows a transfer from the first reply to the result that the user sees.
//!
//! Two events end a transfer, in either order: the final reply, and the end of the data connection.
//! An upload succeeds if the client ended the data as planned and a 2yz came after that end. A
//! download succeeds if the reply is 2yz, the data ended with a FIN, and as many bytes came as the
//! server told. `verification` asks for the server's own figures (SIZE, MDTM).

use super::client_transfer::{AborState, ClientTransfer, DataState, TransferKind};
use super::list_fallback::means_empty;
use super::verification::{self, announced, short};
use super::{
    AborReplies, Client, ClientConfig, ClientContext, DownloadEnd, Stage, Task, UploadMode, ended,
};
use crate::habit::ClientHabit;
use crate::report::{Direction, Speaker, Told};
use crate::session::Action;
use crate::store::{Fate, Store};
use crate::tcp::Ending;
use crate::transfer::TransferEnd;
use crate::wire::reply::{Class, Reply};
use crate::wire::representation::Representation;
use std::time::Duration;

/// How long the client waits for the data of a listing that got 2yz and no 1yz.
const LISTING_GRACE: Duration = Duration::from_secs(2);

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
        // Success of the reply does not undo a failure of the data.
        if class > Class::Completion || current.complaint.is_none() {
            let text = &mut cx.journal.reports[current.report].text;
            text.clear();
            reply.append_to(text);
        }
        if class == Class::Preliminary {
            current.preliminary = true;
            // A 2yz before this 1yz answered something else.
            current.answer = None;
            if matches!(current.kind, TransferKind::Get { .. }) {
                current.there.announced = announced(&reply.text);
                cx.journal.reports[current.report].announced = current.expected();
            }
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
        if self.falls_back(reply, class, cx) {
            return;
        }
        let Some(current) = &mut self.current else { return };
        if current.answer.is_some() && !current.early {
            if current.abor == AborState::Said {
                current.abor = AborState::Answered;
            }
            return self.conclude(cx);
        }
        let empty = !current.is_aborted() && means_empty(current.kind, reply);
        cx.journal.reply(current.report, reply.code, &reply.text);
        let class = if empty { Class::Completion } else { class };
        current.answer = Some(class);
        let upload = current.direction() == Direction::Upload;
        current.early = class == Class::Completion
            && upload
            && !current.is_aborted()
            && !matches!(current.data, DataState::Ended(_));
        let one = cx.config.abor_replies == AborReplies::One;
        if current.abor == AborState::Said && (reply.code == 225 || one) {
            // Real servers send 225 if the transfer is over already, and no second reply.
            current.abor = AborState::Answered;
        }
        if empty {
            self.actions.push(Action::DropData);
            current.data = DataState::Ended(true);
        } else if class == Class::Completion {
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
            Some(Task::Abor { .. }) => self.abort_transfer(cx),
            _ => self.lose_end(cx),
        }
    }

    /// Ends an upload before the last buffer, by the client's habit.
    fn lose_end<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        if cx.config.habit == Some(ClientHabit::LosesLastBuffer)
            && let Some(current) = &mut self.current
        {
            current.shortened = true;
            self.actions.push(Action::CloseData);
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
        let shortened = current.shortened && end.ending != Some(Ending::Reset);
        let complete = (end.complete || trusting || shortened) && end.store.is_none();
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
            let here = current.offset + report.received;
            let text = match current.kind {
                TransferKind::Get { .. } => short(here, current.expected(), text),
                TransferKind::Put(_) | TransferKind::List(..) => None,
            }
            .unwrap_or_else(|| text.into());
            report.text.clone_from(&text);
            current.complaint = Some(text.clone());
            cx.say(Speaker::Program, || text);
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
    pub(super) fn conclude<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        let Some(current) = &self.current else { return };
        let DataState::Ended(_) = current.data else {
            if self.is_listing_without_data() {
                self.deadline = Some(cx.now + LISTING_GRACE);
            } else if current.is_answered() && current.data == DataState::Absent {
                // A server may send 2yz and never connect: limit the wait.
                self.await_reply(cx);
            }
            return;
        };
        if !current.is_answered() {
            return self.await_reply(cx);
        }
        let success = current.is_success();
        if self.asks_after(success, cx) {
            return self.ask_size_after(cx);
        }
        let report = &cx.journal.reports[current.report];
        let (here, nothing) = (current.offset + report.received, report.received == 0);
        let short = current.direction() == Direction::Download
            && current.wanted(cx.config.representation) == Some(Representation::Image)
            && current.expected().is_some_and(|all| all != here);
        if success && short && cx.config.trusts == DownloadEnd::Both {
            let text = verification::short(here, current.expected(), &report.text);
            self.tell(text, cx);
            return self.finish(false, cx);
        }
        let refused = !success || nothing && current.must_list;
        if let Some(refusal) = current.refusal.clone().filter(|_| refused && !current.is_aborted())
        {
            // The first error is told.
            cx.journal.reply(current.report, refusal.code, &refusal.text);
            self.tell(Some(refusal.to_string()), cx);
            return self.finish(false, cx);
        }
        self.finish(success, cx);
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

    pub(super) fn close_current<S: Store>(&mut self, told: Told, cx: &mut ClientContext<'_, S>) {
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
