//! `vantage_vote` estimates where a capture was taken: the near end of a handshake answers at once,
//! the far end a round trip later.

use std::net::IpAddr;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::explain::explained::Vantage;
use crate::explain::tracking::flow::Flow;

/// How much longer the far end takes than the near end.
const RATIO: u64 = 4;

/// Addresses whose votes are kept.
const ADDRESSES_MAX: usize = 65_536;

/// Where the capture was taken, by the handshake of one connection.
pub(crate) fn by_handshake(flow: &Flow) -> Vantage {
    let [client, server] = &flow.ends;
    let (Some(_), Some(opened), Some(syn_ack)) = (client.syn, flow.opened_at, flow.syn_ack_at)
    else {
        return Vantage::Unknown;
    };
    if server.syn_repeats > 0 || client.syn_repeats > 0 {
        // Which copy was answered is not known.
        return Vantage::Unknown;
    }
    let server_took = flow.first_syn_ack_at.saturating_sub(flow.answered_syn_at);
    let client_took = opened.saturating_sub(syn_ack);
    if server_took > client_took.saturating_mul(RATIO) {
        Vantage::Client
    } else if client_took > server_took.saturating_mul(RATIO) {
        Vantage::Server
    } else if server_took == 0 && client_took == 0 {
        Vantage::Unknown
    } else {
        Vantage::Link
    }
}

/// The votes of all handshakes.
#[derive(Debug, Default)]
pub(crate) struct VantageVote {
    /// By address: how often that end was near, and how often far.
    addresses: IndexMap<IpAddr, [u32; 2], FxBuildHasher>,
    /// Connections by their own estimate: client, server, link.
    counts: [u64; 3],
}

impl VantageVote {
    /// Counts a connection that is over.
    pub(crate) fn count(&mut self, flow: &Flow) {
        let ends = [flow.addresses[0].ip(), flow.addresses[1].ip()];
        let near = match by_handshake(flow) {
            Vantage::Client => [true, false],
            Vantage::Server => [false, true],
            Vantage::Link => [false, false],
            Vantage::Unknown => return,
        };
        for (ip, near) in ends.into_iter().zip(near) {
            if self.addresses.len() < ADDRESSES_MAX || self.addresses.contains_key(&ip) {
                let votes = self.addresses.entry(ip).or_default();
                votes[usize::from(!near)] = votes[usize::from(!near)].saturating_add(1);
            }
        }
        let place = match near {
            [true, _] => 0,
            [_, true] => 1,
            [false, false] => 2,
        };
        self.counts[place] += 1;
    }

    /// Where the capture was taken, for `flow`: by the votes of both addresses; and whether more than
    /// one handshake says so, and none the contrary.
    pub(crate) fn of(&self, flow: &Flow) -> (Vantage, bool) {
        let votes = |address: IpAddr| self.addresses.get(&address).copied().unwrap_or_default();
        let [client, server] = flow.addresses.map(|address| votes(address.ip()));
        let near = |[near, far]: [u32; 2]| near > far.saturating_mul(4);
        let certain = |[near, far]: [u32; 2]| near > 1 && far == 0;
        match (near(client), near(server)) {
            (true, false) => (Vantage::Client, certain(client) && server[0] == 0),
            (false, true) => (Vantage::Server, certain(server) && client[0] == 0),
            (true, true) => (Vantage::Unknown, false),
            (false, false) if client[1] + server[1] == 0 => (Vantage::Unknown, false),
            (false, false) => (Vantage::Link, false),
        }
    }

    /// Where the capture as a whole was taken: what holds for most connections.
    pub(crate) fn overall(&self) -> Vantage {
        let most = self.counts.iter().max().copied().unwrap_or(0);
        match self.counts.iter().position(|count| *count == most) {
            _ if most == 0 => Vantage::Unknown,
            Some(0) => Vantage::Client,
            Some(1) => Vantage::Server,
            _ => Vantage::Link,
        }
    }
}
