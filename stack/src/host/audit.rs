//! `audit.rs` counts what a host holds, for whoever wants to know that nothing leaks. It changes
//! nothing and knows no rule.

use crate::connection::Owner;
use crate::host::Host;

/// What a host holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Connections, in whatever state.
    pub connections: usize,
    /// Ports that somebody listens on.
    pub listeners: usize,
    /// Packet buffers that were handed out and have not come back. Negative: buffers came that were
    /// never this host's.
    pub packets: i64,
}

impl Host {
    /// Count what it holds now.
    #[must_use]
    pub fn audit(&self) -> Audit {
        let held = |owner: Owner| owner != Owner::Nobody;
        Audit {
            connections: self.connections.iter().filter(|it| held(it.owner)).count()
                + self.time_waits.len(),
            listeners: self.listeners.iter().filter(|it| it.live).count(),
            packets: self.wire.pool.out(),
        }
    }
}
