//! `client::list_fallback` goes on with another command where a server refuses to list a directory
//! in the form that the client asked for, and knows the refusals that mean an empty directory.

use super::client_transfer::{DataState, TransferKind};
use super::{Client, ClientContext};
use crate::session::Action;
use crate::store::Store;
use crate::wire::listing::Form;
use crate::wire::reply::{Class, Reply};

impl Client {
    /// The server does not know the form of listing: tries `form` over a new data connection.
    fn fall_back<S: Store>(&mut self, form: Form, cx: &mut ClientContext<'_, S>) {
        let Some(current) = &mut self.current else { return };
        current.kind = TransferKind::List(form, form == Form::Long);
        current.data = DataState::Absent;
        cx.journal.reports[current.report].listing = Some(form);
        self.actions.push(Action::DropData);
        self.prepare(cx);
    }

    /// Goes on after a refusal with another form of listing. Returns false if the reply is no such
    /// refusal.
    pub(super) fn falls_back<S: Store>(
        &mut self,
        reply: &Reply,
        class: Class,
        cx: &mut ClientContext<'_, S>,
    ) -> bool {
        let Some(current) = &mut self.current else { return false };
        let TransferKind::List(form, true) = current.kind else { return false };
        if current.preliminary || current.is_aborted() {
            return false;
        }
        // Real servers refuse MLSD with every code, 202 among them; LIST is refused only by a
        // server that does not know the command (500, 502, 504).
        let refused = match form {
            Form::Facts => class > Class::Completion || reply.code == 202,
            _ => matches!(reply.code, 500 | 502 | 504),
        };
        if refused {
            current.refusal.get_or_insert_with(|| reply.clone());
            let next = if form == Form::Facts { Form::Long } else { Form::Names };
            self.fall_back(next, cx);
        }
        refused
    }

    /// Takes a refused CWD: the path may name a file, and the listing shows whether the file exists.
    pub(super) fn refuse_and_go_on<S: Store>(
        &mut self,
        reply: &Reply,
        cx: &mut ClientContext<'_, S>,
    ) {
        let Some(current) = &mut self.current else { return };
        current.refusal = Some(reply.clone());
        current.must_list = true;
        self.prepare(cx);
    }

    /// Ends a listing that got 2yz, no 1yz and no byte, after a short wait for the data.
    pub(super) fn end_listing_without_data<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        let Some(current) = &mut self.current else { return };
        self.deadline = None;
        self.actions.push(Action::DropData);
        current.data = DataState::Ended(true);
        self.conclude(cx);
    }
}

/// Returns whether a negative reply to NLST or LIST means an empty directory: many servers answer
/// `450 No files found` (RFC 959 §5.4 lists 450 for NLST).
pub(super) fn means_empty(kind: TransferKind, reply: &Reply) -> bool {
    if !matches!(kind, TransferKind::List(..)) || !matches!(reply.code, 450 | 550) {
        return false;
    }
    let text = reply.text.to_lowercase();
    ["no files", "empty", "no matches"].iter().any(|words| text.contains(words))
}
