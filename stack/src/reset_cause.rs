//! `reset_cause.rs` owns the reasons for a RST, in three vocabularies: names of this crate, the reason
//! codes of draft-ietf-tcpm-rst-diagnostic-payload-03, and `enum sk_rst_reason` of Linux.

use std::fmt;

/// The reason for a RST.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResetCause {
    /// ABORT by the user (RFC 9293 §3.10.5); `SO_LINGER` with 0 seconds.
    Abort,
    /// CLOSE while received bytes waited unread (RFC 9293 §3.6.1, RFC 2525 §2.17).
    CloseUnread,
    /// Data arrived after CLOSE (RFC 9293 §3.6.1).
    DataAfterClose,
    /// A segment arrived for no connection: the port is closed, or the connection is gone (RFC 9293
    /// §3.10.7.1).
    NoConnection,
    /// An unacceptable acknowledgment arrived in SYN-SENT or SYN-RECEIVED (RFC 9293 §3.10.7.3).
    UnacceptableAck,
    /// A SYN arrived in the window of a synchronized connection (RFC 793, page 71).
    SynInWindow,
    /// A segment arrived for a connection whose TIME-WAIT is over or was cut short.
    TimeWait,
    /// A deadline of the host passed: retransmissions, handshake, or an idle connection.
    TimedOut,
    /// A listener was closed before the user accepted the connection.
    NotAccepted,
    /// A device on the way sent the RST in the name of the host.
    Middlebox,
}

impl ResetCause {
    /// Every cause, in the order of the table in docs/EXPLAIN.md.
    pub const ALL: [Self; 10] = [
        Self::Abort,
        Self::CloseUnread,
        Self::DataAfterClose,
        Self::NoConnection,
        Self::UnacceptableAck,
        Self::SynInWindow,
        Self::TimeWait,
        Self::TimedOut,
        Self::NotAccepted,
        Self::Middlebox,
    ];

    /// The name of the cause in this crate.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Abort => "abort",
            Self::CloseUnread => "close-with-unread",
            Self::DataAfterClose => "data-after-close",
            Self::NoConnection => "no-connection",
            Self::UnacceptableAck => "unacceptable-ack",
            Self::SynInWindow => "syn-in-window",
            Self::TimeWait => "time-wait",
            Self::TimedOut => "timed-out",
            Self::NotAccepted => "not-accepted",
            Self::Middlebox => "middlebox",
        }
    }

    /// The reason code in the registry of draft-ietf-tcpm-rst-diagnostic-payload-03: the exact code, or
    /// the nearest code ([`ietf_is_nearest`](Self::ietf_is_nearest)).
    #[must_use]
    pub const fn ietf_code(self) -> u16 {
        match self {
            Self::Abort | Self::NotAccepted => 4,
            Self::CloseUnread | Self::DataAfterClose => 3,
            Self::NoConnection | Self::TimeWait => 2,
            Self::UnacceptableAck => 5,
            Self::SynInWindow => 6,
            Self::TimedOut => 14,
            Self::Middlebox => 17,
        }
    }

    /// Whether the registry has no exact code, so [`ietf_code`](Self::ietf_code) is the nearest code.
    #[must_use]
    pub const fn ietf_is_nearest(self) -> bool {
        matches!(self, Self::CloseUnread | Self::NoConnection | Self::TimeWait | Self::NotAccepted)
    }

    /// The name in `include/net/rstreason.h` of Linux. `None` where Linux has no name.
    #[must_use]
    pub const fn linux(self) -> Option<&'static str> {
        match self {
            Self::Abort => Some("TCP_ABORT_ON_LINGER"),
            Self::CloseUnread => Some("TCP_ABORT_ON_CLOSE"),
            Self::DataAfterClose => Some("TCP_ABORT_ON_DATA"),
            Self::NoConnection => Some("NO_SOCKET"),
            Self::UnacceptableAck => Some("TCP_STATE"),
            Self::SynInWindow => Some("INVALID_SYN"),
            Self::TimeWait => Some("TCP_TIMEWAIT_SOCKET"),
            Self::TimedOut => Some("TCP_KEEPALIVE_TIMEOUT"),
            Self::NotAccepted | Self::Middlebox => None,
        }
    }

    /// All three vocabularies on a line, for traces and comments.
    #[must_use]
    pub fn words(self) -> String {
        let nearest = if self.ietf_is_nearest() { "nearest " } else { "" };
        let linux = self.linux().map_or_else(String::new, |name| format!(", Linux {name}"));
        format!("{}, IETF {nearest}{}{linux}", self.name(), self.ietf_code())
    }

    /// The diagnostic payload: magic 0x33AA, the code, enterprise number 0 (the registry).
    #[must_use]
    pub const fn payload(self) -> [u8; 8] {
        let [high, low] = self.ietf_code().to_be_bytes();
        [0x33, 0xaa, high, low, 0, 0, 0, 0]
    }

    /// The code in the diagnostic payload of a RST, the inverse of [`payload`](Self::payload). `None` for
    /// a different payload.
    #[must_use]
    pub fn code_in(payload: &[u8]) -> Option<u16> {
        match payload {
            [0x33, 0xaa, high, low, 0, 0, 0, 0] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        }
    }

    /// The meaning of a code in the words of the draft. `None` for an unassigned code.
    #[must_use]
    pub const fn meaning(code: u16) -> Option<&'static str> {
        Some(match code {
            1 => "illegal option length",
            2 => "desynchronized state",
            3 => "new data received after CLOSE",
            4 => "ABORT process",
            5 => "unexpected ACK in non-synchronized state",
            6 => "SYN in window",
            7 => "security compartment",
            8 => "malformed",
            9 => "not authorized",
            10 => "resource exceeded",
            11 => "network failure",
            12 => "reset from peer",
            13 => "unreachable",
            14 => "connection timeout",
            15 => "too much outstanding data",
            16 => "unacceptable performance",
            17 => "middlebox",
            _ => return None,
        })
    }
}

impl fmt::Display for ResetCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
