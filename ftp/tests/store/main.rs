//! What a store promises, by both stores; and what only one on a disk can get wrong.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod contract;
mod directory;
