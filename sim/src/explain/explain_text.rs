//! `explain_text` says an explanation to a person: a summary on top, then transfers and connections, the worst
//! first; and as a plain text for a ticket.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::cause::Cause;
use super::explained::{
    ConnectionExplained, Explanation, ResetExplained, TransferExplained, Whole,
};

/// What of an explanation is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// Only these causes; empty: every cause.
    pub only: Vec<Cause>,
    /// Only the connection of this number, and its transfers.
    pub stream: Option<u64>,
    /// At most so many transfers, and so many connections.
    pub most: usize,
}

impl Selected {
    fn takes(&self, cause: Cause) -> bool {
        self.only.is_empty() || self.only.contains(&cause)
    }

    /// Whether the transfer is said.
    #[must_use]
    pub fn takes_transfer(&self, transfer: &TransferExplained) -> bool {
        let stream = |number| Some(number) == transfer.data || number == transfer.control;
        self.takes(transfer.cause) && self.stream.is_none_or(stream)
    }

    /// Whether the connection is said.
    #[must_use]
    pub fn takes_connection(&self, connection: &ConnectionExplained) -> bool {
        self.takes(connection.cause) && self.stream.is_none_or(|it| it == connection.number)
    }
}

/// Writes the summary, then each transfer and each connection that `selected` takes.
///
/// # Errors
/// Writing fails.
pub fn write(
    to: &mut impl Write,
    name: &str,
    explanation: &Explanation,
    selected: &Selected,
) -> fmt::Result {
    let Explanation { packets, vantage, cut, transfer_causes, connection_causes, .. } = explanation;
    let place = match vantage.name() {
        "link" => "captured between the hosts",
        "unknown" => "captured at a place that the packets do not tell",
        "client" => "captured at the client",
        _ => "captured at the server",
    };
    writeln!(to, "{name}: {packets} packets, {place}")?;
    counts(to, "transfers", transfer_causes)?;
    counts(to, "connections", connection_causes)?;
    for what in cut {
        writeln!(to, "  not seen     {what}")?;
    }
    let taken = |one: &&TransferExplained| selected.takes_transfer(one);
    let mut transfers: Vec<_> = explanation.transfers.iter().filter(taken).collect();
    transfers.sort_by_key(|one| badness(one));
    for one in transfers.iter().take(selected.most) {
        writeln!(to)?;
        transfer(to, explanation, one)?;
    }
    more(to, transfers.len(), selected.most, "transfers")?;
    let beside = |one: &&ConnectionExplained| {
        let named = selected.stream.is_some() || !selected.only.is_empty();
        selected.takes_connection(one)
            && (named || (one.channel != Some("data") && one.cause != Cause::Orderly))
    };
    let mut connections: Vec<_> = explanation.connections.iter().filter(beside).collect();
    connections.sort_by_key(|one| one.cause);
    for one in connections.iter().take(selected.most) {
        writeln!(to)?;
        connection(to, one)?;
    }
    more(to, connections.len(), selected.most, "connections")
}

fn more(to: &mut impl Write, all: usize, most: usize, what: &str) -> fmt::Result {
    match all.checked_sub(most) {
        Some(left) if left > 0 => writeln!(to, "\n... and {left} more {what}: --json has them all"),
        _ => Ok(()),
    }
}

/// What loses data without a word comes first, then what fails.
fn badness(transfer: &TransferExplained) -> (u8, Cause) {
    let rank = match (transfer.whole, transfer.told) {
        (Whole::Short, "success") => 0,
        (Whole::Unknown, "success") if transfer.cause != Cause::Orderly => 1,
        (Whole::Short, _) => 2,
        (_, "nothing") => 3,
        (_, "failure") => 4,
        _ => 5,
    };
    (rank, transfer.cause)
}

fn counts(to: &mut impl Write, what: &str, causes: &BTreeMap<Cause, u64>) -> fmt::Result {
    let all: u64 = causes.values().sum();
    if all == 0 {
        return Ok(());
    }
    let each: Vec<_> = causes.iter().map(|(cause, count)| format!("{count} {cause}")).collect();
    writeln!(to, "  {what:<12} {all}: {}", each.join(", "))
}

fn transfer(to: &mut impl Write, all: &Explanation, one: &TransferExplained) -> fmt::Result {
    let TransferExplained { command, file, client, server, bytes, cause, sure, .. } = one;
    writeln!(to, "{command} {file}  {client} > {server}, {bytes} bytes of data")?;
    writeln!(to, "  cause    {cause} ({sure}): {}", one.because)?;
    writeln!(to, "  file     {}: {}", one.whole, one.whole_because)?;
    writeln!(to, "  reply    {} (told: {})", or_none(&one.reply), one.told)?;
    let data = one.data.and_then(|number| all.connections.iter().find(|it| it.number == number));
    if let Some(data) = data {
        ends(to, data)?;
    }
    proof(to, &one.frames, one.change, one.cause, one.like)
}

