//! `merging` explores every list of faults and runs no state twice: a run that comes to a state of an earlier
//! run, with as many faults left, comes to the counts of that run. One thread makes all runs.

mod last_fault;
#[cfg(test)]
mod merging_tests;

use super::memo::{Counts, Memo};
use super::reach::{Limits, Place};
use super::{Explore, Explored, Scope, not_alike};
use crate::network::fate::Fate;
use crate::network::medium::Passed as Census;
use crate::network::trace::Recording;
use crate::outcome::{End, Outcome};
use crate::run::{RunError, one_point};
use crate::scenario::Scenario;
use crate::scenario::fault::Action;
use crate::search::limits::{SearchProgress, Stop};
use crate::search::schedule::Placed;
use crate::workload::Workload;
use crate::world::{StateBytes, StatePart, World};

/// Of so many runs that come to a kept state, one is run on for a comparison with the counts that are kept.
const CHECKED: u64 = if cfg!(debug_assertions) { 4 } else { 64 };

/// Why an exploration ends before its last list.
enum Halt {
    Stopped,
    /// Two equal states went on differently.
    NotAlike,
}

/// The world of an exploration, and what is known of its states.
struct Merger<'t> {
    scenario: &'t Scenario,
    workload: &'t Workload,
    seed: u64,
    scope: Scope,
    world: World<'t>,
    /// For each fault in the present list: the world before the turn of the next fault.
    copies: Vec<World<'t>>,
    outcome: Outcome,
    bytes: StateBytes,
    memo: Memo,
    /// The faults of the present run.
    list: Vec<Placed>,
    stop: &'t Stop<'t>,
    /// The part that hashes leave out.
    forgotten: Option<StatePart>,
    /// Of so many runs that come to a kept state, one is compared.
    checked: u64,
}

/// Where a run goes on from with further faults.
#[derive(Clone, Copy)]
enum From {
    /// The beginning of the run: the faults hit packets that leave before the first turn.
    Begin,
    /// The copy of this number, before a turn.
    Copy(usize),
}

/// A state on the way of the present run.
struct Passed {
    /// The state, if the state was looked up. Only such a state is kept.
    place: Option<Place>,
    /// The counts of lists whose next fault is in the turn behind the state.
    counts: Counts,
    /// The counts that were kept of the state.
    known: Option<Counts>,
}

impl Explore<'_> {
    /// Counts what every list of faults comes to, as [`run`](Explore::run) does, and runs no state twice: after
    /// each event, a run in a state that an earlier run was in, with as many faults left, is not run on. One
    /// in 64 of these states is run on all the same and compared.
    ///
    /// The counts are complete up to a number of faults, or not there. A search that is stopped has the
    /// counts of the lists with fewer faults.
    ///
    /// # Errors
    /// As [`visit`](Explore::visit); and if two equal states go on differently.
    ///
    /// # Panics
    /// If the exploration has a shard, a number of last packets, or a limit of runs: then its lists do not follow
    /// from states.
    pub fn merged(&self) -> Result<Explored, RunError> {
        self.merged_by(None, CHECKED)
    }

    /// The same by hashes of the whole state, or by hashes that forget a part. Of `checked` runs that come to a
    /// kept state, one is run on for a comparison.
    fn merged_by(&self, forgotten: Option<StatePart>, checked: u64) -> Result<Explored, RunError> {
        assert!(
            self.last.is_none(),
            "which packets are the last is not known before the end of a run"
        );
        assert!(self.max_runs.is_none(), "lists are counted many at a time");
        assert!(self.shard.parts() == 1, "all lists are counted at once");
        let stop = &self.limits.start();
        let scenario = one_point(self.scenario, self.seed)?;
        let workload = Workload::load(&scenario)?;
        let mut merger = Merger {
            scenario: &scenario,
            workload: &workload,
            seed: self.seed,
            scope: self.scope,
            world: World::new(&scenario, &workload, self.seed, Recording::Counts),
            copies: Vec::new(),
            outcome: Outcome::default(),
            bytes: StateBytes::default(),
            memo: Memo::new(Limits::of(&scenario)),
            list: Vec::new(),
            stop,
            forgotten,
            checked,
        };
        let mut explored = Explored::default();
        // The states of shorter lists are those of longer lists with fewer faults left.
        for faults in 0..=self.faults {
            let counted = merger.all(faults);
            workload.verify()?;
            match counted {
                Ok(counts) => {
                    explored = merger.memo.explored(&counts);
                    explored.by_faults.resize(faults + 1, 0);
                }
                Err(Halt::Stopped) => {
                    explored.by_faults.push(0);
                    explored.merged = Some(merger.memo.figures);
                    return Ok(explored);
                }
                Err(Halt::NotAlike) => return Err(not_alike(merger.seed, &merger.list)),
            }
            let runs = explored.runs();
            let done = u64::try_from(faults + 1).unwrap_or(u64::MAX);
            let all = u64::try_from(self.faults + 1).unwrap_or(u64::MAX);
            self.limits.report(SearchProgress { runs, resumed: 0, done, all, faults });
        }
        explored.exhaustive = true;
        Ok(explored)
    }
}

