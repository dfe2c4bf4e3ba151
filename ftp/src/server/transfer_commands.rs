//! `server::transfer_commands` answers the commands that transfer a file (RFC 959 §4.1.3, RFC 3659
//! §5): the session opens the file and sends the 1yz reply. How a transfer ends is in `completion`.

use super::error_reply::Asked;
use super::parameter::DataAddress;
use super::waiting::Closing;
use super::{Server, ServerContext};
use crate::clone_by_field::TimeKind;
use crate::habit::ServerHabit;
use crate::model::{Interruption, Phrase, ReplyValues};
use crate::report::Direction;
use crate::session::Action;
use crate::store::{Appears, Begin, File, Listing, Store, StoreError, Writing};
use crate::transfer::Body;
use crate::wire::listing::{NameSource, Printer};
use crate::wire::representation::Representation;
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// A transfer under way: between the 1yz reply and the final reply.
#[derive(Clone, Debug, Hash)]
pub(super) struct ServerTransfer {
    pub(super) direction: Direction,
    /// The data to move, until the data begins to move.
    pub(super) body: Option<Body>,
    pub(super) holds: Holds,
    /// Index of the transfer's report in the journal.
    pub(super) report: usize,
    /// The event that the transfer waits for before data can move.
    pub(super) waits: Option<Wait>,
    /// Which of the model's two choices applies to this transfer.
    pub(super) draw: bool,
    /// The size of the file that had the name before an upload, if the dialogue is recorded.
    pub(super) old: Option<u64>,
    /// The end of the transfer, while a slow store closes the file.
    pub(super) closing: Option<Closing>,
    /// The command that interrupts the transfer.
    pub(super) interrupted: Option<Interruption>,
    /// The control connection is closed after the transfer.
    pub(super) closes: bool,
    /// The data ended before the end of the file, by the server's habit.
    pub(super) shortened: bool,
}

/// The handle that a transfer has open in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Holds {
    File(File),
    /// A directory; `None` for the listing of a single name.
    Listing(Option<Listing>),
}

/// The event that a transfer waits for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    /// The data connection, at most until this time.
    Connection(Duration),
    /// The program's own delay, until this time.
    Program(Duration),
}

impl Hash for Wait {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (Self::Connection(until) | Self::Program(until)) = self;
        std::mem::discriminant(self).hash(state);
        TimeKind::Deadline.hash(*until, state);
    }
}

impl Server {
    pub(super) fn handle_allo<S: Store>(&mut self, size: &str, cx: &mut ServerContext<'_, S>) {
        self.parameters.hint = size.split(' ').next().and_then(|size| size.parse().ok());
        self.reply(200, &"ALLO noted.", cx);
    }

