//! A client or a server alone: the test plays the peer and the network.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod client;
mod model;
mod server;
mod verdict;
mod wire;