impl Merger<'_> {
    /// Counts all lists of at most `faults` faults.
    fn all(&mut self, faults: usize) -> Result<Counts, Halt> {
        self.list.clear();
        self.begin();
        let place = self.place();
        let places = if faults > 0 { self.places(0) } else { Vec::new() };
        let mut all = Counts::at(&place);
        self.faulted((From::Begin, 0), &places, faults, false, &mut all)?;
        self.begin();
        let plain = self.count(faults, 0, false)?;
        self.memo.add(&mut all, &[], &plain);
        Ok(all)
    }

    /// Begins the run of the present list, with a census.
    fn begin(&mut self) {
        let orders: Vec<_> = self.list.iter().copied().map(Placed::order).collect();
        self.world.order(&orders);
        self.world.count(true);
        self.world.reset(self.seed, Recording::Counts);
    }

    /// Counts the lists that go on from the world's state with at most `faults` further faults. The copies up
    /// to `level` are in use. `checks`: the run is for a comparison.
    fn count(&mut self, faults: usize, level: usize, checks: bool) -> Result<Counts, Halt> {
        if faults == 0 {
            return self.last(checks);
        }
        let (mut way, mut checks) = (Vec::new(), checks);
        let mut counts = loop {
            let place = self.place();
            let known = self.merged(&place, faults, &mut checks);
            let known = match known {
                Some(known) if !checks => break known,
                known => known,
            };
            let mut counts = Counts::at(&place);
            let end = self.segment(&mut counts, faults, level, checks)?;
            way.push(Passed { place: Some(place), counts, known });
            if let Some(end) = end {
                break self.conclude(end);
            }
        };
        while let Some(passed) = way.pop() {
            counts = self.went_on(passed, faults, &counts)?;
        }
        Ok(counts)
    }

    /// Runs up to the end of the next turn in which a fault can be placed, or of the run, and adds the lists whose
    /// next fault is in that turn to the counts of the state before. Only states behind such turns are looked up.
    fn segment(
        &mut self,
        counts: &mut Counts,
        faults: usize,
        level: usize,
        checks: bool,
    ) -> Result<Option<End>, Halt> {
        let ties = self.world.tied_timers();
        for turns in 0.. {
            if self.stop.is_set() {
                return Err(Halt::Stopped);
            }
            self.copy(level);
            let first = self.world.trace().next_emission();
            let end = self.step();
            counts.reach.exact |= self.world.tied_timers() > ties;
            let places = if end.is_none() { self.places(first) } else { Vec::new() };
            if !places.is_empty() {
                let from = (From::Copy(level), self.list.len());
                self.faulted(from, &places, faults, checks, counts)?;
                self.world.copy_from(&self.copies[level]);
                self.step();
            }
            if end.is_some() || !places.is_empty() {
                counts.reach.turns = counts.reach.turns.saturating_add(turns);
                counts.more_turns = turns;
                return Ok(end);
            }
        }
        unreachable!("a run has fewer turns")
    }

    /// The counts that are kept of a state, if there are any. `checks` becomes true if the run is chosen for a
    /// comparison.
    fn merged(&mut self, place: &Place, faults: usize, checks: &mut bool) -> Option<Counts> {
        let known = self.memo.known(place, faults);
        if known.is_some() && !*checks {
            let figures = &mut self.memo.figures;
            figures.merged += 1;
            *checks = figures.merged.is_multiple_of(self.checked);
            figures.checked += u64::from(*checks);
        }
        known
    }

    /// The counts of a state from which the run came to the state of `next`, kept, or compared with those that
    /// are kept.
    fn went_on(&mut self, passed: Passed, faults: usize, next: &Counts) -> Result<Counts, Halt> {
        let Passed { place, counts: mut here, known } = passed;
        self.memo.add(&mut here, &[], next);
        match (known, place) {
            (Some(known), _) if !self.memo.same(&known, &here) => return Err(Halt::NotAlike),
            (None, Some(place)) => self.memo.keep(&place, faults, &here),
            _ => {}
        }
        Ok(here)
    }

    /// Adds the counts of all lists whose next fault is on one of `places`, packets of one turn, to those of
    /// the state before the turn. `before`: how many faults of the present list are in earlier turns.
    /// `faults`: how many faults may come behind these. `checks`: one of the runs may be for a comparison.
    fn faulted(
        &mut self,
        (from, before): (From, usize),
        places: &[u64],
        faults: usize,
        checks: bool,
        into: &mut Counts,
    ) -> Result<(), Halt> {
        // Few runs are chosen: each chosen run chooses further ones.
        let runs = places.len() * Action::EXPLORED.len();
        let mut checked = checks.then(|| self.memo.figures.turns % (8 * runs as u64));
        for &emission in places {
            for action in Action::EXPLORED {
                self.list.push(Placed { emission, action });
                let (end, level) = self.go_on(from, before);
                debug_assert_eq!(self.world.orders_left(), 0, "the packets are in this turn");
                let left = faults - (self.list.len() - before);
                let further = if left > 0 { self.places(emission + 1) } else { Vec::new() };
                let checks = checked == Some(0);
                checked = checked.and_then(|runs| runs.checked_sub(1));
                let counts = match end {
                    None => self.count(left, level, checks)?,
                    Some(end) => self.conclude(end),
                };
                // A further fault in this turn comes before every fault in a later turn.
                if !further.is_empty() {
                    self.faulted((from, before), &further, faults, false, into)?;
                }
                self.memo.add(into, &self.list[before..], &counts);
                self.list.pop();
            }
        }
        Ok(())
    }

    /// Runs the turn in which the packets of the faults from `before` on leave. Returns the end of the run, if
    /// the run ends in this turn, and the number of copies in use.
    fn go_on(&mut self, from: From, before: usize) -> (Option<End>, usize) {
        let From::Copy(copy) = from else {
            self.begin();
            return (None, 0);
        };
        self.world.copy_from(&self.copies[copy]);
        for placed in &self.list[before..] {
            let (emission, fate) = placed.order();
            self.world.order_one_more(emission, fate);
        }
        (self.step(), copy + 1)
    }

    /// Runs one turn. Returns the end of the run, if the run has ended.
    fn step(&mut self) -> Option<End> {
        self.memo.figures.turns += 1;
        self.world.step()
    }

    /// Copies the world before a turn.
    fn copy(&mut self, level: usize) {
        if self.copies.len() == level {
            let (scenario, workload) = (self.scenario, self.workload);
            self.copies.push(World::new(scenario, workload, self.seed, Recording::Counts));
        }
        self.copies[level].copy_from(&self.world);
    }

    /// The state of the world between two turns.
    fn place(&mut self) -> Place {
        Place::hashed(&mut self.world, &mut self.bytes, self.forgotten)
    }

    /// The emission numbers of the packets in scope from `first` on that a fault can hit.
    fn places(&self, first: u64) -> Vec<u64> {
        let fits = |packet: &Census| match self.scope {
            Scope::Data => !packet.control,
            Scope::Control => packet.control,
            Scope::Both => true,
        };
        let census = (0..).zip(self.world.census());
        let from = census.skip(usize::try_from(first).unwrap_or(usize::MAX));
        let in_scope = from.filter(|(_, packet)| fits(packet) && packet.fate == Fate::Deliver);
        in_scope.map(|(emission, _)| emission).collect()
    }

    /// The counts of the run that has ended.
    fn conclude(&mut self, end: End) -> Counts {
        let place = Place::of_end(&self.world);
        let allowance = self.world.allowance();
        self.world.conclude_into(end, &mut self.outcome);
        self.memo.of_one(&self.outcome, &place, allowance)
    }
}
