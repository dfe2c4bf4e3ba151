//! The law of what a client could have known: success is told of a file that is not whole only where
//! no word of the server and no end of the data connection contradicts. The words are those at the
//! edge of the server's host; the ends are those that the client's host noted.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use halfclose_ftp::report::Direction;
use halfclose_ftp::{Representation, Told, TransferReport};
use halfclose_stack::{Ending, ResetTold};

use super::connections::Endpoint;
use super::file_laws::FileName;
use super::reply_law::{APPE, RETR, STOR, Verb};
use super::{About, Breach, Findings};
use crate::outcome::TransferOutcome;
use crate::scenario::{Action, Fault, File, Scenario, Task, WriteMode};
use crate::side::Side;
use crate::terms::hashed_time::TimeKind;
use crate::terms::law_names::UNCONTRADICTED;
use crate::verdict::FileState;

/// A word of the dialogue about the file of a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) at: Duration,
    pub(super) name: FileName,
    pub(super) said: Said,
}

impl Hash for Word {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { at, name, said } = self;
        TimeKind::Record.hash(*at, state);
        (name, said).hash(state);
    }
}

/// The kinds of words about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Said {
    /// The client asked for a transfer of the file.
    Asked,
    /// The server told the size in reply to SIZE.
    Size(u64),
    /// The server told in a 1yz reply how many bytes follow.
    Announced(u64),
    /// The server said the final reply to a transfer.
    Final(u16),
}

/// The end of a connection of the client's host, other than by the FINs of both sides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) at: Duration,
    pub(super) key: Endpoint,
    pub(super) ending: Ending,
    /// Whether the peer's FIN had arrived before.
    pub(super) behind_fin: bool,
    /// Whether received bytes were destroyed.
    pub(super) flushed: bool,
}

impl Hash for Cut {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { at, key, ending, behind_fin, flushed } = self;
        TimeKind::Record.hash(*at, state);
        (key, ending, behind_fin, flushed).hash(state);
    }
}

/// Whether a command moves a file.
pub(super) fn moves(verb: Verb) -> bool {
    matches!(verb, STOR | APPE | RETR)
}

/// Check that no told success was contradicted.
pub(super) fn uncontradicted(findings: &Findings<'_>, breaches: &mut Vec<Breach>) {
    let tasks = findings.workload.tasks();
    let indices = (0..tasks.len()).filter(|index| tasks[*index].is_transfer());
    for (index, (transfer, report)) in indices.zip(findings.transfers.iter().zip(findings.reports))
    {
        let told = transfer.told == Told::Success && !transfer.died;
        if !told || transfer.file == FileState::Whole {
            continue;
        }
        let ended = contradiction_by_end(findings, report);
        let Some(seen) = ended.or_else(|| word(findings, &tasks[index], transfer, report)) else {
            continue;
        };
        let seen = format!("success told of {}, and {seen}", transfer.task);
        let (law, at, side) = (UNCONTRADICTED, findings.now, Side::Client);
        breaches.push(Breach { law, at, side, emission: None, seen, about: About::Other });
    }
}

/// The end of the data connection that contradicts a success.
fn contradiction_by_end(findings: &Findings<'_>, report: &TransferReport) -> Option<String> {
    let (local, peer) = report.data?;
    let ended = report.ended?;
    let client = findings.scenario.close_policy(Side::Client);
    // A host tells a reset behind the peer's FIN to no reader, unless the reset takes bytes away.
    let silent = client.reset_told == ResetTold::Once || report.direction == Direction::Download;
    let mine = |cut: &&Cut| {
        cut.at >= report.started
            && cut.at < ended
            && (cut.key.1, cut.key.2) == (local.port(), peer.port())
            && !(cut.ending == Ending::Reset && cut.behind_fin && !cut.flushed && silent)
    };
    let ending = findings.evidence.cuts.iter().find(mine)?.ending;
    // The client itself may abort the connection of an upload as planned.
    (ending != Ending::Aborted)
        .then(|| format!("its data connection ended before: {}", ending.name()))
}

/// The shortest time from a word of the server to the client.
pub(crate) fn shortest_flight(scenario: &Scenario) -> Duration {
    let link = &scenario.down;
    let early = |fault: &Fault| matches!(fault.action, Action::Early(_));
    match link.reorder_ppm > 0 || scenario.faults.iter().any(early) {
        true => Duration::ZERO,
        false => link.delay.saturating_sub(link.jitter),
    }
}

/// The word of the server that contradicts a success.
fn word(
    findings: &Findings<'_>,
    task: &Task,
    transfer: &TransferOutcome,
    report: &TransferReport,
) -> Option<String> {
    let File { name, mode, .. } = task.file()?;
    let name = FileName::of(name);
    let until = report.ended?.saturating_sub(shortest_flight(findings.scenario));
    let of_file = |word: &&Word| word.name == name && (report.started..=until).contains(&word.at);
    let (mut before, mut size, mut announced) = (None, None, None);
    let (mut asked, mut done) = (false, false);
    for Word { at, said, .. } in findings.evidence.dialogues.words.iter().filter(of_file) {
        match *said {
            Said::Asked => (asked, done, announced) = (true, false, None),
            Said::Size(bytes) if asked => size = Some(bytes),
            Said::Size(bytes) => before = Some(bytes),
            Said::Announced(bytes) => announced = Some(bytes),
            // A refusal that arrived with the last packet of the data may be read behind it.
            Said::Final(code) if code >= 400 && *at < until => {
                return Some(format!("the server said {code}"));
            }
            Said::Final(code) => done |= code < 400,
        }
    }
    if !done {
        return Some("the server said no 2yz before".to_owned());
    }
    if findings.scenario.client.representation != Representation::Image {
        return None;
    }
    let (told, right) = match (report.direction, mode) {
        (Direction::Upload, WriteMode::Append) => (size, before.map(|old| old + transfer.sent)),
        (Direction::Upload, _) => (size, Some(transfer.sent)),
        (Direction::Download, _) => {
            let announced = announced.map(|rest| report.offset + rest);
            (size.or(before).or(announced), Some(transfer.stored))
        }
    };
    let (told, right) = (told?, right?);
    (told != right).then(|| format!("the server told {told} bytes, not {right}"))
}
