//! `seed_answers` gives the answers of a seed to the questions of a run, without the run, from the same
//! random streams from which the run draws.

use halfclose_stack::SeedDraws;

use crate::network::draws::{Answer, Question};
use crate::network::fate::Fates;
use crate::scenario::Scenario;
use crate::seed::Purpose;
use crate::side::{CLIENT, SERVER, Side};
use crate::world::configure;

/// The answers of one seed at a time.
pub(super) struct SeedAnswers<'a> {
    scenario: &'a Scenario,
    seed: u64,
    /// The fates of packets from the client, and of packets from the server.
    fates: [Fates; 2],
    hosts: Option<[SeedDraws; 2]>,
    model: Option<u64>,
}

impl<'a> SeedAnswers<'a> {
    /// The answers of seed 0 for runs of `scenario`.
    pub(super) fn new(scenario: &'a Scenario) -> Self {
        let up = Fates::new(&scenario.up, 0, Purpose::FatesUp);
        let down = Fates::new(&scenario.down, 0, Purpose::FatesDown);
        Self { scenario, seed: 0, fates: [up, down], hosts: None, model: None }
    }

    /// The answers of `seed` from the first on.
    #[inline]
    pub(super) fn begin(&mut self, seed: u64) {
        self.seed = seed;
        self.fates.iter_mut().for_each(|fates| fates.reset(seed));
        self.hosts = None;
        self.model = None;
    }

    /// Returns the seed's answer to the next question.
    #[inline]
    pub(super) fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Fate { from, bytes } => {
                self.fates[from as usize].next_fate(usize::from(bytes)).into()
            }
            Question::PortDigits { side, place } => {
                Answer::digits(self.hosts()[side as usize].port(place))
            }
            Question::ModelBit(bit) => {
                let draw = || configure::draws(self.scenario, self.seed);
                Answer::model_bit(*self.model.get_or_insert_with(draw), bit)
            }
        }
    }

    /// The draws of both hosts, the client's host first.
    #[inline]
    pub(super) fn hosts(&mut self) -> &[SeedDraws; 2] {
        let seed = self.seed;
        self.hosts.get_or_insert_with(|| hosts(seed))
    }
}

/// The draws of both hosts from `seed`, the client's host first.
#[inline]
pub(super) fn hosts(seed: u64) -> [SeedDraws; 2] {
    [(Side::Client, CLIENT), (Side::Server, SERVER)]
        .map(|(side, address)| SeedDraws::new(address, configure::host_seed(side, seed)))
}
