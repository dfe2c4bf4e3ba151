//! The program `halfclose` as a test starts the program, and the output.

use std::process::{Command, Output, Stdio};

/// Prepares the program without standard input, and without environment variables for colours and
/// passwords.
pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_halfclose"));
    command.args(words).stdin(Stdio::null());
    for variable in ["NO_COLOR", "CLICOLOR_FORCE", "HALFCLOSE_PASSWORD"] {
        command.env_remove(variable);
    }
    command
}

/// Runs the program to the end.
pub(crate) fn halfclose(words: &[&str]) -> Output {
    command(words).output().expect("the program starts")
}

/// Runs the program with a reader of standard output who leaves at once.
pub(crate) fn left_alone(words: &[&str]) -> Output {
    let mut child = command(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    child.wait_with_output().expect("it ends")
}

/// Runs the program in the background, sends SIGTERM a second after the program has begun to take the
/// signal, and waits for the end.
#[cfg(unix)]
pub(crate) fn terminated(words: &str) -> Output {
    // The bit of SIGTERM among the caught signals (proc(5)); another system than Linux has no such file.
    let script = format!(
        "'{}' {words} & child=$!
        while [ -e /proc/$child/status ] &&
            ! grep -q '^SigCgt:.*[4-7c-f]...$' /proc/$child/status; do sleep 0.1; done
        sleep 1; kill -TERM $child; wait $child",
        env!("CARGO_BIN_EXE_halfclose")
    );
    Command::new("sh").args(["-c", &script]).output().expect("there is a shell")
}

/// Whether the process takes SIGINT (proc(5)). True on a system without such a file.
#[cfg(unix)]
pub(crate) fn takes_interrupts(process: u32) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else {
        return true;
    };
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|caught| u64::from_str_radix(caught.trim(), 16).ok());
    caught.is_some_and(|caught| caught & 2 != 0)
}

/// The standard output as text.
pub(crate) fn out(output: &Output) -> &str {
    text(&output.stdout)
}

/// The standard error as text.
pub(crate) fn err(output: &Output) -> &str {
    text(&output.stderr)
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// Asserts exit status 2, an empty standard output, and one line on standard error that contains
/// these words.
#[track_caller]
pub(crate) fn assert_refused(output: &Output, words: &[&str]) {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert_eq!(text(&output.stdout), "", "nothing is half done");
    assert_eq!(error.lines().count(), 1, "{error}");
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
}
