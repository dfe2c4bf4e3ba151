//! Our server beside vsftpd 3.0.3 and pyftpdlib 2.2.0: the attacks that the server did not survive
//! once, on all three in one run. The tests assert the figures of our server, and print all figures:
//! `cargo test -p halfclose --test network beside -- --nocapture --test-threads 1`.

pub(crate) mod any_server;
mod files;
mod guests;
mod memory;
mod waits;

use any_server::{AnyServer, OURS, Properties};

use crate::foreign::theirs::{PYFTPDLIB, VSFTPD};

/// Runs the trial of one line of the table in docs/SERVING.md with a fresh server of each project.
/// Prints the text of each figure, and returns the figure of our server.
fn beside<T>(line: &str, with: Properties<'_>, trial: impl Fn(&AnyServer) -> (String, T)) -> T {
    let [ours, ..] = [OURS, VSFTPD, PYFTPDLIB].map(|model| {
        let server = AnyServer::start(model, with)?;
        let (text, figure) = trial(&server);
        eprintln!("{line} | {model} | {text}");
        Some(figure)
    });
    ours.expect("our server is always there")
}
