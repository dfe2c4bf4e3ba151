//! `client::verification` compares a transfer with the server's own figures: the size and the time
//! of the file before and after (SIZE and MDTM, RFC 3659 §3 and §4), and the size that 150 names.

use super::client_transfer::{DataState, TransferKind};
use super::next_command::number;
use super::{Client, ClientConfig, ClientContext, RemoteName, Stage, UploadMode};
use crate::report::{Direction, Speaker, Told};
use crate::store::{Fate, Store};
use crate::wire::reply::{Class, Reply};
use crate::wire::representation::Representation;
use std::fmt::{self, Display, Write};

/// The figures of the server about the file of a transfer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct RemoteFile {
    /// The size before the transfer, from SIZE.
    pub(super) size: Option<u64>,
    /// The time of the last modification before an upload, from MDTM, as the server wrote the time.
    pub(super) modified: Option<String>,
    /// The number of bytes that the server announced for a download, in 150.
    pub(super) announced: Option<u64>,
}

impl Client {
    /// Whether the client asks for figures around the transfer under way.
    pub(super) fn checks(&self, config: &ClientConfig) -> bool {
        let moves_file = self.current.as_ref().is_some_and(|current| {
            !matches!(current.kind, TransferKind::List(..) | TransferKind::Put(UploadMode::Unique))
        });
        config.checks && config.representation == Representation::Image && moves_file
    }

