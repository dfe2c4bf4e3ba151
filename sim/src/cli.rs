//! `cli` is the command line: the module reads the words of a command, runs the command, and returns an
//! exit status. It knows no simulation: each command has a module, and the module calls the library.
//!
//! Exit status: 0 as expected; 1 an expectation or a law was broken, or a replay diverged; 2 wrong usage
//! or input, with one line on standard error; 3 a real transfer failed; 130 the user ended the command.
//! Results go to standard output. A reader that closes the pipe early changes no exit status.

mod args;
mod ci_report;
pub(crate) mod commands;
mod help;
mod input_files;
pub(crate) mod output_file;
mod page_file;
mod search_bar;
mod selection;
#[cfg(feature = "net")]
mod session;
pub(crate) mod streams;
mod usage;

#[cfg(test)]
mod cli_tests;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::run::RunError;
use crate::search::results::ResultsError;
use args::{Arguments, Invocation};
#[cfg(all(feature = "net", target_os = "linux"))]
use commands::network_commands::bridge_command;
#[cfg(feature = "net")]
use commands::network_commands::{ls_command, probe_command, serve_command, transfer_command};
use commands::{
    explain_command, explore_command, fate_command, install_command, list_command, matrix_command,
    merge_command, replay_command, run_command, show_command, shrink_command, sweep_command,
};
use streams::{Streams, UntilClosed, terminal_columns};

/// The end of a command without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// The result is as expected.
    AsExpected,
    /// An expectation or a law was broken, or a replay diverged.
    Broken,
    /// The user interrupted the command.
    Interrupted,
    /// A real transfer failed, and the command has printed why.
    #[cfg_attr(not(feature = "net"), expect(dead_code, reason = "only a real transfer fails"))]
    Failed,
}

/// The exit status after a broken law.
const BROKEN: u8 = 1;
/// The exit status of wrong usage and wrong input.
const WRONG: u8 = 2;
/// The exit status after a failed real transfer.
const FAILED: u8 = 3;
/// The exit status after an interrupt by the user: 128 plus the number of SIGINT, as in a shell.
const INTERRUPTED: u8 = 130;

/// The reason why a command failed.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// Wrong usage or input: one line with the mistake and the right form.
    Input(String),
    /// A real transfer failed: one line with the reason.
    #[cfg_attr(not(feature = "net"), expect(dead_code, reason = "only a real transfer fails"))]
    Transfer(String),
    /// A search broke a law of its own, so its results are not valid: one line with the law.
    Unsound(String),
    /// A write to standard output or standard error failed.
    Output(io::Error),
}

impl CommandError {
    /// Wrong input, as `error` describes the problem.
    pub(crate) fn input(error: impl Display) -> Self {
        Self::Input(error.to_string())
    }
}

#[cfg(feature = "net")]
impl From<crate::live::Error> for CommandError {
    fn from(error: crate::live::Error) -> Self {
        match error {
            crate::live::Error::Input(problem) => Self::Input(problem),
            crate::live::Error::Failed(problem) | crate::live::Error::Unreachable(problem) => {
                Self::Transfer(problem)
            }
            crate::live::Error::Output(error) => Self::Output(error),
        }
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        if error.is_breach() { Self::Unsound(error.to_string()) } else { Self::input(error) }
    }
}

