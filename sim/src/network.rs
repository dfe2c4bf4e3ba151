//! `network` owns everything between the hosts: the link, the fate of each packet, the faults of a
//! scenario, and the trace of the packets.

pub(crate) mod channel;
mod digest;
pub(crate) mod draws;
pub(crate) mod fate;
pub(crate) mod faults;
pub(crate) mod link;
pub(crate) mod medium;
pub(crate) mod trace;
