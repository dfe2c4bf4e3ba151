//! Many runs: sweeping seeds, exploring faults, and shrinking a run to the packets that matter.

mod edges;
mod explore;
mod shrink;
