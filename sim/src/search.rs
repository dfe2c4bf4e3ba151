//! `search` runs a scenario many times: over seeds (`sweep`), over every placement of a few faults
//! (`explore`), down to the fewest faults (`shrink`), and over pairs of a client and a server (`matrix`).
//! The number of threads changes no result. A search prints nothing.

pub(crate) mod classes;
pub(crate) mod coverage;
pub(crate) mod ddmin;
pub mod explore;
pub(crate) mod fate_curve;
pub(crate) mod limits;
pub(crate) mod lockstep;
pub mod matrix;
pub(crate) mod pool;
#[cfg(feature = "results")]
pub(crate) mod results;
pub(crate) mod schedule;
pub(crate) mod seeds;
pub(crate) mod shard;
pub mod shrink;
pub mod sweep;
pub(crate) mod tally;

pub use classes::Made;
pub use coverage::{Coverage, Pair, TcpEvent, TransferCommand};
pub use explore::{Explore, Explored, Guidance, Merging, Scope, Visit, explore};
pub use fate_curve::{FateCurve, FatePoint, FateSearch, fate};
pub use limits::SearchProgress;
pub(crate) use limits::Stop;
pub use matrix::{Cell, Matrix, matrix};
pub use schedule::Placed;
pub use seeds::Seeds;
pub(crate) use seeds::corpus;
pub use shard::Shard;
pub use shrink::{Shape, Shrink, Shrunk, Weakened, shrink};
pub use sweep::{Sweep, SweptRun, sweep};
pub use tally::histogram::Histogram;
pub use tally::{Swept, Tally};
