//! The effects of faults and links on whole runs.

mod actions;
mod cases;
mod kept_laws;
mod links;
mod run;
