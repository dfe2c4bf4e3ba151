//! What a host owes beside smoltcp, each as a short script of segments. Start with `script.rs` for
//! the notation; a test's name says what it proves.

mod close;
mod deadlines;
mod endings;
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
