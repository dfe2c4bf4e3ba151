//! `explained` owns the value that an explanation is: transfers and connections, each with its cause,
//! the frames that prove the cause, and how sure each statement is. The value serializes to the JSON
//! of `halfclose explain --json`; the report page and the bridge read the same value.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::explain::cause::Cause;

/// How much a statement can be relied on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sure {
    /// The packets of the capture say so.
    Seen,
    /// The packets of the capture are best explained so; another explanation is possible.
    Inferred,
    /// The capture does not tell.
    #[default]
    Unknown,
}

impl Sure {
    /// The name of the level in JSON and in text.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Inferred => "inferred",
            Self::Unknown => "unknown",
        }
    }
}

/// Where on the path the capture was taken, as far as the packets tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vantage {
    /// At the host that opened the connections.
    Client,
    /// At the host that was connected to.
    Server,
    /// Somewhere between the two hosts.
    Link,
    /// The packets do not tell.
    #[default]
    Unknown,
}

impl Vantage {
    /// The name of the vantage point in JSON and in text.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Link => "link",
            Self::Unknown => "unknown",
        }
    }
}

/// A value for each end of a connection; the client is the end that opened the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ends<T> {
    /// The value of the end that opened the connection.
    pub client: T,
    /// The value of the end that was connected to.
    pub server: T,
}

impl<T> Ends<T> {
    /// Builds the pair from a function of the end's index: 0 for the client, 1 for the server.
    pub fn of(value: impl Fn(usize) -> T) -> Self {
        Self { client: value(0), server: value(1) }
    }
}

/// How one end ended its direction of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// A FIN from that end is in the capture, and no earlier RST.
    Fin,
    /// A RST from that end is in the capture, and no earlier FIN.
    Reset,
    /// Neither is in the capture.
    #[default]
    Open,
}

impl Ended {
    /// The name of the way in JSON and in text.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Reset => "reset",
            Self::Open => "open",
        }
    }
}

/// Whether the file of a transfer can be whole where it was sent to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whole {
    /// Every byte that the sender sent was acknowledged, and the end of the file with them.
    Whole,
    /// Bytes are missing at the receiver.
    Short,
    /// The capture does not tell.
    #[default]
    Unknown,
}

impl Whole {
    /// The name of the answer in JSON and in text.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Short => "short",
            Self::Unknown => "unknown",
        }
    }
}

/// One RST of a connection, with the reason in three vocabularies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResetExplained {
    /// The number of the packet in the capture, from 1.
    pub frame: u64,
    /// The end whose address the RST carries: `client` or `server`.
    pub from: &'static str,
    /// Our word for the reason.
    pub cause: &'static str,
    /// The reason code of draft-ietf-tcpm-rst-diagnostic-payload; `nearest` beside the code says
    /// that the registry has no exact one.
    pub ietf_code: Option<u16>,
    /// Whether `ietf_code` is the nearest code of the registry, not an exact one.
    pub nearest: bool,
    /// The name of the reason in Linux's `enum sk_rst_reason`.
    pub linux: Option<&'static str>,
    /// How sure the reason is.
    pub sure: Sure,
}

/// One TCP connection of a capture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConnectionExplained {
    /// The number of the connection in the capture, from 0, in order of the first packet.
    pub number: u64,
    /// Address and port of the end that opened the connection.
    pub client: String,
    /// Address and port of the end that was connected to.
    pub server: String,
    /// What the connection is to FTP: `control`, `data`, or nothing.
    pub channel: Option<&'static str>,
    /// How the connection opened: `handshake`, `refused`, `unanswered`, `half`, or `before` the
    /// capture began.
    pub opened: &'static str,
    /// Bytes of data that each end sent, retransmissions not counted.
    pub bytes: Ends<u64>,
    /// How each end ended its direction.
    pub ended: Ends<Ended>,
    /// How sure `ended` is, for each end.
    pub ended_sure: Ends<Sure>,
    /// The end whose FIN or RST came first: `client`, `server`, or nothing.
    pub first_to_close: Option<&'static str>,
    /// Bytes of each end that the other end never acknowledged.
    pub unacknowledged: Ends<u64>,
    /// Zeek's word for the connection.
    pub conn_state: &'static str,
    /// Cloudflare's stage at which a reset or a timeout ended the connection.
    pub stage: &'static str,
    /// Wireshark's bit mask `tcp.completeness`.
    pub completeness: u8,
    /// The RSTs, at most three of each end.
    pub resets: Vec<ResetExplained>,
    /// Where the capture was taken, for this connection.
    pub vantage: Vantage,
    /// Why the connection ended as it did.
    pub cause: Cause,
    /// How sure the cause is.
    pub sure: Sure,
    /// The cause as a sentence.
    pub because: String,
    /// The packets that prove the cause.
    pub frames: Vec<u64>,
    /// What to change, so that the connection ends orderly.
    pub change: &'static str,
    /// The scenario of the catalogue that replays the cause.
    pub like: Option<&'static str>,
}

/// One transfer of an FTP session.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransferExplained {
    /// The verb of the command: `STOR`, `RETR`, `LIST`.
    pub command: String,
    /// The argument of the command.
    pub file: String,
    /// Address and port of the client's end of the control connection.
    pub client: String,
    /// Address and port of the server's end of the control connection.
    pub server: String,
    /// The number of the control connection.
    pub control: u64,
    /// The number of the data connection.
    pub data: Option<u64>,
    /// Bytes of the file that the sender sent.
    pub bytes: u64,
    /// The server's last reply to the command; empty if the capture has none.
    pub reply: String,
    /// What the client's user was told, by the reply and the end of the data connection.
    pub told: &'static str,
    /// Whether the file can be whole.
    pub whole: Whole,
    /// Why `whole` is what it is.
    pub whole_because: String,
    /// Why the transfer ended as it did.
    pub cause: Cause,
    /// How sure the cause is.
    pub sure: Sure,
    /// The cause as a sentence.
    pub because: String,
    /// The packets that prove the cause.
    pub frames: Vec<u64>,
    /// What to change, so that the transfer ends orderly.
    pub change: &'static str,
    /// The scenario of the catalogue that replays the cause.
    pub like: Option<&'static str>,
}

/// What the analysis let go of, so that its memory stays bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Connections that were still open when their place was needed; each is explained from what had
    /// been seen until then.
    pub open_connections: u64,
    /// Connections that were explained and counted, and are not listed.
    pub not_listed: u64,
    /// Transfers that were explained and counted, and are not listed.
    pub transfers_not_listed: u64,
    /// Of the transfers that are not listed, those with a file that is not whole.
    pub short_not_listed: u64,
    /// Of the connections that are not listed, data connections with a RST.
    pub resets_on_data_not_listed: u64,
}

/// Why each connection and each transfer of a capture ended as it did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Explanation {
    /// Where the capture was taken.
    pub vantage: Vantage,
    /// Packets of the capture.
    pub packets: u64,
    /// What the capture cannot show, one sentence each.
    pub cut: Vec<String>,
    /// How many transfers have each cause.
    pub transfer_causes: BTreeMap<Cause, u64>,
    /// How many connections have each cause.
    pub connection_causes: BTreeMap<Cause, u64>,
    /// What the analysis let go of.
    pub forgotten: Forgotten,
    /// The transfers, in order.
    pub transfers: Vec<TransferExplained>,
    /// The connections, in order of their first packet.
    pub connections: Vec<ConnectionExplained>,
}

macro_rules! displays_its_name {
    ($($name:ty),*) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        })*
    };
}

displays_its_name!(Sure, Vantage, Ended, Whole, Cause);
