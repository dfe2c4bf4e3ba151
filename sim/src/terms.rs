//! `terms` holds the words that all rooms share: the two sides, the streams of a seed, verdicts,
//! outcomes, and the mutants that test the laws. It knows no other room.

pub mod mutant;
pub mod outcome;
pub mod seed;
pub mod side;
pub mod verdict;
