//! `classes` makes a run for one seed of each class and derives the runs of further seeds. Two seeds are
//! in one class if both give the same answer to every question that the run asks the seed.
//!
//! A run is a function of the scenario and of the seed's answers to questions
//! ([`Question`](crate::network::draws::Question)), except for two kinds of numbers: sequence
//! numbers, of which a host compares only differences, and ephemeral ports. So a derived run has
//! the outcome of the run that was made, and the same lines in the digest with different numbers.
//! One of [`CHECKED`] derived runs is made all the same and compared in every byte.

mod by_class;
mod class;
mod class_runner;
mod names_ports;
mod numbering;
mod seed_answers;
mod trie;

pub(crate) use by_class::ByClass;
pub(crate) use class_runner::{ClassId, ClassRunner, Making};
pub use class_runner::{Made, WAITING};
pub(crate) use trie::Trie;

use halfclose_ftp::ServerModel;
use halfclose_stack::SeedDraws;
use xxhash_rust::xxh3::xxh3_64;

use crate::mutant::Mutant;
use crate::network::draws::{Answer, Kept};
use crate::outcome::Outcome;
use crate::run::Unlike;
use crate::scenario::Scenario;
use crate::world::World;
use class::Class;
use numbering::Drawn;
use seed_answers::{SeedAnswers, hosts};

/// One of this many derived runs is made as well, and compared.
pub(crate) const CHECKED: u64 = 256;

/// The most bytes of memory for the classes of one thread. Beyond this limit no further class is
/// kept.
const BUDGET: usize = 256 << 20;
/// The bytes that classes may take before the first run is derived, and the bytes more for each
/// derived run: where few runs can be derived, classes take little memory.
const FIRST_BYTES: usize = 16 << 20;
const BYTES_A_RUN: usize = 8 << 10;
/// Bytes of the digest's lines of a run: a longer run is not kept.
const LINES: usize = 1 << 20;
/// Packets of a run that chance does not deliver: a run with more of them hardly comes again.
const RARE: usize = 3;
/// The least distance of every sequence number from the wrap at 2^32.
const MARGIN: usize = 1 << 16;
/// The first ephemeral port (RFC 6335 §6). If a scenario fixes an ephemeral port, a host may
/// already use this port.
const EPHEMERAL: u16 = 49_152;

/// The part of the key that a broken search leaves out. A test shows that the comparison of sampled
/// runs finds the lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgotten {
    /// The fates of packets.
    Fates,
    /// The digits of ports.
    Digits,
    /// The bits of a server's model.
    Bits,
}

/// The classes of one scenario, as far as one thread has met them.
struct Classes<'a> {
    answers: SeedAnswers<'a>,
    trie: Trie,
    classes: Vec<Class>,
    keeps: Kept,
    forgotten: Option<Forgotten>,
    /// The least distance of every sequence number from the wrap at 2^32.
    margin: u32,
    /// Bytes of the classes, without the trie.
    bytes: usize,
    /// The most bytes that the classes and the trie may take so far.
    budget: usize,
    drawn: Vec<Drawn>,
    /// Seeds looked up, and seeds found in a class, since the last call of `helps` that decided.
    looked: u64,
    found: u64,
    /// The number of lookups before `helps` decides.
    patience: u64,
}

impl<'a> Classes<'a> {
    /// No class yet. `None`: seeds of `scenario` can form no classes, because every packet of a
    /// link with jitter has thousands of possible delays, because the scenario fixes an ephemeral
    /// port, or because a mutant repeats sequence numbers.
    fn new(scenario: &'a Scenario, forgotten: Option<Forgotten>) -> Option<Self> {
        let ports = [scenario.client.data_port, scenario.server.active_port];
        let fixed = ports.into_iter().flatten().any(|port| port >= EPHEMERAL);
        let jitter = [&scenario.up, &scenario.down].iter().any(|link| !link.jitter.is_zero());
        let tcp = &scenario.tcp;
        let margin = u32::try_from(MARGIN.max(tcp.receive_buffer).max(tcp.send_buffer)).ok()?;
        if fixed || jitter || scenario.mutant == Some(Mutant::SameIsn) {
            return None;
        }
        let model = scenario.server.model;
        let keeps = Kept {
            fates: true,
            digits: !scenario.client.extended,
            bits: model.is_some_and(ServerModel::has_two_ways),
        };
        Some(Self {
            answers: SeedAnswers::new(scenario),
            trie: Trie::new(),
            classes: Vec::new(),
            keeps: without(keeps, forgotten),
            forgotten,
            margin,
            bytes: 0,
            budget: FIRST_BYTES,
            drawn: Vec::new(),
            looked: 0,
            found: 0,
            patience: 1_024,
        })
    }

    /// Sets what `world` keeps of each run, for `learn`.
    fn prepare(&self, world: &mut World<'_>) {
        world.keep_draws(self.keeps, LINES);
    }

    /// Returns the class of `seed`, if a run of the class was made.
    #[inline]
    fn find(&mut self, seed: u64) -> Option<u32> {
        let Self { answers, trie, .. } = self;
        answers.begin(seed);
        let found = trie.walk(|question| answers.answer(question));
        self.looked += 1;
        if found.is_some() {
            self.found += 1;
            self.budget = (self.budget + BYTES_A_RUN).min(BUDGET);
        }
        found
    }

