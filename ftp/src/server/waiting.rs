//! `server::waiting` lets a command, or the end of a transfer, wait until a slow store has answered, so
//! that a disk that does not answer holds up the sessions that ask for the disk, and no other session.
//!
//! A command that waits is acted on again from its beginning: nothing of the session has changed, and
//! the store gives the same answers again up to the answer that was missing.

use super::dispatch::spoken;
use super::list_commands::is_search;
use super::{Server, ServerContext};
use crate::report::Speaker;
use crate::session::Session as _;
use crate::store::{Asker, Store};
use crate::tcp::Ending;
use crate::transfer::TransferEnd;

/// Whether the next command waits for the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Asking {
    /// The next command has not been acted on.
    #[default]
    No,
    /// The store has been asked, and has not answered yet.
    Waits,
    /// The store may have answered: the next command is acted on again.
    Again,
}

/// The end of a transfer whose file is being closed by a slow store.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) enum Closing {
    /// The transfer had no data connection.
    Failed(Option<Ending>),
    /// The data has ended.
    Ended(TransferEnd),
}

impl Server {
    /// Acts on the next command. Returns false if the command comes in a later moment.
    pub(super) fn take_command<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) -> bool {
        if self.access.logged_in() && self.lines.first().is_some_and(is_search) {
            self.granted = cx.shared.work.grant(cx.id, cx.now);
            if self.granted == 0 {
                self.budget.use_up();
                return false;
            }
        }
        let Some(lent) = self.lines.lend_line() else { return false };
        self.idle_deadline = cx.config.control_idle_timeout.map(|limit| cx.now + limit);
        if std::mem::take(&mut self.asking) == Asking::No {
            cx.say(Speaker::Client, || spoken(lent.line().bytes));
        }
        if !cx.store.may_wait() {
            self.handle_line(lent.line(), cx);
            self.lines.give_back(lent);
            return true;
        }
        let before = (self.parameters.clone(), self.renaming.clone());
        cx.store.begin(Asker(cx.id.0));
        self.handle_line(lent.line(), cx);
        cx.store.end(self.asking == Asking::No);
        if self.asking == Asking::No {
            self.lines.give_back(lent);
        } else {
            (self.parameters, self.renaming) = before;
            self.lines.put_back(lent);
        }
        self.asking == Asking::No
    }

    /// Whether the session waits for the store.
    pub(super) fn waits_for_store(&self) -> bool {
        self.asking != Asking::No || self.closing().is_some()
    }

    /// The end of the transfer under way, if the store closes the file.
    pub(super) fn closing(&self) -> Option<Closing> {
        self.transfer.as_ref().and_then(|transfer| transfer.closing)
    }

    /// Goes on with what waits for the store.
    pub(super) fn ask_again<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        match self.closing() {
            Some(Closing::Failed(ending)) => self.handle_data_failed(ending, cx),
            Some(Closing::Ended(end)) => self.handle_transfer_ended(end, cx),
            None if self.asking == Asking::Waits => self.asking = Asking::Again,
            None => {}
        }
        self.handle_lines(cx);
    }
}
