//! The command `halfclose`.

use std::process::ExitCode;

fn main() -> ExitCode {
    halfclose::cli::main()
}
