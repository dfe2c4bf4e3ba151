//! `cli` is the command line: words in, one request per command, an exit status out. It knows no
//! simulation; each command's module hands its request to what does the work.
//!
//! Exit status: 0 as expected; 1 an expectation was broken or a replay diverged; 2 usage or input
//! error, in one line on standard error; 3 a real transfer failed; 130 ended by the user. Results go
//! to standard output; whoever closes that pipe is told nothing more, and the exit status stays what it is.

mod args;
pub(crate) mod commands;
pub mod output_file;
mod search_bar;
mod selection;
#[cfg(feature = "net")]
mod session;
mod streams;

#[cfg(test)]
mod cli_tests;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Arguments, Invocation};
use streams::UntilClosed;

/// How a command ended that did what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As expected.
    AsExpected,
    /// An expectation was broken, or a replay diverged.
    Broken,
    /// The user ended it before it was done.
    Interrupted,
    /// A real transfer failed, and that has been said.
    Failed,
}

/// The exit status of a usage or input error.
const WRONG: u8 = 2;
/// The exit status of a real transfer that failed.
const FAILED: u8 = 3;
/// The exit status of what the user ended, as shells have it for SIGINT.
const INTERRUPTED: u8 = 130;

/// Why a command could not do what was asked.
#[derive(Debug)]
pub enum CommandError {
    /// Usage or input: one line that says what is wrong and what would be right.
    Input(String),
    /// A real transfer failed: one line that says why.
    Transfer(String),
    /// Standard output did not take it.
    Output(io::Error),
}

impl CommandError {
    /// The failure that an error of some input is.
    pub fn input(error: impl Display) -> Self {
        Self::Input(error.to_string())
    }
}

#[cfg(feature = "net")]
impl From<crate::live::Error> for CommandError {
    fn from(error: crate::live::Error) -> Self {
        match error {
            crate::live::Error::Input(problem) => Self::Input(problem),
            crate::live::Error::Failed(problem) => Self::Transfer(problem),
            crate::live::Error::Output(error) => Self::Output(error),
        }
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// The program: run the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    survive_large_files();
    let mut out = anstream::stdout().lock();
    let mut err = anstream::stderr().lock();
    ExitCode::from(execute(std::env::args_os(), &mut out, &mut err))
}

/// Run a command line and return its exit status. What is styled is written with escape sequences:
/// `out` and `err` drop them where they do not belong.
pub fn execute(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let (out, err) = (&mut UntilClosed::new(out), &mut UntilClosed::new(err));
    let done = match Arguments::try_parse_from(arguments) {
        Ok(Arguments { command }) => dispatch(command, out, err),
        Err(error) => explain(&error, out, err),
    };
    let done = done.and_then(|status| {
        out.flush()?;
        Ok(status)
    });
    match done {
        Ok(Status::AsExpected) => 0,
        Ok(Status::Broken) => 1,
        Ok(Status::Interrupted) => INTERRUPTED,
        Ok(Status::Failed) => FAILED,
        // Whoever read a file that goes to standard output has seen enough.
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(CommandError::Output(error)) => complain(err, &format!("cannot write: {error}"), WRONG),
        Err(CommandError::Input(problem)) => complain(err, &problem, WRONG),
        Err(CommandError::Transfer(problem)) => complain(err, &problem, FAILED),
    }
}

/// A file that may grow no further is an error of a write (EFBIG), not the program's end.
fn survive_large_files() {
    #[cfg(unix)]
    {
        use signal_hook::{consts::SIGXFSZ, flag};
        // Where it cannot be caught, it ends the program, as it does by itself.
        let _ = flag::register(SIGXFSZ, std::sync::Arc::default());
    }
}

fn dispatch(
    command: Invocation,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    match command {
        Invocation::Run(args) => commands::run_command::execute(args, out),
        Invocation::Matrix(args) => commands::matrix_command::execute(args, out),
        Invocation::Explore(args) => commands::explore_command::execute(args, out, err),
        Invocation::Shrink(args) => commands::shrink_command::execute(args, out, err),
        Invocation::Sweep(args) => commands::sweep_command::execute(args, out, err),
        Invocation::Replay(args) => commands::replay_command::execute(&args, out),
        Invocation::List(args) => commands::list_command::list(args.json, out),
        Invocation::Show(args) => commands::list_command::show(&args.scenario, args.json, out),
        #[cfg(feature = "net")]
        Invocation::Serve(args) => commands::serve_command::execute(args, out, err),
        #[cfg(feature = "net")]
        Invocation::Put(args) => commands::transfer_command::put(&args, out, err),
        #[cfg(feature = "net")]
        Invocation::Get(args) => commands::transfer_command::get(&args, out, err),
        #[cfg(feature = "net")]
        Invocation::Ls(args) => commands::ls_command::execute(&args, out, err),
    }
}

/// One line on standard error, and the exit status.
fn complain(err: &mut dyn Write, problem: &str, status: u8) -> u8 {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    // Nobody is left to tell if this fails.
    let _ = writeln!(err, "{style}error:{style:#} {problem}");
    status
}

/// What clap has to say: help is a result, a usage error is one line.
fn explain(
    error: &clap::Error,
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
        _ => Err(CommandError::Input(one_line(&error.render().to_string()))),
    }
}

/// A usage error without its tail (usage, where help is), its lines joined.
pub(super) fn one_line(rendered: &str) -> String {
    let lines = rendered.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let mut text = String::new();
    for line in lines {
        match text.chars().last() {
            None => {}
            Some(':') => text.push(' '),
            Some(_) => text.push_str("; "),
        }
        text.push_str(line);
    }
    text.strip_prefix("error: ").map(str::to_owned).unwrap_or(text)
}
