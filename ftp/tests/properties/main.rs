//! Properties of every input: words round-trip, parsers accept arbitrary bytes in arbitrary chunks,
//! and a session accepts arbitrary bytes without a panic and without growing memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod clients;
#[path = "../session/net.rs"]
#[expect(dead_code, reason = "the other test needs more of it")]
mod net;
mod patterns;
mod sessions;
mod stores;
mod words;
