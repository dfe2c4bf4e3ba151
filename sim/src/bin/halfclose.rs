//! The program `halfclose` runs the command line of the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    halfclose::internals::main()
}
