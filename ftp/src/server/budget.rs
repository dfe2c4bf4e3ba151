//! `server::share` is how much one session may do in one moment, so that the others have their turn:
//! what it has not done by then waits for the next. It does not know what the commands are.

use std::time::Duration;

/// Commands in one moment. More are only said in one breath: a client waits for replies.
const COMMANDS: u32 = 64;
/// When the next moment is: at once, and behind whatever else is ready by then.
const PAUSE: Duration = Duration::from_micros(1);

/// What a session has done in its last moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TurnBudget {
    moment: Duration,
    had: u32,
}

impl TurnBudget {
    /// Whether one command more may be acted upon now.
    pub(super) fn take(&mut self, now: Duration) -> bool {
        if self.moment != now {
            *self = Self { moment: now, had: 0 };
        }
        let may = self.had < COMMANDS;
        self.had += u32::from(may);
        may
    }

    /// What is done now is enough for this moment.
    pub(super) fn use_up(&mut self) {
        self.had = COMMANDS;
    }

    /// When there is more of it, if it is used up.
    pub(super) fn renewed(&self) -> Option<Duration> {
        (self.had >= COMMANDS).then(|| self.moment + PAUSE)
    }
}
