//! Pictures of runs: pages, ladders, and pictures in the README.

mod browser;
mod page;
