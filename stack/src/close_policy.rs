//! `close_policy.rs` is what the kernels of the world do differently at the end of a connection, as
//! a value. RFC 9293 leaves each of these open or is not followed; the presets say where they stand.

use std::time::Duration;

/// What `close` does while received bytes wait unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnreadAtClose {
    /// A RST at once (RFC 9293 §3.6.1, SHLD-3: the application lost data, so say so).
    Reset,
    /// A FIN, as if nothing were wrong.
    Fin,
}

impl UnreadAtClose {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("reset", Self::Reset), ("fin", Self::Fin)];
}

/// What becomes of data that arrives after `close`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataAfterClose {
    /// A RST (RFC 9293 §3.6.1, SHLD-3).
    Reset,
    /// It is acknowledged and kept for nobody, until the window is full.
    Accept,
}

impl DataAfterClose {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("reset", Self::Reset), ("accept", Self::Accept)];
}

/// What a reset does to bytes already received and not yet read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReceivedAtReset {
    /// The user reads them first and hears of the reset afterwards.
    Keep,
    /// They are destroyed (RFC 9293 §3.10.7.4: "all segment queues should be flushed").
    Flush,
}

impl ReceivedAtReset {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("keep", Self::Keep), ("flush", Self::Flush)];
}

/// Which resets are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResetValidation {
    /// One whose sequence number is exactly RCV.NXT; one elsewhere in the window draws a challenge
    /// ACK (RFC 5961 §3.2, RFC 9293 §3.10.7.4). A SYN on a synchronized connection draws one too.
    Rfc5961,
    /// Any inside the receive window (RFC 793, page 37).
    Rfc793,
}

impl ResetValidation {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("rfc5961", Self::Rfc5961), ("rfc793", Self::Rfc793)];
}

/// What a host does at the end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosePolicy {
    /// `close` with bytes unread.
    pub unread_at_close: UnreadAtClose,
    /// Data after `close`.
    pub data_after_close: DataAfterClose,
    /// Bytes already received, at a reset.
    pub received_at_reset: ReceivedAtReset,
    /// Which resets count.
    pub reset_validation: ResetValidation,
    /// How long a closed connection waits in FIN-WAIT-2 for the peer's FIN; then it is forgotten
    /// silently. `None`: for ever, as RFC 9293 has it.
    pub fin_wait_2: Option<Duration>,
    /// How long a closed connection may go on delivering what was sent before it is reset. `None`:
    /// until the user timeout.
    pub linger: Option<Duration>,
}

impl ClosePolicy {
    /// The presets, by name.
    pub const PRESETS: &'static [(&'static str, Self)] = &[
        ("linux", Self::linux()),
        ("winsock", Self::winsock()),
        ("wfw311", Self::wfw311()),
        ("smoltcp", Self::smoltcp()),
    ];

    /// Where the preset of that name has its rules from, to be said wherever it appears.
    #[must_use]
    pub fn source(name: &str) -> Option<&'static str> {
        match name {
            "linux" => Some("measured on Linux 6.18"),
            "winsock" | "wfw311" => Some("from documents, not measured"),
            "smoltcp" => Some("measured on smoltcp 0.14.0"),
            _ => None,
        }
    }

    /// The preset of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let (_, preset) = Self::PRESETS.iter().find(|(known, _)| *known == name)?;
        Some(*preset)
    }

    /// Linux, measured on 6.18: bytes received are read before the reset is heard of, close with
    /// bytes unread sends a RST, a RST counts only at RCV.NXT. `tcp_fin_timeout` is 60 s.
    #[must_use]
    pub const fn linux() -> Self {
        Self {
            unread_at_close: UnreadAtClose::Reset,
            data_after_close: DataAfterClose::Reset,
            received_at_reset: ReceivedAtReset::Keep,
            reset_validation: ResetValidation::Rfc5961,
            fin_wait_2: Some(Duration::from_secs(60)),
            linger: None,
        }
    }

    /// Windows Sockets, from documents, not measured: curl issue 657 and dotnet/runtime issue 57186
    /// report that a reset destroys bytes received and not yet read. The rest is an assumption: RST
    /// for unread or late data, RFC 5961, and 120 s in FIN-WAIT-2.
    #[must_use]
    pub const fn winsock() -> Self {
        Self {
            received_at_reset: ReceivedAtReset::Flush,
            fin_wait_2: Some(Duration::from_secs(120)),
            ..Self::linux()
        }
    }

    /// Windows for Workgroups 3.11 with TCP/IP-32, from documents, not measured: Q123208 and Q152474
    /// show hosts of that time that reset and were reset. That a reset destroys what waits unread
    /// follows WinSock; that it closes with a FIN whatever is unread, accepts late data, believes any
    /// RST in the window (RFC 5961 is sixteen years younger) and waits 120 s is an assumption.
    #[must_use]
    pub const fn wfw311() -> Self {
        Self {
            unread_at_close: UnreadAtClose::Fin,
            data_after_close: DataAfterClose::Accept,
            received_at_reset: ReceivedAtReset::Flush,
            reset_validation: ResetValidation::Rfc793,
            fin_wait_2: Some(Duration::from_secs(120)),
            linger: None,
        }
    }

    /// smoltcp 0.14 as it is, measured: FIN whatever is unread, late data accepted, received bytes
    /// kept, any RST in the window believed, FIN-WAIT-2 for ever.
    #[must_use]
    pub const fn smoltcp() -> Self {
        Self {
            unread_at_close: UnreadAtClose::Fin,
            data_after_close: DataAfterClose::Accept,
            received_at_reset: ReceivedAtReset::Keep,
            reset_validation: ResetValidation::Rfc793,
            fin_wait_2: None,
            linger: None,
        }
    }
}

impl Default for ClosePolicy {
    fn default() -> Self {
        Self::linux()
    }
}
