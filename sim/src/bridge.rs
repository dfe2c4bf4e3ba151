//! `bridge` puts real programs and real kernels on the ends of the simulated link, in real time: each
//! end is a program of ours on its host, or a command in a network namespace with a TUN device.
//!
//! A bridge run cannot be replayed, because real programs and real time are in it. The fates can: the
//! seed decides what happens to packet n of a direction.

mod control;
mod crossing;
mod end;
mod folders;
mod isolated;
mod namespace;
mod ours;
mod real_time;
mod settle;
mod tun;
mod watcher;
mod wire;

pub(crate) use control::Ended;
pub(crate) use crossing::{Crossed, Plan, cross};
pub(crate) use folders::Folders;
pub(crate) use namespace::as_helper;
pub use tun::Tun;

use std::io;

use thiserror::Error;

/// Why a bridge run came to no result.
#[derive(Debug, Error)]
pub(crate) enum BridgeError {
    /// The system does not let this user make the namespaces or the device; the text says what to do.
    #[error("{0}")]
    Refused(String),
    /// A command or a helper failed before the run could begin.
    #[error("{0}")]
    Failed(String),
    /// A file of the run cannot be read or written.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// The user interrupted the run.
    #[error("interrupted")]
    Interrupted,
}
