//! `driver::copying` copies and hashes the state of a driver, for searches.

use super::{Driver, Hub};
use crate::session::Session;
use crate::store::Store;
use std::hash::{Hash, Hasher};

impl<P: Session + Clone, S: Store + Clone> Driver<P, S> {
    /// Takes the state of `source` over, so that both would go on alike on copies of one host. The
    /// settings stay: both drivers must have the same. Memory is used again.
    pub fn copy_from(&mut self, source: &Self) {
        let Self { slots, ids, free, control_listeners, begun, hub } = source;
        self.slots.clone_from(slots);
        self.ids.clone_from(ids);
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

impl<P: Session + Hash, S: Hash> Hash for Driver<P, S> {
    /// Hashes everything that `copy_from` copies. Two drivers with the same settings and the same hashed
    /// values go on alike on hosts that go on alike. A slot without a session counts by its place alone, and a
    /// slot at the end that would be taken like a new slot does not count.
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Each slot has its id as well.
        let Self { slots, ids: _, free, control_listeners, begun, hub } = self;
        let Hub { config: _, store, journal, shared, conns, listeners, timers, line } = hub;
        let live = slots.iter().enumerate().filter(|(_, slot)| slot.is_live());
        live.clone().count().hash(state);
        live.for_each(|slot| slot.hash(state));
        let last_first = (0..slots.len()).rev().zip(free);
        let as_new = last_first.take_while(|(last, free)| *last == free.0 as usize).count();
        (slots.len() - as_new, &free[as_new..], control_listeners, begun).hash(state);
        (store, journal, shared, conns, listeners, timers, line).hash(state);
    }
}
