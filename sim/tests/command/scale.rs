//! Searches on many machines, and findings for continuous integration of other projects.

mod ci;
mod engines;
mod explore_shards;
mod fail_on;
#[cfg(target_os = "linux")]
mod full_disk;
mod kubernetes;
mod shards;
