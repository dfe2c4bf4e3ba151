//! `sketch` owns the measures of one FTP session of a capture: the round trip, the largest packet, the
//! losses, and for each transfer the bytes and how both ends closed.

use std::collections::{BTreeMap, BTreeSet};

use halfclose_stack::Flags;

use super::packet_log::{PacketLog, PacketSeen};
use crate::explain::explained::{TransferExplained, Vantage};
use crate::explain::ftp::session_seen::{SessionSeen, TransferSeen};
use crate::explain::tracking::flow::Flow;

/// The most losses that a scenario writes down.
const LOSSES_MAX: usize = 256;

/// The largest file that a scenario of a capture has, in bytes.
const SIZE_MAX: u64 = 1 << 28;

/// IPv4 and TCP headers without options, in bytes.
const HEADERS: u32 = 40;

/// One FTP session of a capture, measured.
#[derive(Clone, Debug)]
pub struct Sketch {
    pub(super) vantage: Vantage,
    /// The largest packet in bytes.
    pub(super) mtu: u32,
    /// The shortest handshake, in nanoseconds.
    pub(super) round_trip: u64,
    /// Whether the client listens for the data connections.
    pub(super) active: bool,
    /// Losses by name, as faults.
    pub(super) losses: Vec<String>,
    /// The client left its control connection so long after the last packet of the server, without a
    /// reply, in nanoseconds.
    pub(super) gave_up: Option<u64>,
    pub(super) tasks: Vec<TaskSeen>,
    /// What of the session no scenario has.
    pub(super) left_out: Vec<String>,
}

/// One transfer of a session, measured.
#[derive(Clone, Debug)]
pub(super) struct TaskSeen {
    pub(super) explained: TransferExplained,
    /// The number of the task that makes the transfer in the scenario, from 1.
    pub(super) nth: usize,
    /// The server told the size of a download before the download began.
    pub(super) sized: bool,
    /// The server refused a download before the download began: the file is not there.
    pub(super) absent: bool,
    pub(super) upload: bool,
    /// Bytes that the sender sent on the data connection.
    pub(super) bytes: u64,
    /// Bytes that the other end acknowledged.
    pub(super) acked: u64,
    /// Bytes that the receiver of the file sent.
    pub(super) unasked: u64,
    /// Where the transfer begins in the file.
    pub(super) offset: u64,
    /// Bytes that the sender had sent when the client said ABOR.
    pub(super) before_abor: Option<u64>,
    /// The size that the server told behind an upload.
    pub(super) size_after: Option<u64>,
    /// The code of the last reply.
    pub(super) code: Option<u16>,
    /// How each end of the data connection closed: the FTP client's, the server's.
    pub(super) closes: [CloseSeen; 2],
    /// The longest silence of the data connection, in nanoseconds.
    pub(super) silence: u64,
    /// From the data connection's handshake to the last packet, in nanoseconds.
    pub(super) lasted: u64,
    /// From the command to the last reply, in nanoseconds.
    pub(super) answered_after: Option<u64>,
    /// The number of the data connection in the session, from 1.
    pub(super) channel: Option<usize>,
}

/// How one end of a data connection closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum CloseSeen {
    /// No FIN and no RST of that end passed.
    #[default]
    Open,
    Fin,
    FinThenReset,
    /// A RST without a FIN: whether all bytes of that end were acknowledged by then.
    Reset {
        acked: bool,
    },
}

