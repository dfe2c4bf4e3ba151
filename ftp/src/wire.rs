//! `wire` owns the bytes of the protocol: it turns lines, commands, replies, addresses, dates and
//! listings into values and back. It knows no session, no socket and no file store.

pub mod address;
pub mod command;
pub mod date;
pub mod line;
pub mod listing;
pub mod pathname;
pub mod reply;
pub mod representation;
pub mod text;
