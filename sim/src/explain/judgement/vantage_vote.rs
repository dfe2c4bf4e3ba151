//! `vantage_vote` estimates where a capture was taken: the near end of a handshake answers at once,
//! the far end a round trip later.

use std::net::IpAddr;

use indexmap::{IndexMap, IndexSet};
use rustc_hash::FxBuildHasher;

use crate::explain::explained::Vantage;
use crate::explain::tracking::flow::Flow;

/// How much longer the far end takes than the near end.
const RATIO: u64 = 4;

/// A near end that is certain takes less time than this, in nanoseconds, and the far end so many times
/// as long.
const AT_ONCE: u64 = 1_000_000;
const AT_ONCE_RATIO: u64 = 32;

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

/// Whether the near end answered so soon that no network can be between.
fn is_at_once(flow: &Flow, near: usize) -> bool {
    let client_took =
        flow.opened_at.zip(flow.syn_ack_at).map(|(end, begin)| end.saturating_sub(begin));
    let server_took = flow.first_syn_ack_at.saturating_sub(flow.answered_syn_at);
    let client_took = client_took.unwrap_or(u64::MAX);
    let [own, other] =
        if near == 0 { [client_took, server_took] } else { [server_took, client_took] };
    own < AT_ONCE && own.saturating_mul(AT_ONCE_RATIO) < other
}

/// The votes of all handshakes.
#[derive(Debug, Default)]
pub(crate) struct VantageVote {
    /// By address: how often that end was near, and how often far.
    addresses: IndexMap<IpAddr, [u32; 2], FxBuildHasher>,
    /// Connections by their own estimate: client, server, link.
    counts: [u64; 3],
    /// Ends that are hardly near: the network has damaged their packets before the place of the
    /// capture, or a handshake of theirs was not answered at once.
    doubted: IndexSet<IpAddr, FxBuildHasher>,
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
        if let Some(end) = near.iter().position(|near| *near)
            && !is_at_once(flow, end)
        {
            self.doubt(ends[end]);
        }
        let place = match near {
            [true, _] => 0,
            [_, true] => 1,
            [false, false] => 2,
        };
        self.counts[place] += 1;
    }

    /// Notes that `ip` is hardly the near end. No host sends packets with a wrong checksum, and other
    /// packets of that host may be missing.
    pub(crate) fn doubt(&mut self, ip: IpAddr) {
        if self.doubted.len() < ADDRESSES_MAX {
            self.doubted.insert(ip);
        }
    }

    /// Where the capture was taken, for `flow`: by the votes of both addresses; and whether more than
    /// one handshake says so, and none the contrary.
    pub(crate) fn of(&self, flow: &Flow) -> (Vantage, bool) {
        let votes = |address: IpAddr| self.addresses.get(&address).copied().unwrap_or_default();
        let [client, server] = flow.addresses.map(|address| votes(address.ip()));
        let near = |[near, far]: [u32; 2]| near > far.saturating_mul(4);
        let certain = |end: usize| {
            let [own, other] = if end == 0 { [client, server] } else { [server, client] };
            let ip = flow.addresses[end].ip();
            let doubted = self.doubted.contains(&ip);
            own[0] > 1 && own[1] == 0 && other[0] == 0 && !doubted
        };
        match (near(client), near(server)) {
            (true, false) => (Vantage::Client, certain(0)),
            (false, true) => (Vantage::Server, certain(1)),
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
