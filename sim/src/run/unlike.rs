//! `unlike` is the law that a derived run is the run that would have been made, and its breach.

use std::fmt;

use crate::outcome::Outcome;

/// The name of the law.
pub const DERIVED_IS_MADE: &str = "derived-is-made";

/// A run that was made differs from the one that was derived for the same seed: the search of
/// classes is wrong, and nothing that it found counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Unlike {
    /// What the run of the seed came to.
    pub made: Outcome,
    /// What was derived for the seed.
    pub derived: Outcome,
    /// The seed of the run from which that was derived.
    pub first: u64,
    /// The first part that differs, in words.
    pub differs: &'static str,
}

impl Unlike {
    /// Compare what was made, and the digest's lines of that if they are there, with what was derived
    /// from the run of seed `first`.
    ///
    /// # Errors
    /// They differ in something.
    pub(crate) fn compare(
        (made, made_lines): (&Outcome, Option<&[u8]>),
        (derived, lines): (&Outcome, &[u8]),
        first: u64,
    ) -> Result<(), Box<Self>> {
        let parts = [
            ("its verdict", made.verdict != derived.verdict),
            ("what became of its transfers", made.transfers != derived.transfers),
            ("its count of packets", made.packets != derived.packets),
            ("its virtual time", made.quiet_at != derived.quiet_at),
            ("the lines of its digest", made_lines.is_none_or(|made| made != lines)),
            ("its digest", made.digest != derived.digest),
            ("what it came to", made != derived),
        ];
        match parts.into_iter().find(|(_, differs)| *differs) {
            None => Ok(()),
            Some((differs, _)) => {
                Err(Box::new(Self { made: made.clone(), derived: derived.clone(), first, differs }))
            }
        }
    }
}

impl fmt::Display for Unlike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { made, derived, first, differs } = self;
        let seed = made.seed;
        write!(f, "law {DERIVED_IS_MADE}: the run of seed {seed} was derived from that of seed ")?;
        write!(f, "{first}, and when it was made as well, it differed in {differs}: ")?;
        write!(f, "made {} {:032x}, ", made.verdict, made.digest)?;
        write!(f, "derived {} {:032x}", derived.verdict, derived.digest)
    }
}

impl std::error::Error for Unlike {}
