//! `part_runs` runs parts of a list of faults. A part with the faults of an earlier part up to some packet goes
//! on from a copy of the world before the packet. A part that differs only in faults without a packet makes no
//! run.

use super::known_runs::{Effective, Known, KnownRuns};
use super::{Shape, matched};
use crate::network::trace::Recording;
use crate::outcome::{End, Outcome};
use crate::run::RunError;
use crate::scenario::Scenario;
use crate::workload::Workload;
use crate::world::World;

/// Copies at most: each further copy saves fewer turns.
const COPIES_MAX: usize = 16;
/// Turns that a new copy must save. A copy costs as much as a few turns.
const TURNS_SAVED: u64 = 16;
/// After so many parts, a part is run from the beginning too and compared.
const COMPARED: u64 = if cfg!(debug_assertions) { 4 } else { 256 };

/// Runs parts of the faults of a scenario.
pub(super) struct PartRuns<'t> {
    /// The scenario with every fault of the list.
    scenario: &'t Scenario,
    workload: &'t Workload,
    seed: u64,
    shape: &'t Shape,
    world: World<'t>,
    /// Copies of one run, the earliest first.
    copies: Vec<KeptCopy<'t>>,
    /// Worlds for further copies.
    spare: Vec<World<'t>>,
    /// The number of copies at most.
    room: usize,
    known: KnownRuns,
    /// For each fault of the list, whether the present part has the fault.
    active: Vec<bool>,
    /// For each fault that met its packet in the present run: the turn, from 1; 0: before the first turn.
    turns: Vec<u64>,
    /// The turns of the longest run.
    longest: u64,
    tried: u64,
    outcome: Outcome,
}

/// The state of a run.
struct KeptCopy<'t> {
    world: World<'t>,
    /// The number of turns before.
    turn: u64,
    /// The number of faults that met their packet before.
    met: usize,
}

