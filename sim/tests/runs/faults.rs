//! What faults and links do to whole runs.

mod actions;
mod cases;
mod kept_laws;
mod links;
mod run;
