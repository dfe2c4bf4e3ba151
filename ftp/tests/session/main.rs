//! Whole clients against whole servers, over a network in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[expect(dead_code, unreachable_pub, reason = "the fuzz targets use the rest")]
mod cost;
mod dialogue;
mod endings;
mod failures;
mod hall;
mod hardening;
mod model;
mod net;
mod queues;
mod tasks;
mod transfer;
mod traversal;
mod world;
