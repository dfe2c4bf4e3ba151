//! Replay the end of a TCP connection from a seed.

pub mod capture;
pub mod catalogue;
pub mod fate;
pub mod link;
mod nearest;
pub mod outcome;
pub mod output;
pub mod scenario;
pub mod seed;
pub mod trace;
pub mod units;
