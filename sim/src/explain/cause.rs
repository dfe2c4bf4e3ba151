//! `cause` owns the closed list of reasons why a connection or a transfer ended as it did: the word
//! of each, what to change, and the scenario of the catalogue that shows it.

use serde::Serialize;

/// Why a connection or a transfer ended as it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The sender of the file ended with a RST behind its last byte, in place of a FIN.
    ResetBehindLastByte,
    /// A program closed while received bytes waited unread: its system sent a RST.
    CloseWithUnread,
    /// Data arrived at an end that had closed: its system sent a RST.
    DataAfterClose,
    /// The last bytes were never acknowledged.
    TailUnacknowledged,
    /// A FIN was lost: the end came late, or never.
    FinLost,
    /// One end sent its FIN, and the other end never answered with its own.
    HalfcloseStandoff,
    /// The client took the server's reply for the end of the file, with bytes still on the way.
    EarlyReply,
    /// The reply to the transfer never came over a silent control connection.
    ControlSilent,
    /// A RST came out of a long silence, from a device that had forgotten the connection.
    MiddleboxIdleReset,
    /// A RST that the host in whose name the RST came did not send.
    ForeignReset,
    /// A RST answered the SYN.
    Refused,
    /// No answer came to the SYN.
    UnansweredSyn,
    /// The same two addresses and ports were in use a moment before, and still in TIME-WAIT.
    TimeWaitReuse,
    /// The user ended the transfer with ABOR.
    AbortedByUser,
    /// The server said that it failed, without a fault of the connection.
    ServerFailed,
    /// The client program died in the middle.
    ClientDied,
    /// The capture does not tell.
    #[default]
    Unknown,
    /// Both ends closed with a FIN, and every byte was acknowledged.
    Orderly,
}

impl Cause {
    /// Every cause: what loses data first, then what fails loudly, orderly last.
    pub const ALL: [Self; 18] = [
        Self::ResetBehindLastByte,
        Self::CloseWithUnread,
        Self::DataAfterClose,
        Self::TailUnacknowledged,
        Self::FinLost,
        Self::HalfcloseStandoff,
        Self::EarlyReply,
        Self::ControlSilent,
        Self::MiddleboxIdleReset,
        Self::ForeignReset,
        Self::Refused,
        Self::UnansweredSyn,
        Self::TimeWaitReuse,
        Self::AbortedByUser,
        Self::ServerFailed,
        Self::ClientDied,
        Self::Unknown,
        Self::Orderly,
    ];

    /// The word on the command line and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ResetBehindLastByte => "reset-behind-last-byte",
            Self::CloseWithUnread => "close-with-unread",
            Self::DataAfterClose => "data-after-close",
            Self::TailUnacknowledged => "tail-unacknowledged",
            Self::FinLost => "fin-lost",
            Self::HalfcloseStandoff => "halfclose-standoff",
            Self::EarlyReply => "early-reply",
            Self::ControlSilent => "control-silent",
            Self::MiddleboxIdleReset => "middlebox-idle-reset",
            Self::ForeignReset => "foreign-reset",
            Self::Refused => "refused",
            Self::UnansweredSyn => "unanswered-syn",
            Self::TimeWaitReuse => "time-wait-reuse",
            Self::AbortedByUser => "aborted-by-user",
            Self::ServerFailed => "server-failed",
            Self::ClientDied => "client-died",
            Self::Unknown => "unknown",
            Self::Orderly => "orderly",
        }
    }

    /// The cause of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }

    /// What to change, so that the end is orderly.
    #[must_use]
    pub const fn change(self) -> &'static str {
        match self {
            Self::ResetBehindLastByte => {
                "End the upload with shutdown(SHUT_WR) and read to the end, or with close() without \
                 SO_LINGER 0; a RST is ordered after nothing and may overtake the file."
            }
            Self::CloseWithUnread => {
                "Before close(), shut the sending side and read until the peer has closed: close() \
                 with bytes unread sends a RST, which destroys what is still on the way."
            }
            Self::DataAfterClose => {
                "Keep the receiving side open until the peer's FIN: data for a closed socket is \
                 answered with a RST."
            }
            Self::TailUnacknowledged => {
                "Look at the path: the last bytes did not get through. Check the path MTU, a device \
                 that drops, and how long each end keeps trying."
            }
            Self::FinLost => {
                "Nothing in the programs: the FIN is repeated after a timeout. If no repeat is to be \
                 seen, the stack that sent the FIN is at fault."
            }
            Self::HalfcloseStandoff => {
                "The end that got the FIN has to close too: in stream mode the FIN is the end of the \
                 file, and no more will come."
            }
            Self::EarlyReply => {
                "The client has to wait for the end of the data connection and for the reply, in \
                 either order."
            }
            Self::ControlSilent => {
                "Keep the control connection alive (NOOP or TCP keep-alives), or let the device on \
                 the way remember it for longer than a transfer takes (RFC 5382: 2 h 4 min)."
            }
            Self::MiddleboxIdleReset => {
                "Send keep-alives more often than the device's idle timeout, or raise the timeout."
            }
            Self::ForeignReset => {
                "Find the device that sends RSTs in the name of the host. RFC 5961 at the receiver \
                 protects from RSTs that miss the next sequence number."
            }
            Self::Refused => "Nothing listens at that port, or a firewall answers in its place.",
            Self::UnansweredSyn => {
                "Open the port in the firewall (for passive FTP the whole passive range), or use the \
                 other mode."
            }
            Self::TimeWaitReuse => {
                "Take a new port for each transfer (RFC 1123 section 4.1.2.5): the last connection \
                 between the same ports is in TIME-WAIT."
            }
            Self::AbortedByUser => "Nothing: the user ended the transfer.",
            Self::ServerFailed => "Read the server's reply: permission, space or path.",
            Self::ClientDied => {
                "Compare sizes: in stream mode the end of a dead client's connection looks like the \
                 end of the file."
            }
            Self::Unknown => {
                "Capture at both ends, from before the connection opens, without a snap \
                 length."
            }
            Self::Orderly => "Nothing.",
        }
    }

    /// The scenario of the catalogue that shows the cause, where one does.
    #[must_use]
    pub const fn like(self) -> Option<&'static str> {
        match self {
            Self::ResetBehindLastByte => Some("q123208"),
            Self::CloseWithUnread => Some("unread-upload"),
            Self::DataAfterClose | Self::EarlyReply => Some("early-226"),
            Self::FinLost => Some("lost-fin"),
            Self::HalfcloseStandoff => Some("halfclose-standoff"),
            Self::ControlSilent => Some("226-lost-nat"),
            Self::ForeignReset => Some("foreign-rst"),
            Self::TimeWaitReuse => Some("timewait-port-reuse"),
            Self::AbortedByUser => Some("abor-crossing"),
            Self::ClientDied => Some("silent-midway-fin"),
            Self::TailUnacknowledged
            | Self::MiddleboxIdleReset
            | Self::Refused
            | Self::UnansweredSyn
            | Self::ServerFailed
            | Self::Unknown
            | Self::Orderly => None,
        }
    }
}
