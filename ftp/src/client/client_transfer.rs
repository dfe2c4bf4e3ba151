//! `client::client_transfer` brings one transfer from the task to the first byte: local file, type,
//! restart offset, transfer command. How a transfer ends is in `conclusion`.

use super::verification::RemoteFile;
use super::{Client, ClientContext, RemoteName, Stage, Task, UploadMode};
use crate::clone_by_field::clone_by_field;
use crate::habit::{ClientHabit, LAST_BUFFER};
use crate::report::{Direction, Speaker};
use crate::session::Action;
use crate::store::{Begin, File, Store, Writing};
use crate::transfer::{Body, Plan, Way};
use crate::wire::listing::Form;
use crate::wire::reply::{Class, Reply};
use crate::wire::representation::Representation;
use std::net::SocketAddr;
use std::sync::Arc;

/// The kind of a transfer, from the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TransferKind {
    Put(UploadMode),
    Get {
        resume: bool,
    },
    /// A listing in this form; if true, the next form follows after a refusal.
    List(Form, bool),
}

/// State of the data connection of the transfer under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum DataState {
    /// The connection is not open yet.
    Absent,
    Open,
    Moving,
    /// The data has ended; true if the end was as planned.
    Ended(bool),
}

/// How far the ABOR of the transfer under way has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum AborState {
    Unsaid,
    Said,
    Answered,
}

/// The transfer under way.
#[derive(Debug, Hash)]
pub(super) struct ClientTransfer {
    pub(super) kind: TransferKind,
    pub(super) local: Arc<str>,
    pub(super) remote: RemoteName,
    /// The local file. The file of a download is opened once the server has data to send.
    pub(super) file: Option<File>,
    /// Bytes of an upload's source.
    pub(super) size: u64,
    /// Bytes of the file that are not transferred again.
    pub(super) offset: u64,
    /// The server does not know REST: the rest of an upload is appended.
    appends: bool,
    /// Index of the transfer's report in the journal.
    pub(super) report: usize,
    /// The server has sent a 1yz reply.
    pub(super) preliminary: bool,
    pub(super) data: DataState,
    /// Whether ABOR has been sent, and answered.
    pub(super) abor: AborState,
    /// The class of the transfer's final reply.
    pub(super) answer: Option<Class>,
    /// The 2yz reply came before this side had ended the data of an upload, or before a 1yz reply.
    pub(super) early: bool,
    /// The program's message about the end of the data.
    pub(super) complaint: Option<String>,
    /// The refusal of a first command (MLSD, CWD), before the client tried a second command.
    pub(super) refusal: Option<Reply>,
    /// The path was no directory for CWD: a listing without a byte is a failure.
    pub(super) must_list: bool,
    /// The server's figures about the file.
    pub(super) there: RemoteFile,
    /// The data ended before the end of the file, by the client's habit.
    pub(super) shortened: bool,
}

clone_by_field! {
    ClientTransfer {
        kind, local, remote, file, size, offset, appends, report, preliminary, data, abor, answer,
        early, complaint, refusal, must_list, there, shortened,
    }
}

impl ClientTransfer {
    pub(super) fn direction(&self) -> Direction {
        match self.kind {
            TransferKind::Put(_) => Direction::Upload,
            TransferKind::Get { .. } | TransferKind::List(..) => Direction::Download,
        }
    }

    /// Whether the server has sent the last reply to the transfer.
    pub(super) fn is_answered(&self) -> bool {
        self.answer.is_some() && self.abor != AborState::Said
    }

    /// Whether the script has aborted the transfer.
    pub(super) fn is_aborted(&self) -> bool {
        self.abor != AborState::Unsaid
    }

    /// Whether the reply and the end of the data both say that the transfer succeeded.
    pub(super) fn is_success(&self) -> bool {
        let done = self.answer == Some(Class::Completion);
        done && self.data == DataState::Ended(true) && !self.is_aborted()
    }

    /// Whether the final size of an upload is known: the size of a stream is not, nor the size of
    /// an appended file whose old size the server did not tell.
    pub(super) fn has_known_size(&self) -> bool {
        match self.kind {
            TransferKind::Put(UploadMode::Append) => self.there.size.is_some(),
            _ => self.size > 0,
        }
    }

