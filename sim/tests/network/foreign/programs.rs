//! Programs of the system: whether each is installed, and how a test runs a program without
//! hanging.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The longest run of a program, in seconds: long, because some programs crawl on a busy machine.
pub(super) const LIMIT: &str = "600";

/// Whether the program is installed. Prints a line if not, or fails where the program is required.
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

/// Runs a program in a directory with these lines as input, and kills the program after the limit.
pub(crate) fn run(program: &str, arguments: &[String], input: &str, at: &Path) -> Output {
    run_for(LIMIT, program, arguments, input, at)
}

/// The same, with a limit in seconds.
pub(crate) fn run_for(
    limit: &str,
    program: &str,
    arguments: &[String],
    input: &str,
    at: &Path,
) -> Output {
    let mut child = Command::new("timeout")
        .arg(limit)
        .arg(program)
        .args(arguments)
        .current_dir(at)
        // Without settings of a user, and without proxies.
        .env("HOME", at)
        .env_remove("ftp_proxy")
        .env_remove("FTP_PROXY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("timeout is there, as everywhere");
    // A program that reads no input has closed its end.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

/// The output of a program, for a message.
pub(crate) fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    format!("{}\n{out}\n{err}", output.status)
}

/// Bytes of every value, with line ends and Telnet's IAC, in which no two pieces are alike.
pub(crate) fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| ((at * 7919) >> 8 ^ at).to_le_bytes()[0]).collect()
}