    /// ABOR outside a transfer. Divergence: RFC 959 §4.2 says 225 where a data connection is open;
    /// real servers say 226 there, and 225 without a data connection (measured).
    pub(super) fn abort_nothing<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        if self.parameters.address == DataAddress::Open {
            self.forget_data();
            self.reply(226, &"Data connection closed.", cx);
        } else {
            self.reply(225, &"No transfer to abort.", cx);
        }
    }

    /// REST (RFC 3659 §5.3): the byte of the file at which the next transfer begins.
    pub(super) fn handle_rest<S: Store>(&mut self, offset: &str, cx: &mut ServerContext<'_, S>) {
        let digits = offset.bytes().all(|byte| byte.is_ascii_digit());
        match offset.parse::<u64>().ok().filter(|_| digits) {
            Some(1..) if self.parameters.representation == Representation::Ascii => {
                self.reply(501, &"REST needs TYPE I.", cx);
            }
            Some(offset) => {
                let ignored = cx.config.habit == Some(ServerHabit::IgnoresRest);
                self.parameters.restart = if ignored { 0 } else { offset };
                self.reply(350, &format_args!("Restarting at {offset}."), cx);
            }
            None => self.reply(501, &"REST takes a number of bytes.", cx),
        }
    }

    /// STOR and APPE: opens the file and begins the upload.
    pub(super) fn store_file<S: Store>(
        &mut self,
        argument: &str,
        append: bool,
        cx: &mut ServerContext<'_, S>,
    ) {
        let restart = std::mem::take(&mut self.parameters.restart);
        if !self.may_restart(restart, cx) {
            return;
        }
        let hint = self.parameters.hint.take();
        let begin = match (append, restart) {
            (true, 0) => Begin::Append,
            (false, 0) => Begin::New,
            // RFC 3659 §5.3: after REST, APPE is the same as STOR.
            (_, offset) => Begin::At(offset),
        };
        let appears = if cx.config.model.hidden { Appears::WhenKept } else { Appears::AtOnce };
        self.at_path(argument, cx, |server, path, cx| {
            let opened = path.and_then(|path| {
                server.may_make(path)?;
                let offset = match begin {
                    Begin::At(offset) => offset,
                    Begin::Append => size_of(path, cx.store)?.unwrap_or(0),
                    Begin::New | Begin::Fresh => 0,
                };
                let how = Writing { begin, appears, hint };
                // Only a log tells of an old file.
                let told = cx.journal.record_dialogue;
                let old = if told { size_of(path, cx.store)? } else { None };
                Ok((path, cx.store.open_write(path, how, cx.now)?, (offset, old)))
            });
            match opened {
                Ok((path, file, (offset, old))) => {
                    server.begin_file(Direction::Upload, file, path, offset, cx);
                    if let Some(transfer) = &mut server.transfer {
                        transfer.old = old;
                    }
                }
                Err(error) => server.refuse_transfer(error, Asked::Store, cx),
            }
        });
    }

    /// STOU: stores under the proposed name, or under a similar name if the proposed name exists.
    pub(super) fn store_unique<S: Store>(
        &mut self,
        proposal: Option<&str>,
        cx: &mut ServerContext<'_, S>,
    ) {
        self.parameters.restart = 0;
        let (begin, hint) = (Begin::Fresh, self.parameters.hint.take());
        let how = Writing { begin, appears: Appears::AtOnce, hint };
        self.at_path(proposal.unwrap_or("stou"), cx, |server, path, cx| {
            let opened = path.and_then(|path| {
                server.may_make(path)?;
                let mut number = free_number(path, cx.store)?;
                for _ in 0..STOU_TRIES {
                    let name = unique(path, number);
                    match cx.store.open_write(&name, how, cx.now) {
                        // The name of a link that leads nowhere, or a name that has just come.
                        Err(StoreError::Exists | StoreError::IsDirectory) => number += 1,
                        done => return done.map(|file| (name, file)),
                    }
                }
                Err(StoreError::Exists)
            });
            match opened {
                Ok((name, file)) => {
                    server.named = true;
                    server.begin_file(Direction::Upload, file, &name, 0, cx);
                }
                Err(error) => server.refuse_transfer(error, Asked::Store, cx),
            }
        });
    }

    pub(super) fn retrieve<S: Store>(&mut self, argument: &str, cx: &mut ServerContext<'_, S>) {
        let offset = std::mem::take(&mut self.parameters.restart);
        if !self.may_restart(offset, cx) {
            return;
        }
        self.at_path(argument, cx, |server, path, cx| {
            let opened = path.and_then(|path| Ok((path, cx.store.open_read(path, offset)?.0)));
            match opened {
                Ok((path, file)) => {
                    server.begin_file(Direction::Download, file, path, offset, cx);
                }
                Err(error) => server.refuse_transfer(error, Asked::Retrieve, cx),
            }
        });
    }

    /// Refuses a transfer from an offset in ASCII type. TYPE may have been changed since REST, and
    /// the offset of a text would have to be counted.
    fn may_restart<S: Store>(&mut self, offset: u64, cx: &mut ServerContext<'_, S>) -> bool {
        let text = self.parameters.representation == Representation::Ascii;
        if text && offset > 0 {
            self.forget_data();
            self.reply(554, &"REST needs TYPE I.", cx);
        }
        !text || offset == 0
    }

    /// Whether the address of the next data connection is known.
    pub(super) fn has_address(&self) -> bool {
        self.parameters.address != DataAddress::None
    }

    fn begin_file<S: Store>(
        &mut self,
        direction: Direction,
        file: File,
        path: &str,
        offset: u64,
        cx: &mut ServerContext<'_, S>,
    ) {
        let body = match self.parameters.representation {
            Representation::Image => Body::Image(file),
            Representation::Ascii => Body::Text(file),
        };
        let report = cx.journal.begin(cx.id, self.transfers, direction, path, cx.now);
        cx.journal.reports[report].offset = offset;
        self.begin(body, Holds::File(file), report, cx);
    }

    pub(super) fn begin_listing<S: Store>(
        &mut self,
        printer: Printer,
        path: &str,
        cx: &mut ServerContext<'_, S>,
    ) {
        let direction = Direction::Download;
        let report = cx.journal.begin(cx.id, self.transfers, direction, path, cx.now);
        cx.journal.reports[report].listing = Some(printer.form);
        let listing = match printer.source {
            NameSource::Directory(listing) => Some(listing),
            NameSource::One(..) | NameSource::Done => None,
        };
        self.begin(Body::Listing(Box::new(printer)), Holds::Listing(listing), report, cx);
    }

    fn begin<S: Store>(
        &mut self,
        body: Body,
        holds: Holds,
        report: usize,
        cx: &mut ServerContext<'_, S>,
    ) {
        cx.journal.reports[report].opened = true;
        self.transfers += 1;
        self.draw = cx.config.draws >> (report % 64) & 1 == 1;
        let texts = &cx.config.model.texts;
        let open = self.parameters.address == DataAddress::Open;
        let phrase = if open { texts.already_open } else { texts.opening };
        let phrase = match &body {
            Body::Text(_) if phrase.1.contains("BINARY") => Phrase(phrase.0, OPENING_TEXT),
            Body::Image(_) | Body::Text(_) => phrase,
            Body::Listing(_) => Phrase(phrase.0, "Here comes the directory listing."),
        };
        self.transfer = Some(ServerTransfer {
            direction: cx.journal.reports[report].direction,
            body: Some(body),
            holds,
            report,
            waits: Some(Wait::Connection(cx.now + cx.config.data_connect_timeout)),
            draw: self.draw,
            old: None,
            closing: None,
            interrupted: None,
            closes: false,
            shortened: false,
        });
        let path = std::mem::take(&mut cx.journal.reports[report].name);
        // RFC 1123 §4.1.2.9: the 1yz reply to STOU tells the name in this form.
        let phrase =
            if std::mem::take(&mut self.named) { Phrase(phrase.0, "FILE: {path}") } else { phrase };
        let (code, facts) = (phrase.0, ReplyValues { path: &path, ..ReplyValues::default() });
        let text = phrase.with(facts);
        self.reply(code, &text, cx);
        cx.journal.reply(report, code, &text);
        if cx.config.habit == Some(ServerHabit::RepliesEarly) && matches!(holds, Holds::File(_)) {
            let Phrase(code, _) = texts.complete;
            self.reply(code, &texts.complete.with(facts), cx);
        }
        cx.journal.reports[report].name = path;
        match self.parameters.address {
            DataAddress::Active(_) if cx.config.habit == Some(ServerHabit::NeverConnects) => {}
            DataAddress::Active(to) => {
                let from = self.active_from(cx);
                self.actions.push(Action::Connect { from, to });
            }
            DataAddress::Open => self.handle_data_opened(cx),
            // The client will connect.
            DataAddress::Passive | DataAddress::Asked | DataAddress::None => {}
        }
    }

    /// Refuses a transfer and gives up the data connection.
    fn refuse_transfer<S: Store>(
        &mut self,
        error: StoreError,
        asked: Asked,
        cx: &mut ServerContext<'_, S>,
    ) {
        if error != StoreError::Waits {
            self.forget_data();
        }
        self.refuse(error, asked, cx);
    }

    pub(super) fn forget_data(&mut self) {
        self.parameters.address = DataAddress::None;
        self.actions.push(Action::DropData);
    }
}

