//! `wholeness` decides whether the file of a transfer can be whole where it was sent to.

use crate::explain::cause::Cause;
use crate::explain::explained::Whole;
use crate::explain::ftp::session_seen::TransferSeen;
use crate::explain::tracking::flow::Flow;

/// Whether the file can be whole, and why. `sender` is the end of the data connection that sends it.
pub(crate) fn judge(
    transfer: &TransferSeen,
    data: Option<(&Flow, usize)>,
    cause: Cause,
) -> (Whole, String) {
    let reply = transfer.reply.as_ref().map(|(code, ..)| *code);
    let Some((flow, sender)) = data else {
        return match reply {
            Some(400..=599) if !transfer.is_upload() => {
                (Whole::Short, "no data connection carried the file".into())
            }
            _ => (Whole::Unknown, "the capture has no data connection of the transfer".into()),
        };
    };
    let end = &flow.ends[sender];
    let sent = u64::try_from(end.bytes()).unwrap_or(0);
    if let Some(wanted) = transfer.size_after.filter(|_| transfer.is_upload()) {
        let all = transfer.offset + sent;
        if wanted < all {
            return (Whole::Short, format!("SIZE told {wanted} afterwards, and {all} were sent"));
        }
    }
    if let Some(size) = transfer.size.filter(|_| !transfer.is_upload()) {
        let wanted = size.saturating_sub(transfer.offset);
        let acked = u64::try_from(end.acked - 1).unwrap_or(0).min(sent);
        if acked < wanted && flow.is_over() && !flow.ends[1 - sender].missed {
            let why = format!("{acked} bytes were acknowledged of {wanted} that SIZE had told");
            return (Whole::Short, why);
        }
    }
    if !flow.is_established() {
        let why = "the data connection never opened";
        // An upload may have made an empty file, and an empty file may be all there is.
        let whole = if transfer.is_upload() { Whole::Unknown } else { Whole::Short };
        return (whole, why.into());
    }
    let fin_acked = end.fin.is_some_and(|fin| fin.acked.is_some());
    match cause {
        Cause::ClientDied => {
            return (Whole::Unknown, "the client died: its FIN says nothing of the file".into());
        }
        Cause::ServerFailed => {
            return (Whole::Unknown, "the server says that it failed".into());
        }
        _ => {}
    }
    match (fin_acked, reply) {
        (true, Some(200..=299)) if cause == Cause::Orderly => (
            Whole::Whole,
            "every byte and the FIN behind them were acknowledged, and the server said 2yz".into(),
        ),
        (true, _) => (
            Whole::Unknown,
            "every byte and the FIN behind them were acknowledged, but not by a program".into(),
        ),
        (false, _) if end.unacknowledged() > 0 && flow.is_over() => {
            let lost = end.unacknowledged();
            (Whole::Unknown, format!("the last {lost} bytes were never acknowledged"))
        }
        (false, _) => (Whole::Unknown, "no end of the file was acknowledged".into()),
    }
}