impl<'t> PartRuns<'t> {
    /// No runs yet. The faults of `scenario` are the list, and a part must lead to `shape`. `room`: the
    /// number of copies at most.
    pub(super) fn new(
        scenario: &'t Scenario,
        workload: &'t Workload,
        (seed, shape): (u64, &'t Shape),
        room: usize,
    ) -> Self {
        Self {
            scenario,
            workload,
            seed,
            shape,
            world: World::new(scenario, workload, seed, Recording::Digest),
            copies: Vec::new(),
            spare: Vec::new(),
            room: room.min(COPIES_MAX),
            known: KnownRuns::default(),
            active: vec![false; scenario.faults.len()],
            turns: Vec::new(),
            longest: 0,
            tried: 0,
            outcome: Outcome::default(),
        }
    }

    /// Runs a part of the list, by the places of the faults. Returns the faults with an effect if the run
    /// leads to the shape.
    ///
    /// # Errors
    /// A resumed run is not the run from the beginning.
    pub(super) fn run(&mut self, part: &[usize]) -> Result<Effective, RunError> {
        self.tried += 1;
        self.active.fill(false);
        part.iter().for_each(|place| self.active[*place] = true);
        let turn = match self.known.find(&self.active) {
            Known::Result(result) => {
                let result = result.clone();
                return self.compared(part, result, false);
            }
            Known::UpTo(turn) => turn,
        };
        self.make(turn);
        let result = self.judged(part, &self.outcome);
        if !self.known.learn(self.world.met_faults(), &self.turns, result.clone()) {
            return Err(self.wrong(part));
        }
        self.compared(part, result, true)
    }

    /// Runs the part, whose run is new from `turn` on.
    fn make(&mut self, turn: u64) {
        let mut made = self.resume();
        let before = turn.saturating_sub(1);
        let saved = before.saturating_sub(made);
        if self.room > 0 && saved >= TURNS_SAVED.max(self.longest / 64) {
            while made < before {
                made += 1;
                self.step(made);
            }
            self.keep(made);
        }
        let end = loop {
            made += 1;
            if let Some(end) = self.step(made) {
                break end;
            }
        };
        self.longest = self.longest.max(made);
        self.world.conclude_into(end, &mut self.outcome);
    }

    /// Takes the world to the last copy that the present part has in common with the part of the copies,
    /// or to the beginning. Returns the number of turns before.
    fn resume(&mut self) -> u64 {
        let alike = self.copies.last().map_or(0, |last| {
            let met = last.world.met_faults().iter();
            met.take_while(|met| self.active[met.place] == met.active).count()
        });
        while let Some(copy) = self.copies.pop() {
            if copy.met <= alike {
                self.copies.push(copy);
                break;
            }
            self.spare.push(copy.world);
        }
        let Some(copy) = self.copies.last() else {
            self.world.switch_faults(&self.active);
            self.world.reset(self.seed, Recording::Digest);
            self.turns.clear();
            self.turns.resize(self.world.met_faults().len(), 0);
            return 0;
        };
        self.world.copy_from(&copy.world);
        self.world.switch_faults(&self.active);
        self.turns.truncate(copy.met);
        copy.turn
    }

    /// Makes the turn of this number, and notes which faults meet their packet.
    fn step(&mut self, turn: u64) -> Option<End> {
        let end = self.world.step();
        self.turns.resize(self.world.met_faults().len(), turn);
        end
    }

    /// Keeps the state of the world after so many turns, in place of the copy that saves the fewest turns.
    fn keep(&mut self, turn: u64) {
        if self.copies.len() == self.room {
            let place = |at: usize| self.copies.get(at).map_or(turn, |copy| copy.turn);
            let saves = |at: &usize| place(at + 1) - at.checked_sub(1).map_or(0, place);
            let least = (0..self.room).min_by_key(saves).expect("there is room for a copy");
            self.spare.push(self.copies.remove(least).world);
        }
        let new = || World::new(self.scenario, self.workload, self.seed, Recording::Digest);
        let mut world = self.spare.pop().unwrap_or_else(new);
        world.copy_from(&self.world);
        self.copies.push(KeptCopy { world, turn, met: self.turns.len() });
    }

    /// The faults of the part with an effect, if the part leads to the shape.
    fn judged(&self, part: &[usize], outcome: &Outcome) -> Effective {
        (Shape::of(outcome) == *self.shape).then(|| {
            let faults = part.iter().map(|place| (*place, self.scenario.faults[*place]));
            matched(faults, outcome)
        })
    }

    /// The run of the part from the beginning.
    fn plain(&self, part: &[usize]) -> (Outcome, Effective) {
        let faults = part.iter().map(|place| self.scenario.faults[*place]).collect();
        let scenario = Scenario { faults, ..self.scenario.clone() };
        let mut world = World::new(&scenario, self.workload, self.seed, Recording::Digest);
        let end = world.run();
        let outcome = world.conclude(end);
        let result = self.judged(part, &outcome);
        (outcome, result)
    }

    /// The result, if the part need not be compared or its run from the beginning has the same result.
    /// `made`: the run was made, and its outcome is compared too.
    fn compared(
        &self,
        part: &[usize],
        result: Effective,
        made: bool,
    ) -> Result<Effective, RunError> {
        if !self.tried.is_multiple_of(COMPARED) {
            return Ok(result);
        }
        let (outcome, plain) = self.plain(part);
        match plain == result && (!made || outcome == self.outcome) {
            true => Ok(result),
            false => Err(self.wrong(part)),
        }
    }

    /// The error of a run that went on from a copy and is not the run from the beginning.
    fn wrong(&self, part: &[usize]) -> RunError {
        let faults: Vec<_> =
            part.iter().map(|place| format!("fault={}", self.scenario.faults[*place])).collect();
        RunError::NotResumed { seed: self.seed, faults: format!("{faults:?}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::fate::Fate;
    use crate::run::run_loaded;
    use crate::search::shrink::{without_chance, written_out};

    /// A run of q123208 with its faults, and its shape.
    fn lossy(settings: &[&str], seed: u64) -> (Scenario, Workload, Shape) {
        let mut scenario = Scenario::catalogue("q123208").expect("it is in the catalogue");
        scenario.vary(settings.iter().copied()).expect("sound settings");
        let workload = Workload::load(&scenario).expect("nothing is read");
        let finished = run_loaded(&scenario, &workload, seed, Recording::Headers);
        let faults = written_out(&scenario, &finished);
        let whole = Scenario { faults, ..without_chance(&scenario, seed) };
        (whole, workload, Shape::of(&finished.outcome))
    }

    /// Parts as a shrink tries them: each fault left out, each fault alone, each pair.
    fn parts(count: usize) -> Vec<Vec<usize>> {
        let mut parts = vec![(0..count).collect(), Vec::new()];
        parts.extend((0..count).map(|out| (0..count).filter(|at| *at != out).collect()));
        parts.extend((0..count).map(|at| vec![at]));
        parts
            .extend((0..count).flat_map(|one| (one + 1..count).map(move |other| vec![one, other])));
        parts
    }

    #[test]
    fn a_part_from_a_copy_is_the_part_from_the_beginning() {
        let (mut derived, mut resumed) = (0, 0);
        for settings in [
            &["client.close=fin", "link.mtu=68", "do.size=4000", "link.loss=20%"][..],
            &["link.loss=10%", "link.duplicate=10%", "do.size=30KB"],
            &["client.count=3", "link.loss=15%", "link.duplicate=10%", "do.size=3000"],
        ] {
            for seed in 0..3 {
                let (whole, workload, shape) = lossy(settings, seed);
                let mut runs = PartRuns::new(&whole, &workload, (seed, &shape), 16);
                for part in parts(whole.faults.len().min(12)) {
                    let before = runs.known.results();
                    let result = runs.run(&part).expect("equal runs");
                    let (outcome, plain) = runs.plain(&part);
                    assert_eq!(result, plain, "{settings:?}, seed {seed}, {part:?}");
                    if runs.known.results() > before {
                        assert_eq!(runs.outcome, outcome, "{settings:?}, {seed}, {part:?}");
                    } else {
                        derived += 1;
                    }
                    resumed += usize::from(!runs.copies.is_empty());
                }
            }
        }
        assert!(derived > 20 && resumed > 100, "{derived} parts derived, {resumed} resumed");
    }

    /// A copy that is not the state of its run leads to an error that names the law.
    #[test]
    fn a_wrong_copy_is_seen() {
        let settings = ["client.close=fin", "link.mtu=68", "do.size=4000", "link.loss=20%"];
        let (whole, workload, shape) = lossy(&settings, 1);
        let mut runs = PartRuns::new(&whole, &workload, (1, &shape), 16);
        let all = parts(whole.faults.len());
        let mut wrong = None;
        for part in &all {
            for copy in &mut runs.copies {
                let next = copy.world.trace().next_emission();
                copy.world.order_one_more(next + 1, Fate::Dropped);
            }
            wrong = runs.run(part).err();
            if wrong.is_some() {
                break;
            }
        }
        let wrong = wrong.expect("every fourth part is compared").to_string();
        assert!(wrong.contains("resumed-run-is-the-whole-run"), "{wrong}");
        assert!(wrong.contains("seed 1 with [\"fault="), "{wrong}");
    }
}
