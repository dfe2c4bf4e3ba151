//! The promises of both stores, and the dangers of a store on a disk.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod answers;
mod contract;
mod directory;
mod permissions;
