//! `server::completion` follows a transfer from the open data connection to the final reply: the
//! session starts the data, judges the end by the server's model, and sends exactly one final
//! reply.

use super::error_reply::behind;
use super::odd::{as_complete, without_end};
use super::parameter::DataAddress;
use super::transfer_commands::{Holds, ServerTransfer, Wait, size_of};
use super::waiting::Closing;
use super::{OnFin, Server, ServerConfig, ServerContext};
use crate::habit::ServerHabit;
use crate::model::{Answer, ControlFate, Interruption, Judgement, Kept, Phrase, ReplyValues};
use crate::report::{Direction, Remains, Told};
use crate::session::Action;
use crate::store::{Asker, Fate, Store, StoreError};
use crate::tcp::Ending;
use crate::transfer::{Lateness, Plan, TransferEnd, Way};
use crate::wire::reply::Class;

impl Server {
    pub(super) fn handle_data_opened<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        if cx.config.habit == Some(ServerHabit::NeverConnects) {
            return;
        }
        self.parameters.address = DataAddress::Open;
        let Some(transfer) = &mut self.transfer else {
            return;
        };
        if cx.config.accept_delay.is_zero() {
            self.begin_moving(cx);
        } else {
            transfer.waits = Some(Wait::Program(cx.now + cx.config.accept_delay));
        }
    }

    /// Starts the data once the connection is open and the program is ready.
    pub(super) fn begin_moving<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        let Some(transfer) = &mut self.transfer else {
            return;
        };
        transfer.waits = None;
        let Some(body) = transfer.body.take() else {
            return;
        };
        let way = match transfer.direction {
            Direction::Upload => Way::Receive,
            Direction::Download => Way::Send(cx.config.close),
        };
        let (idle_timeout, read_delay) = (cx.config.data_idle_timeout, cx.config.read_delay);
        let (chatter, waits_on) = (cx.config.chatter, cx.config.on_fin == OnFin::Waits);
        let alarm = self.end_of_data(cx);
        let plan =
            Plan { idle_timeout, alarm, read_delay, chatter, waits_on, ..Plan::new(body, way) };
        self.actions.push(Action::Transfer(plan));
    }

    /// Ends a transfer without data: the data connection was refused or late, or an interruption
    /// came first.
    pub(super) fn handle_data_failed<S: Store>(
        &mut self,
        ending: Option<Ending>,
        cx: &mut ServerContext<'_, S>,
    ) {
        let Some(transfer) = &mut self.transfer else { return };
        transfer.closing = Some(Closing::Failed(ending));
        if let Some(interruption) = transfer.interrupted {
            return self.finish_interrupted(interruption, ending, 0, cx);
        }
        let failed = Phrase(425, cx.config.model.texts.no_data);
        let judgement = Judgement { answer: Answer::Says(failed), kept: Kept::All };
        self.finish(judgement, ending, 0, cx);
    }

    pub(super) fn handle_transfer_ended<S: Store>(
        &mut self,
        end: TransferEnd,
        cx: &mut ServerContext<'_, S>,
    ) {
        let Some(transfer) = &mut self.transfer else { return };
        transfer.closing = Some(Closing::Ended(end));
        let closes = transfer.closes;
        let Some(end) = written(transfer, end, cx.store) else { return };
        transfer.closing = Some(Closing::Ended(end));
        match transfer.interrupted {
            Some(interruption) => {
                self.finish_interrupted(interruption, end.ending, end.moved, cx);
            }
            None => {
                let end = as_complete(transfer.shortened, end);
                let judgement = judge(transfer.direction, transfer.draw, &end, cx.config);
                self.finish(judgement, end.ending, end.moved, cx);
            }
        }
        if self.transfer.is_some() {
            // The store closes the file.
            return;
        }
        if closes {
            self.leave(ControlFate::Close);
        }
        self.say_goodbye(cx);
    }

    /// Ends a transfer with the replies of the command that interrupted the transfer.
    fn finish_interrupted<S: Store>(
        &mut self,
        Interruption { says, control, .. }: Interruption,
        ending: Option<Ending>,
        moved: u64,
        cx: &mut ServerContext<'_, S>,
    ) {
        let kept = cx.config.model.abandoned;
        let (answer, rest) = match says {
            [first, rest @ ..] => (Answer::Says(*first), rest),
            [] => (Answer::Silence(control), says),
        };
        let judgement = Judgement { answer, kept };
        let Some(facts) = self.finish(judgement, ending, moved, cx) else { return };
        for phrase in rest {
            self.reply(phrase.0, &phrase.with(facts), cx);
        }
        self.leave(control);
    }

    /// Ends the transfer: closes the file, sends the final reply and completes the report. Returns
    /// the values that further replies may quote; `None` while the store closes the file.
    fn finish<S: Store>(
        &mut self,
        Judgement { answer, kept }: Judgement,
        ending: Option<Ending>,
        moved: u64,
        cx: &mut ServerContext<'_, S>,
    ) -> Option<ReplyValues<'static>> {
        let Some(transfer) = self.transfer.take() else {
            return Some(ReplyValues::default());
        };
        self.parameters.address = DataAddress::None;
        self.idle_deadline = cx.config.control_idle_timeout.map(|limit| cx.now + limit);
        let fate = match kept {
            // A file that no byte replaced stays as it was, unless the empty file was complete.
            Kept::Nothing if moved == 0 && answer != Answer::Complete => Fate::Discard,
            _ if moved == 0 && answer != Answer::Complete => Fate::Cut(0),
            kept => fate(kept, moved),
        };
        let fate = match (answer, transfer.direction) {
            (Answer::Complete, Direction::Upload) => without_end(fate, moved, cx.config),
            _ => fate,
        };
        let Some((closed, size)) = close(&transfer, fate, cx) else {
            self.transfer = Some(transfer);
            return None;
        };
        if cx.journal.record_dialogue && transfer.direction == Direction::Upload {
            let fate = closed.map_or(Fate::Discard, |()| fate);
            let remains = remains(fate, moved, transfer.old, size);
            cx.journal.reports[transfer.report].remains = Some(remains);
        }
        let report = &mut cx.journal.reports[transfer.report];
        match transfer.direction {
            Direction::Upload => report.received = moved,
            Direction::Download => report.sent = moved,
        }
        report.connected = !matches!(transfer.waits, Some(Wait::Connection(_)));
        report.ending = ending;
        report.ended = Some(cx.now);
        let took = cx.now.saturating_sub(report.started);
        let texts = &cx.config.model.texts;
        let phrase = match (answer, closed) {
            // A file that could not be kept is a failure, even after a complete transfer.
            (Answer::Complete, Err(error)) => Phrase(behind(error), error.text()),
            (answer, _) => match answer {
                Answer::Complete => texts.complete,
                Answer::Aborted => texts.aborted,
                Answer::Says(phrase) => phrase,
                Answer::Silence(control) => {
                    self.leave(control);
                    cx.journal.finish(transfer.report);
                    return Some(ReplyValues { path: "", took, moved });
                }
            },
        };
        // Over a lost control connection the user is told nothing.
        if !self.over {
            let done = Class::of(phrase.0) == Some(Class::Completion);
            report.told = if done { Told::Success } else { Told::Failure };
            let path = std::mem::take(&mut report.name);
            let facts = ReplyValues { path: &path, took, moved };
            let text = phrase.with(facts);
            cx.journal.reply(transfer.report, phrase.0, &text);
            self.say_final(phrase.0, &text, cx);
            cx.journal.reports[transfer.report].name = path;
        }
        cx.journal.finish(transfer.report);
        Some(ReplyValues { path: "", took, moved })
    }
}

