//! `table` finds the connection of a segment, begins new ones, and lets go of old ones so that memory
//! stays bounded.

use std::net::{IpAddr, SocketAddr};

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::flow::Flow;
use crate::explain::decode::Segment;

/// Both ends of a connection, in an order that does not depend on the direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    low: u128,
    high: u128,
    ports: u32,
}

impl Key {
    fn of(one: SocketAddr, other: SocketAddr) -> Self {
        let plain = |address: SocketAddr| {
            let ip = match address.ip() {
                IpAddr::V4(ip) => u128::from(u32::from(ip)),
                IpAddr::V6(ip) => u128::from(ip),
            };
            (ip, address.port())
        };
        let (one, other) = (plain(one), plain(other));
        let (low, high) = if one <= other { (one, other) } else { (other, one) };
        Self { low: low.0, high: high.0, ports: u32::from(low.1) << 16 | u32::from(high.1) }
    }
}

/// The connections that packets may still belong to.
pub(crate) struct FlowTable {
    flows: IndexMap<Key, Flow, FxBuildHasher>,
    /// The connection of the packet before: often it has the next one too.
    recent: usize,
    begun: u64,
    limit: usize,
    /// Connections that were let go of while they were open.
    pub(crate) forgotten_open: u64,
}

impl FlowTable {
    /// An empty table for at most `limit` connections at a time.
    pub(crate) fn new(limit: usize) -> Self {
        let flows = IndexMap::default();
        Self { flows, recent: 0, begun: 0, limit: limit.max(2), forgotten_open: 0 }
    }

    /// Takes a segment; connections that are over for the table go to `done`. Returns the connection
    /// of the segment.
    pub(crate) fn take(&mut self, segment: &Segment<'_>, done: &mut Vec<Flow>) -> &mut Flow {
        let key = Key::of(segment.from, segment.to);
        let known = match self.flows.get_index(self.recent) {
            Some((recent, _)) if *recent == key => Some(self.recent),
            _ => self.flows.get_index_of(&key),
        };
        let index = match known {
            Some(index) if self.flows[index].is_begun_anew_by(segment) => {
                let ago = segment.at.saturating_sub(self.flows[index].last.1);
                let mut flow = Flow::new(self.begun, segment);
                flow.reused_after = Some(ago);
                self.begun += 1;
                done.push(std::mem::replace(&mut self.flows[index], flow));
                index
            }
            Some(index) => index,
            None => {
                if self.flows.len() >= self.limit {
                    self.make_room(done);
                }
                let flow = Flow::new(self.begun, segment);
                self.begun += 1;
                self.flows.insert_full(key, flow).0
            }
        };
        self.recent = index;
        let flow = &mut self.flows[index];
        flow.take(segment);
        flow
    }

    /// The connection between the two ends, if it has this number.
    pub(crate) fn find(&self, [one, other]: [SocketAddr; 2], number: u64) -> Option<&Flow> {
        self.flows.get(&Key::of(one, other)).filter(|flow| flow.number == number)
    }

    /// Lets go of a quarter: those that are over first, then those that were silent for longest.
    fn make_room(&mut self, done: &mut Vec<Flow>) {
        let mut order: Vec<(bool, u64, usize)> = self
            .flows
            .values()
            .enumerate()
            .map(|(index, flow)| (!flow.is_over(), flow.last.0, index))
            .collect();
        let leave = (self.limit / 4).max(1).min(order.len());
        order.select_nth_unstable(leave - 1);
        let mut indices: Vec<usize> = order[..leave].iter().map(|(.., index)| *index).collect();
        // From the back, so that the places in front stay.
        indices.sort_unstable_by(|one, other| other.cmp(one));
        for index in indices {
            if let Some((_, flow)) = self.flows.swap_remove_index(index) {
                self.forgotten_open += u64::from(!flow.is_over());
                done.push(flow);
            }
        }
    }

    /// Gives up every connection, in order of its first packet.
    pub(crate) fn drain(&mut self, done: &mut Vec<Flow>) {
        let from = done.len();
        done.extend(self.flows.drain(..).map(|(_, flow)| flow));
        done[from..].sort_by_key(|flow| flow.number);
    }
}
