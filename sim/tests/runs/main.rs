//! One run: what a scenario comes to under a seed, whatever lies between the hosts.

mod catalogue;
mod determinism;
mod faults;
mod laws;
mod many_clients;
mod measured;
mod orders;
mod q123208;
mod streamed;
mod tasks;
mod virtual_time;
