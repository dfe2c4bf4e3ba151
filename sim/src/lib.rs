//! Replay the end of a TCP connection from a seed.
//!
//! A [`Scenario`] is everything that a run depends on but the seed: the link, the two hosts, an FTP
//! client, an FTP server, and files. [`run()`] makes one run in virtual time and returns an [`Outcome`].
//! The [`Verdict`] of an outcome answers two questions: is the file whole where the file should be, and
//! what was the user told?
//!
//! ```
//! use halfclose::{Scenario, Verdict, run};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut scenario = Scenario::catalogue("q123208")?;
//! assert_eq!(run(&scenario, 42)?.verdict, Verdict::FalseAlarm);
//!
//! // One setting changed: the corrected client ends the upload with a FIN.
//! scenario.vary(["client.profile=tcpip32-3.11b"])?;
//! assert_eq!(run(&scenario, 42)?.verdict, Verdict::Intact);
//! # Ok(())
//! # }
//! ```
//!
//! # A scenario
//!
//! [`Scenario::catalogue`] has the built-in scenarios by name, [`Scenario::open`] reads a file, and
//! `text.parse::<Scenario>()` reads the text of a file. [`Scenario::vary`] sets keys as the command line
//! does with `-s`; `halfclose show NAME` prints every key. The fields of a scenario are in [`scenario`].
//!
//! # Many runs
//!
//! | | makes a run for |
//! |---|---|
//! | [`sweep()`] | each seed of a range, at every point of a grid of settings |
//! | [`explore()`] | each placement of a few faults on the packets |
//! | [`matrix()`] | each pair of a client and a server |
//! | [`fate()`] | each way in which a run could have gone on from each of its packets |
//! | [`shrink()`] | ever fewer of the faults of one run, as long as the run ends the same way |
//!
//! Each is a builder of one shape: options such as `jobs`, `max_time`, `stop` and `progress`, then `run`.
//! The number of threads changes no result.
//!
//! ```
//! use halfclose::{Scenario, Verdict, sweep};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let scenario: Scenario = r#"
//!     [link]
//!     loss = "5%"
//!     [client]
//!     close = "reset-when-sent"
//!     [[do]]
//!     put = "a.bin"
//!     size = "10KB"
//! "#
//! .parse()?;
//! let swept = sweep(&scenario, 0..1000).jobs(2).run()?;
//! let (least, most) = swept.interval(Verdict::Truncated);
//! println!("{:.1} % truncated", 100.0 * swept.share(Verdict::Truncated)); // 5.8 % truncated
//! assert!(least > 0.04 && most < 0.08);
//! # Ok(())
//! # }
//! ```
//!
//! # In a test
//!
//! [`Sweep::check`] and [`Explore::check`] require a property of every run; [`Sweep::at_most`] and
//! [`Sweep::at_least`] with [`Sweep::check_shares`] require a share of verdicts. A failure prints the
//! cause, the packets, the scenario and the line that repeats the failing run.
//!
//! # What a run depends on
//!
//! A run is a function of the scenario and the seed. No wall clock, thread, address, environment or hash
//! order reaches a run, and recording more of a run does not change the run. The digest of a run is the
//! same in debug and release builds and on every platform.
//!
//! # Features
//!
//! | | |
//! |---|---|
//! | `cli` (default) | the command `halfclose`; a dependency that only simulates sets `default-features = false` |
//! | `net` (default) | `serve`, `put`, `get` and `ls`: the same FTP over the network of the operating system |
//! | `pcap` | captures of runs for Wireshark: [`Finished::write_pcap`] |
//! | `results` | a file with one line for each run of a sweep: [`Sweep::run_into`] |
//! | `report` | pictures of runs: [`Finished::page`], [`Finished::ladder_svg`], [`Finished::ladder_mermaid`] |
//! | `explain` | why connections and transfers ended, in a run or in a capture: [`explain`] |

