//! Replay the end of a TCP connection from a seed.

pub mod capture;
pub mod catalogue;
pub mod channel;
pub mod cli;
pub mod fate;
pub mod fault;
pub mod judge;
pub mod link;
pub mod matrix;
pub mod medium;
mod nearest;
pub mod outcome;
pub mod output;
pub mod report;
pub mod run;
pub mod scenario;
pub mod seed;
mod setup;
pub mod sockets;
pub mod trace;
pub mod units;
pub mod workload;
pub mod world;
