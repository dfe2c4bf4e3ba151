//! `live` is FTP over the operating system's network: what `serve`, `put`, `get` and `ls` do. It
//! brings the programs of `halfclose-ftp` together with real sockets, a real directory and the real
//! time; it knows no simulation.

mod client;
mod limits;
mod lines;
mod local;
mod log;
#[cfg(test)]
mod parity;
mod password;
mod pipe;
mod progress;
mod server;
mod signals;
mod target;
mod today;

pub(crate) use client::{Done, Options, run};
pub(crate) use lines::{Lines, Style};
pub(crate) use local::{Sink, Source};
pub(crate) use password::Source as PasswordSource;
pub(crate) use pipe::{Output, Pipe};
pub(crate) use server::{Serve, serve};
pub(crate) use target::{Target, shown};
use today::today;

use std::io;
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
