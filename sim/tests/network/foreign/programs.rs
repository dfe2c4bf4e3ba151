//! Programs of the system: whether they are there, and how they are run so that none can hang.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// How long one of them may take, in seconds: long, for a busy machine makes some of them crawl.
const LIMIT: &str = "120";

/// Whether the program is there. If not, says so, or fails if it must be.
pub(crate) fn is_there(program: &str) -> bool {
    let script = match program.strip_prefix("python:") {
        Some(module) => format!("python3 -c 'import {module}'"),
        None => format!("command -v {program}"),
    };
    let found = Command::new("sh").args(["-c", &script]).output().expect("a shell");
    if !found.status.success() {
        let required = std::env::var_os("HALFCLOSE_REQUIRE_FOREIGN").is_some();
        assert!(!required, "{program} is not installed");
        eprintln!("SKIPPED: {program} is not installed");
    }
    found.status.success()
}

/// Runs it in a directory, with those lines as its input; kills it if it takes too long.
pub(crate) fn run(program: &str, arguments: &[String], input: &str, at: &Path) -> Output {
    let mut child = Command::new("timeout")
        .arg(LIMIT)
        .arg(program)
        .args(arguments)
        .current_dir(at)
        // Nobody's settings and nobody's proxies.
        .env("HOME", at)
        .env_remove("ftp_proxy")
        .env_remove("FTP_PROXY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("timeout is there, as everywhere");
    // One that reads nothing has closed its end.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

/// What it said, for a message.
pub(crate) fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    format!("{}\n{out}\n{err}", output.status)
}

/// Bytes of every value, line ends and Telnet's IAC among them, no two pieces alike.
pub(crate) fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| ((at * 7919) >> 8 ^ at).to_le_bytes()[0]).collect()
}
