//! What must come of a run, for the exit status, as a value.

use std::time::Duration;

use halfclose_ftp::Told;

use crate::verdict::{FileState, Verdict};

/// What must come of a run. Empty: nothing is expected, and every outcome is exit status 0. What a
/// scenario expects holds for it as it is: see [`Scenario::vary`](super::Scenario::vary).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// The verdict is one of these.
    pub verdict: Vec<Verdict>,
    /// The worst transfer's file is one of these.
    pub file: Vec<FileState>,
    /// What the user was told of it is one of these.
    pub told: Vec<Told>,
    /// The server's last reply to it begins with one of these; an empty one: there was none.
    pub reply: Vec<String>,
    /// The last connection is gone by then.
    pub within: Option<Duration>,
    /// These laws are broken, by name, and no other.
    pub broken_laws: Vec<&'static str>,
}
