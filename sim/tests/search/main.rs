//! Many runs: sweeping seeds, exploring faults, and shrinking a run to the packets that matter.

mod classes;
mod coverage;
mod edges;
mod explore;
mod guided;
mod habits;
mod merged;
mod shrink;
