//! `row_template` is a line of a results file with holes for the seed and the digest: the runs of one
//! class differ in nothing else.

use std::io::Write as _;

use crate::outcome::Outcome;

/// A line with holes.
pub(crate) struct RowTemplate {
    text: Vec<u8>,
    /// Where a number goes, in order.
    holes: Vec<(usize, Hole)>,
}

#[derive(Clone, Copy)]
enum Hole {
    Seed,
    Digest,
}

/// A seed and a digest that stand for those to come: no text of a line has such numbers in it.
const SEED: u64 = 18_446_744_073_709_551_557;
const DIGEST: u128 = 0xfeed_9e37_79b9_7f4a_7c15_f39c_c060_5ced;

impl RowTemplate {
    /// The line of every run that differs from `outcome` in seed and digest alone. `write` writes the
    /// line of the outcome that it is given.
    pub(crate) fn new(outcome: &Outcome, write: impl FnOnce(&Outcome, &mut Vec<u8>)) -> Self {
        let marked = Outcome { seed: SEED, digest: DIGEST, ..outcome.clone() };
        let (mut line, mut text, mut holes) = (Vec::new(), Vec::new(), Vec::new());
        write(&marked, &mut line);
        let marks = [(SEED.to_string(), Hole::Seed), (format!("{DIGEST:032x}"), Hole::Digest)];
        let mut rest = &line[..];
        'rest: while let Some(first) = rest.first() {
            for (mark, hole) in &marks {
                if let Some(behind) = rest.strip_prefix(mark.as_bytes()) {
                    holes.push((text.len(), *hole));
                    rest = behind;
                    continue 'rest;
                }
            }
            text.push(*first);
            rest = &rest[1..];
        }
        Self { text, holes }
    }

    /// Add the line of the run with that seed and digest to `to`.
    pub(crate) fn fill(&self, seed: u64, digest: u128, to: &mut Vec<u8>) {
        let mut done = 0;
        for (at, hole) in &self.holes {
            to.extend_from_slice(&self.text[done..*at]);
            done = *at;
            match hole {
                Hole::Seed => write!(to, "{seed}"),
                Hole::Digest => write!(to, "{digest:032x}"),
            }
            .expect("a Vec takes everything");
        }
        to.extend_from_slice(&self.text[done..]);
    }
}
