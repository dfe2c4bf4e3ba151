//! `network` owns everything between the hosts: the link, the fate of each packet, the faults of a
//! scenario, and the trace of the packets.

pub mod channel;
mod digest;
pub mod draws;
pub mod fate;
pub mod faults;
pub mod link;
pub mod medium;
pub mod trace;
