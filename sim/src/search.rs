//! `search` runs a scenario many times: over seeds (`sweep`), over every placement of a few faults
//! (`explore`), and down to the faults that matter (`shrink`). It uses every core, and what it finds
//! does not depend on how many there are. It prints nothing.

pub mod ddmin;
pub mod explore;
pub mod histogram;
pub mod lockstep;
pub mod matrix;
pub mod pool;
pub mod schedule;
pub mod seeds;
pub mod shard;
pub mod shrink;
pub mod sweep;
pub mod tally;

pub use explore::{Explore, Explored, Scope, explore};
pub use lockstep::Lockstep;
pub use schedule::{Act, Placed};
pub use seeds::Seeds;
pub use shard::Shard;
pub use shrink::{ShrinkError, Shrunk, shrink};
pub use sweep::{Run, Sweep, sweep};
pub use tally::{Summary, Tally};
