//! `work` owns the steps that all sessions of a program share in one moment, so that no search of
//! one session, and no crowd of searches, delays the next command of another session.

use crate::clone_by_field::{STEP, TimeKind, clone_by_field};
use crate::report::SessionId;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// The steps of one moment: some milliseconds of a disk.
const STEPS: u32 = 1 << 16;
/// The steps of a session in a moment while other sessions wait.
const SHARE: u32 = STEPS / 8;
/// The number of waiting sessions that may work in one moment.
const FRONT: usize = 8;

/// The steps that are left in the present moment, and the sessions that wait for some.
///
/// A session asks with [`Work::grant`], and tells with [`Work::spend`] how many steps it has made.
/// A session that gets no step asks again in the next moment, and is served in its turn.
#[derive(Debug, Default)]
pub struct Work {
    moment: Option<Duration>,
    left: u32,
    waiting: VecDeque<SessionId>,
    /// How many of the first waiting sessions may still work in this moment.
    front: usize,
    /// Whether the first waiting session has asked in this moment. A session that does not ask is
    /// over.
    first_asked: bool,
}

clone_by_field! { Work { moment, left, waiting, front, first_asked } }

impl Hash for Work {
    /// Hashes the moment, if a session can still ask in the same moment.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { moment, left, waiting, front, first_asked } = self;
        TimeKind::Ahead.hash(moment.map(|moment| moment + STEP), state);
        (left, waiting, front, first_asked).hash(state);
    }
}

impl Work {
    /// Returns how many steps the session may make at `now`; 0 while other sessions have their
    /// turn.
    pub fn grant(&mut self, session: SessionId, now: Duration) -> u32 {
        if self.moment != Some(now) {
            if !self.first_asked {
                self.waiting.pop_front();
            }
            (self.moment, self.left, self.first_asked) = (Some(now), STEPS, false);
            self.front = FRONT;
        }
        let place = self.waiting.iter().position(|waiting| *waiting == session);
        self.first_asked |= place == Some(0);
        match place {
            Some(at) if at < self.front && self.left > 0 => {
                self.waiting.remove(at);
                self.front -= 1;
                // The next session may have asked before this session.
                self.first_asked = true;
            }
            None if self.waiting.is_empty() && self.left > 0 => {}
            Some(_) => return 0,
            None => {
                self.first_asked |= self.waiting.is_empty();
                self.waiting.push_back(session);
                return 0;
            }
        }
        if self.waiting.is_empty() { self.left } else { self.left.min(SHARE) }
    }

    /// Takes the steps that a session has made from the steps that are left.
    pub fn spend(&mut self, steps: u32) {
        self.left = self.left.saturating_sub(steps);
    }

    pub(crate) fn reset(&mut self) {
        self.waiting.clear();
        (self.moment, self.left, self.first_asked) = (None, 0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crowd of sessions that all want everything, asked in the same order in each moment.
    #[test]
    fn each_session_of_a_crowd_has_its_turn() {
        let mut work = Work::default();
        let mut had = [0_u32; 60];
        for moment in 0..600 {
            let mut all = 0;
            for session in 0..60_u32 {
                // Session 7 leaves in the middle.
                if session == 7 && moment > 300 {
                    continue;
                }
                let steps = work.grant(SessionId(session), Duration::from_micros(moment));
                work.spend(steps);
                had[session as usize] += steps;
                all += steps;
            }
            assert!(all <= STEPS, "{all} steps in a moment");
        }
        had[7] = had[0];
        let (least, most) = (had.iter().min().unwrap(), had.iter().max().unwrap());
        assert!(*least > 0 && most / least <= 2, "{had:?}");
    }

    #[test]
    fn a_session_alone_has_all_steps_of_each_moment() {
        let mut work = Work::default();
        for moment in 1..5 {
            let now = Duration::from_micros(moment);
            assert_eq!(work.grant(SessionId(3), now), STEPS);
            work.spend(STEPS);
            assert_eq!(work.grant(SessionId(3), now), 0);
        }
    }
}
