//! `class` is a run that was made, in a form from which the runs of further seeds are derived: the
//! outcome, and the digest's lines with the place of every number that a seed decides.

use halfclose_stack::SeedDraws;
use xxhash_rust::xxh3::xxh3_128;

use super::names_ports::names_ports;
use super::numbering::{Drawn, Number, Numbering, Ports, SequenceSpace};
use crate::outcome::Outcome;

/// A run that stands for all seeds with the same answers to the questions of the run.
pub(super) struct Class {
    /// The outcome, with the seed and the digest of the last derived run.
    outcome: Outcome,
    /// The seed of the run that was made.
    pub(super) first: u64,
    /// The lines, with the numbers of the seed derived last.
    lines: Box<[u8]>,
    spaces: Box<[SequenceSpace]>,
    ports: Box<[Ports]>,
    numbers: Box<[Number]>,
    /// The least distance of every sequence number from the wrap at 2^32.
    margin: u32,
}

impl Class {
    /// Makes the class of a run; `hosts` are the draws of the run's seed, and the first `packets`
    /// of `lines` are packets. `None`: no run of a different seed can be derived, because the text
    /// of the outcome names a port, a 4-tuple is used twice, or a number of a packet belongs to no
    /// known connection or is near the wrap.
    pub(super) fn new(
        outcome: &Outcome,
        (lines, packets): (&[u8], u64),
        hosts: &[SeedDraws; 2],
        margin: u32,
    ) -> Option<Self> {
        let numbering = Numbering::read(lines, packets, hosts)?;
        if numbering.wraps(margin) || numbering.reuses() || names_ports(outcome, hosts) {
            return None;
        }
        let Numbering { spaces, ports, numbers, .. } = numbering;
        Some(Self {
            outcome: outcome.clone(),
            first: outcome.seed,
            lines: lines.into(),
            spaces: spaces.into(),
            ports: ports.into(),
            numbers: numbers.into(),
            margin,
        })
    }

    /// Derives the outcome of `seed`; `hosts` are the draws of `seed`. `None`: a sequence number of
    /// the run comes near the wrap. `drawn` is memory for the call.
    pub(super) fn derive(
        &mut self,
        seed: u64,
        hosts: &[SeedDraws; 2],
        drawn: &mut Vec<Drawn>,
    ) -> Option<&Outcome> {
        drawn.clear();
        for space in &self.spaces {
            drawn.push(space.draw(hosts, self.margin)?);
        }
        for Ports { at, space, reversed } in &self.ports {
            let [a, b, c, d] = drawn[usize::from(*space)].ports;
            let ports = if *reversed { [c, d, a, b] } else { [a, b, c, d] };
            self.lines[*at as usize..*at as usize + 4].copy_from_slice(&ports);
        }
        for Number { at, space, relative } in &self.numbers {
            let number = drawn[usize::from(*space)].isn.wrapping_add(*relative).to_be_bytes();
            self.lines[*at as usize..*at as usize + 4].copy_from_slice(&number);
        }
        self.outcome.seed = seed;
        self.outcome.digest = xxh3_128(&self.lines);
        Some(&self.outcome)
    }

    /// Returns the derived outcome of `seed`, with the digest from `derive`.
    #[inline]
    pub(super) fn outcome(&mut self, seed: u64, digest: u128) -> &Outcome {
        self.outcome.seed = seed;
        self.outcome.digest = digest;
        &self.outcome
    }

    /// The outcome and the lines of the last derived run.
    pub(super) fn derived(&self) -> (&Outcome, &[u8]) {
        (&self.outcome, &self.lines)
    }

    /// Bytes of memory, about.
    pub(super) fn bytes(&self) -> usize {
        let texts = self.outcome.transfers.iter().map(|it| {
            size_of_val(it) + it.task.capacity() + it.reply.capacity() + it.client.capacity()
        });
        let lists = size_of_val(&*self.lines)
            + size_of_val(&*self.spaces)
            + size_of_val(&*self.ports)
            + size_of_val(&*self.numbers);
        size_of::<Self>() + lists + texts.sum::<usize>()
    }
}
