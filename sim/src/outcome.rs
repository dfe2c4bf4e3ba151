//! `outcome` answers two questions about each transfer: is the file whole where it should be, and
//! what was the user told? The answers together are the verdict.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use halfclose_ftp::Told;
use halfclose_stack::{Divergence, Ending};

use crate::trace::Counts;

/// What a transfer came to; of a run, its worst transfer. The worst is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The file is something else than expected.
    Corrupt,
    /// Told success, and the file is not whole.
    SilentTruncation,
    /// The user was told nothing.
    Stuck,
    /// Told failure, and the file is not whole.
    Truncated,
    /// Told failure, and the file is whole.
    FalseAlarm,
    /// Told success, and the file is whole.
    Intact,
}

impl Verdict {
    /// Every verdict, the worst first.
    pub const ALL: [Self; 6] = [
        Self::Corrupt,
        Self::SilentTruncation,
        Self::Stuck,
        Self::Truncated,
        Self::FalseAlarm,
        Self::Intact,
    ];

    /// Its name on the command line and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Corrupt => "corrupt",
            Self::SilentTruncation => "silent-truncation",
            Self::Stuck => "stuck",
            Self::Truncated => "truncated",
            Self::FalseAlarm => "false-alarm",
            Self::Intact => "intact",
        }
    }

    /// What a file and a word to the user amount to.
    #[must_use]
    pub fn of(file: FileState, told: Told) -> Self {
        let whole = file == FileState::Whole;
        match (file, told) {
            (FileState::Other, _) => Self::Corrupt,
            (_, Told::Nothing) => Self::Stuck,
            (_, Told::Success) if whole => Self::Intact,
            (_, Told::Success) => Self::SilentTruncation,
            (_, Told::Failure) if whole => Self::FalseAlarm,
            (_, Told::Failure) => Self::Truncated,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Verdict {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name).ok_or(())
    }
}

/// A file under its final name, beside what is expected there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// Every byte, and no more.
    Whole,
    /// A proper prefix.
    Short,
    /// There is none.
    Absent,
    /// The old file, which is not what is expected.
    Unchanged,
    /// Anything else.
    Other,
}

impl FileState {
    /// The state of `found`, where `before` was and `expected` should be.
    #[must_use]
    pub fn of(found: Option<&[u8]>, before: Option<&[u8]>, expected: &[u8]) -> Self {
        match found {
            None => Self::Absent,
            Some(found) if found == expected => Self::Whole,
            Some(_) if found == before => Self::Unchanged,
            Some(found) if expected.starts_with(found) => Self::Short,
            Some(_) => Self::Other,
        }
    }

    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Short => "short",
            Self::Absent => "absent",
            Self::Unchanged => "unchanged",
            Self::Other => "other",
        }
    }
}

/// How a data connection ended on each side; `None`: it never opened there, or never ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endings {
    /// At the client's host.
    pub client: Option<Ending>,
    /// At the server's host.
    pub server: Option<Ending>,
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
    /// Bytes under the final name, once the receiving side had closed it.
    pub stored: u64,
    /// What they are.
    pub file: FileState,
    /// What the client program told its user, by its own rule.
    pub told: Told,
    /// The server's last reply to the transfer, code and text; empty if it never replied.
    pub reply: String,
    /// The text its user saw last.
    pub client: String,
    /// How the data connection ended.
    pub ending: Endings,
    /// The lines of the dialogue that belong to it, as the user saw them (if recorded).
    pub dialogue: Vec<String>,
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
}

impl Outcome {
    /// The transfer that the run is judged by: the first of its worst.
    #[must_use]
    pub fn worst(&self) -> Option<&TransferOutcome> {
        self.transfers.iter().min_by_key(|transfer| transfer.verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_two_answers() {
        use FileState::{Absent, Other, Short, Unchanged, Whole};
        use Told::{Failure, Nothing, Success};
        for (file, told, verdict) in [
            (Whole, Success, "intact"),
            (Whole, Failure, "false-alarm"),
            (Whole, Nothing, "stuck"),
            (Short, Success, "silent-truncation"),
            (Absent, Success, "silent-truncation"),
            (Unchanged, Success, "silent-truncation"),
            (Short, Failure, "truncated"),
            (Absent, Failure, "truncated"),
            (Unchanged, Failure, "truncated"),
            (Short, Nothing, "stuck"),
            (Other, Success, "corrupt"),
            (Other, Failure, "corrupt"),
            (Other, Nothing, "corrupt"),
        ] {
            assert_eq!(Verdict::of(file, told).name(), verdict, "{file:?} {told:?}");
        }
    }

    #[test]
    fn a_file_is_judged_against_what_was_there() {
        use FileState::{Absent, Other, Short, Unchanged, Whole};
        for (found, before, state) in [
            (Some("abc"), None, Whole),
            (Some("ab"), None, Short),
            (Some(""), None, Short),
            (None, None, Absent),
            (None, Some("old"), Absent),
            (Some("old"), Some("old"), Unchanged),
            (Some("abc"), Some("abc"), Whole),
            (Some("ab"), Some("ab"), Unchanged),
            (Some("abd"), None, Other),
            (Some("abcd"), None, Other),
        ] {
            let bytes = |text: Option<&'static str>| text.map(str::as_bytes);
            assert_eq!(FileState::of(bytes(found), bytes(before), b"abc"), state, "{found:?}");
        }
        assert_eq!(FileState::of(Some(b""), None, b""), Whole, "an empty file is whole");
    }
}
