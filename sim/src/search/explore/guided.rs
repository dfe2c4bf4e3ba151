//! `guided` explores lists of faults by coverage: a list whose run reaches something new enters a corpus,
//! and new lists are mutations of the corpus. One thread makes all runs, so one seed gives one search.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng;
use rand::rngs::ChaCha8Rng;

use super::{Explore, Explored, Scope, Visit};
use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::run::{RunError, one_point};
use crate::scenario::Scenario;
use crate::scenario::fault::{Action, Fault, OnChannel, PacketName, Which};
use crate::search::coverage::{Coverage, Pair, hits};
use crate::search::limits::SearchProgress;
use crate::search::pool::IfPanicking;
use crate::search::schedule::{Names, Placed};
use crate::seed::{Purpose, stream};
use crate::side::Side;
use crate::workload::Workload;
use crate::world::World;

/// Draws without a new list, after which a search has nothing left to try.
const PATIENCE: u32 = 10_000;

/// What a guided exploration reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guidance {
    /// The pairs that the runs reached.
    pub coverage: Coverage,
    /// The number of lists that reached something new.
    pub corpus: u64,
    /// The first run in which the TCP stack of a host stalled: its number, from 1, and its faults.
    pub first_stall: Option<(u64, Vec<Placed>)>,
    /// Whether every run was made that was asked for, or no new list was left.
    pub complete: bool,
}

/// A packet in scope: the side that sends the packet, and the ordinal among the side's packets, from 1.
type Spot = (Side, u64);

/// A list of faults, in order, with at most one fault for a packet.
type List = Vec<(Spot, Action)>;

/// A run with a list of faults.
struct GuidedRun {
    outcome: Outcome,
    hits: BTreeMap<Pair, u32>,
    /// The faults that met a packet, by ordinal and by emission number.
    list: List,
    placed: Vec<Placed>,
    /// The number of packets in scope that each side sent.
    sent: [u64; 2],
}

impl Explore<'_> {
    /// Makes at most `runs` runs with lists of faults: each list is a mutation of a list whose run reached a
    /// new pair of [`Coverage`], or reached a pair more often than any run before.
    ///
    /// # Errors
    /// As [`visit`](Explore::visit).
    pub fn guided(&self, runs: u64) -> Result<Explored, RunError> {
        self.search(runs, false)
    }

    /// The same with lists drawn at random, which no run guides: a search to compare with.
    ///
    /// # Errors
    /// As [`visit`](Explore::visit).
    #[doc(hidden)]
    pub fn unguided(&self, runs: u64) -> Result<Explored, RunError> {
        self.search(runs, true)
    }

    fn search(&self, runs: u64, blind: bool) -> Result<Explored, RunError> {
        let stop = self.limits.start();
        let scenario = one_point(self.scenario, self.seed)?;
        let workload = Workload::load(&scenario)?;
        let mut search = Search {
            explore: self,
            scenario,
            workload: &workload,
            rng: stream(self.seed, Purpose::Guide),
            blind,
            corpus: Vec::new(),
            seen: BTreeSet::new(),
            reached: BTreeSet::new(),
            sent: [0; 2],
        };
        let mut guidance = Guidance::default();
        let mut explored = Explored { by_faults: vec![0; self.faults + 1], ..Explored::default() };
        while explored.runs() < runs && !stop.is_set() {
            let Some(list) = search.next() else { break };
            let run = search.run(&list);
            workload.verify()?;
            let laws: Vec<_> = run.outcome.broken_laws.iter().map(|law| law.name).collect();
            let verdict = run.outcome.verdict;
            let (faults, stack_stalled) = (&*run.placed, run.outcome.stack_stalled);
            let (holds, broken_laws) = (true, &*laws);
            explored.add(Visit { faults, verdict, broken_laws, holds, stack_stalled }, false);
            let count = explored.runs();
            let pairs: Vec<_> = run.hits.keys().copied().collect();
            guidance.coverage.add(&pairs);
            if run.outcome.stack_stalled {
                guidance.first_stall.get_or_insert_with(|| (count, run.placed.clone()));
            }
            guidance.corpus += u64::from(search.keep(run));
            let faults = self.faults;
            self.limits.report(SearchProgress {
                runs: count,
                resumed: 0,
                done: count,
                all: runs,
                faults,
            });
        }
        guidance.complete = !stop.is_set();
        explored.guided = Some(guidance);
        Ok(explored)
    }
}

