//! `table` finds the connection of a segment, begins new connections, and removes old connections, so that
//! memory stays bounded.

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
    /// The connection of the last packet, to which the next packet often belongs too.
    recent: usize,
    begun: u64,
    limit: usize,
    /// The number of open connections that were removed.
    pub(crate) forgotten_open: u64,
}

impl FlowTable {
    /// An empty table for at most `limit` connections at a time.
    pub(crate) fn new(limit: usize) -> Self {
        let flows = IndexMap::default();
        Self { flows, recent: 0, begun: 0, limit: limit.max(2), forgotten_open: 0 }
    }

    /// Takes a segment, and returns the connection of the segment. Connections that the table
    /// removes for this segment go to `done`.
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

    /// The connection between both ends, if the connection has this number.
    pub(crate) fn find(&self, [one, other]: [SocketAddr; 2], number: u64) -> Option<&Flow> {
        self.flows.get(&Key::of(one, other)).filter(|flow| flow.number == number)
    }

    /// Moves a quarter of the connections into `done`: first the connections that have ended, then
    /// the connections without a packet for the longest time.
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
        // The highest index first: `swap_remove_index` leaves all lower indices unchanged.
        indices.sort_unstable_by(|one, other| other.cmp(one));
        for index in indices {
            if let Some((_, flow)) = self.flows.swap_remove_index(index) {
                self.forgotten_open += u64::from(!flow.is_over());
                done.push(flow);
            }
        }
    }

    /// Moves every connection into `done`, in the order of the first packets.
    pub(crate) fn drain(&mut self, done: &mut Vec<Flow>) {
        let from = done.len();
        done.extend(self.flows.drain(..).map(|(_, flow)| flow));
        done[from..].sort_by_key(|flow| flow.number);
    }
}
