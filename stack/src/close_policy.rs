//! `close_policy.rs` owns the differences between kernels at the end of a connection, as a value with
//! presets. RFC 9293 leaves each choice open, or kernels do not follow RFC 9293.

use std::time::Duration;

/// The effect of `close` while received bytes are unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnreadAtClose {
    /// A RST at once, so the peer learns that data is lost (RFC 9293 §3.6.1, SHLD-3).
    Reset,
    /// A FIN, as if every byte had been read.
    Fin,
}

impl UnreadAtClose {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("reset", Self::Reset), ("fin", Self::Fin)];
}

/// The answer to data that arrives after `close`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataAfterClose {
    /// A RST answers the data (RFC 9293 §3.6.1, SHLD-3), numbered SND.NXT, with an ACK.
    Reset,
    /// A RST answers the data as a closed port would: numbered SEG.ACK, without an ACK. So Linux does.
    ResetAtAck,
    /// An ACK answers the data until the window is full. No user reads the data.
    Accept,
}

impl DataAfterClose {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("reset", Self::Reset), ("reset-at-ack", Self::ResetAtAck), ("accept", Self::Accept)];
}

/// The effect of a reset on received bytes that are unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReceivedAtReset {
    /// The user reads the bytes first and learns of the reset afterwards.
    Keep,
    /// The bytes are destroyed (RFC 9293 §3.10.7.4: "all segment queues should be flushed").
    Flush,
}

impl ReceivedAtReset {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("keep", Self::Keep), ("flush", Self::Flush)];
}

/// The rule by which a host believes a RST.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResetValidation {
    /// A RST counts exactly at RCV.NXT. A RST elsewhere in the window draws a challenge ACK (RFC 5961
    /// §3.2, RFC 9293 §3.10.7.4), and so does a SYN on a synchronized connection.
    Rfc5961,
    /// As `Rfc5961`, and after the peer's FIN a RST at RCV.NXT-1 counts too: the number of the FIN, which a
    /// peer sends that has seen no ACK of the FIN.
    Linux,
    /// A RST counts anywhere in the receive window (RFC 793, page 37).
    Rfc793,
}

impl ResetValidation {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("rfc5961", Self::Rfc5961), ("linux", Self::Linux), ("rfc793", Self::Rfc793)];
}

/// How often the user learns of a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResetTold {
    /// The first `send` or `receive` after the reset says so; later calls say that the connection has
    /// finished (an end of file, EPIPE). So Linux does.
    Once,
    /// Every `send` and `receive` after the reset says so.
    Always,
}

impl ResetTold {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("once", Self::Once), ("always", Self::Always)];
}

/// What becomes of old and early segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OldSegments {
    /// As RFC 9293 §3.10.7.4 and Linux: a FIN before its turn is kept; data and a FIN on a segment with
    /// an old ACK count, and so do a FIN on old data and a new ACK on an old segment; in SYN-RECEIVED and
    /// for closed connections in FIN-WAIT-2 and TIME-WAIT, a SYN is answered as on Linux.
    Keep,
    /// As smoltcp 0.14: the peer has to send such segments again.
    Drop,
}

impl OldSegments {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("keep", Self::Keep), ("drop", Self::Drop)];
}

/// The behaviour of a host at the end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosePolicy {
    /// The effect of `close` with unread bytes.
    pub unread_at_close: UnreadAtClose,
    /// The answer to data after `close`.
    pub data_after_close: DataAfterClose,
    /// The effect of a reset on unread bytes.
    pub received_at_reset: ReceivedAtReset,
    /// The rule by which a RST counts.
    pub reset_validation: ResetValidation,
    /// How often the user learns of a reset.
    pub reset_told: ResetTold,
    /// What becomes of old and early segments.
    pub old_segments: OldSegments,
    /// How long a connection waits in FIN-WAIT-2 for the peer's FIN after `close`; then the host forgets
    /// the connection silently. `None`: without a limit, as in RFC 9293.
    pub fin_wait_2: Option<Duration>,
    /// How long a connection may deliver sent bytes after `close` before a RST ends the connection.
    /// `None`: until the user timeout.
    pub linger: Option<Duration>,
}

