//! `config.rs` is everything a host's behaviour depends on, as one value. Times are virtual.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::close_policy::ClosePolicy;

/// Congestion control of every connection of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Congestion {
    /// No congestion window. smoltcp 0.14 can then deadlock on a lost FIN; the watchdog finds it.
    None,
    /// Reno (RFC 5681), in integers.
    #[default]
    Reno,
    /// CUBIC (RFC 9438), in floating point: its last bits may differ between platforms.
    Cubic,
}

impl Congestion {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("none", Self::None), ("reno", Self::Reno), ("cubic", Self::Cubic)];
}

/// How long a host waits before it gives a connection up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// In SYN-SENT. Divergence: RFC 9293 §3.8.3 asks for at least 3 minutes (MUST-23); Linux gives up
    /// after `tcp_syn_retries` = 6, which is 127 s, and so do we.
    pub syn_sent: Duration,
    /// In SYN-RECEIVED. Linux: `tcp_synack_retries` = 5, which is 63 s.
    pub syn_received: Duration,
    /// Without progress on unacknowledged data or a FIN: R2 of RFC 9293 §3.8.3, and the user timeout
    /// of §3.10.8. Linux: `tcp_retries2` = 15, about 924 s.
    pub user_timeout: Duration,
    /// Without a segment in either direction on a synchronized connection, if at all. RFC 9293 knows
    /// no such limit; servers and middleboxes do.
    pub idle: Option<Duration>,
    /// How long a connection that has something outstanding and no timer for it may wait for the
    /// peer's segment before the watchdog ends it. Ours: twice smoltcp's longest timeout.
    pub stall: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            syn_sent: Duration::from_secs(127),
            syn_received: Duration::from_secs(63),
            user_timeout: Duration::from_secs(924),
            idle: None,
            stall: Duration::from_secs(120),
        }
    }
}

/// A host, as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The one IPv4 address of the host.
    pub address: Ipv4Addr,
    /// Largest IPv4 packet, in bytes, headers included: 68 to 65535. The MSS is 40 less.
    pub mtu: usize,
    /// Bytes a connection holds for its user to receive. 65535 needs no window scaling; one byte
    /// more makes smoltcp scale by 1 and round every window.
    pub receive_buffer: usize,
    /// Bytes a connection holds that are not acknowledged yet.
    pub send_buffer: usize,
    /// Congestion control.
    pub congestion: Congestion,
    /// What this host's kernel does at the end of a connection.
    pub policy: ClosePolicy,
    /// What initial sequence numbers and ephemeral ports are drawn from.
    pub seed: u64,
    /// Whether TCP and IPv4 checksums are filled in and verified. Off, they are zero and cost
    /// nothing; a link that corrupts packets needs them.
    pub checksums: bool,
    /// Nagle's algorithm (RFC 9293 §3.7.4): a short segment waits while data is unacknowledged.
    pub nagle: bool,
    /// Longest delay of an ACK (RFC 9293 §3.8.6.3 allows 500 ms; smoltcp's 10 ms); `None`: no delay.
    pub ack_delay: Option<Duration>,
    /// Whether every RST carries the 8 bytes of draft-ietf-tcpm-rst-diagnostic-payload-03 that say
    /// why it was sent.
    pub reset_reason: bool,
    /// When to give up.
    pub deadlines: Deadlines,
    /// Whether `Host::poll_note` has anything to tell. Notes wait until they are taken: for a user
    /// who does not, turn them off.
    pub notes: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: Ipv4Addr::new(10, 0, 0, 1),
            mtu: 1500,
            receive_buffer: 65535,
            send_buffer: 65535,
            congestion: Congestion::default(),
            policy: ClosePolicy::default(),
            seed: 0,
            checksums: false,
            nagle: true,
            ack_delay: Some(Duration::from_millis(10)),
            reset_reason: false,
            deadlines: Deadlines::default(),
            notes: true,
        }
    }
}
