//! `commands` holds a module for each command, or for a few related commands. A module turns the words of
//! the command into a call of the library, and prints the result.

pub(super) mod explain_command;
pub(super) mod explore_command;
pub(super) mod fate_command;
pub(super) mod install_command;
pub(super) mod list_command;
pub(super) mod matrix_command;
pub(super) mod merge_command;
#[cfg(feature = "net")]
pub(super) mod network_commands;
pub(super) mod replay_command;
pub(super) mod run_command;
pub(super) mod show_command;
pub(super) mod shrink_command;
pub(super) mod sweep_command;