/// The end of a transfer once the store has written all bytes of an upload; `None` before. The error of
/// a write comes before the end of the data, as in a store that writes at once.
fn written<S: Store>(
    transfer: &ServerTransfer,
    end: TransferEnd,
    store: &mut S,
) -> Option<TransferEnd> {
    let (Direction::Upload, Holds::File(file)) = (transfer.direction, &transfer.holds) else {
        return Some(end);
    };
    match store.flush(*file) {
        Err(StoreError::Waits) => None,
        Err(error) if end.store.is_none() => {
            Some(TransferEnd { complete: false, store: Some(error), ..end })
        }
        Ok(()) | Err(_) => Some(end),
    }
}

/// Closes the file or listing of a transfer. Returns the result, and for a log the size of the file that
/// has the name of an upload; `None`: the store has not closed the file yet.
fn close<S: Store>(
    transfer: &ServerTransfer,
    fate: Fate,
    cx: &mut ServerContext<'_, S>,
) -> Option<(Result<(), StoreError>, Option<u64>)> {
    let file = match transfer.holds {
        Holds::File(file) => file,
        Holds::Listing(listing) => {
            listing.into_iter().for_each(|listing| cx.store.close_listing(listing));
            return Some((Ok(()), None));
        }
    };
    cx.store.begin(Asker(cx.id.0));
    let closed = cx.store.close(file, fate);
    let told = cx.journal.record_dialogue && transfer.direction == Direction::Upload;
    let size = if told && closed != Err(StoreError::Waits) {
        size_of(&cx.journal.reports[transfer.report].name, cx.store)
    } else {
        Ok(None)
    };
    let done = closed != Err(StoreError::Waits) && size != Err(StoreError::Waits);
    cx.store.end(done);
    done.then_some((closed, size.unwrap_or_default()))
}

