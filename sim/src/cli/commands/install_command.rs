//! `halfclose completions` and `halfclose man`: files for the user's shell and for `man`, made from the
//! definition of the command line.

use std::fs;
use std::io::Write;

use clap::CommandFactory;

use crate::cli::args::{Arguments, CompletionsArgs, ManArgs};
use crate::cli::{CommandError, Status};

/// Prints the completion script of a shell.
pub(in crate::cli) fn completions(
    args: &CompletionsArgs,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "halfclose", &mut script);
    out.write_all(&script)?;
    Ok(Status::AsExpected)
}

/// Writes the manual page of the program, and a page for each command.
pub(in crate::cli) fn man(args: &ManArgs, out: &mut dyn Write) -> Result<Status, CommandError> {
    let directory = &args.directory;
    let shown = directory.display();
    let failed = |error| CommandError::Input(format!("cannot write pages to `{shown}`: {error}"));
    fs::create_dir_all(directory).map_err(failed)?;
    // `halfclose help COMMAND` needs no page of its own.
    let program = Arguments::command().disable_help_subcommand(true);
    let pages = 1 + program.get_subcommands().count();
    clap_mangen::generate_to(program, directory).map_err(failed)?;
    writeln!(out, "{shown}: {pages} manual pages, halfclose.1 first")?;
    Ok(Status::AsExpected)
}