fn connection(to: &mut impl Write, one: &ConnectionExplained) -> fmt::Result {
    let channel = one.channel.map_or(String::new(), |channel| format!(", {channel}"));
    writeln!(to, "connection {}{channel}  {} > {}", one.number, one.client, one.server)?;
    writeln!(to, "  cause    {} ({}): {}", one.cause, one.sure, one.because)?;
    ends(to, one)?;
    proof(to, &one.frames, one.change, one.cause, one.like)
}

/// How both ends ended, and each RST.
fn ends(to: &mut impl Write, one: &ConnectionExplained) -> fmt::Result {
    let ConnectionExplained { number, bytes, ended, ended_sure, unacknowledged, .. } = one;
    let first =
        one.first_to_close.map_or(String::new(), |side| format!("; {} first", address(one, side)));
    writeln!(
        to,
        "  ended    connection {number}: {} {} at byte {} ({}), {} {} at byte {} ({}){first}",
        one.client,
        ended.client,
        bytes.client,
        ended_sure.client,
        one.server,
        ended.server,
        bytes.server,
        ended_sure.server,
    )?;
    if unacknowledged.client + unacknowledged.server > 0 {
        for (end, bytes) in
            [(&one.client, unacknowledged.client), (&one.server, unacknowledged.server)]
        {
            if bytes > 0 {
                writeln!(to, "  lost     {bytes} bytes of {end} were never acknowledged")?;
            }
        }
    }
    writeln!(
        to,
        "  words    opened {}; Zeek {}; stage {}; completeness {}",
        one.opened, one.conn_state, one.stage, one.completeness
    )?;
    for reset in &one.resets {
        writeln!(to, "  reset    {}", reset_words(one, reset))?;
    }
    Ok(())
}

/// The address of an end.
fn address<'a>(one: &'a ConnectionExplained, side: &str) -> &'a str {
    if side == "client" { &one.client } else { &one.server }
}

fn reset_words(one: &ConnectionExplained, reset: &ResetExplained) -> String {
    let ResetExplained { frame, from, cause, ietf_code, nearest, linux, sure } = reset;
    let nearest = if *nearest { "nearest " } else { "" };
    let code = ietf_code.map_or(String::new(), |code| format!(", IETF {nearest}{code}"));
    let linux = linux.map_or(String::new(), |name| format!(", Linux {name}"));
    let from = address(one, from);
    format!("frame {frame}, from {from}: {cause}{code}{linux} ({sure})")
}

fn proof(
    to: &mut impl Write,
    frames: &[u64],
    change: &str,
    cause: Cause,
    like: Option<&str>,
) -> fmt::Result {
    if !frames.is_empty() {
        let frames: Vec<_> = frames.iter().map(u64::to_string).collect();
        writeln!(to, "  frames   {}", frames.join(", "))?;
    }
    if cause != Cause::Orderly {
        writeln!(to, "  change   {change}")?;
    }
    match like {
        Some(like) => writeln!(to, "  like     halfclose run {like}"),
        None => Ok(()),
    }
}

fn or_none(reply: &str) -> &str {
    if reply.is_empty() { "none" } else { reply }
}

/// Writes a text for a ticket: symptom, cause, evidence and cure of the worst transfer, or of the worst
/// connection where there is no transfer.
///
/// # Errors
/// Writing fails.
pub fn write_ticket(
    to: &mut impl Write,
    name: &str,
    explanation: &Explanation,
    selected: &Selected,
) -> fmt::Result {
    let transfers = explanation.transfers.iter().filter(|one| selected.takes_transfer(one));
    let connections = explanation.connections.iter().filter(|one| selected.takes_connection(one));
    if let Some(one) = transfers.min_by_key(|one| badness(one)) {
        writeln!(
            to,
            "Summary: {} {} between {} and {}: {}",
            one.command, one.file, one.client, one.server, one.cause
        )?;
        writeln!(
            to,
            "Symptom: the server said \"{}\"; the file is {} ({})",
            or_none(&one.reply),
            one.whole,
            one.whole_because
        )?;
        writeln!(to, "Cause ({}): {}.", one.sure, one.because)?;
        writeln!(to, "Evidence: {name}, frames {:?} of {}", one.frames, explanation.packets)?;
        writeln!(to, "Cure: {}", one.change)?;
        if let Some(like) = one.like {
            writeln!(to, "Replay: halfclose run {like}")?;
        }
    } else if let Some(one) = connections.min_by_key(|one| one.cause) {
        writeln!(to, "Summary: TCP {} to {}: {}", one.client, one.server, one.cause)?;
        writeln!(
            to,
            "Symptom: client {}, server {} ({})",
            one.ended.client, one.ended.server, one.conn_state
        )?;
        writeln!(to, "Cause ({}): {}.", one.sure, one.because)?;
        writeln!(to, "Evidence: {name}, frames {:?} of {}", one.frames, explanation.packets)?;
        writeln!(to, "Cure: {}", one.change)?;
    } else {
        writeln!(to, "Summary: {name} has no TCP connection that was asked for")?;
    }
    for what in &explanation.cut {
        writeln!(to, "Not seen: {what}")?;
    }
    Ok(())
}
