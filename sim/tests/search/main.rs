//! Many runs: sweeping seeds, exploring faults, and shrinking a run to the packets that matter.

mod classes;
mod edges;
mod explore;
mod habits;
mod shrink;
