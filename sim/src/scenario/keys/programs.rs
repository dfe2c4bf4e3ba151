//! The keys of what the two programs do that others do otherwise: the habits of trackers.

use halfclose_ftp::{AborReplies, DownloadEnd, OnFin};

use super::Key;
use super::accessors::text;
use crate::scenario::units;
use crate::scenario::values;

pub(super) const KEYS: [Key; 6] = [
    text(
        "client.trusts",
        "what it takes for the end of a download: both, or the reply alone",
        at!(choice client.trusts, DownloadEnd::WORDS),
    ),
    text(
        "client.abor_replies",
        "how it counts the replies after ABOR: counted, or one for both",
        at!(choice client.abor_replies, AborReplies::WORDS),
    ),
    text(
        "client.data_port",
        "where it listens for active data connections (none: a free port)",
        at!(optional client.data_port, |v| port(v, 1024), |port| port.to_string()),
    ),
    text(
        "server.active_port",
        "where its active data connections leave from (none: a free port)",
        at!(optional server.active_port, active_port, |port| port.to_string()),
    ),
    text(
        "server.chatter",
        "bytes it says on an upload's data connection, unasked",
        at!(
            value server.chatter,
            |v| values::memory(v, 0..=1 << 20),
            |bytes| units::print_size(bytes as u64)
        ),
    ),
    text(
        "server.on_fin",
        "what it makes of an upload's FIN: done, or it waits for more",
        at!(choice server.on_fin, OnFin::WORDS),
    ),
];

/// A data connection from port 21 would be a control connection by the headers of its packets.
fn active_port(text: &str) -> Result<u16, String> {
    match port(text, 1)? {
        21 => Err("21 is the port of control connections: write another, as in 20".to_owned()),
        port => Ok(port),
    }
}

fn port(text: &str, least: u16) -> Result<u16, String> {
    let number = values::number(text, u64::from(least)..=u64::from(u16::MAX))?;
    u16::try_from(number).map_err(|_| format!("`{text}` is no port"))
}
