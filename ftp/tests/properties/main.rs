//! What holds for every input: words round-trip, parsers take arbitrary bytes in arbitrary chunks,
//! and a session takes arbitrary bytes without a panic and without memory that grows.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod clients;
#[path = "../session/net.rs"]
#[expect(dead_code, reason = "the other test needs more of it")]
mod net;
mod sessions;
mod stores;
mod words;
