//! FTP with programs that nobody here wrote: our server and their clients, our client and their
//! servers, over 127.0.0.1. Nothing is installed here: where a program is missing, its part is
//! skipped, and says so; `HALFCLOSE_REQUIRE_FOREIGN=1` makes that a failure (`.ci/run` installs them
//! all and sets it).

mod client_rows;
mod clients;
mod programs;
mod servers;
mod theirs;
mod trees;
