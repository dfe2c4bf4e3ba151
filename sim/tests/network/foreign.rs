//! FTP with programs of other projects over 127.0.0.1: our server with their clients, our client
//! with their servers. The tests install nothing. Where a program is missing, its part is skipped
//! with a line on standard error; `HALFCLOSE_REQUIRE_FOREIGN=1` makes a missing program a failure
//! (`.ci/run` installs all programs and sets the variable).

mod capture;
mod captures;
mod captures_beyond;
mod client_rows;
mod clients;
mod errors;
mod missing;
pub(crate) mod programs;
pub(crate) mod servers;
mod slow_readers;
pub(crate) mod theirs;
mod trees;
