//! The commands `serve`, `put`, `get` and `ls` over 127.0.0.1: alone, with hostile clients, and
//! with clients and servers of other projects; `probe` of such servers; `bridge` with real programs
//! on the simulated link.

mod beside;
mod bridged;
mod busy;
mod commands;
mod foreign;
mod hostile;
mod local_files;
mod odd_server;
mod probed;
#[path = "../command/program.rs"]
#[expect(dead_code, reason = "the tests of `command` need the rest")]
mod program;
mod reported;
mod served;
mod small_things;
mod supervised;
mod word;
