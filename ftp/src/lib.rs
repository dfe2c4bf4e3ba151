//! FTP client and server, sans-IO at the byte boundary.

pub mod tcp;
