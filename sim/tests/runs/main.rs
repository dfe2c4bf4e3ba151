//! A single run: the result of a scenario under a seed.

mod catalogue;
mod determinism;
mod faults;
mod laws;
mod many_clients;
mod measured;
mod no_fault;
mod orders;
mod q123208;
mod soaked;
mod streamed;
mod tasks;
mod tcp_keys;
mod virtual_time;
