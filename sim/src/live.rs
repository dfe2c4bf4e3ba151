//! `live` is FTP over the operating system's network: what `serve`, `put`, `get` and `ls` do. It
//! brings the programs of `halfclose-ftp` together with real sockets, a real directory and the real
//! time; it knows no simulation.

mod client;
mod ftp_url;
mod listing_lines;
mod local_file;
#[cfg(test)]
mod parity;
mod password;
mod pipe_store;
mod server;
mod server_log;
mod signals;
mod transfer_bar;

pub(crate) use client::{Done, Options, run};
pub(crate) use ftp_url::{FtpUrl, shown};
pub(crate) use listing_lines::{ListingLines, ListingStyle};
pub(crate) use local_file::{DownloadFile, UploadFile};
pub(crate) use password::PasswordSource;
pub(crate) use pipe_store::{PipeOutput, PipeStore};
pub(crate) use server::{Serve, serve};

use std::io;
use std::time::{Duration, SystemTime};

use thiserror::Error;

/// Why something could not be done.
#[derive(Debug, Error)]
pub(crate) enum Error {
    /// What was asked for cannot be right: one line that says what would be.
    #[error("{0}")]
    Input(String),
    /// The network, the server or the disk did not do it.
    #[error("{0}")]
    Failed(String),
    /// Standard output or standard error did not take what was said.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// A message that quotes the system's own.
    fn input(what: &str, error: &io::Error) -> Self {
        Self::Input(format!("{what}: {error}"))
    }
}

/// Without what a terminal would act upon.
pub(crate) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    clean
}

/// The time since 1970-01-01T00:00:00Z, by the clock of this machine.
#[expect(
    clippy::disallowed_methods,
    reason = "a log and the dates of files are of real time; `live` is in no run"
)]
fn today() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
