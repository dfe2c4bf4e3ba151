//! The pairing of the transfers of a run with the transfers of the capture of the run.

use halfclose::TransferOutcome;
use halfclose::explain::{Explanation, TransferExplained};

/// The file of a transfer of a run, or the directory that the transfer lists.
pub(crate) fn name_of(outcome: &TransferOutcome) -> &str {
    outcome.task.split_once(' ').map_or("", |(_, name)| name)
}

/// Whether a client says the command `verb` for the transfer.
fn fits(outcome: &TransferOutcome, verb: &str) -> bool {
    match outcome.task.split(' ').next() {
        Some("put") => ["STOR", "APPE"].contains(&verb),
        Some("append") => verb == "APPE",
        Some("get") => verb == "RETR",
        _ => ["LIST", "MLSD", "NLST"].contains(&verb),
    }
}

/// Whether a client says `next` because the server refused the listing `one`.
fn falls_back(one: &TransferExplained, next: &TransferExplained) -> bool {
    let verbs = [&*one.command, &*next.command];
    let refused = one.reply.starts_with(['4', '5']) || one.reply.starts_with("202");
    refused
        && matches!(verbs, ["MLSD", "LIST"] | ["LIST", "NLST"])
        && (&one.client, &one.file) == (&next.client, &next.file)
}

/// Takes the command of the transfer `outcome` out of the list `said` of commands that belong to no
/// transfer yet. `all` are the transfers of the run.
pub(crate) fn command_of<'a>(
    outcome: &TransferOutcome,
    all: &[TransferOutcome],
    explanation: &Explanation,
    said: &mut Vec<&'a TransferExplained>,
) -> Option<&'a TransferExplained> {
    let name = name_of(outcome);
    let client = outcome.control.map(|ends| ends[0].port())?;
    // The next command of the client with the name and the verb.
    let found = said.iter().position(|one| {
        let port = one.client.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        port == Some(client)
            && fits(outcome, &one.command)
            && (one.file == name || outcome.task.starts_with("ls"))
    })?;
    // A client whose MLSD is refused says LIST, and then NLST: the last command counts.
    while found + 1 < said.len() && falls_back(said[found], said[found + 1]) {
        said.remove(found);
    }
    // A client whose data connection did not open has not said the command: the command of a later
    // transfer of the same file is no word on this one.
    let opened = |number: u64| {
        let mut all = explanation.connections.iter();
        all.any(|it| it.number == number && it.opened == "handshake")
    };
    let asked = all.iter().filter(|it| name_of(it) == name && it.control == outcome.control);
    let same_file = |it: &&TransferExplained| {
        it.file == name && it.client == said[found].client && !is_refused_listing(it)
    };
    let fewer = explanation.transfers.iter().filter(same_file).count() < asked.count();
    if fewer && outcome.data.is_none() && said[found].data.is_some_and(opened) {
        return None;
    }
    Some(said.remove(found))
}

/// Whether the command is a listing that another command follows.
fn is_refused_listing(one: &TransferExplained) -> bool {
    matches!(&*one.command, "MLSD" | "LIST") && one.reply.starts_with(['4', '5'])
}
