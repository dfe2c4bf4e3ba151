//! `net::fairness` gives every connection a share of each lap, and one report per lap.

/// The number of a lap of the program's loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lap(u64);

impl Lap {
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The shares of one connection or one listener.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fairness {
    /// The last lap with a report.
    queued: Lap,
    /// The lap in which `had` shares were used.
    lap: Lap,
    had: usize,
}

impl Fairness {
    /// Claims the report of `lap`; false if already claimed.
    pub(super) fn queue(&mut self, lap: Lap) -> bool {
        let needs = self.queued < lap;
        if needs {
            self.queued = lap;
        }
        needs
    }

    /// Uses one more of the `shares` of `lap`; false if all are used.
    pub(super) fn take(&mut self, lap: Lap, shares: usize) -> bool {
        if self.lap != lap {
            (self.lap, self.had) = (lap, 0);
        }
        self.had += 1;
        self.had <= shares
    }
}
