//! `wire` owns the bytes of the protocol: lines, commands, replies, addresses, dates and listings
//! become values, and values become bytes. The room does not know sessions, sockets or the store of
//! files.

pub mod address;
pub mod command;
pub mod date;
pub mod line;
pub mod listing;
pub mod pathname;
pub mod reply;
pub mod representation;
pub mod text;
