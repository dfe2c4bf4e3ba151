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

/// A seed and a digest that mark the holes: no text of a line contains such numbers.
const SEED: u64 = 18_446_744_073_709_551_557;
const DIGEST: u128 = 0xfeed_9e37_79b9_7f4a_7c15_f39c_c060_5ced;

/// A digest as lines have it: 32 lower-case digits. The formatter of the standard library takes a
/// fifth of the time of a derived row.
fn hexadecimal(digest: u128) -> [u8; 32] {
    let mut digits = [0; 32];
    for (byte, pair) in digest.to_be_bytes().iter().zip(digits.as_chunks_mut::<2>().0) {
        *pair = [byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]);
    }
    digits
}

impl RowTemplate {
    /// The line of every run that differs from `outcome` in seed and digest alone. `write` appends
    /// the line of an outcome.
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

    /// Appends the line of the run with this seed and digest to `to`.
    pub(crate) fn fill(&self, seed: u64, digest: u128, to: &mut Vec<u8>) {
        let mut done = 0;
        for (at, hole) in &self.holes {
            to.extend_from_slice(&self.text[done..*at]);
            done = *at;
            match hole {
                Hole::Seed => write!(to, "{seed}"),
                Hole::Digest => to.write_all(&hexadecimal(digest)),
            }
            .expect("a Vec takes everything");
        }
        to.extend_from_slice(&self.text[done..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_numbers_of_its_run() {
        let write = |outcome: &Outcome, to: &mut Vec<u8>| {
            let Outcome { seed, digest, .. } = outcome;
            writeln!(to, "a,{seed},{digest:032x},run --seed {seed}")
                .expect("a Vec takes everything");
        };
        let blank = Outcome::default();
        let row = RowTemplate::new(&blank, write);
        for (seed, digest) in [(0, 0), (7, 0xabc), (u64::MAX, u128::MAX), (SEED, DIGEST)] {
            let (mut filled, mut written) = (b"before,".to_vec(), b"before,".to_vec());
            row.fill(seed, digest, &mut filled);
            write(&Outcome { seed, digest, ..blank.clone() }, &mut written);
            assert_eq!(filled, written);
        }
    }
}
