//! `dark` finds the time at which a link must go dark, so that a packet of a run and all behind it are
//! lost: in a run of the same scenario with the light on.

use std::collections::BTreeMap;

use halfclose_stack::{Flags, Segment};

use super::sketch::Sketch;
use crate::run::Finished;
use crate::side::CONTROL_PORT;

/// The first packet that is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DarkFrom {
    /// The sender's first packet with a byte behind this many.
    Data(u64),
    /// The answers to such packets.
    Acks(u64),
    /// The FIN of the sender.
    Fin,
    /// The answers to the sender's FIN.
    FinAcks,
    /// The server's last reply to the transfer.
    Reply,
    /// The command of the transfer.
    Command,
    /// The SYN of the data connection.
    Syn,
    /// The answers to the SYN.
    SynAcks,
}

/// A link goes dark during a transfer.
#[derive(Clone, Debug)]
pub(super) struct Dark {
    /// The number of the transfer in its session, from 0.
    pub(super) task: usize,
    pub(super) from: DarkFrom,
    /// Nanoseconds of darkness; none: for good.
    pub(super) lasts: Option<u64>,
}

/// How long the darkness lasts, in seconds: longer than any run.
const END: u64 = 31_536_000;

impl Dark {
    /// The setting for the darkness, from a run with the light on.
    pub(super) fn setting(&self, lit: &Finished, sketch: &Sketch) -> Option<String> {
        let upload = sketch.tasks[self.task].upload;
        // The sequence number behind the last command of a transfer.
        let (mut commands, mut said) = (0, None);
        let mut client = None;
        // The first sequence number of each end, by its port and the peer's.
        let mut syns = BTreeMap::new();
        for packet in lit.captured() {
            let segment = Segment::peek(&packet.bytes)?;
            let [source, destination] = segment.ports();
            let by_client = *client.get_or_insert(*segment.source.ip()) == *segment.source.ip();
            if segment.flags.has(Flags::SYN) {
                syns.insert([source, destination], segment.seq);
            }
            let control = [source, destination].contains(&CONTROL_PORT);
            let payload = packet.bytes.get(usize::from(segment.payload_start)..).unwrap_or(&[]);
            if control && destination == CONTROL_PORT && begins_transfer(payload) {
                // A repeat of the command is no other command.
                commands += usize::from(said != Some(segment.seq));
                said = Some(segment.seq);
            }
            // The SYN of a passive data connection comes before the command.
            let early = matches!(self.from, DarkFrom::Syn | DarkFrom::SynAcks) && !sketch.active;
            if commands < self.task + usize::from(!early) || commands > self.task + 1 {
                continue;
            }
            let by_sender = by_client == upload;
            let flags = segment.flags;
            let found = match self.from {
                DarkFrom::Data(bytes) | DarkFrom::Acks(bytes) => {
                    !control && by_sender && end(&segment, &syns) > bytes
                }
                DarkFrom::Fin | DarkFrom::FinAcks => !control && by_sender && flags.has(Flags::FIN),
                DarkFrom::Reply => {
                    control && !by_client && payload.first().is_some_and(|it| b"245".contains(it))
                }
                DarkFrom::Command => {
                    control && by_client && commands == self.task + 1 && begins_transfer(payload)
                }
                DarkFrom::Syn | DarkFrom::SynAcks => {
                    !control && flags.has(Flags::SYN) && !flags.has(Flags::ACK)
                }
            };
            if found {
                let answers =
                    matches!(self.from, DarkFrom::Acks(_) | DarkFrom::FinAcks | DarkFrom::SynAcks);
                let way = if by_client == answers { "down" } else { "up" };
                let begin = packet.at.as_micros().max(1);
                let lasts = self.lasts.map(|lasts| begin + u128::from(lasts / 1000).max(1));
                let end = lasts.map_or(format!("{END}s"), |end| format!("{end}us"));
                return Some(format!("link.{way}.blackout={begin}us..{end}"));
            }
        }
        None
    }
}

fn begins_transfer(payload: &[u8]) -> bool {
    [b"STOR", b"RETR", b"APPE", b"LIST", b"NLST", b"MLSD"]
        .iter()
        .any(|verb| payload.starts_with(*verb))
}

/// How many bytes the sender of `segment` has sent with the segment.
fn end(segment: &Segment, syns: &BTreeMap<[u16; 2], u32>) -> u64 {
    let Some(syn) = syns.get(&segment.ports()) else { return 0 };
    let end = segment.seq.wrapping_add(u32::from(segment.payload_len));
    u64::from(end.wrapping_sub(syn.wrapping_add(1)))
}
