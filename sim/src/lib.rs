//! Replay the end of a TCP connection from a seed.
//!
//! A [`Scenario`] is everything a run depends on but its seed: link, hosts, programs, files. A
//! [`World`] runs it: two hosts of `halfclose-stack`, an FTP client and server of `halfclose-ftp` on
//! them, and a link with a virtual clock between. What it comes to is an [`Outcome`], whose
//! [`Verdict`] answers two questions: is the file whole where it should be, and what was the user
//! told?
//!
//! ```
//! use halfclose::{catalogue, run, trace::Recording, verdict::Verdict, workload::Workload};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut scenario = catalogue::find("q123208")?;
//! let workload = Workload::load(&scenario)?;
//! let run = run::run(&scenario, &workload, 42, Recording::Digest);
//! assert_eq!(run.outcome.verdict, Verdict::FalseAlarm);
//!
//! // One word changed: the corrected client ends its upload with a FIN.
//! scenario.vary(["client.profile=tcpip32-3.11b"])?;
//! let run = run::run(&scenario, &workload, 42, Recording::Digest);
//! assert_eq!(run.outcome.verdict, Verdict::Intact);
//! # Ok(())
//! # }
//! ```
//!
//! # Where to find what
//!
//! | | |
//! |---|---|
//! | what is run | [`scenario`] (a value), its keys and files, [`catalogue`] (the built-in ones), [`workload`] (the bytes of its files), [`side`] (which host), [`units`] |
//! | what decides | [`seed`] (one stream for each purpose), [`fate`] (of packet n), [`link`] (rate, queue, delay) |
//! | the run | [`world`] (the one event loop), [`sockets`] (an FTP program on a simulated host), [`run`](mod@run) |
//! | many runs | [`search`] ([`sweep()`], [`explore()`], [`shrink()`]), [`check`] (for a `#[test]` of yours), [`results`] (the file of a sweep) |
//! | what happened | [`trace`] (packets, notes, digest), [`judge`] (looks at the files), [`law`] (what must hold), [`outcome`], [`verdict`] |
//! | what is shown | [`report`], [`matrix`], [`capture`] (pcapng both ways), [`cli`] |
//!
//! # A run is a function of scenario and seed
//!
//! No wall clock, thread, address, environment or hash order reaches it. Recording more of it does
//! not change it. The digest of a run is the same in debug and release builds, in a world that is
//! new and in one that has run before.

pub mod capture;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "explain")]
pub mod explain;
pub mod judge;
pub mod law;
#[cfg(feature = "net")]
mod live;
pub mod network;
pub mod report;
pub mod run;
pub mod scenario;
pub mod search;
mod terms;
pub mod workload;
pub mod world;

pub use network::{fate, trace};
pub use scenario::catalogue;
pub use terms::{mutant, outcome, seed, side, verdict};
pub use world::sockets;

pub use outcome::Outcome;
pub use scenario::Scenario;
pub use search::{Shard, explore, shrink, sweep};
pub use verdict::Verdict;
pub use workload::Workload;
pub use world::World;
