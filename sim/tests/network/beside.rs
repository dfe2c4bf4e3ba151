//! Our server beside vsftpd 3.0.3 and pyftpdlib 2.2.0: the attacks that the server did not survive
//! once, on all three in one run. The tests assert the figures of our server, and print all figures:
//! `cargo test -p halfclose --test network beside -- --nocapture --test-threads 1`.

pub(crate) mod any_server;
mod disks;
mod edges;
mod files;
mod guests;
mod memory;
mod waits;

use any_server::{AnyServer, OURS, Properties};

use crate::busy::again;
use crate::foreign::theirs::{PYFTPDLIB, VSFTPD};

/// Runs the trial of one line of the table in docs/SERVING.md with a fresh server of each project.
/// Prints the text of each figure. The figure of our server must be sound in one of several trials: a
/// busy machine spoils a figure at times, and an error of the server spoils each.
fn beside<T: std::fmt::Debug>(
    line: &str,
    with: Properties<'_>,
    trial: impl Fn(&AnyServer) -> (String, T),
    sound: impl Fn(&T) -> bool,
) {
    let run = |model| {
        let server = AnyServer::start(model, with)?;
        let (text, figure) = trial(&server);
        eprintln!("{line} | {model} | {text}");
        Some(figure)
    };
    again(|| {
        let figure = run(OURS).expect("our server is always there");
        if sound(&figure) { Ok(()) } else { Err(format!("{line}: {figure:?}")) }
    });
    for model in [VSFTPD, PYFTPDLIB] {
        run(model);
    }
}