/// The state of a search.
struct Search<'s> {
    explore: &'s Explore<'s>,
    scenario: Scenario,
    workload: &'s Workload,
    rng: ChaCha8Rng,
    /// Whether no list of the corpus is mutated but the empty list.
    blind: bool,
    corpus: Vec<List>,
    /// The lists that were drawn.
    seen: BTreeSet<List>,
    /// The most packets in scope that each side sent in a run.
    sent: [u64; 2],
    /// The pairs, each with the logarithm of the number of times that a run reached the pair.
    reached: BTreeSet<(Pair, u32)>,
}

impl Search<'_> {
    /// A number below `below`.
    fn draw(&mut self, below: usize) -> usize {
        let drawn = self.rng.next_u64() % below as u64;
        usize::try_from(drawn).expect("a remainder of a usize")
    }

    /// The next list that was not drawn before; `None`: there is none, as far as `PATIENCE` tells.
    fn next(&mut self) -> Option<List> {
        if self.corpus.is_empty() {
            return Some(List::new());
        }
        for _ in 0..PATIENCE {
            let list = self.mutated();
            if self.seen.insert(list.clone()) {
                return Some(list);
            }
        }
        None
    }

    /// A mutation of a list of the corpus.
    fn mutated(&mut self) -> List {
        let most = self.explore.faults;
        // Every other list owes nothing to the corpus, so a misleading corpus costs half the runs at most.
        let fresh = self.blind || self.draw(2) == 0;
        let of = if fresh { 0 } else { self.draw(self.corpus.len()) };
        let mut list = self.corpus[of].clone();
        if !list.is_empty() {
            let at = self.draw(list.len());
            match self.draw(3) {
                0 => list[at].0.1 = (list[at].0.1 + self.draw(5) as u64).saturating_sub(2).max(1),
                1 => list[at].1 = self.action(),
                _ => drop(list.remove(at)),
            }
        }
        while list.len() < most {
            let spot = self.spot();
            list.push((spot, self.action()));
        }
        list.sort_unstable();
        list.dedup_by_key(|(spot, _)| *spot);
        list
    }

    fn action(&mut self) -> Action {
        Action::EXPLORED[self.draw(Action::EXPLORED.len())]
    }

    /// Any packet in scope of the longest run.
    fn spot(&mut self) -> Spot {
        let [client, server] = self.sent;
        let at = self.draw(usize::try_from((client + server).max(1)).unwrap_or(usize::MAX)) as u64;
        if at < client { (Side::Client, at + 1) } else { (Side::Server, at - client + 1) }
    }

    /// Makes the run with `list`.
    fn run(&self, list: &List) -> GuidedRun {
        let _named =
            IfPanicking(|| format!("it was the run of seed {} with {list:?}", self.explore.seed));
        let channel = match self.explore.scope {
            Scope::Data => OnChannel::Data,
            Scope::Control => OnChannel::Control,
            Scope::Both => OnChannel::Any,
        };
        let fault = |&((from, nth), action): &(Spot, Action)| {
            let name = PacketName { from, channel, segment: None, at: None, nth };
            Fault { packet: Which::Named(name), action }
        };
        let mut scenario = self.scenario.clone();
        scenario.faults.extend(list.iter().map(fault));
        let mut world = World::new(&scenario, self.workload, self.explore.seed, Recording::Headers);
        let end = world.run();
        let outcome = world.conclude(end);
        let hits = hits(&world, &outcome);
        let (mut placed, mut sent, names) = (Vec::new(), [0; 2], Names::of(world.trace()));
        let mut met = List::new();
        for (packet, _) in world.trace().packets() {
            if !channel.covers(names.name(packet.emission).channel) {
                continue;
            }
            let nth = &mut sent[packet.from as usize];
            *nth += 1;
            let spot = (packet.from, *nth);
            if let Ok(at) = list.binary_search_by_key(&spot, |(spot, _)| *spot) {
                placed.push(Placed { emission: packet.emission, action: list[at].1 });
                met.push(list[at]);
            }
        }
        met.sort_unstable();
        GuidedRun { outcome, hits, list: met, placed, sent }
    }

    /// Keeps the list of a run that reached something new. Returns whether the run did.
    fn keep(&mut self, run: GuidedRun) -> bool {
        for (most, sent) in self.sent.iter_mut().zip(run.sent) {
            *most = sent.max(*most);
        }
        let before = self.reached.len();
        self.reached.extend(run.hits.iter().map(|(pair, times)| (*pair, times.ilog2())));
        let new = self.reached.len() > before;
        self.seen.insert(run.list.clone());
        if new {
            self.corpus.push(run.list);
        }
        new
    }
}
