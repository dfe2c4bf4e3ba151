//! `driver::copying` copies the state of a driver into a second driver with the same settings.

use super::{Driver, Hub};
use crate::session::Session;
use crate::store::Store;

impl<P: Session + Clone, S: Store + Clone> Driver<P, S> {
    /// Takes the state of `source` over, so that both would go on alike on copies of one host. The
    /// settings stay: both drivers must have the same. Memory is used again.
    pub fn copy_from(&mut self, source: &Self) {
        let Self { slots, free, control_listeners, begun, hub } = source;
        self.slots.clone_from(slots);
        self.free.clone_from(free);
        self.control_listeners.clone_from(control_listeners);
        self.begun = *begun;
        let Hub { config: _, store, journal, shared, conns, listeners, timers, line } = hub;
        self.hub.store.clone_from(store);
        self.hub.journal.clone_from(journal);
        self.hub.shared.clone_from(shared);
        self.hub.conns.clone_from(conns);
        self.hub.listeners.clone_from(listeners);
        self.hub.timers.clone_from(timers);
        self.hub.line.clone_from(line);
    }
}