    /// The size of the server's file after an upload of `sent` bytes.
    pub(super) fn final_size(&self, sent: u64) -> Option<u64> {
        match self.kind {
            TransferKind::Put(UploadMode::Append) => self.there.size.map(|old| old + sent),
            TransferKind::Put(UploadMode::Resume) => Some(self.size),
            _ => Some(sent),
        }
    }

    /// The size of a download as the server told the size: by SIZE, or else in the 150 reply.
    pub(super) fn expected(&self) -> Option<u64> {
        self.there.size.or(self.there.announced.map(|rest| self.offset + rest))
    }

    /// Whether only the end of the data is missing, and data is moving.
    pub(super) fn waits_for_data(&self) -> bool {
        self.is_answered() && self.data == DataState::Moving
    }
}

impl Client {
    pub(super) fn begin_transfer<S: Store>(
        &mut self,
        kind: TransferKind,
        local: &Arc<str>,
        remote: &RemoteName,
        cx: &mut ClientContext<'_, S>,
    ) {
        let report = self.report;
        self.report += 1;
        self.transfers_left -= 1;
        cx.journal.reports[report].started = cx.now;
        let mut current = ClientTransfer {
            kind,
            local: local.clone(),
            remote: remote.clone(),
            file: None,
            size: 0,
            offset: 0,
            appends: false,
            report,
            preliminary: false,
            data: DataState::Absent,
            abor: AborState::Unsaid,
            answer: None,
            early: false,
            complaint: None,
            refusal: None,
            must_list: false,
            there: RemoteFile::default(),
            shortened: false,
        };
        let mut readable = true;
        match kind {
            TransferKind::Put(_) => match cx.store.open_read(&current.local, 0) {
                Ok((file, size)) => (current.file, current.size) = (Some(file), size),
                Err(_) => readable = false,
            },
            TransferKind::Get { resume: true } => {
                current.offset = cx.store.metadata(&current.local).map_or(0, |it| it.size);
            }
            TransferKind::Get { .. } | TransferKind::List(..) => {}
        }
        let wanted = current.wanted(cx.config.representation);
        let resumes = matches!(
            kind,
            TransferKind::Put(UploadMode::Resume) | TransferKind::Get { resume: true }
        );
        self.current = Some(current);
        if !readable {
            self.fail_transfer(None, &cx.config.texts.store, cx);
        } else if resumes && wanted == Some(Representation::Ascii) {
            self.fail_transfer(None, &cx.config.texts.resumes_text, cx);
        } else if matches!(kind, TransferKind::List(..)) && cx.config.enters && !remote.is_empty() {
            self.stage = Stage::Enter;
            self.command("CWD", Some(remote), cx);
        } else {
            self.prepare(cx);
        }
    }