impl ClosePolicy {
    /// All presets with their names.
    pub const PRESETS: &'static [(&'static str, Self)] = &[
        ("linux", Self::linux()),
        ("winsock", Self::winsock()),
        ("wfw311", Self::wfw311()),
        ("smoltcp", Self::smoltcp()),
    ];

    /// The source of the rules of the preset `name`: a measurement or documents.
    #[must_use]
    pub fn source(name: &str) -> Option<&'static str> {
        match name {
            "linux" => Some("measured on Linux 6.18"),
            "winsock" | "wfw311" => Some("from documents, not measured"),
            "smoltcp" => Some("measured on smoltcp 0.14.0"),
            _ => None,
        }
    }

    /// The preset with the name `name`.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let (_, preset) = Self::PRESETS.iter().find(|(known, _)| *known == name)?;
        Some(*preset)
    }

    /// Linux, measured on 6.18. The user reads received bytes before the user learns of a reset; `close`
    /// with unread bytes sends a RST; a RST counts only at RCV.NXT; `tcp_fin_timeout` is 60 s.
    #[must_use]
    pub const fn linux() -> Self {
        Self {
            unread_at_close: UnreadAtClose::Reset,
            data_after_close: DataAfterClose::ResetAtAck,
            received_at_reset: ReceivedAtReset::Keep,
            reset_validation: ResetValidation::Linux,
            reset_told: ResetTold::Once,
            old_segments: OldSegments::Keep,
            fin_wait_2: Some(Duration::from_secs(60)),
            linger: None,
        }
    }

    /// Windows Sockets, from documents, not measured. A reset destroys unread bytes: curl issue 657 and
    /// dotnet/runtime issue 57186 report such losses. The remaining rules are assumptions: a RST for
    /// unread or late data, RFC 5961, and 120 s in FIN-WAIT-2.
    #[must_use]
    pub const fn winsock() -> Self {
        Self {
            data_after_close: DataAfterClose::Reset,
            received_at_reset: ReceivedAtReset::Flush,
            reset_validation: ResetValidation::Rfc5961,
            reset_told: ResetTold::Always,
            old_segments: OldSegments::Drop,
            fin_wait_2: Some(Duration::from_secs(120)),
            ..Self::linux()
        }
    }

    /// Windows for Workgroups 3.11 with TCP/IP-32, from documents, not measured: Q123208 and Q152474
    /// show hosts of the time that sent and received resets. A reset destroys unread bytes, as in
    /// WinSock. The remaining rules are assumptions: `close` sends a FIN even with unread bytes, late
    /// data is accepted, a RST anywhere in the window counts (RFC 5961 is sixteen years younger), and
    /// FIN-WAIT-2 lasts 120 s.
    #[must_use]
    pub const fn wfw311() -> Self {
        Self {
            unread_at_close: UnreadAtClose::Fin,
            data_after_close: DataAfterClose::Accept,
            received_at_reset: ReceivedAtReset::Flush,
            reset_validation: ResetValidation::Rfc793,
            reset_told: ResetTold::Always,
            old_segments: OldSegments::Drop,
            fin_wait_2: Some(Duration::from_secs(120)),
            linger: None,
        }
    }

    /// smoltcp 0.14 without changes, measured: `close` sends a FIN even with unread bytes, late data is
    /// accepted, a reset keeps unread bytes, a RST anywhere in the window counts, and FIN-WAIT-2 has no
    /// limit.
    #[must_use]
    pub const fn smoltcp() -> Self {
        Self {
            unread_at_close: UnreadAtClose::Fin,
            data_after_close: DataAfterClose::Accept,
            received_at_reset: ReceivedAtReset::Keep,
            reset_validation: ResetValidation::Rfc793,
            reset_told: ResetTold::Always,
            old_segments: OldSegments::Drop,
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
