//! `ftp` reads the dialogues of FTP's control connections out of a capture, and finds the data
//! connection of each transfer (RFC 959, RFC 2428). The room judges nothing.

pub(crate) mod lines;
pub(crate) mod numbered;
pub(crate) mod session_seen;
pub(crate) mod sessions;
mod sizes;
