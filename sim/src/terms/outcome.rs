//! `outcome` is what a run came to, as data: each transfer's verdict and how it was reached.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use halfclose_ftp::Told;
use halfclose_stack::{Divergence, Ending};

use crate::side::Side;
use crate::verdict::{FileState, Verdict};

/// How a data connection ended on each side; `None`: it never opened there, or never ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endings {
    /// At the client's host.
    pub client: Option<Ending>,
    /// At the server's host.
    pub server: Option<Ending>,
}

/// How a connection ended at one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedConnection {
    /// When.
    pub at: Duration,
    /// At which side.
    pub side: Side,
    /// Its address there.
    pub local: SocketAddr,
    /// Its peer's.
    pub peer: SocketAddr,
    /// How.
    pub ending: Ending,
}

/// What one transfer came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferOutcome {
    /// What was asked: `put a.bin`.
    pub task: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Bytes of the source.
    pub sent: u64,
    /// Bytes that are to be sent of it: as they are on the way, from where it begins.
    pub to_send: u64,
    /// It was to go on with a file that was not its own beginning: FTP cannot tell.
    pub resumes_another: bool,
    /// Bytes under the final name, once the receiving side had closed it.
    pub stored: u64,
    /// What they are.
    pub file: FileState,
    /// Bytes of the source that are not where they should be. Of a file that is not the beginning of
    /// what it should be, no byte is.
    pub lost: u64,
    /// What the client program told its user, by its own rule.
    pub told: Told,
    /// The server's last reply to the transfer, code and text; empty if it never replied.
    pub reply: String,
    /// The text its user saw last.
    pub client: String,
    /// Whether the data connection opened at all.
    pub connected: bool,
    /// How it ended.
    pub ending: Endings,
    /// The lines of the dialogue that belong to it, as the user saw them (if recorded).
    pub dialogue: Vec<String>,
}

impl TransferOutcome {
    /// Of a transfer that has not been looked at.
    pub(crate) fn blank() -> Self {
        Self {
            task: String::new(),
            verdict: Verdict::Stuck,
            sent: 0,
            to_send: 0,
            resumes_another: false,
            stored: 0,
            lost: 0,
            file: FileState::Absent,
            told: Told::Nothing,
            reply: String::new(),
            client: String::new(),
            connected: false,
            ending: Endings::default(),
            dialogue: Vec::new(),
        }
    }
}

/// Packets counted by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Handed to the link by the client's host.
    pub client: u64,
    /// Handed to the link by the server's host.
    pub server: u64,
    /// Of both, those that never arrived.
    pub dropped: u64,
}

/// Why a run stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing would ever happen again.
    Quiet,
    /// The limit of virtual time was reached.
    OutOfTime,
    /// The limit of packets was reached.
    OutOfPackets,
    /// Too many events at one instant of virtual time.
    Spinning,
}

/// A law that was broken without excuse.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokenLaw {
    /// Its name.
    pub name: &'static str,
    /// Where it stands written.
    pub citation: &'static str,
    /// When the first breach was seen.
    pub at: Duration,
    /// Where.
    pub side: Side,
    /// By which packet, if it was one.
    pub emission: Option<u64>,
    /// What was seen first.
    pub seen: String,
    /// How often it was broken.
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
    /// Its name.
    pub name: &'static str,
    /// The waiver's.
    pub waiver: &'static str,
    /// How often.
    pub count: u32,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// The worst transfer's verdict.
    pub verdict: Verdict,
    /// All transfers, in order.
    pub transfers: Vec<TransferOutcome>,
    /// The digest of the run.
    pub digest: u128,
    /// Packets.
    pub packets: Counts,
    /// When the client program had told its user everything, or the run was cut off.
    pub told_at: Duration,
    /// When the network had become quiet, TIME-WAIT included.
    pub quiet_at: Duration,
    /// Why it stopped.
    pub end: End,
    /// Where smoltcp differed from the standard in this run, each once and in order.
    pub divergences: Vec<Divergence>,
    /// Faults of the scenario that met no packet, in words.
    pub unmatched_faults: Vec<String>,
    /// Laws that were broken without an excuse.
    pub broken_laws: Vec<BrokenLaw>,
    /// Laws that were broken with one, and how often.
    pub waived_laws: Vec<WaivedLaw>,
}

impl Outcome {
    /// Of a run that has not been: memory for
    /// [`World::conclude_into`](crate::world::World::conclude_into).
    #[must_use]
    pub fn blank() -> Self {
        Self {
            seed: 0,
            verdict: Verdict::Stuck,
            transfers: Vec::new(),
            digest: 0,
            packets: Counts::default(),
            told_at: Duration::ZERO,
            quiet_at: Duration::ZERO,
            end: End::Quiet,
            divergences: Vec::new(),
            unmatched_faults: Vec::new(),
            broken_laws: Vec::new(),
            waived_laws: Vec::new(),
        }
    }

    /// The transfer that the run is judged by: the first of its worst.
    #[must_use]
    pub fn worst(&self) -> Option<&TransferOutcome> {
        self.transfers.iter().min_by_key(|transfer| transfer.verdict)
    }
}
