//! `network` is what lies between the hosts: the link, the fate of each packet, the faults that a
//! scenario writes down, and the trace of what was sent.

pub mod channel;
mod digest;
pub mod draws;
pub mod fate;
pub mod faults;
pub mod link;
pub mod medium;
pub mod trace;