    /// Asks for the size of the server's file before the transfer, if the client needs the size or
    /// checks transfers; else opens the data connection.
    pub(super) fn look_or_open<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        let Some(current) = &self.current else { return };
        if current.kind != TransferKind::Put(UploadMode::Resume) && !self.checks(cx.config) {
            return self.open_data(cx);
        }
        let remote = current.remote.clone();
        self.stage = Stage::SizeBefore;
        self.command("SIZE", Some(&remote), cx);
    }

    /// Takes the size of the server's file before the transfer.
    pub(super) fn handle_size_before<S: Store>(
        &mut self,
        reply: &Reply,
        cx: &mut ClientContext<'_, S>,
    ) {
        let Some(current) = &mut self.current else { return };
        let there = number(reply);
        current.there.size = there;
        let offset = current.offset;
        cx.journal.reports[current.report].announced = current.expected();
        match (current.kind, there) {
            (TransferKind::Put(UploadMode::Resume), Some(there)) if there <= current.size => {
                current.offset = there;
                if let Some(file) = current.file.take() {
                    let _ = cx.store.close(file, Fate::Keep);
                }
                current.file = cx.store.open_read(&current.local, there).ok().map(|(file, _)| file);
                if current.file.is_none() {
                    return self.fail_transfer(None, &cx.config.texts.store, cx);
                }
            }
            (TransferKind::Put(UploadMode::Resume), Some(_)) => {
                return self.fail_transfer(None, &cx.config.texts.longer, cx);
            }
            // RFC 3659 §4: 550, the server has no such file.
            (TransferKind::Put(UploadMode::Resume), None) if reply.code != 550 => {
                let text = format!(
                    "the server did not tell the size of its file, so the place to go on is \
                     unknown: SIZE was answered {reply}"
                );
                return self.fail_transfer(Some(reply), &text, cx);
            }
            (TransferKind::Get { resume: true }, Some(there)) if there < offset => {
                let (there, here) = (Thousands(there), Thousands(offset));
                let text = format!(
                    "the server's file is shorter than the local one: {there} bytes there, {here} \
                     bytes here"
                );
                return self.fail_transfer(None, &text, cx);
            }
            _ => {}
        }
        let upload =
            matches!(self.current.as_ref(), Some(it) if it.direction() == Direction::Upload);
        match there {
            Some(_) if upload && self.checks(cx.config) => {
                self.ask_modified(Stage::ModifiedBefore, cx);
            }
            _ => self.open_data(cx),
        }
    }

    fn ask_modified<S: Store>(&mut self, stage: Stage, cx: &mut ClientContext<'_, S>) {
        let Some(current) = &self.current else { return };
        let remote = current.remote.clone();
        self.stage = stage;
        self.command("MDTM", Some(&remote), cx);
    }

    /// Takes the time of the server's file before an upload.
    pub(super) fn handle_modified_before<S: Store>(
        &mut self,
        reply: &Reply,
        cx: &mut ClientContext<'_, S>,
    ) {
        let Some(current) = &mut self.current else { return };
        current.there.modified = modified(reply);
        self.open_data(cx);
    }

    /// Whether the figures of the server can add to a result that seems clear, or must settle a
    /// result that is not.
    pub(super) fn asks_after<S: Store>(&self, success: bool, cx: &ClientContext<'_, S>) -> bool {
        let Some(current) = &self.current else { return false };
        let image = cx.config.representation == Representation::Image;
        if self.lost.is_some() || !image || matches!(current.kind, TransferKind::List(..)) {
            return false;
        }
        let report = &cx.journal.reports[current.report];
        match current.direction() {
            Direction::Upload if success && current.early => true,
            Direction::Upload if success => self.checks(cx.config) && current.has_known_size(),
            Direction::Upload => cx.config.checks && current.preliminary && !current.is_aborted(),
            // The size may have changed since the first question.
            Direction::Download => {
                success
                    && cx.config.checks
                    && current.expected().is_some_and(|all| all != current.offset + report.received)
            }
        }
    }

    /// Asks for the size of the server's file after the transfer.
    pub(super) fn ask_size_after<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        let Some(current) = &self.current else { return };
        let name = cx.journal.reports[current.report].remote_name.clone();
        let remote = name.map_or_else(|| current.remote.clone(), RemoteName::from);
        self.stage = Stage::SizeAfter;
        self.command("SIZE", Some(&remote), cx);
    }

    /// Takes the reply to SIZE after the transfer, and tells the result.
    pub(super) fn handle_size_after<S: Store>(
        &mut self,
        reply: &Reply,
        cx: &mut ClientContext<'_, S>,
    ) {
        let Some(current) = &mut self.current else { return };
        let of_size = matches!(reply.code, 213 | 500..=504 | 530 | 550);
        if current.early && !of_size {
            // A server answers in order: this is the reply to the upload, and SIZE's will follow.
            (current.early, current.answer) = (false, reply.class());
            cx.journal.reports[current.report].text = reply.to_string();
            cx.journal.reply(current.report, reply.code, &reply.text);
            return self.await_reply(cx);
        }
        let there = number(reply);
        let report = &mut cx.journal.reports[current.report];
        report.remote_size = there;
        let moved = current.offset + report.received;
        if current.direction() == Direction::Download {
            let whole = there == Some(moved);
            if !whole {
                let text = short(moved, there.or(current.expected()), &report.text);
                self.tell(text, cx);
            }
            return self.finish(whole, cx);
        }
        let success = current.is_success();
        let all = current.final_size(report.sent);
        match (success, there) {
            (true, Some(there)) if all.is_none_or(|all| all == there) => self.finish(true, cx),
            // The server may hide a whole upload; only an early reply needs a proof.
            (true, None) if !current.early => self.finish(true, cx),
            (true, None) => {
                let text = format!(
                    "{}: the server said so before the end of the data and does not tell the size \
                     of the file, so whether the file is whole is unknown",
                    report.text
                );
                self.tell(Some(text), cx);
                self.finish(false, cx);
            }
            (_, there) => {
                if there.is_some()
                    && there == current.there.size
                    && current.there.modified.is_some()
                {
                    return self.ask_modified(Stage::ModifiedAfter, cx);
                }
                let text = self.holds(there, reply.code, None, cx);
                self.tell(text, cx);
                self.finish(false, cx);
            }
        }
    }

    /// Takes the time of the server's file after a failed upload: an old file of the same size and
    /// time is unchanged.
    pub(super) fn handle_modified_after<S: Store>(
        &mut self,
        reply: &Reply,
        cx: &mut ClientContext<'_, S>,
    ) {
        let Some(current) = &self.current else { return };
        let now = modified(reply);
        let unchanged = now.is_some().then_some(now == current.there.modified);
        let there = cx.journal.reports[current.report].remote_size;
        let text = self.holds(there, 213, unchanged, cx);
        self.tell(text, cx);
        self.finish(false, cx);
    }

    /// Says how much of a failed upload the server holds. `unchanged`: whether the time of a file
    /// of the old size is the old time.
    fn holds<S: Store>(
        &self,
        there: Option<u64>,
        code: u16,
        unchanged: Option<bool>,
        cx: &ClientContext<'_, S>,
    ) -> Option<String> {
        let current = self.current.as_ref()?;
        let report = &cx.journal.reports[current.report];
        let said = match &report.reply {
            Some(reply) if reply.class() > Some(Class::Completion) => reply.code.to_string(),
            _ => report.text.clone(),
        };
        let old = current.there.size;
        let all = current.final_size(current.size).filter(|_| current.has_known_size());
        Some(match (there.map(Thousands), all.map(Thousands)) {
            (Some(there), _) if old == Some(there.0) && unchanged == Some(true) => format!(
                "{said}: the server holds the file of {there} bytes that was there before, unchanged"
            ),
            (Some(there), Some(all))
                if there.0 == all.0 && old == Some(there.0) && unchanged.is_none() =>
            {
                format!(
                    "{said}: the server holds a file of all {all} bytes, which may be the old file: \
                     that had the same size"
                )
            }
            (Some(there), Some(all)) if there.0 == all.0 && (old.is_some() || cx.config.checks) => {
                format!("{said}, but the server holds all {all} bytes")
            }
            (Some(there), Some(all)) if there.0 == all.0 => {
                format!("{said}: a file of all {all} bytes is there; it may be an old file")
            }
            (Some(there), Some(all)) => format!("{said}: the server holds {there} of {all} bytes"),
            (Some(there), None) => format!("{said}: the server holds {there} bytes"),
            // RFC 3659 §4: the server has no such file.
            (None, _) if code == 550 => format!("{said}, and the server holds no such file"),
            (None, _) => return None,
        })
    }

    /// Replaces the text of the transfer, and shows the text to the user.
    pub(super) fn tell<S: Store>(&mut self, text: Option<String>, cx: &mut ClientContext<'_, S>) {
        let (Some(current), Some(text)) = (&self.current, text) else { return };
        cx.journal.reports[current.report].text.clone_from(&text);
        cx.say(Speaker::Program, || text);
    }

    /// Ends the transfer with its result, and goes on with the script.
    pub(super) fn finish<S: Store>(&mut self, success: bool, cx: &mut ClientContext<'_, S>) {
        let told = if success { Told::Success } else { Told::Failure };
        self.close_current(told, cx);
        match self.lost.take() {
            None => self.next_task(cx),
            Some(text) => {
                self.give_up(None, &text, cx);
                self.stage = Stage::Over;
            }
        }
    }

    /// Whether a listing has got 2yz without 1yz and without a byte: an empty directory, for
    /// servers that then open no data connection.
    pub(super) fn is_listing_without_data(&self) -> bool {
        self.stage == Stage::Transfer
            && self.current.as_ref().is_some_and(|current| {
                matches!(current.kind, TransferKind::List(..))
                    && current.answer == Some(Class::Completion)
                    && !current.preliminary
                    && !matches!(current.data, DataState::Ended(_))
            })
    }
}

/// Says that a download is short.
pub(super) fn short(here: u64, all: Option<u64>, said: &str) -> Option<String> {
    let more = all.is_some_and(|all| here > all);
    let here = Thousands(here);
    Some(match all.map(Thousands) {
        Some(all) if more => format!("{said}: {here} bytes are here, and the server tells {all}"),
        Some(all) => format!("{said}: {here} of {all} bytes are here"),
        None => format!("{said}: {here} bytes are here, of a number that the server did not tell"),
    })
}

/// Returns the time of a 213 reply to MDTM, as the server wrote the time.
fn modified(reply: &Reply) -> Option<String> {
    (reply.code == 213).then(|| reply.text.trim().to_owned())
}

/// Finds the number of bytes in the text of a 150 reply: `... for a.bin (10000 bytes).`
pub(super) fn announced(text: &str) -> Option<u64> {
    let (before, _) = text.rsplit_once(" bytes")?;
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next()?;
    let start = before.len() - digits.len();
    before[..start].ends_with('(').then(|| digits.parse().ok())?
}

/// A number with a comma between thousands.
#[derive(Clone, Copy)]
pub(super) struct Thousands(pub(super) u64);

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
