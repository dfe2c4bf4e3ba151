//! `sessions` owns the FTP dialogues of a capture, and the addresses at which they expect data
//! connections.

use std::net::SocketAddr;

use halfclose_stack::Flags;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::lines::Piece;
use super::session_seen::{Announced, SessionSeen};
use crate::explain::decode::Segment;
use crate::explain::tracking::flow::{Flow, Role};

/// Announcements that wait for a connection.
const EXPECTED_MAX: usize = 65_536;

type Table<K, V> = IndexMap<K, V, FxBuildHasher>;

/// The FTP dialogues of a capture.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    /// By the number of the control connection.
    pub(crate) sessions: Table<u64, SessionSeen>,
    /// Who expects a connection at an address: the session and its announcement.
    expected: Table<SocketAddr, (u64, usize)>,
    /// Announcements that were dropped for want of room.
    pub(crate) dropped: u64,
    /// Transfers of all sessions that are not let go of.
    pub(crate) kept: usize,
}

impl Sessions {
    /// Sees a segment that `flow` has just taken.
    #[inline]
    pub(crate) fn see(&mut self, flow: &mut Flow, segment: &Segment<'_>) {
        if flow.packets == 1 && !self.expected.is_empty() {
            self.meets(flow, segment);
        }
        if segment.len > 0 && flow.role != Role::Data && !segment.flags.has(Flags::RST) {
            let speaks = flow.role == Role::Control
                || flow.addresses[1].port() == 21
                || (flow.first_data == segment.frame && segment.payload.starts_with(b"220"));
            if speaks {
                self.speaks(flow, segment);
            }
        }
    }

    /// A connection begins: perhaps one that is expected.
    fn meets(&mut self, flow: &mut Flow, segment: &Segment<'_>) {
        let syn_ack = segment.flags.has(Flags::SYN | Flags::ACK);
        let ends = if syn_ack { [segment.from, segment.to] } else { [segment.to, segment.from] };
        for address in ends {
            let Some(&(session, setup)) = self.expected.get(&address) else { continue };
            let Some(session) = self.sessions.get_mut(&session) else { continue };
            let other = if address == ends[0] { ends[1] } else { ends[0] };
            let Some(setup) = session.setups.get_mut(setup) else { continue };
            let peer = if setup.passive { session.client } else { session.server };
            if other.ip() != peer.ip() || setup.data.is_some() {
                continue;
            }
            setup.data = Some(flow.number);
            flow.role = Role::Data;
            // Without a SYN the direction was a guess.
            if flow.ends.iter().all(|end| end.syn.is_none()) && flow.packets == 1 {
                flow.session = session.flow;
            }
            flow.session = session.flow;
            return;
        }
    }

    fn speaks(&mut self, flow: &mut Flow, segment: &Segment<'_>) {
        let (number, addresses) = (flow.number, flow.addresses);
        let new = || SessionSeen::new(number, addresses);
        let session = self.sessions.entry(number).or_insert_with(new);
        flow.role = Role::Control;
        flow.session = number;
        let from = flow.side_of(segment.from);
        let end = &flow.ends[from];
        let Some(start) = end.relative(segment.seq) else { return };
        let piece = Piece {
            start: start + i64::from(segment.flags.has(Flags::SYN)),
            len: segment.len,
            bytes: segment.payload,
            passed: (segment.frame, segment.at),
            acked: end.acked,
        };
        // What the packet itself acknowledges: a packet behind it may have overtaken it.
        let heard = flow.ends[1 - from].relative(segment.ack).unwrap_or(0);
        let mut lines = Vec::new();
        session.from[from].take(piece, &mut |line, place| {
            lines.push((line.to_vec(), place));
        });
        let mut announced = Vec::new();
        let before = session.transfers.len();
        for (line, passed) in lines {
            let (sound, found) = match from {
                0 => session.client_said(&line, passed, heard),
                _ => (true, session.server_said(&line, passed)),
            };
            if !sound {
                self.kept -= before;
                self.sessions.swap_remove(&number);
                flow.role = Role::Other;
                return;
            }
            announced.extend(found);
        }
        self.kept += session.transfers.len() - before;
        for announced in announced {
            self.expect(number, &announced);
        }
    }

    fn expect(&mut self, session: u64, announced: &Announced) {
        for address in announced.at {
            if self.expected.len() >= EXPECTED_MAX && !self.expected.contains_key(&address) {
                self.expected.swap_remove_index(0);
                self.dropped += 1;
            }
            self.expected.insert(address, (session, announced.setup));
        }
    }
}