    /// Derives the digest of the run with `seed`, which the last call of `find` found in `class`.
    /// `None`: the run must be made, because a sequence number comes near the wrap.
    #[inline]
    fn derive(&mut self, class: u32, seed: u64) -> Option<u128> {
        let Self { answers, classes, drawn, .. } = self;
        let outcome = classes[class as usize].derive(seed, answers.hosts(), drawn)?;
        Some(outcome.digest)
    }

    /// Returns the derived outcome of `seed`, a seed of `class`, with the digest from `derive`.
    #[inline]
    fn outcome(&mut self, class: u32, seed: u64, digest: u128) -> &Outcome {
        self.classes[class as usize].outcome(seed, digest)
    }

    /// Whether the run of a derived `seed` is made as well.
    #[inline]
    fn is_checked(seed: u64) -> bool {
        xxh3_64(&seed.to_le_bytes()).is_multiple_of(CHECKED)
    }

    /// Compares the run that `world` has made (with `outcome`) with the run derived for the same
    /// seed of `class`.
    fn check(
        &mut self,
        class: u32,
        world: &World<'_>,
        outcome: &Outcome,
    ) -> Result<(), Box<Unlike>> {
        let class = &mut self.classes[class as usize];
        let hosts: [SeedDraws; 2] = hosts(outcome.seed);
        if class.derive(outcome.seed, &hosts, &mut self.drawn).is_none() {
            return Ok(());
        }
        let (derived, lines) = class.derived();
        let made = world.trace().lines().map(|(lines, _)| lines);
        Unlike::compare((outcome, made), (derived, lines), class.first)
    }

    /// Keeps the run that `world` has made (with `outcome`) as a class. `None`: the run is not
    /// worth the memory, or no further run can be derived from this run.
    fn learn(&mut self, world: &World<'_>, outcome: &Outcome) -> Option<u32> {
        let fell_back = world.fell_back() && !self.keeps.digits;
        if fell_back {
            // From now on, digits are asked for; what was learned without is still true.
            let keeps = Kept { digits: true, ..self.keeps };
            self.keeps = without(keeps, self.forgotten);
            return None;
        }
        let path = world.draws();
        let rare = |answer: &Answer| *answer != Answer::DELIVER;
        let fates = path.iter().filter(|(question, _)| question.is_fate());
        if fates.filter(|(_, answer)| rare(answer)).count() > RARE
            || self.bytes + self.trie.bytes() > self.budget
        {
            return None;
        }
        let class = Class::new(outcome, world.trace().lines()?, &hosts(outcome.seed), self.margin)?;
        let number = u32::try_from(self.classes.len()).ok()?;
        let place = self.trie.insert(path, number)?;
        if place == number {
            self.bytes += class.bytes();
            self.classes.push(class);
        }
        Some(place)
    }

    /// Whether the search has found enough to be worth its time.
    fn helps(&mut self) -> bool {
        if self.looked < self.patience {
            return true;
        }
        // At first little is known; a walk and what is kept of a run cost about a tenth of a run.
        let enough = if self.patience < 8_192 { 32 } else { 8 };
        let helps = self.found * enough >= self.looked;
        (self.looked, self.found, self.patience) = (0, 0, 8_192);
        helps
    }
}

fn without(keeps: Kept, forgotten: Option<Forgotten>) -> Kept {
    match forgotten {
        None => keeps,
        Some(Forgotten::Fates) => Kept { fates: false, ..keeps },
        Some(Forgotten::Digits) => Kept { digits: false, ..keeps },
        Some(Forgotten::Bits) => Kept { bits: false, ..keeps },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::trace::Recording;
    use crate::workload::Workload;

    #[test]
    fn classes_may_take_more_memory_only_as_they_derive_runs() {
        let scenario = Scenario::catalogue("q123208").expect("it is in the catalogue");
        let workload = Workload::load(&scenario).expect("its files are generated");
        let mut classes = Classes::new(&scenario, None).expect("nothing is in the way of classes");
        let mut world = World::new(&scenario, &workload, 0, Recording::Digest);
        classes.prepare(&mut world);
        world.reset(0, Recording::Digest);
        let end = world.run();
        let outcome = world.conclude(end);
        assert_eq!((classes.find(1), classes.budget), (None, FIRST_BYTES), "nothing is known yet");
        classes.budget = 0;
        assert_eq!(classes.learn(&world, &outcome), None, "no memory is left");
        classes.budget = FIRST_BYTES;
        assert_eq!(classes.learn(&world, &outcome), Some(0));
        for found in 1..=3_usize {
            assert_eq!(classes.find(0), Some(0), "the run of seed 0 is known");
            let budget = FIRST_BYTES + found * BYTES_A_RUN;
            assert_eq!(classes.budget, budget);
        }
        classes.budget = BUDGET;
        classes.find(0);
        assert_eq!(classes.budget, BUDGET, "the budget of a thread is never exceeded");
    }
}
