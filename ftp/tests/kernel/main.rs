//! The operating system's sockets under the same trait, and the same sessions over them. Everything
//! happens on 127.0.0.1.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod endings;
mod sessions;
mod sockets;
mod world;
