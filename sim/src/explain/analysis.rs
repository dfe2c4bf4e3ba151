//! `analysis` owns one analysis from its first packet to the explanation: it hands packets to the
//! rooms that follow connections and dialogues, and asks the judgement at the end.

mod cut;
mod explaining;
mod folding;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::cause::Cause;
use super::decode::{Frame, Skipped, decode};
use super::explained::{Explanation, Forgotten};
use super::ftp::session_seen::SessionSeen;
use super::ftp::sessions::Sessions;
use super::judgement::connection::{self, Setting};
use super::judgement::vantage_vote::{VantageVote, by_handshake};
use super::recreation::{PacketLog, Sketch};
use super::tracking::flow::{Flow, Role};
use super::tracking::table::FlowTable;
use folding::Folded;

/// How much an analysis holds at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections that packets may still belong to.
    pub live: usize,
    /// Connections that are over and stay whole, and connections and transfers of the explanation.
    /// Orderly ones beyond this number are counted only, and all beyond twice this number.
    pub listed: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { live: 131_072, listed: 65_536 }
    }
}

/// An analysis under way.
pub struct Analysis {
    table: FlowTable,
    sessions: Sessions,
    /// Connections that are over, by number.
    done: IndexMap<u64, Flow, FxBuildHasher>,
    leaving: Vec<Flow>,
    vote: VantageVote,
    limits: Limits,
    packets: u64,
    end: u64,
    skipped: [u64; 3],
    damaged: u64,
    backwards: u64,
    forgotten: Forgotten,
    connection_causes: BTreeMap<Cause, u64>,
    transfer_causes: BTreeMap<Cause, u64>,
    folded: Folded,
    notes: Vec<String>,
    unknown_links: BTreeMap<u32, u64>,
    /// Packets, for the sketches of [`Analysis::finish_with_sketches`].
    log: Option<PacketLog>,
}

impl Default for Analysis {
    fn default() -> Self {
        Self::new()
    }
}

impl Analysis {
    /// An analysis that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// An analysis that holds so much at a time.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            table: FlowTable::new(limits.live),
            sessions: Sessions::default(),
            done: IndexMap::default(),
            leaving: Vec::new(),
            vote: VantageVote::default(),
            limits,
            packets: 0,
            end: 0,
            skipped: [0; 3],
            damaged: 0,
            backwards: 0,
            forgotten: Forgotten::default(),
            connection_causes: BTreeMap::new(),
            transfer_causes: BTreeMap::new(),
            folded: Folded::default(),
            notes: Vec::new(),
            unknown_links: BTreeMap::new(),
            log: None,
        }
    }

    /// Keeps packets, so that [`Analysis::finish_with_sketches`] can measure the sessions: up to a
    /// million packets of some 40 bytes each.
    #[must_use]
    pub fn keep_packets(mut self) -> Self {
        self.log = Some(PacketLog::default());
        self
    }

    /// Takes the next packet of the capture. `comment` is the capture's own word on the packet.
    pub fn packet(&mut self, frame: &Frame<'_>, comment: &str) {
        self.packets += 1;
        self.backwards += u64::from(frame.at < self.end);
        self.end = self.end.max(frame.at);
        let segment = match decode(frame) {
            Ok(segment) => segment,
            Err(why) => return self.skip(why),
        };
        if segment.damaged {
            self.damaged += 1;
            self.vote.doubt(segment.from.ip());
            // A capture that is mostly damaged is of a host whose interface fills in checksums late.
            if self.damaged < 8 || self.damaged * 2 < self.packets {
                return;
            }
        }
        let flow = self.table.take(&segment, &mut self.leaving);
        self.sessions.see(flow, &segment);
        if let Some(log) = &mut self.log {
            log.keep(flow, &segment);
        }
        if comment.starts_with("forged") {
            flow.declare_forged(segment.frame);
        }
        if !self.leaving.is_empty() {
            self.settle();
        }
        self.fold_if_much();
    }

    /// The capture ends before its end: after packet `count`, with what was found there.
    pub(crate) fn ends_early(&mut self, count: u64, what: &str) {
        self.notes.push(format!("the file is damaged after packet {count}: {what}"));
    }

    /// A packet of a link layer that the analysis does not read.
    pub(crate) fn unknown_link(&mut self, number: u32, at: u64) {
        self.packets += 1;
        self.end = self.end.max(at);
        *self.unknown_links.entry(number).or_default() += 1;
    }

    fn skip(&mut self, why: Skipped) {
        let place = match why {
            Skipped::NotTcp => 0,
            Skipped::Fragment => 1,
            Skipped::HeadersCut => 2,
        };
        self.skipped[place] += 1;
    }

    /// Puts away the connections that are over.
    fn settle(&mut self) {
        let leaving = std::mem::take(&mut self.leaving);
        for flow in leaving {
            self.vote.count(&flow);
            if self.done.len() < self.limits.listed || flow.role != Role::Other {
                self.done.insert(flow.number, flow);
                continue;
            }
            self.count(&flow);
        }
    }

    /// Counts a connection that is not listed.
    fn count(&mut self, flow: &Flow) {
        self.forgotten.not_listed += 1;
        self.folded.unseen.count(flow);
        let setting = Setting { vantage: by_handshake(flow), certain: false, end: self.end };
        let cause = connection::judge(flow, setting).cause;
        *self.connection_causes.entry(cause).or_default() += 1;
    }

    /// Ends the analysis and explains every connection and every transfer.
    #[must_use]
    pub fn finish(mut self) -> Explanation {
        self.conclude()
    }

    /// Ends the analysis as [`Analysis::finish`] does, and measures each FTP session, in order of the
    /// control connections' first packets. [`Analysis::keep_packets`] comes first.
    #[must_use]
    pub fn finish_with_sketches(mut self) -> (Explanation, Vec<(u64, Sketch)>) {
        let explanation = self.conclude();
        let log = self.log.take().unwrap_or_default();
        let of = |session: &SessionSeen| {
            let own = explanation.transfers.iter().filter(|one| one.control == session.flow);
            let own: Vec<_> = own.cloned().collect();
            let flow = |number: u64| self.done.get(&number);
            Sketch::of(session, &own, &flow, &log, explanation.vantage)
        };
        let sketches = self.sessions.sessions.values().map(|it| (it.flow, of(it))).collect();
        (explanation, sketches)
    }

    fn conclude(&mut self) -> Explanation {
        self.table.drain(&mut self.leaving);
        self.settle();
        self.fold_if_much();
        self.forgotten.open_connections = self.table.forgotten_open;
        self.done.sort_unstable_keys();
        let mut unseen = self.folded.unseen;
        self.done.values().for_each(|flow| unseen.count(flow));
        let (transfers, connections) = self.list_the_rest();
        Explanation {
            vantage: self.vote.overall(),
            packets: self.packets,
            cut: cut::sentences(self, unseen),
            transfer_causes: std::mem::take(&mut self.transfer_causes),
            connection_causes: std::mem::take(&mut self.connection_causes),
            forgotten: self.forgotten,
            transfers,
            connections,
        }
    }
}
