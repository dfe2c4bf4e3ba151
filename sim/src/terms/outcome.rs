//! `outcome` owns the result of a run as data: each transfer's verdict and how the verdict was
//! reached.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::time::Duration;

use halfclose_ftp::Told;
use halfclose_stack::{Divergence, Ending, ResetCause};

use crate::side::Side;
use crate::terms::hashed_time::TimeKind;
use crate::verdict::{FileState, Verdict};

/// How a data connection ended on each side; `None`: the connection never opened there, or never
/// ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endings {
    /// At the client's host.
    pub client: Option<Ending>,
    /// At the server's host.
    pub server: Option<Ending>,
}

/// The end of a connection at one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedConnection {
    /// Virtual time of the end.
    pub at: Duration,
    /// The side of the host.
    pub side: Side,
    /// Address of the connection at this side.
    pub local: SocketAddr,
    /// Address of the connection at the peer.
    pub peer: SocketAddr,
    /// How the connection ended.
    pub ending: Ending,
}

impl Hash for EndedConnection {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { at, side, local, peer, ending } = self;
        TimeKind::Record.hash(*at, state);
        (side, local, peer, ending).hash(state);
    }
}

/// Received bytes that a host destroyed before the program had read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discarded {
    /// When the host destroyed the bytes, in virtual time.
    pub at: Duration,
    /// The side of the host.
    pub side: Side,
    /// Address of the connection at this side.
    pub local: SocketAddr,
    /// Address of the connection at the peer.
    pub peer: SocketAddr,
    /// The number of bytes.
    pub bytes: usize,
}

/// A RST that a host sent, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetSent {
    /// When the host decided to send the RST.
    pub at: Duration,
    /// The emission number of the RST; none if the RST never left.
    pub packet: Option<u64>,
    /// The side that sent the RST.
    pub side: Side,
    /// Why the RST was sent.
    pub cause: ResetCause,
}

/// The result of one transfer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransferOutcome {
    /// The task, as in `put a.bin`.
    pub task: String,
    /// Verdict on the transfer.
    pub verdict: Verdict,
    /// Bytes of the source.
    pub sent: u64,
    /// Bytes to be sent for the transfer: in the form on the wire, from the offset where the
    /// transfer begins.
    pub to_send: u64,
    /// Whether the transfer was to resume a file that is not the beginning of the source. FTP
    /// cannot tell.
    pub resumes_another: bool,
    /// Bytes under the final name, once the receiving side had closed the file.
    pub stored: u64,
    /// State of the file under the final name.
    pub file: FileState,
    /// Bytes of the source missing from the file. All bytes are missing from a file that is not a
    /// beginning of the source.
    pub lost: u64,
    /// The client program's answer to the user, by the program's own rule.
    pub told: Told,
    /// The server's last reply to the transfer, code and text; empty if there was no reply.
    pub reply: String,
    /// The last text that the user saw.
    pub client: String,
    /// Whether the data connection opened at all.
    pub connected: bool,
    /// The ends of the data connection, the client's first; none if the connection never opened, or if
    /// no packet was recorded: ports differ between seeds whose runs are otherwise the same.
    pub data: Option<[SocketAddr; 2]>,
    /// The ends of the control connection, the client's first (if packets were recorded).
    pub control: Option<[SocketAddr; 2]>,
    /// When the transfer began, and when its user was told.
    pub span: (Duration, Option<Duration>),
    /// The client program died in the middle.
    pub died: bool,
    /// The client said ABOR (if the dialogue is recorded).
    pub aborted: bool,
    /// How the data connection ended.
    pub ending: Endings,
    /// The transfer's lines of the dialogue, as the user saw them (if recorded).
    pub dialogue: Vec<String>,
}

/// Packets counted by sender and by loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Handed to the link by the client's host.
    pub client: u64,
    /// Handed to the link by the server's host.
    pub server: u64,
    /// Of both sides, packets that never arrived.
    pub dropped: u64,
}

/// Why a run stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// Nothing would ever happen again.
    #[default]
    Quiet,
    /// The limit of virtual time was reached.
    OutOfTime,
    /// The limit of packets was reached.
    OutOfPackets,
    /// Too many events happened at one instant of virtual time.
    Spinning,
}

/// A law that was broken without an excuse.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokenLaw {
    /// Name of the law.
    pub name: &'static str,
    /// The documents that the law follows.
    pub citation: &'static str,
    /// When the first breach was seen.
    pub at: Duration,
    /// The side where the first breach was seen.
    pub side: Side,
    /// Emission number of the packet that broke the law, if a packet did.
    pub emission: Option<u64>,
    /// Description of the first breach.
    pub seen: String,
    /// Number of breaches of the law.
    pub count: u32,
}

impl fmt::Display for BrokenLaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, citation, at, side, emission, seen, count } = self;
        write!(f, "{name} ({citation}): {seen}, at the {}", side.name())?;
        match emission {
            Some(emission) => write!(f, ", packet {emission}")?,
            None => write!(f, ", {}.{:06} s", at.as_secs(), at.subsec_micros())?,
        }
        if *count > 1 { write!(f, " (and {} more)", count - 1) } else { Ok(()) }
    }
}

/// A law that was broken with an excuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaivedLaw {
    /// Name of the law.
    pub name: &'static str,
    /// Name of the waiver.
    pub waiver: &'static str,
    /// Number of excused breaches.
    pub count: u32,
}

/// The result of a run; by default of a run that has not begun.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The seed of the run.
    pub seed: u64,
    /// The worst transfer's verdict.
    pub verdict: Verdict,
    /// All transfers, in order.
    pub transfers: Vec<TransferOutcome>,
    /// The digest of the run.
    pub digest: u128,
    /// Packets of the run, counted.
    pub packets: Counts,
    /// When the client program had answered its user on everything, or the run was cut off.
    pub told_at: Duration,
    /// When the network had become quiet, TIME-WAIT included.
    pub quiet_at: Duration,
    /// Reason for the end of the run.
    pub end: End,
    /// Where smoltcp differed from the standard in this run, each once and in order.
    pub divergences: Vec<Divergence>,
    /// Whether the TCP stack of a host stalled: a connection had bytes or a FIN outstanding and no timer,
    /// and the watchdog ended the connection. A stall is a fault of the stack, not of FTP.
    pub stack_stalled: bool,
    /// Every RST that a host sent, in order, with its reason.
    pub resets: Vec<ResetSent>,
    /// Faults of the scenario without a matching packet, as text.
    pub unmatched_faults: Vec<String>,
    /// Laws broken without an excuse.
    pub broken_laws: Vec<BrokenLaw>,
    /// Laws broken with an excuse, counted.
    pub waived_laws: Vec<WaivedLaw>,
}

#[cfg(feature = "explain")]
impl TransferOutcome {
    /// The side that sends the file: the client in an upload, the server in a download or a listing.
    pub(crate) fn sender(&self) -> Side {
        match self.task.starts_with("get") || self.task.starts_with("ls") {
            true => Side::Server,
            false => Side::Client,
        }
    }
}

impl Outcome {
    /// The transfer by which the run is judged: the first of the worst transfers.
    #[must_use]
    pub fn worst(&self) -> Option<&TransferOutcome> {
        self.transfers.iter().min_by_key(|transfer| transfer.verdict)
    }
}
