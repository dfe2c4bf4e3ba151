//! A client or a server alone, with a test for its peer and its network.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod client;
mod model;
mod server;
mod wire;
