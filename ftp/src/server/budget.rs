//! `server::budget` owns the limit on commands that one session acts on in one moment, so that all
//! sessions get their turn. The budget does not know the commands.

use crate::clone_by_field::{STEP, TimeKind};
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// The most commands in one moment. Only a client that pipelines commands exceeds the limit.
const COMMANDS: u32 = 64;
/// The wait until the next moment: the shortest time, behind everything else that is ready.
const PAUSE: Duration = Duration::from_micros(1);

/// The commands of a session in the last moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TurnBudget {
    moment: Duration,
    had: u32,
}

impl Hash for TurnBudget {
    /// Hashes the moment, if a command in the same moment can still come or the budget is renewed then.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { moment, had } = self;
        TimeKind::Ahead.hash(*moment + STEP, state);
        had.hash(state);
    }
}

impl TurnBudget {
    /// Counts one command more at `now`; false if the budget is used up.
    pub(super) fn take(&mut self, now: Duration) -> bool {
        if self.moment != now {
            *self = Self { moment: now, had: 0 };
        }
        let may = self.had < COMMANDS;
        self.had += u32::from(may);
        may
    }

    /// Uses up the budget of this moment.
    pub(super) fn use_up(&mut self) {
        self.had = COMMANDS;
    }

    /// The time at which the budget is renewed, if used up.
    pub(super) fn renewed(&self) -> Option<Duration> {
        (self.had >= COMMANDS).then(|| self.moment + PAUSE)
    }
}