#[cfg(all(feature = "net", target_os = "linux"))]
mod bridge;
#[cfg(feature = "pcap")]
mod capture;
mod check;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "explain")]
pub mod explain;
mod judge;
mod law;
#[cfg(feature = "net")]
mod live;
mod network;
mod report;
mod run;
pub mod scenario;
mod search;
/// The words that all rooms share: the two sides, the streams of a seed, verdicts, outcomes, and the
/// mutants for testing the laws. `terms` uses no room.
mod terms {
    pub(crate) mod clone_by_field;
    pub(crate) mod hash_by_field;
    pub(crate) mod hashed_time;
    pub(crate) mod law_names;
    pub(crate) mod mutant;
    pub(crate) mod outcome;
    pub(crate) mod seed;
    pub(crate) mod side;
    pub(crate) mod verdict;

    /// The name and the version of this program.
    pub(crate) const APPLICATION: &str = concat!("halfclose ", env!("CARGO_PKG_VERSION"));
}
mod workload;
mod world;

use scenario::catalogue;
use terms::{mutant, outcome, seed, side, verdict};

#[cfg(feature = "pcap")]
pub use capture::OwnedCapturedPacket;
pub use catalogue::ScenarioError;
pub use halfclose_ftp::Told;
pub use halfclose_stack::{Divergence, Ending};
pub use network::fate::{Changes, Fate, Moved};
pub use network::trace::{Event, PacketEvent, Recording, Trace};
pub use outcome::{
    BrokenLaw, Counts, End, EndedConnection, Endings, Outcome, TransferOutcome, WaivedLaw,
};
#[cfg(feature = "pcap")]
pub use run::CapturePoint;
#[cfg(feature = "results")]
pub use run::run_record::RunRecord;
pub use run::{Finished, RunError, Unlike, record, run};
pub use scenario::{InvalidSetting, Scenario};
pub use search::corpus::CorpusError;
#[cfg(feature = "results")]
pub use search::results::{Format, ResultsError};
#[cfg(feature = "results")]
pub use search::sweep::{Record, Rows};
pub use search::{
    Cell, Coverage, Explore, Explored, FateCurve, FatePoint, FateSearch, Guidance, Histogram, Made,
    Matrix, Merging, Pair, Placed, Scope, SearchProgress, Seeds, Shape, Shard, Shrink, Shrunk,
    Sweep, Swept, SweptRun, Tally, TcpEvent, TransferCommand, Visit, Weakened, explore, fate,
    matrix, shrink, sweep,
};
pub use side::Side;
pub use verdict::{FileState, Verdict};
pub use workload::Unreadable;

/// The parts that the command, the tests and the benchmarks of this workspace use. This module has no
/// stable interface.
#[doc(hidden)]
pub mod internals {
    #[cfg(all(feature = "net", target_os = "linux"))]
    pub use crate::bridge::Tun;
    #[cfg(feature = "pcap")]
    pub use crate::capture::{CaptureHeader, first_difference, read_bytes, write};
    #[cfg(feature = "cli")]
    pub use crate::cli::main;
    pub use crate::judge::expectation::unmet;
    pub use crate::law::LAWS;
    pub use crate::mutant::Mutant;
    pub use crate::report::ladder;
    pub use crate::run::{DERIVED_IS_MADE, run_loaded};
    pub use crate::search::classes::{Forgotten, WAITING};
    pub use crate::search::limits::{Stop, cores};
    pub use crate::search::lockstep::{Lockstep, MOST};
    pub use crate::search::pool::Pool;
    #[cfg(feature = "results")]
    pub use crate::search::results::{read_rows, read_summary};
    pub use crate::search::schedule::named;
    pub use crate::search::shrink::{without_chance, written_out};
    pub use crate::seed::{Purpose, number};
    pub use crate::workload::{Held, SIZE_MAX, Workload};
    pub use crate::world::World;
    pub use crate::world::sockets::Sockets;

    /// The text of a scenario file.
    pub mod file {
        pub use crate::scenario::file::{parse, print};
    }
}

/// The test in the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
