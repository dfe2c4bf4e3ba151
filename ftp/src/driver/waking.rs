//! `driver::waking` wakes the sessions for which the store has an answer.

use super::slot::Slot;
use super::{Driver, SlotId};
use crate::session::Session;
use crate::store::{Asker, Store};
use crate::tcp::Tcp;
use std::time::Duration;

impl<P: Session, S: Store> Driver<P, S> {
    /// Lets each session go on for which the store has an answer.
    #[inline]
    pub(super) fn handle_answers<T: Tcp + ?Sized>(&mut self, tcp: &mut T, now: Duration) {
        while let Some(Asker(session)) = self.hub.store.poll_answer() {
            if let Some(at) = self.ids.iter().position(|id| id.0 == session)
                && self.slots[at].is_live()
            {
                let place = SlotId(u32::try_from(at).expect("places are counted in u32"));
                self.act(place, tcp, now, Slot::handle_timeout);
            }
        }
    }
}
