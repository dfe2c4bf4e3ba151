//! The kernel's sockets behind the trait `Tcp`, and whole sessions over them, all on 127.0.0.1.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod endings;
mod sessions;
mod sockets;
mod world;
