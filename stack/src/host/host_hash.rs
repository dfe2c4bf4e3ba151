//! `host_hash.rs` owns the hash of a host, for a search that merges equal states.

use std::hash::Hasher;

use crate::hash_by_field::hash_by_field;
use crate::host::Host;

// Everything that `Host::copy_from` copies and that a run changes, but for the number of packet buffers handed
// out, which decides nothing here (`Host::audit` tells the number), and for outdated times of timers. Two hosts
// with one configuration and the same hashed values go on alike, as a copy goes on like its original, as long
// as no two timers are due at one instant: then see `Host::hash_outdated_timers`.
hash_by_field! {
    Host {
        connections, listeners, time_waits, demux, ports, events, wire, touched, timers,
    } without { config, patience, seed_draws, closed, no_sockets }
}

impl Host {
    /// Find the hashes of the sockets: later hashes of this host, and of its copies, follow from the calls of smoltcp
    /// since. To hash a socket anew costs more than to hash everything else.
    pub fn hash_sockets(&self) {
        (0..self.connections.len()).for_each(|slot| self.connections[slot].find_hash());
    }

    /// Forget the hashes of the sockets: the calls of smoltcp are not followed, until a hash is found anew.
    pub fn forget_socket_hashes(&mut self) {
        (0..self.connections.len()).for_each(|slot| self.connections[slot].forget_hash());
    }

    /// Hash the outdated times of timers. A timer that is set to such a time again keeps its old place among the
    /// timers of that instant.
    pub fn hash_outdated_timers<H: Hasher>(&self, state: &mut H) {
        self.timers.hash_outdated(state);
    }

    /// How often a timer was due while a second timer of the host was due at the same instant.
    #[must_use]
    pub fn tied_timers(&self) -> u64 {
        self.timers.ties()
    }
}
