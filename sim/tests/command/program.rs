//! The command `halfclose` as a test starts it, and what it said.

use std::process::{Command, Output, Stdio};

/// With nothing on its standard input, and without what the environment may say of colours and
/// passwords.
pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_halfclose"));
    command.args(words).stdin(Stdio::null());
    for variable in ["NO_COLOR", "CLICOLOR_FORCE", "HALFCLOSE_PASSWORD"] {
        command.env_remove(variable);
    }
    command
}

/// Runs it to its end.
pub(crate) fn halfclose(words: &[&str]) -> Output {
    command(words).output().expect("the program starts")
}

/// The same, with a reader of its standard output who leaves at once.
pub(crate) fn left_alone(words: &[&str]) -> Output {
    let mut child = command(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    child.wait_with_output().expect("it ends")
}

/// Its standard output.
pub(crate) fn out(output: &Output) -> &str {
    text(&output.stdout)
}

/// Its standard error.
pub(crate) fn err(output: &Output) -> &str {
    text(&output.stderr)
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// Whether it ended with one clear line on standard error that has these words in it, with nothing said
/// before, and with exit status 2.
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
