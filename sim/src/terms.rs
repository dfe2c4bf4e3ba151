//! `terms` owns the words that all rooms share: the two sides, the streams of a seed, verdicts,
//! outcomes, and the mutants for testing the laws. `terms` uses no room.

pub(crate) mod law_names;
pub(crate) mod mutant;
pub(crate) mod outcome;
pub(crate) mod seed;
pub(crate) mod side;
pub(crate) mod verdict;

/// The name and the version of this program.
pub(crate) const APPLICATION: &str = concat!("halfclose ", env!("CARGO_PKG_VERSION"));