impl From<ResultsError> for CommandError {
    fn from(error: ResultsError) -> Self {
        if let ResultsError::Run(error) = error { error.into() } else { Self::input(error) }
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Runs the command line of this process and returns the exit status.
#[must_use]
pub fn main() -> ExitCode {
    survive_large_files();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    #[cfg(all(feature = "net", target_os = "linux"))]
    if let Some(status) = crate::bridge::as_helper(&arguments) {
        return status;
    }
    args::color_choice(&arguments).write_global();
    // A listing has no styles, and names in any bytes: a stream that drops escape sequences would drop
    // bytes that are not UTF-8 as well.
    let (mut styled, mut plain) = (None, None);
    let out: &mut dyn Write = match args::is_listing(&arguments) {
        true => plain.insert(io::stdout().lock()),
        false => styled.insert(anstream::stdout().lock()),
    };
    // Not locked: the thread of a search that panics names the run there.
    let mut err = anstream::stderr();
    let columns = terminal_columns();
    let mut streams = Streams { out, err: &mut err, columns };
    ExitCode::from(execute(arguments, &mut streams))
}

/// Runs a command line and returns the exit status. Styled text has escape sequences in it: a stream
/// drops the escape sequences where colours do not belong.
pub(crate) fn execute(
    arguments: impl IntoIterator<Item = impl Into<OsString>>,
    streams: &mut Streams<'_>,
) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let Streams { out, err, columns } = streams;
    let (out, err) = (&mut UntilClosed::new(*out), &mut UntilClosed::new(*err));
    let done = match Arguments::try_parse_from(&arguments) {
        Ok(Arguments { command, .. }) => {
            dispatch(command, &mut Streams { out: &mut *out, err: &mut *err, columns: *columns })
        }
        Err(error) => answer(&error, &arguments, out, err),
    };
    let done = done.and_then(|status| {
        out.flush()?;
        Ok(status)
    });
    match done {
        Ok(Status::AsExpected) => 0,
        Ok(Status::Broken) => BROKEN,
        Ok(Status::Interrupted) => INTERRUPTED,
        Ok(Status::Failed) => FAILED,
        // The reader of standard output has closed the pipe.
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(CommandError::Output(error)) => {
            complain(err, &format!("cannot write the output: {error}"), WRONG)
        }
        Err(CommandError::Input(problem)) => complain(err, &problem, WRONG),
        Err(CommandError::Unsound(problem)) => complain(err, &problem, BROKEN),
        Err(CommandError::Transfer(problem)) => complain(err, &shown_line(&problem), FAILED),
    }
}

/// Turns the signal SIGXFSZ (a file may not grow further) into an error of the write (EFBIG).
fn survive_large_files() {
    #[cfg(unix)]
    {
        use signal_hook::{consts::SIGXFSZ, flag};
        // If the signal cannot be caught, the signal ends the program, as without this call.
        let _ = flag::register(SIGXFSZ, std::sync::Arc::default());
    }
}

fn dispatch(command: Invocation, streams: &mut Streams<'_>) -> Result<Status, CommandError> {
    let Streams { out, err, columns } = streams;
    match command {
        Invocation::Run(args) => run_command::execute(args, *columns, out, err),
        Invocation::Matrix(args) => matrix_command::execute(args, out, err),
        Invocation::Sweep(args) => sweep_command::execute(args, out, err),
        Invocation::Explain(args) => explain_command::execute(&args, out, err),
        Invocation::Explore(args) => explore_command::execute(args, out, err),
        Invocation::Fate(args) => fate_command::execute(args, out, err),
        Invocation::Merge(args) => merge_command::execute(&args, out, err),
        Invocation::Shrink(args) => shrink_command::execute(args, out, err),
        Invocation::Replay(args) => replay_command::execute(&args, out),
        Invocation::List(args) => list_command::execute(&args, *columns, out),
        Invocation::Show(args) => show_command::execute(&args, *columns, out),
        #[cfg(feature = "net")]
        Invocation::Serve(args) => serve_command::execute(args, out, err),
        #[cfg(feature = "net")]
        Invocation::Put(args) => transfer_command::put(&args, out, err),
        #[cfg(feature = "net")]
        Invocation::Get(args) => transfer_command::get(&args, out, err),
        #[cfg(feature = "net")]
        Invocation::Ls(args) => ls_command::execute(&args, out, err),
        #[cfg(feature = "net")]
        Invocation::Probe(args) => probe_command::execute(&args, out, err),
        #[cfg(all(feature = "net", target_os = "linux"))]
        Invocation::Bridge(args) => bridge_command::execute(&args, *columns, out, err),
        Invocation::Completions(args) => install_command::completions(&args, out),
        Invocation::Man(args) => install_command::man(&args, out),
    }
}

/// A server's words as one line without a character that a terminal would act upon.
fn shown_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.trim_end().chars() {
        match c {
            '\n' => line.push_str("; "),
            c if c.is_control() => line.extend(c.escape_default()),
            c => line.push(c),
        }
    }
    line
}

/// Prints `error: problem` on standard error and returns `status`.
fn complain(err: &mut dyn Write, problem: &str, status: u8) -> u8 {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    // If standard error takes nothing, only the exit status is left.
    let _ = writeln!(err, "{style}error:{style:#} {problem}");
    status
}

/// Answers arguments without a valid command: help and version are results, everything else is wrong
/// usage.
fn answer(
    error: &clap::Error,
    arguments: &[OsString],
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            write!(out, "{}", error.render().ansi())?;
            Ok(Status::AsExpected)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            write!(err, "{}", error.render().ansi())?;
            Err(CommandError::input("no command is named: try `halfclose run`"))
        }
        _ => {
            let (problem, help) = (usage::one_line(error), usage::help_command(arguments));
            Err(CommandError::Input(format!("{problem} (see `{help}`)")))
        }
    }
}
