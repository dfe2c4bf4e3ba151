//! The behaviour of a host beyond smoltcp, mostly as short scripts of segments. `script.rs` explains the
//! notation of the scripts. The name of a test is the statement that the test proves.

mod close;
mod copies;
mod deadlines;
mod endings;
mod linux_keys;
mod listen;
mod lossy;
mod packets;
mod pair;
mod reset;
mod script;
mod seed_draws;
mod segments;
mod time_wait;
mod user;
