//! `commands` holds one module for each command of the command line: it takes the words that were
//! given and hands one request to the library.

pub(super) mod explore_command;
pub(super) mod list_command;
#[cfg(feature = "net")]
pub(super) mod ls_command;
pub(super) mod matrix_command;
pub(super) mod replay_command;
pub(super) mod run_command;
#[cfg(feature = "net")]
pub(super) mod serve_command;
pub(super) mod shrink_command;
pub(super) mod sweep_command;
#[cfg(feature = "net")]
pub(super) mod transfer_command;
