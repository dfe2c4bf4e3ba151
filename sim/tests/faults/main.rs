//! What faults and links do to whole runs.

mod actions;
mod cases;
mod laws;
mod links;
mod run;
