//! `server::odd` owns the effects of a server's habit ([`ServerHabit`]): replies said twice, early or
//! late, and transfers without their last buffer.

use super::transfer_commands::Holds;
use super::{Server, ServerConfig, ServerContext};
use crate::clone_by_field::hash_by_field;
use crate::habit::{LAST_BUFFER, LATE, ServerHabit};
use crate::report::Direction;
use crate::session::{Action, Session};
use crate::store::{Fate, Store};
use crate::tcp::Ending;
use crate::transfer::TransferEnd;
use crate::wire::reply::Class;
use std::time::Duration;

/// A final reply that a late server holds back.
#[derive(Clone, Debug)]
pub(super) struct HeldReply {
    pub(super) until: Duration,
    code: u16,
    text: String,
}

hash_by_field! { HeldReply { code, text } deadlines { until } without {} }

impl Server {
    /// Says the final reply to a transfer, as the server's habit is.
    pub(super) fn say_final<S: Store>(
        &mut self,
        code: u16,
        text: &str,
        cx: &mut ServerContext<'_, S>,
    ) {
        let done = Class::of(code) == Some(Class::Completion);
        match cx.config.habit {
            Some(ServerHabit::RepliesEarly) if done => {}
            Some(ServerHabit::RepliesLate) => {
                let until = cx.now + LATE;
                self.held = Some(HeldReply { until, code, text: text.to_owned() });
            }
            habit => {
                self.reply(code, &text, cx);
                if habit == Some(ServerHabit::RepliesTwice) {
                    self.reply(code, &text, cx);
                }
            }
        }
    }

    /// Says the reply that was held back, and goes on.
    pub(super) fn say_held<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        if let Some(HeldReply { code, text, .. }) = self.held.take() {
            self.reply(code, &&*text, cx);
        }
        self.handle_lines(cx);
    }

    /// The number of bytes after which a download of a server that loses the last buffer ends.
    pub(super) fn end_of_data<S: Store>(&self, cx: &mut ServerContext<'_, S>) -> Option<u64> {
        let transfer = self.transfer.as_ref()?;
        let file = matches!(transfer.holds, Holds::File(_));
        if !file || !loses_end(transfer.direction, Direction::Download, cx.config) {
            return None;
        }
        let report = &cx.journal.reports[transfer.report];
        let size = cx.store.metadata(&report.name).map_or(0, |it| it.size);
        Some(size.saturating_sub(report.offset).saturating_sub(LAST_BUFFER))
    }

    /// Ends the data of such a download with a FIN. Returns false for every other server.
    pub(super) fn ends_early(&mut self, config: &ServerConfig) -> bool {
        let Some(transfer) = self.transfer.as_mut().filter(|it| it.interrupted.is_none()) else {
            return false;
        };
        transfer.shortened = loses_end(transfer.direction, Direction::Download, config);
        if transfer.shortened {
            self.actions.push(Action::CloseData);
        }
        transfer.shortened
    }
}

fn loses_end(direction: Direction, of: Direction, config: &ServerConfig) -> bool {
    config.habit == Some(ServerHabit::LosesLastBuffer) && direction == of
}

/// The end of a transfer as the server sees the end: a `shortened` download is complete.
pub(super) fn as_complete(shortened: bool, end: TransferEnd) -> TransferEnd {
    let cut = end.store.is_some() || end.idle || end.ending == Some(Ending::Reset);
    TransferEnd { complete: end.complete || shortened && !cut, ..end }
}

/// The fate of a complete upload of `moved` bytes, of which the last buffer may be lost.
pub(super) fn without_end(fate: Fate, moved: u64, config: &ServerConfig) -> Fate {
    match fate {
        Fate::Keep if loses_end(Direction::Upload, Direction::Upload, config) => {
            Fate::Cut(moved.saturating_sub(LAST_BUFFER))
        }
        fate => fate,
    }
}
