//! `last_fault` runs a list of faults behind its last fault, and decides which states are looked up there.

use super::{Counts, Halt, Merger, Passed, Place};
use crate::outcome::End;

/// The most turns between two states that are looked up behind the last fault.
const APART: u32 = 16;

impl Merger<'_> {
    /// Runs to the end without a further fault. A hash costs as much as eight turns, so a state is looked up only where
    /// the first connection ends, because many runs come to one state there, and after every 16 turns. `checks`: the
    /// run is for a comparison.
    pub(super) fn last(&mut self, mut checks: bool) -> Result<Counts, Halt> {
        if self.stop.is_set() {
            return Err(Halt::Stopped);
        }
        let mut way = Vec::new();
        let connections = self.world.ended().len();
        let mut looked_up = None;
        let mut counts = loop {
            let place = looked_up.unwrap_or_else(|| Place::between(&mut self.world));
            let known = looked_up.and_then(|place| self.merged(&place, 0, &mut checks));
            let known = match known {
                Some(known) if !checks => break known,
                known => known,
            };
            let ties = self.world.tied_timers();
            let (end, turns) = self.steps(looked_up.is_none().then_some(connections));
            let mut counts = Counts::at(&place);
            counts.reach.exact = self.world.tied_timers() > ties;
            counts.more_turns = turns - 1;
            way.push(Passed { place: looked_up, counts, known });
            if let Some(end) = end {
                break self.conclude(end);
            }
            looked_up = Some(self.place());
        };
        while let Some(passed) = way.pop() {
            counts = self.went_on(passed, 0, &counts)?;
        }
        Ok(counts)
    }

    /// Runs 16 turns, or fewer: up to the end of the run, or until more than `connections` connections have
    /// ended. Returns the end of the run, if the run has ended, and the number of turns.
    fn steps(&mut self, connections: Option<usize>) -> (Option<End>, u32) {
        for turns in 1.. {
            let end = self.step();
            let ended = connections.is_some_and(|before| self.world.ended().len() > before);
            if end.is_some() || ended || turns == APART {
                return (end, turns);
            }
        }
        unreachable!("the loop ends after a number of turns")
    }
}