    /// Sends TYPE if the server's type differs, then goes on.
    pub(super) fn prepare<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        let Some(current) = &self.current else { return };
        match current.wanted(cx.config.representation) {
            Some(wanted) if self.representation != Some(wanted) => {
                self.stage = Stage::Type;
                self.set_type(wanted, cx);
            }
            _ => self.look_or_open(cx),
        }
    }

    pub(super) fn set_type<S: Store>(&mut self, to: Representation, cx: &mut ClientContext<'_, S>) {
        self.asked = Some(to);
        let letter = match to {
            Representation::Ascii => "A",
            Representation::Image => "I",
        };
        self.command("TYPE", Some(&letter), cx);
    }

    /// After the data connection's address is settled: REST if needed, then the transfer command.
    pub(super) fn send_transfer_command<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        let Some(current) = &self.current else { return };
        if current.offset > 0
            && !current.appends
            && current.kind != TransferKind::Put(UploadMode::Append)
        {
            // RFC 3659 §5.3: REST comes directly before the transfer command.
            let offset = current.offset;
            self.stage = Stage::Rest;
            return self.command("REST", Some(&offset), cx);
        }
        self.say_transfer(cx);
    }

    pub(super) fn handle_rest_reply<S: Store>(
        &mut self,
        reply: &Reply,
        cx: &mut ClientContext<'_, S>,
    ) {
        let Some(current) = &mut self.current else { return };
        match reply.class() {
            Some(Class::Intermediate | Class::Completion) => {}
            Some(Class::PermanentFailure) => match current.kind {
                TransferKind::Put(_) => current.appends = true,
                // Without REST, a download begins at byte 0.
                TransferKind::Get { .. } | TransferKind::List(..) => current.offset = 0,
            },
            _ => return self.fail_transfer(Some(reply), &reply.to_string(), cx),
        }
        self.say_transfer(cx);
    }

    fn say_transfer<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        let Some(current) = &self.current else { return };
        cx.journal.reports[current.report].offset = current.offset;
        let verb = match current.kind {
            TransferKind::Put(UploadMode::Append) => "APPE",
            TransferKind::Put(_) if current.appends => "APPE",
            TransferKind::Put(UploadMode::Replace | UploadMode::Resume) => "STOR",
            TransferKind::Put(UploadMode::Unique) => "STOU",
            TransferKind::Get { .. } => "RETR",
            TransferKind::List(form, _) => form.verb(),
        };
        let remote = current.remote.clone();
        self.stage = Stage::Transfer;
        if remote.is_empty() {
            self.command(verb, None, cx);
        } else {
            self.command(verb, Some(&remote), cx);
        }
    }

    pub(super) fn handle_data_opened<S: Store>(
        &mut self,
        data: (SocketAddr, SocketAddr),
        cx: &mut ClientContext<'_, S>,
    ) {
        let Some(current) = &mut self.current else {
            return;
        };
        if cx.config.habit == Some(ClientHabit::NeverConnects) {
            return;
        }
        cx.journal.reports[current.report].data = Some(data);
        current.data = DataState::Open;
        if matches!(self.stage, Stage::Connecting { .. }) {
            self.send_transfer_command(cx);
        } else {
            self.move_data(cx);
        }
    }

    /// Begins to move data once the server has agreed and the data connection is open.
    pub(super) fn move_data<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        let Some(current) = &mut self.current else {
            return;
        };
        let agreed = current.preliminary || current.answer == Some(Class::Completion);
        if current.data != DataState::Open || !agreed {
            return;
        }
        let direction = current.direction();
        if direction == Direction::Download {
            let begin = if current.offset > 0 { Begin::At(current.offset) } else { Begin::New };
            let how = Writing { begin, ..Writing::default() };
            current.file = cx.store.open_write(&current.local, how, cx.now).ok();
            cx.journal.reports[current.report].opened = current.file.is_some();
        }
        let Some(file) = current.file else {
            let text = &cx.config.texts.store;
            cx.say(Speaker::Program, || text.clone().into_owned());
            current.data = DataState::Ended(false);
            self.actions.push(Action::DropData);
            return;
        };
        let way = match direction {
            Direction::Upload => Way::Send(cx.config.close),
            Direction::Download => Way::Receive,
        };
        // Lines of a listing end with CR LF, for any type.
        let text = matches!(current.kind, TransferKind::List(..))
            || cx.config.representation == Representation::Ascii;
        let body = if text { Body::Text(file) } else { Body::Image(file) };
        let loses_end = cx.config.habit == Some(ClientHabit::LosesLastBuffer);
        let alarm = self.tasks.as_deref().and_then(|tasks| match tasks.get(self.task) {
            Some(&(Task::Abor { after } | Task::Die { after })) => Some(after),
            _ if direction == Direction::Upload && loses_end => {
                Some((current.size - current.offset).saturating_sub(LAST_BUFFER))
            }
            _ => None,
        });
        current.data = DataState::Moving;
        let idle_timeout = cx.config.data_idle_timeout;
        let (ends_after, reset_delay) = (cx.config.close_after, cx.config.reset_delay);
        let plan = Plan { idle_timeout, alarm, ends_after, reset_delay, ..Plan::new(body, way) };
        self.actions.push(Action::Transfer(plan));
    }
}

impl ClientTransfer {
    /// The type that the transfer needs; `None` if any type does.
    pub(super) fn wanted(&self, representation: Representation) -> Option<Representation> {
        match self.kind {
            TransferKind::Put(_) | TransferKind::Get { .. } => Some(representation),
            // RFC 3659 §7.2: MLSD always transfers in its own type, and TYPE stays as set.
            TransferKind::List(Form::Facts, _) => None,
            TransferKind::List(..) => Some(Representation::Ascii),
        }
    }
}