impl Sketch {
    /// Measures `session`, whose connections are in `flows` by number and whose transfers are explained
    /// as `explained`.
    pub(crate) fn of<'a>(
        session: &SessionSeen,
        explained: &[TransferExplained],
        flow_of: &dyn Fn(u64) -> Option<&'a Flow>,
        log: &PacketLog,
        vantage: Vantage,
    ) -> Self {
        let mut channels = vec![(session.flow, "control".to_owned())];
        let data = session.setups.iter().filter_map(|setup| setup.data);
        channels.extend(data.zip(1..).map(|(flow, nth)| (flow, format!("data.{nth}"))));
        let flows = || channels.iter().filter_map(|(number, _)| flow_of(*number));
        let mut left_out = Vec::new();
        let losses = losses(&channels, session, log);
        if losses.len() == LOSSES_MAX || log.beyond > 0 {
            left_out.push("more losses than a scenario writes down".to_owned());
        }
        let largest = log.packets.iter().filter(|it| channels.iter().any(|(of, _)| *of == it.flow));
        let largest = largest.map(|it| it.len).max().unwrap_or(0);
        let round_trip = flows().filter_map(round_trip).min();
        if round_trip.is_none() {
            left_out.push("no handshake tells the delay: 20 ms are assumed".to_owned());
        }
        let mut tasks: Vec<TaskSeen> = Vec::new();
        for (seen, explained) in session.transfers.iter().zip(explained) {
            let flow = seen.data.and_then(flow_of);
            let setup = seen.setup.and_then(|number| session.setups.get(number));
            let passive = setup.is_none_or(|it| it.passive);
            let mut task = TaskSeen::of(seen, explained, flow, passive, log);
            task.channel = channels.iter().position(|(number, _)| Some(*number) == seen.data);
            // A client whose MLSD is refused tries LIST, and NLST behind LIST, as the same task. A file
            // that is not there, or whose size is asked for, takes a task before the transfer's own.
            task.nth = match tasks.last() {
                Some(last) if last.falls_back_to(&task) => last.nth,
                last => {
                    last.map_or(0, |last| last.nth) + 1 + usize::from(task.absent || task.sized)
                }
            };
            if task.bytes > SIZE_MAX {
                left_out.push(format!("a file of {} bytes is made {SIZE_MAX}", task.bytes));
            }
            tasks.push(task);
        }
        let control = flow_of(session.flow);
        Self {
            vantage,
            mtu: if largest >= 500 { largest + HEADERS } else { 1500 },
            round_trip: round_trip.unwrap_or(40_000_000),
            active: session.setups.iter().next().is_some_and(|setup| !setup.passive),
            losses,
            gave_up: control.and_then(|flow| gave_up(flow, session, log)),
            tasks,
            left_out,
        }
    }
}

impl TaskSeen {
    fn of(
        seen: &TransferSeen,
        explained: &TransferExplained,
        flow: Option<&Flow>,
        passive: bool,
        log: &PacketLog,
    ) -> Self {
        let client = usize::from(!passive);
        let upload = seen.is_upload();
        let sender = if upload { client } else { 1 - client };
        let number = |of: i64| u64::try_from(of).unwrap_or(0);
        let ends = flow.map(|flow| [&flow.ends[sender], &flow.ends[1 - sender]]);
        let known = seen.size.filter(|_| !upload).map(|size| size.saturating_sub(seen.offset));
        let sent = ends.map_or(0, |[own, _]| number(own.bytes()));
        let refused = seen.begun.is_none()
            && seen.reply.as_ref().is_some_and(|(code, ..)| matches!(code, 450 | 550));
        let reply_at = seen.reply.as_ref().map(|(.., place)| place.at);
        Self {
            explained: explained.clone(),
            nth: 0,
            absent: seen.verb == "RETR" && refused && sent == 0 && known.is_none(),
            sized: seen.verb == "RETR" && known.is_some(),
            upload,
            bytes: known.map_or(sent, |size| size.max(sent)).min(SIZE_MAX),
            acked: ends.map_or(0, |[own, _]| number((own.acked - 1).min(own.bytes()))),
            unasked: ends.map_or(0, |[_, other]| number(other.bytes())),
            offset: seen.offset,
            before_abor: seen.abor.map(|frame| match seen.data {
                Some(flow) => log.sent_before(frame, flow, sender),
                None => 0,
            }),
            size_after: seen.size_after,
            code: seen.reply.as_ref().map(|(code, ..)| *code),
            closes: [client, 1 - client]
                .map(|end| flow.map_or(CloseSeen::Open, |flow| CloseSeen::of(flow, end))),
            silence: flow.map_or(0, |flow| flow.longest_silence.0),
            lasted: flow.map_or(0, |flow| flow.last.1 - flow.opened_at.unwrap_or(flow.last.1)),
            answered_after: reply_at.map(|at| at.saturating_sub(seen.said.at)),
            channel: None,
        }
    }

    /// Whether the transfer lists a directory.
    pub(super) fn is_listing(&self) -> bool {
        matches!(&*self.explained.command, "MLSD" | "LIST" | "NLST")
    }

