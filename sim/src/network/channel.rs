//! `channel` tells the connections of a run apart by the headers of their packets: control
//! connections and data connections, each in order of appearance. A channel knows the initial
//! sequence numbers and the progress of both sides, so that traces and names of packets use
//! relative numbers.

use std::collections::BTreeMap;

use halfclose_stack::{Flags, Kind, Segment};

use crate::scenario::fault::{OnChannel, PacketName};
use crate::side::{CONTROL_PORT, Side};
use crate::terms::clone_by_field::clone_by_field;

/// The connections of a run, as they appear.
#[derive(Debug, Default, Hash)]
pub(crate) struct Channels {
    seen: Vec<Channel>,
    /// The latest between two ports, the client's first.
    latest: BTreeMap<(u16, u16), usize>,
    control: u32,
    data: u32,
}

clone_by_field! { Channels { seen, latest, control, data } }

/// A connection of a run.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Channel {
    /// Ordinal of the connection among the control or the data connections, from 1.
    number: u32,
    /// The same of a data connection; `None`: a control connection.
    pub data: Option<u32>,
    /// Initial sequence numbers of the client's and the server's side, once seen.
    isn: [Option<u32>; 2],
    /// The sequence number after everything each side has sent.
    next: [u32; 2],
    /// The last acknowledgment number of each side.
    acknowledged: [Option<u32>; 2],
}

impl Channels {
    /// Forget the connections of the run.
    pub(crate) fn reset(&mut self) {
        self.seen.clear();
        self.latest.clear();
        self.control = 0;
        self.data = 0;
    }

    /// The latest connection between two ports, or a new connection.
    pub(crate) fn between(&mut self, client_port: u16, server_port: u16) -> &mut Channel {
        let found = self.latest.get(&(client_port, server_port)).copied();
        let index = found.unwrap_or_else(|| self.add(client_port, server_port));
        &mut self.seen[index]
    }

    /// The connection of a segment from `from`.
    pub(crate) fn of(&mut self, from: Side, segment: &Segment) -> &Channel {
        let (client, server) = match from {
            Side::Client => (segment.source.port(), segment.destination.port()),
            Side::Server => (segment.destination.port(), segment.source.port()),
        };
        let mine = from as usize;
        let syn = segment.flags.has(Flags::SYN);
        // Another SYN with another number, between the same ports: another connection.
        let again = self.between(client, server).isn[mine].is_some_and(|isn| isn != segment.seq);
        if syn && again && !segment.flags.has(Flags::ACK) {
            self.add(client, server);
        }
        let channel = self.between(client, server);
        if syn {
            channel.isn[mine] = Some(segment.seq);
            channel.next[mine] = segment.seq;
        }
        let end = segment.seq.wrapping_add(segment.len());
        let ahead = end.wrapping_sub(channel.next[mine]).cast_signed() > 0;
        if ahead && !segment.flags.has(Flags::RST) {
            channel.next[mine] = end;
        }
        if segment.flags.has(Flags::ACK) {
            channel.acknowledged[mine] = Some(segment.ack);
        }
        channel
    }

    fn add(&mut self, client_port: u16, server_port: u16) -> usize {
        let control = server_port == CONTROL_PORT;
        let count = if control { &mut self.control } else { &mut self.data };
        *count += 1;
        let (number, data) = (*count, (!control).then_some(*count));
        let (next, acknowledged) = ([0; 2], [None; 2]);
        let isn = [None; 2];
        self.seen.push(Channel { number, data, isn, next, acknowledged });
        self.latest.insert((client_port, server_port), self.seen.len() - 1);
        self.seen.len() - 1
    }
}

impl Channel {
    /// The connection's name in a trace.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        let name = if self.data.is_some() { "data" } else { "control" };
        match self.number {
            1 => name.to_owned(),
            number => format!("{name} {number}"),
        }
    }

    /// The name of the packet in which `from` sends `segment`. The ordinal is 1: counting is up to
    /// the caller.
    #[must_use]
    pub(crate) fn packet_name(&self, from: Side, segment: &Segment) -> PacketName {
        let kind = segment.kind();
        let at = match kind {
            Kind::Ack => segment.ack.wrapping_sub(self.isn(from.peer())),
            _ => segment.seq.wrapping_sub(self.isn(from)),
        };
        let channel = self.data.map_or(OnChannel::Control, OnChannel::DataNumber);
        PacketName { from, channel, segment: Some(kind), at: Some(at), nth: 1 }
    }

    /// Where the sequence numbers of `side` began; 0: not seen.
    #[must_use]
    pub(crate) fn isn(&self, side: Side) -> u32 {
        self.isn[side as usize].unwrap_or(0)
    }

    /// The sequence number after everything `side` has sent.
    #[must_use]
    pub(crate) fn next(&self, side: Side) -> u32 {
        self.next[side as usize]
    }

    /// The last acknowledgment number of `side`; `None`: no acknowledgment yet.
    #[must_use]
    pub(crate) fn acknowledged(&self, side: Side) -> Option<u32> {
        self.acknowledged[side as usize]
    }
}