/// The most names that STOU tries behind the first name that seems free.
const STOU_TRIES: u32 = 32;

/// The name that STOU gives: the proposal, or the proposal with a number.
fn unique(proposal: &str, number: u32) -> String {
    if number == 0 { proposal.to_owned() } else { format!("{proposal}.{number}") }
}

/// A number whose name is free, by doubling and halving: a series of a million files costs 40 looks
/// in place of a million. In a series without gaps the number is the first free number.
fn free_number<S: Store>(proposal: &str, store: &mut S) -> Result<u32, StoreError> {
    let mut is_free = |number| match store.metadata(&unique(proposal, number)) {
        Err(StoreError::Waits) => Err(StoreError::Waits),
        found => Ok(found == Err(StoreError::NotFound)),
    };
    if is_free(0)? {
        return Ok(0);
    }
    let (mut taken, mut free) = (0, 1);
    while !is_free(free)? && free < 1 << 30 {
        (taken, free) = (free, 2 * free);
    }
    while taken + 1 < free {
        let middle = taken.midpoint(free);
        *(if is_free(middle)? { &mut free } else { &mut taken }) = middle;
    }
    Ok(free)
}

/// The size of the file that has the name; `None` without such a file.
pub(super) fn size_of<S: Store>(path: &str, store: &mut S) -> Result<Option<u64>, StoreError> {
    match store.metadata(path) {
        Err(StoreError::Waits) => Err(StoreError::Waits),
        found => Ok(found.ok().map(|found| found.size)),
    }
}

const OPENING_TEXT: &str = "Opening ASCII mode data connection.";
