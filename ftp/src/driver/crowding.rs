//! `driver::crowding` compares the sessions of a driver with the limits of the server.

use super::Driver;
use crate::session::Session;
use crate::session::guesses::origin;
use crate::store::Store;
use crate::tcp::{Conn, Tcp};

impl<P: Session, S: Store> Driver<P, S> {
    /// Whether a further session would exceed the limits.
    pub(super) fn is_crowded<T: Tcp + ?Sized>(&self, control: Conn, tcp: &T) -> bool {
        let (all, per_address) = P::limits(&self.hub.config);
        if self.sessions() >= all {
            return true;
        }
        per_address < usize::MAX && {
            let peer = Some(origin(tcp.status(control).peer.ip()));
            let near = self.slots.iter().filter(|slot| slot.is_live() && !slot.crowded);
            near.filter(|slot| slot.peer.map(origin) == peer).count() >= per_address
        }
    }
}
