//! `store::memory::disk` is the one disk of a memory store, which may be slow: it takes a block at a
//! time, and is busy until that is written. It sources no files.

use crate::store::Room;
use std::time::Duration;

const BLOCK: usize = 4096;

/// When it takes bytes.
#[derive(Debug, Default)]
pub(super) struct Disk {
    /// Bytes per second; `None`: all of them at once.
    pub(super) rate: Option<u64>,
    pub(super) busy_until: Duration,
}

impl Disk {
    pub(super) fn room(&self, now: Duration) -> Room {
        if self.rate.is_none() {
            return Room::Bytes(usize::MAX);
        }
        // Time is told in whole microseconds.
        let micros = self.busy_until.subsec_nanos().div_ceil(1000);
        let ready = Duration::from_secs(self.busy_until.as_secs())
            + Duration::from_micros(u64::from(micros));
        if ready > now { Room::At(ready) } else { Room::Bytes(BLOCK) }
    }

    /// It has taken so many.
    pub(super) fn write(&mut self, bytes: u64, now: Duration) {
        if let Some(rate) = self.rate {
            // In nanoseconds, so that it hardly matters in how many pieces the bytes come.
            let nanos = bytes.saturating_mul(1_000_000_000).div_ceil(rate);
            self.busy_until = self.busy_until.max(now) + Duration::from_nanos(nanos);
        }
    }
}
