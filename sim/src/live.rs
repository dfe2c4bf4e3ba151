//! `live` runs FTP over the operating system's network for `serve`, `put`, `get`, `ls` and `probe`. The room
//! joins the programs of `halfclose-ftp` with real sockets, a real directory and real time, and
//! knows no simulation.

mod client;
mod ftp_url;
mod listing_lines;
mod local_file;
mod log_writer;
#[cfg(test)]
mod parity;
mod part_name;
mod password;
mod pipe_store;
mod probe;
mod server;
mod server_likeness;
mod server_log;
mod signals;
mod transfer_bar;
mod walls;

pub(crate) use client::{Done, Options, run};
pub(crate) use ftp_url::{FtpUrl, shown};
pub(crate) use listing_lines::{ListingLines, ListingOrder, ListingStyle};
pub(crate) use local_file::{DownloadFile, UploadFile};
pub(crate) use password::PasswordSource;
pub(crate) use pipe_store::{PipeOutput, PipeStore};
pub(crate) use probe::{Probe, ProbeRow, Probed, probe};
pub(crate) use server::{Serve, serve};
pub(crate) use walls::find_user;

use std::io;
use std::time::{Duration, SystemTime};

use thiserror::Error;

/// The reason why a command failed.
#[derive(Debug, Error)]
pub(crate) enum Error {
    /// The user's input is wrong: one line that says what would be right.
    #[error("{0}")]
    Input(String),
    /// The network, the server or the disk failed.
    #[error("{0}")]
    Failed(String),
    /// No server has answered: no command was said.
    #[error("{0}")]
    Unreachable(String),
    /// Standard output or standard error took no more text.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// A message with the words of the operating system.
    fn input(what: &str, error: &io::Error) -> Self {
        Self::Input(format!("{what}: {error}"))
    }
}

/// Returns a text without characters that a terminal would act upon.
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

/// A value as JSON for a terminal and for a script: the control characters that JSON may have as they
/// are (U+007F to U+009F) are escaped too.
pub(crate) fn json_text(value: &serde_json::Value) -> String {
    let text = value.to_string();
    if !text.contains(char::is_control) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if c.is_control() => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Returns bytes for a terminal: text without control characters. Bytes that are not UTF-8 stay,
/// except control characters of eight bits (0x80 to 0x9F).
pub(crate) fn clean_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let mut buffer = [0; 4];
            let bytes = c.encode_utf8(&mut buffer).as_bytes();
            match c.is_control() {
                true => clean.extend(bytes.escape_ascii()),
                false => clean.extend_from_slice(bytes),
            }
        }
        for &byte in chunk.invalid() {
            match byte {
                0x80..=0x9f => clean.extend(byte.escape_ascii()),
                _ => clean.push(byte),
            }
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