/// The file behind an upload of `moved` bytes, closed with `fate`. `old` and `now` are the sizes of
/// the files that had and have the name.
fn remains(fate: Fate, moved: u64, old: Option<u64>, now: Option<u64>) -> Remains {
    match (now, fate) {
        (None, _) => Remains::Removed,
        (Some(_), Fate::Keep) => Remains::Kept,
        (Some(_), Fate::Cut(length)) if moved > 0 => Remains::Cut(length),
        (Some(now), _) if old == Some(now) => Remains::Old(now),
        (Some(now), _) if old.is_some() => Remains::OldPart(now),
        (Some(_), _) => Remains::Cut(0),
    }
}

/// The fate of a file after `moved` bytes were written.
fn fate(kept: Kept, moved: u64) -> Fate {
    match kept.of(moved) {
        None => Fate::Discard,
        Some(length) if length < moved => Fate::Cut(length),
        Some(_) => Fate::Keep,
    }
}

/// The judgement of a transfer's end by the server's model: final reply and kept bytes. `draw`
/// selects one of the model's two choices. Sends nothing and closes nothing.
fn judge(direction: Direction, draw: bool, end: &TransferEnd, config: &ServerConfig) -> Judgement {
    let model = &config.model;
    let upload = direction == Direction::Upload;
    let says = |code, text| Judgement { answer: Answer::Says(Phrase(code, text)), kept: Kept::All };
    let failed = if end.complete {
        if upload && end.late != Lateness::InTime {
            return model.after_fin.judge(end.late, draw);
        }
        return Judgement::AS_EOF;
    } else if let Some(error) = end.store {
        match error {
            StoreError::TooLarge if !upload => says(451, "The directory has too many names."),
            error => says(behind(error), error.text()),
        }
    } else if end.idle {
        says(426, model.texts.data_timeout)
    } else if end.ending == Some(Ending::Reset) {
        if upload {
            return model.on_reset.judge(end.late, draw);
        }
        Judgement { answer: model.on_download_reset, kept: Kept::All }
    } else {
        Judgement::ABORT
    };
    Judgement { kept: model.abandoned, ..failed }
}
