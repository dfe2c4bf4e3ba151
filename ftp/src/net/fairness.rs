//! `net::fairness` sees to it that everybody gets a share of each lap, and is looked at once in it.

/// A lap of the program's loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lap(u64);

impl Lap {
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The fairness of one connection, or one listener.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fairness {
    /// The last lap it has a place in.
    queued: Lap,
    /// The lap of which it has had `had` shares.
    lap: Lap,
    had: usize,
}

impl Fairness {
    /// True if it needs a place in that lap, and has none yet.
    pub(super) fn queue(&mut self, lap: Lap) -> bool {
        let needs = self.queued < lap;
        if needs {
            self.queued = lap;
        }
        needs
    }

    /// True if it may have one more of its `shares` of that lap.
    pub(super) fn take(&mut self, lap: Lap, shares: usize) -> bool {
        if self.lap != lap {
            (self.lap, self.had) = (lap, 0);
        }
        self.had += 1;
        self.had <= shares
    }
}
