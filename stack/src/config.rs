//! `config.rs` owns the configuration of a host: one value, with every choice that the behaviour of a
//! host depends on. All times are virtual.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::close_policy::ClosePolicy;
use crate::time::TIME_WAIT;

/// The congestion control of all connections of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Congestion {
    /// No congestion window, and smoltcp as smoltcp is: smoltcp 0.14 can deadlock on a lost FIN, and the
    /// watchdog ends the deadlock.
    None,
    /// Reno (RFC 5681), computed in integers.
    #[default]
    Reno,
    /// CUBIC (RFC 9438), computed in floating point: the last bits may differ between platforms.
    Cubic,
}

impl Congestion {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("none", Self::None), ("reno", Self::Reno), ("cubic", Self::Cubic)];
}

/// When a host sends an unanswered SYN again, and when the host gives up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SynRetries {
    /// After 1 s, and then after twice the pause before: at 1, 3, 7, 15, 31 and 63 s. The limit is
    /// [`Deadlines::syn_sent`]. So does Linux before 6.5, and Linux gives up after 127 s. Divergence:
    /// the longest pause of smoltcp is 60 s, so a seventh SYN leaves at 123 s.
    #[default]
    Doubling,
    /// Four times after 1 s, and then as `Doubling`: at 1, 2, 3, 4, 5, 7, 11, 19, 35 and 67 s. The limit
    /// is 131 s. So does Linux from 6.5 on (`tcp_syn_linear_timeouts` = 4, `tcp_syn_retries` = 6).
    /// Divergence: an eleventh SYN leaves at 127 s, after the longest pause of smoltcp.
    Linux,
}

impl SynRetries {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("doubling", Self::Doubling), ("linux", Self::Linux)];
}

/// How long a host waits before the host gives a connection up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Limit of SYN-SENT. Divergence: RFC 9293 §3.8.3 asks for at least 3 minutes (MUST-23); the
    /// default is Linux's `tcp_syn_retries` = 6, equal to 127 s.
    pub syn_sent: Duration,
    /// Limit of SYN-RECEIVED. The default is Linux's `tcp_synack_retries` = 5, equal to 63 s.
    pub syn_received: Duration,
    /// Limit without progress on unacknowledged data or a FIN: R2 of RFC 9293 §3.8.3, and the user
    /// timeout of §3.10.8. The default is Linux's `tcp_retries2` = 15, about 924 s.
    pub user_timeout: Duration,
    /// Limit without a segment in either direction on a synchronized connection. `None`: no limit, as
    /// in RFC 9293; servers and middleboxes have such limits.
    pub idle: Option<Duration>,
    /// Limit of the watchdog: how long a connection with outstanding data and without a timer may wait
    /// for a segment of the peer. The default is twice the longest timeout of smoltcp.
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

/// The configuration of one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The one IPv4 address of the host.
    pub address: Ipv4Addr,
    /// Largest IPv4 packet in bytes, headers included: 68 to 65535. The MSS is 40 bytes less.
    pub mtu: usize,
    /// Length of a connection's receive buffer in bytes. 65535 needs no window scaling; with one byte
    /// more, smoltcp scales by 1 and rounds every window.
    pub receive_buffer: usize,
    /// Length of a connection's send buffer in bytes. Bytes leave the buffer when the peer
    /// acknowledges them.
    pub send_buffer: usize,
    /// Congestion control of all connections.
    pub congestion: Congestion,
    /// The behaviour of this host's kernel at the end of a connection.
    pub policy: ClosePolicy,
    /// Seed of the initial sequence numbers and of the ephemeral ports.
    pub seed: u64,
    /// Whether TCP and IPv4 checksums are filled in and verified. If not, checksums are zero and cost
    /// nothing. A link that corrupts packets needs checksums.
    pub checksums: bool,
    /// Nagle's algorithm (RFC 9293 §3.7.4): a short segment waits while data is unacknowledged.
    pub nagle: bool,
    /// Minshall's form of Nagle's algorithm (draft-minshall-nagle-01), as on Linux: a short segment waits
    /// while a short segment is unacknowledged. Without effect if `nagle` is off.
    pub minshall: bool,
    /// The segments of the largest size that may leave before the first acknowledgment. The window grows
    /// by each acknowledged byte, as in slow start (RFC 5681 §3.1), and no loss makes the window
    /// smaller. `None`: the window of the peer alone. The host imposes the window, so smoltcp must have
    /// none of its own: [`Congestion::None`].
    pub initial_window: Option<u16>,
    /// When a SYN is sent again.
    pub syn_retries: SynRetries,
    /// How long a connection stays in TIME-WAIT after the last segment that needed an answer. The default
    /// is [`TIME_WAIT`](crate::TIME_WAIT), as in smoltcp; Linux has 60 s. Divergence: a user who has not
    /// closed keeps the connection in TIME-WAIT for the time of smoltcp.
    pub time_wait: Duration,
    /// Longest delay of an ACK; `None`: no delay. RFC 9293 §3.8.6.3 allows 500 ms; the default is
    /// 10 ms, as in smoltcp.
    pub ack_delay: Option<Duration>,
    /// Whether every RST carries a diagnostic payload of 8 bytes with the reason of the RST
    /// (draft-ietf-tcpm-rst-diagnostic-payload-03).
    pub reset_reason: bool,
    /// Whether every connection between the same two ports begins with the same sequence number: a
    /// deliberate bug that RFC 9293 §3.4.1 forbids, for scenarios about old duplicates.
    pub same_isn: bool,
    /// The time limits of connections.
    pub deadlines: Deadlines,
    /// Whether the host keeps notes for `Host::poll_note`. Notes wait until the caller takes them, so a
    /// caller that takes none turns notes off.
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
            minshall: false,
            initial_window: None,
            syn_retries: SynRetries::default(),
            time_wait: TIME_WAIT,
            ack_delay: Some(Duration::from_millis(10)),
            reset_reason: false,
            same_isn: false,
            deadlines: Deadlines::default(),
            notes: true,
        }
    }
}
