//! `explaining` makes the explanation of one connection, and of one transfer, out of the facts of an
//! analysis.

use super::Analysis;
use crate::explain::explained::{ConnectionExplained, Ends, TransferExplained, Vantage};
use crate::explain::ftp::session_seen::{SessionSeen, TransferSeen};
use crate::explain::judgement::connection::{self, Finding, Setting};
use crate::explain::judgement::facts::Facts;
use crate::explain::judgement::transfer;
use crate::explain::judgement::vantage_vote::by_handshake;
use crate::explain::judgement::{likeness, reset_reason, vocabulary, wholeness};
use crate::explain::tracking::flow::{Flow, Role};

impl Analysis {
    /// Where the capture shows `flow` from, and when the capture ends.
    fn setting(&self, flow: &Flow) -> Setting {
        let (vantage, certain) = match self.vote.of(flow) {
            (Vantage::Unknown, _) => (by_handshake(flow), false),
            known => known,
        };
        Setting { vantage, certain, end: self.end }
    }

    /// Explains why a connection ended as it did.
    pub(super) fn connection(&self, flow: &Flow) -> ConnectionExplained {
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

    /// Explains a transfer, whose data connection is known, of a capture with `all` transfers.
    pub(super) fn transfer(
        &self,
        session: &SessionSeen,
        seen: &TransferSeen,
        all: usize,
    ) -> TransferExplained {
        let control = self.control_of(session);
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
        let mut earlier = session.setups.before(seen.setup?);
        let data = earlier.find_map(|one| one.data.filter(|_| one.address == announced.address))?;
        Some(seen.said.at.saturating_sub(self.done.get(&data)?.last.1))
    }

    /// The control connection, over or not.
    fn control_of(&self, session: &SessionSeen) -> Option<&Flow> {
        let live = || self.table.find([session.client, session.server], session.flow);
        self.done.get(&session.flow).or_else(live)
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
