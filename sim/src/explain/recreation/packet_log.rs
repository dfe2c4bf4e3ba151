//! `packet_log` keeps the packets of a capture as few numbers each, for the losses that a sketch reads
//! from repeats.

use halfclose_stack::Flags;

use crate::explain::decode::Segment;
use crate::explain::tracking::flow::Flow;

/// The most packets that are kept.
const PACKETS_MAX: usize = 1 << 20;

/// A packet of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PacketSeen {
    /// The number of the connection.
    pub(crate) flow: u64,
    /// The end that sent the packet: 0 the client, 1 the server.
    pub(crate) from: usize,
    /// The relative sequence number; 0 is the SYN's.
    pub(crate) start: i64,
    /// Bytes of data in the packet.
    pub(crate) len: u32,
    pub(crate) flags: Flags,
    /// The number of the packet in the capture.
    pub(crate) frame: u64,
    /// When the packet passed, in nanoseconds.
    pub(crate) at: u64,
}

/// The packets of a capture, up to a bound.
#[derive(Debug, Default)]
pub(crate) struct PacketLog {
    pub(crate) packets: Vec<PacketSeen>,
    /// Packets that were not kept.
    pub(crate) beyond: u64,
}

impl PacketLog {
    /// Keeps `segment`, which `flow` has just taken.
    pub(crate) fn keep(&mut self, flow: &Flow, segment: &Segment<'_>) {
        let from = flow.side_of(segment.from);
        let Some(start) = flow.ends[from].relative(segment.seq) else { return };
        if self.packets.len() == PACKETS_MAX {
            self.beyond += 1;
            return;
        }
        let (flow, len, flags) = (flow.number, segment.len, segment.flags);
        let (frame, at) = (segment.frame, segment.at);
        self.packets.push(PacketSeen { flow, from, start, len, flags, frame, at });
    }

    /// When the server of the connection `flow` last sent a new byte before the time `before`.
    pub(super) fn last_news(&self, flow: u64, before: u64) -> u64 {
        let (mut highest, mut at) = (0, 0);
        let own = |it: &&PacketSeen| it.flow == flow && it.from == 1 && it.at < before;
        for packet in self.packets.iter().filter(own).filter(|it| it.len > 0) {
            let end = packet.start + i64::from(packet.len);
            if end > highest {
                (highest, at) = (end, packet.at);
            }
        }
        at
    }

    /// Bytes that the end `from` of the connection `flow` had sent when the packet `frame` passed.
    pub(super) fn sent_before(&self, frame: u64, flow: u64, from: usize) -> u64 {
        let own = |it: &&PacketSeen| it.frame < frame && it.flow == flow && it.from == from;
        let ends = self.packets.iter().filter(own).filter(|it| it.len > 0);
        let end = ends.map(|it| it.start + i64::from(it.len) - 1).max().unwrap_or(0);
        u64::try_from(end).unwrap_or(0)
    }
}