    /// Whether the client tries `next` because the server refused the listing `self`.
    fn falls_back_to(&self, next: &Self) -> bool {
        let verbs = [&*self.explained.command, &*next.explained.command];
        let refused = self.code.is_some_and(|code| code >= 300 || code == 202);
        refused
            && matches!(verbs, ["MLSD", "LIST"] | ["LIST", "NLST"])
            && self.explained.file == next.explained.file
    }

    /// How the sender of the file closed.
    pub(super) fn sender_close(&self) -> CloseSeen {
        self.closes[usize::from(!self.upload)]
    }
}

impl CloseSeen {
    fn of(flow: &Flow, end: usize) -> Self {
        let fin = flow.ends[end].fin.is_some();
        match flow.resets.iter().find(|reset| reset.from == end) {
            Some(reset) if reset.own_fin => Self::FinThenReset,
            Some(reset) => Self::Reset { acked: reset.acked >= reset.next },
            None if fin => Self::Fin,
            None => Self::Open,
        }
    }
}

/// The time of the handshake at any point of the path, in nanoseconds.
fn round_trip(flow: &Flow) -> Option<u64> {
    flow.ends[0].syn?;
    Some(flow.opened_at?.saturating_sub(flow.answered_syn_at))
}

/// How long the client waited before it left, if the client left without QUIT.
fn gave_up(control: &Flow, session: &SessionSeen, log: &PacketLog) -> Option<u64> {
    if session.quit.is_some() {
        return None;
    }
    let reset = control.resets.iter().find(|reset| reset.from == 0).map(|reset| reset.at);
    let left = control.ends[0].fin.map(|fin| fin.at).into_iter().chain(reset).min()?;
    let heard = log.last_news(session.flow, left);
    let waited = |since: u64| Some(left.saturating_sub(since)).filter(|it| *it > 500_000_000);
    let said = session.transfers.iter().next_back().map_or(0, |last| last.said.at);
    // Where every copy of the command was lost but the last, the command is as late as the end.
    waited(said.max(heard)).or_else(|| waited(heard))
}

/// The packets that were lost before the point of the capture or behind it: each repeat stands for the
/// loss of an earlier copy.
fn losses(channels: &[(u64, String)], session: &SessionSeen, log: &PacketLog) -> Vec<String> {
    let mut next: BTreeMap<(u64, usize), i64> = BTreeMap::new();
    let mut lost: BTreeMap<(u64, usize, i64, bool), u32> = BTreeMap::new();
    let mut faults = Vec::new();
    // Connections whose SYN came again, and has not been answered since.
    let mut anew = BTreeSet::new();
    for packet in &log.packets {
        let Some((_, channel)) = channels.iter().find(|(flow, _)| *flow == packet.flow) else {
            continue;
        };
        let &PacketSeen { flow, from, start, len, flags, .. } = packet;
        let (syn, fin) = (flags.has(Flags::SYN), flags.has(Flags::FIN));
        let length = i64::from(len) + i64::from(syn) + i64::from(fin);
        if length == 0 || flags.has(Flags::RST) {
            continue;
        }
        let highest = next.entry((flow, from)).or_insert(start);
        let (opens, answers) = (syn && from == 0, syn && from == 1);
        if opens && start < *highest {
            anew.insert(flow);
        }
        // A SYN-ACK that answers another copy of the SYN is no repeat: one loss explains both.
        let is_answer = answers && anew.remove(&flow);
        if start < *highest && !is_answer && faults.len() < LOSSES_MAX {
            let count = lost.entry((flow, from, start, fin)).or_insert(0);
            *count += 1;
            let side = side_name(session, flow, from);
            let name = match (syn, flags.has(Flags::ACK), fin) {
                (true, false, _) => format!("SYN {count}"),
                (true, true, _) => format!("SYN-ACK {count}"),
                (_, _, true) => format!("FIN {count}"),
                _ => format!("DATA at {start} {count}"),
            };
            faults.push(format!("drop {side} {channel} {name}"));
        }
        *highest = (*highest).max(start + length);
    }
    faults
}

/// The side of FTP that is the end `from` of the connection `flow`.
fn side_name(session: &SessionSeen, flow: u64, from: usize) -> &'static str {
    let setup = session.setups.iter().find(|setup| setup.data == Some(flow));
    let opener_is_client = setup.is_none_or(|setup| setup.passive);
    if (from == 0) == opener_is_client { "client" } else { "server" }
}
