//! `byte_account` says in plain words where the bytes of a transfer stayed: how many left the sender,
//! reached the receiver's host, were read by the receiver's program, and were kept.

use halfclose_stack::{Ending, ReceivedAtReset};

use crate::outcome::TransferOutcome;
use crate::report::timeline::{SeenDiscard, SeenPacket, Timeline};
use crate::run::Finished;
use crate::scenario::Scenario;
use crate::side::Side;
use crate::verdict::FileState;

/// The bytes of a transfer, counted from the trace. Each number is at most the number before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ByteAccount {
    /// Bytes that the sender's host sent at least once.
    left: u64,
    /// Bytes that reached the receiver's host in order, while the host had the connection.
    arrived: u64,
    /// Bytes that the receiver's program read.
    read: u64,
}

impl ByteAccount {
    /// Counts the bytes that `sender` sent on one data connection.
    fn of(timeline: &Timeline<'_>, channel: usize, sender: Side) -> Self {
        let receiver = sender.peer();
        let over = timeline
            .spans
            .iter()
            .filter(|span| (span.channel, span.side) == (channel, receiver))
            .map(|span| span.until)
            .max();
        let carries = |packet: &&SeenPacket<'_>| {
            let own = packet.channel == channel && packet.event.from == sender;
            own && !packet.forged && packet.segment.payload_len > 0
        };
        let mut account = Self::default();
        let mut pieces = Vec::new();
        for packet in timeline.packets.iter().filter(carries) {
            let from = u64::from(packet.seq()).saturating_sub(1);
            let until = from + packet.segment.payload_len as u64;
            account.left = account.left.max(until);
            let came = packet.arrivals.iter().any(|it| Some((it.at, it.order)) <= over);
            pieces.extend(came.then_some((from, until)));
        }
        pieces.sort_unstable();
        for (from, until) in pieces {
            if from > account.arrived {
                break;
            }
            account.arrived = account.arrived.max(until);
        }
        let here = |it: &&SeenDiscard| (it.channel, it.side) == (channel, receiver);
        let destroyed: usize = timeline.discarded.iter().filter(here).map(|it| it.bytes).sum();
        account.read = account.arrived.saturating_sub(destroyed as u64);
        account
    }
}

/// Where the bytes of the worst transfer stayed, in two or three sentences. None for a transfer without a
/// data connection, and for a file that is not the sent bytes one by one: a resumed transfer, or text.
pub(crate) fn sentence(
    scenario: &Scenario,
    finished: &Finished,
    timeline: &Timeline<'_>,
) -> Option<String> {
    let transfer = finished.outcome.worst()?;
    let plain = matches!(transfer.file, FileState::Whole | FileState::Short | FileState::Absent);
    if transfer.to_send != transfer.sent || transfer.sent == 0 || !plain {
        return None;
    }
    let sender = transfer.sender();
    let ends = transfer.data?.map(|end| end.port());
    let channel = timeline.packets.iter().find_map(|packet| {
        let [source, target] = packet.segment.ports();
        let [client, server] = match packet.event.from {
            Side::Client => [source, target],
            Side::Server => [target, source],
        };
        let meets = [client, server] == ends && packet.event.at >= transfer.span.0;
        meets.then_some(packet.channel)
    })?;
    Some(words(scenario, transfer, sender, ByteAccount::of(timeline, channel, sender)))
}

/// The sentences of an account.
fn words(
    scenario: &Scenario,
    transfer: &TransferOutcome,
    sender: Side,
    account: ByteAccount,
) -> String {
    let ByteAccount { left, arrived, read } = account;
    let (all, receiver) = (transfer.sent, sender.peer());
    let (from, to) = (sender.name(), receiver.name());
    let (host, changes) = match receiver {
        Side::Client => (&scenario.client.host, &scenario.client.policy),
        Side::Server => (&scenario.server.host, &scenario.server.policy),
    };
    let keeps = changes.of(host).received_at_reset == ReceivedAtReset::Keep;
    let ending = |side: Side| match side {
        Side::Client => transfer.ending.client,
        Side::Server => transfer.ending.server,
    };
    let reset = ending(receiver) == Some(Ending::Reset);
    let unsent = match ending(sender) == Some(Ending::Aborted) {
        true => format!("never left the {from}'s host, which sent the RST first"),
        false => format!("never left the {from}'s host"),
    };
    let mut text = match arrived {
        0 => format!("None of the {all} bytes reached the {to}'s host"),
        some if some == all => format!("All {all} bytes reached the {to}'s host"),
        some => format!("Only {some} of {all} bytes reached the {to}'s host in order"),
    };
    let missing = [
        (all.saturating_sub(left), unsent),
        (left.saturating_sub(arrived), "were lost on the way or came too late".to_owned()),
    ];
    let missing = missing.iter().filter(|(count, _)| *count > 0);
    let missing: Vec<_> = missing.map(|(count, what)| format!("{count} {what}")).collect();
    if !missing.is_empty() {
        text.push_str(&format!(" ({})", missing.join(", ")));
    }
    let disk = match scenario.server.store_rate.filter(|_| receiver == Side::Server) {
        Some(rate) => format!(" because the disk takes {rate} bytes a second"),
        None => String::new(),
    };
    text.push_str(&match arrived {
        0 => ".".to_owned(),
        _ if transfer.file == FileState::Short && transfer.stored < read => format!(
            ". The program kept {} of them, and did not take the rest.",
            transfer.stored
        ),
        _ if read < arrived => format!(
            ". The program had read {read} of them when the RST arrived, and no more{disk}. The host \
             ({host}) then destroyed the other {}: on this host a RST takes unread bytes away.",
            arrived - read
        ),
        _ if reset && keeps => format!(
            ". The host ({host}) keeps received bytes for the program behind a RST, so the program read \
             all of them."
        ),
        _ if reset => ". The program had read all of them when the RST arrived.".to_owned(),
        _ => ", and the program read all of them.".to_owned(),
    });
    if transfer.file == FileState::Absent && read > 0 {
        text.push_str(" The program then removed the file.");
    }
    text
}
