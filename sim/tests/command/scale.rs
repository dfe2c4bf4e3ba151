//! Searches on many machines, and findings for continuous integration of other projects.

mod ci;
mod engines;
mod explore_shards;
mod fail_on;
mod shards;
