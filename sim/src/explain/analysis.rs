//! `analysis` owns one analysis from its first packet to the explanation: it hands packets to the
//! rooms that follow connections and dialogues, and asks the judgement at the end.

mod cut;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::cause::Cause;
use super::decode::{Frame, Skipped, decode};
use super::explained::{
    ConnectionExplained, Ends, Explanation, Forgotten, TransferExplained, Vantage,
};
use super::ftp::session_seen::{SessionSeen, TransferSeen};
use super::ftp::sessions::Sessions;
use super::judgement::connection::{self, Finding, Setting};
use super::judgement::transfer::{self, Facts};
use super::judgement::vantage_vote::{VantageVote, by_handshake};
use super::judgement::{likeness, reset_reason, vocabulary, wholeness};
use super::recreation::{PacketLog, Sketch};
use super::tracking::flow::{Flow, Role};
use super::tracking::table::FlowTable;

/// How much an analysis holds at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections that packets may still belong to.
    pub live: usize,
    /// Connections of the explanation; more are counted only.
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
            self.forgotten.not_listed += 1;
            let vantage = by_handshake(&flow);
            let setting = Setting { vantage, certain: false, end: self.end };
            let cause = connection::judge(&flow, setting).cause;
            *self.connection_causes.entry(cause).or_default() += 1;
        }
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
        self.forgotten.open_connections = self.table.forgotten_open;
        self.done.sort_unstable_keys();
        self.join_by_time();
        let mut connections = Vec::new();
        for flow in self.done.values() {
            let explained = self.connection(flow);
            *self.connection_causes.entry(explained.cause).or_default() += 1;
            connections.push(explained);
        }
        let transfers = self.transfers();
        let mut transfer_causes = BTreeMap::new();
        for transfer in &transfers {
            *transfer_causes.entry(transfer.cause).or_default() += 1;
        }
        Explanation {
            vantage: self.vote.overall(),
            packets: self.packets,
            cut: cut::sentences(self),
            transfer_causes,
            connection_causes: std::mem::take(&mut self.connection_causes),
            forgotten: self.forgotten,
            transfers,
            connections,
        }
    }

    fn setting(&self, flow: &Flow) -> Setting {
        let (vantage, certain) = match self.vote.of(flow) {
            (Vantage::Unknown, _) => (by_handshake(flow), false),
            known => known,
        };
        Setting { vantage, certain, end: self.end }
    }

    fn connection(&self, flow: &Flow) -> ConnectionExplained {
        let setting = self.setting(flow);
        let Finding { cause, sure, because, frames } = connection::judge(flow, setting);
        let how = |side| connection::ended(flow, side, setting);
        let bytes = |count: i64| u64::try_from(count).unwrap_or(0);
        let first = flow.ends.each_ref().map(|end| end.fin.map(|fin| fin.frame));
        let firsts = flow.resets.iter().map(|reset| (reset.frame, reset.from));
        let firsts = firsts.chain(
            [(first[0], 0), (first[1], 1)]
                .into_iter()
                .filter_map(|(frame, side)| frame.map(|frame| (frame, side))),
        );
        ConnectionExplained {
            number: flow.number,
            client: flow.addresses[0].to_string(),
            server: flow.addresses[1].to_string(),
            channel: match flow.role {
                Role::Other => None,
                Role::Control => Some("control"),
                Role::Data => Some("data"),
            },
            opened: opened(flow),
            bytes: Ends::of(|side| bytes(flow.ends[side].bytes())),
            ended: Ends::of(|side| how(side).0),
            ended_sure: Ends::of(|side| how(side).1),
            first_to_close: firsts.min().map(|(_, side)| reset_reason::side_name(side)),
            unacknowledged: Ends::of(|side| bytes(flow.ends[side].unacknowledged())),
            conn_state: vocabulary::conn_state(flow),
            stage: vocabulary::stage(flow),
            completeness: vocabulary::completeness(flow),
            resets: flow
                .resets
                .iter()
                .map(|reset| reset_reason::explained(flow, reset, setting.vantage))
                .collect(),
            vantage: setting.vantage,
            cause,
            sure,
            because,
            frames,
            change: cause.change(),
            like: cause.like(),
        }
    }

    fn transfers(&self) -> Vec<TransferExplained> {
        let all: usize = self.sessions.sessions.values().map(|one| one.transfers.len()).sum();
        let mut transfers = Vec::with_capacity(all);
        for session in self.sessions.sessions.values() {
            for transfer in &session.transfers {
                transfers.push(self.transfer(session, transfer, all));
            }
        }
        transfers
    }

    fn transfer(
        &self,
        session: &SessionSeen,
        seen: &TransferSeen,
        all: usize,
    ) -> TransferExplained {
        let control = self.done.get(&session.flow);
        let data = seen.data.and_then(|number| self.done.get(&number));
        let setup = seen.setup.and_then(|number| session.setups.get(number));
        let control_setting = control
            .map_or(Setting { vantage: Vantage::Unknown, certain: false, end: self.end }, |flow| {
                self.setting(flow)
            });
        let facts = Facts {
            session,
            transfer: seen,
            control,
            data,
            passive: setup.is_none_or(|setup| setup.passive),
            control_setting,
            data_setting: data.map_or(control_setting, |flow| self.setting(flow)),
            reuses: self.reuses(session, seen),
        };
        let Finding { cause, sure, because, frames } = transfer::judge(&facts);
        let sender = facts.sender();
        let (whole, whole_because) = wholeness::judge(seen, data.map(|flow| (flow, sender)), cause);
        let sent = data.map_or(0, |flow| flow.ends[sender].bytes());
        TransferExplained {
            command: seen.verb.to_owned(),
            file: seen.argument.clone(),
            client: session.client.to_string(),
            server: session.server.to_string(),
            control: session.flow,
            data: data.map(|flow| flow.number),
            bytes: u64::try_from(sent).unwrap_or(0),
            reply: last_reply(seen),
            told: told(seen, facts.reply_reached()),
            whole,
            whole_because,
            cause,
            sure,
            because,
            frames,
            change: cause.change(),
            like: likeness::like(&facts, cause, all),
        }
    }

    /// How long before the transfer's command the last connection to the announced address ended.
    fn reuses(&self, session: &SessionSeen, seen: &TransferSeen) -> Option<u64> {
        let announced = session.setups.get(seen.setup?)?;
        let earlier = session.setups.iter().take(seen.setup?).rev();
        let data =
            earlier.filter(|one| one.address == announced.address).find_map(|one| one.data)?;
        Some(seen.said.at.saturating_sub(self.done.get(&data)?.last.1))
    }

    /// Gives each transfer its data connection: the one that came to its announcement.
    fn join_by_time(&mut self) {
        for session in self.sessions.sessions.values_mut() {
            for transfer in &mut session.transfers {
                let setup = transfer.setup.and_then(|number| session.setups.get(number));
                transfer.data = setup.and_then(|setup| setup.data);
            }
            // One announcement is for one transfer: the first that follows.
            let mut taken = None;
            for transfer in &mut session.transfers {
                if taken == transfer.setup && taken.is_some() {
                    transfer.data = None;
                }
                taken = transfer.setup;
            }
        }
    }
}

fn opened(flow: &Flow) -> &'static str {
    let syn = flow.ends[0].syn.is_some();
    match () {
        () if !syn && flow.syn_ack_at.is_none() => "before",
        () if flow.is_established() => "handshake",
        () if flow.resets.first().is_some_and(|one| one.from == 1) => "refused",
        () if flow.syn_ack_at.is_some() => "half",
        () => "unanswered",
    }
}

/// What the client's user was told, by the server's last reply.
fn told(seen: &TransferSeen, reached: bool) -> &'static str {
    match &seen.reply {
        _ if !reached => "nothing",
        Some((code, ..)) if *code < 400 && seen.abor.is_none() => "success",
        Some(_) => "failure",
        None => "nothing",
    }
}

fn last_reply(seen: &TransferSeen) -> String {
    match (&seen.reply, seen.begun) {
        (Some((code, text, _)), _) => format!("{code} {text}"),
        (None, Some((code, _))) => code.to_string(),
        (None, None) => String::new(),
    }
}
