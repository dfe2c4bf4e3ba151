//! `network_commands` holds the commands that use real time: FTP over the network of the system, and real
//! programs on the ends of the link.

#[cfg(target_os = "linux")]
pub(in crate::cli) mod bridge_command;
pub(in crate::cli) mod ls_command;
pub(in crate::cli) mod probe_command;
pub(in crate::cli) mod serve_command;
pub(in crate::cli) mod transfer_command;
