//! `class` is one run that was made, in the form from which the run of another seed of the class is
//! derived: the outcome and the digest's lines, with a place for every number that a seed decides.

use halfclose_stack::SeedDraws;
use xxhash_rust::xxh3::xxh3_128;

use super::names_ports::names_ports;
use super::numbering::{Drawn, Number, Numbering, Ports, SequenceSpace};
use crate::outcome::Outcome;

/// A run that stands for every seed that answers its questions as its own seed did.
pub(super) struct Class {
    /// The outcome; its seed and digest are those of the seed derived last.
    outcome: Outcome,
    /// The seed of the run that was made.
    pub(super) first: u64,
    /// The lines, with the numbers of the seed derived last.
    lines: Box<[u8]>,
    spaces: Box<[SequenceSpace]>,
    ports: Box<[Ports]>,
    numbers: Box<[Number]>,
    /// How near to the wrap a sequence number may come.
    margin: u32,
}

impl Class {
    /// The class of a run that was made with the seed that `hosts` drew from, and of which these are
    /// the lines, the first `packets` of packets. `None`: another seed's run cannot be derived,
    /// because the text of the outcome names a port, a 4-tuple is used twice, or a number of a packet is of no known
    /// connection or near the wrap.
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

    /// The outcome of `seed`, which the hosts draw from. `None`: a sequence number of its run comes
    /// near the wrap. `drawn` is memory for the call.
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

    /// What was derived for `seed`, with that digest.
    #[inline]
    pub(super) fn outcome(&mut self, seed: u64, digest: u128) -> &Outcome {
        self.outcome.seed = seed;
        self.outcome.digest = digest;
        &self.outcome
    }

    /// What was derived last.
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
