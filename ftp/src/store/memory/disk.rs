//! `store::memory::disk` owns the speed of a memory store's only disk: a slow disk accepts a block
//! and is busy until the block is written. The disk does not know files.

use crate::clone_by_field::TimeKind;
use crate::store::Room;
use std::hash::{Hash, Hasher};
use std::time::Duration;

const BLOCK: usize = 4096;

/// The state of the disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    /// Speed in bytes per second; `None`: infinitely fast.
    pub(super) rate: Option<u64>,
    pub(super) busy_until: Duration,
}

impl Hash for Disk {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { rate, busy_until } = self;
        rate.hash(state);
        TimeKind::Ahead.hash(*busy_until, state);
    }
}

impl Disk {
    pub(super) fn room(&self, now: Duration) -> Room {
        if self.rate.is_none() {
            return Room::Bytes(usize::MAX);
        }
        // Times of a run are whole microseconds.
        let micros = self.busy_until.subsec_nanos().div_ceil(1000);
        let ready = Duration::from_secs(self.busy_until.as_secs())
            + Duration::from_micros(u64::from(micros));
        if ready > now { Room::At(ready) } else { Room::Bytes(BLOCK) }
    }

    /// Writes this number of bytes: the disk is busy until then.
    pub(super) fn write(&mut self, bytes: u64, now: Duration) {
        if let Some(rate) = self.rate {
            // In nanoseconds, so that the division of the bytes into writes hardly matters.
            let nanos = bytes.saturating_mul(1_000_000_000).div_ceil(rate);
            self.busy_until = self.busy_until.max(now) + Duration::from_nanos(nanos);
        }
    }
}
