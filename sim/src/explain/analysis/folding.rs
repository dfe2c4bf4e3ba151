//! `folding` bounds the memory of an analysis: transfers and sessions that are over are explained before
//! the end of the capture, and their connections are let go of.

use super::Analysis;
use super::cut::Unseen;
use crate::explain::cause::Cause;
use crate::explain::explained::{ConnectionExplained, TransferExplained, Whole};
use crate::explain::ftp::session_seen::SessionSeen;
use crate::explain::tracking::flow::Role;

/// The last transfers of a live session, which SIZE or ABOR may still concern.
const LAST: usize = 8;

/// The explanations before the end of the capture.
#[derive(Default)]
pub(super) struct Folded {
    transfers: Vec<TransferExplained>,
    connections: Vec<ConnectionExplained>,
    /// How many transfers were explained.
    explained: usize,
    /// What the connections that are gone do not show.
    pub(super) unseen: Unseen,
    /// The number of connections, and of transfers, at which to look again.
    next: [usize; 2],
}

impl Analysis {
    /// Folds once many connections are over, or the sessions hold many transfers: a transfer that the
    /// server refuses has no connection that could be over.
    #[inline]
    pub(super) fn fold_if_much(&mut self) {
        let listed = self.limits.listed;
        let [connections, transfers] = self.folded.next.map(|next| next.max(listed));
        let much = self.done.len() > connections || self.sessions.kept > transfers;
        // The sketches of a recreation need every packet and every connection.
        if much && self.log.is_none() {
            self.fold();
        }
    }

    /// Explains the transfers, sessions and connections that are over, and lets go of them.
    fn fold(&mut self) {
        let mut controls: Vec<u64> = self.sessions.sessions.keys().copied().collect();
        controls.sort_unstable();
        for control in controls {
            self.fold_session(control);
        }
        // A data connection whose session is gone is like any other connection.
        let sessions = &self.sessions.sessions;
        let is_lost = |role, session| role != Role::Other && !sessions.contains_key(&session);
        let lost: Vec<u64> = self
            .done
            .values()
            .filter(|flow| is_lost(flow.role, flow.session))
            .map(|flow| flow.number)
            .collect();
        for number in lost {
            if let Some(flow) = self.done.swap_remove(&number) {
                self.count(&flow);
            }
        }
        let much = |count: usize| count + count / 4;
        self.folded.next = [much(self.done.len()), much(self.sessions.kept)];
    }

    /// Explains the transfers of a session that are over, and the session itself if it is over.
    fn fold_session(&mut self, control: u64) {
        let Some(mut session) = self.sessions.sessions.swap_remove(&control) else { return };
        session.join();
        let over = self.is_done(Some(control))
            && session.setups.iter().all(|setup| self.is_done(setup.data));
        let last = if over { 0 } else { LAST };
        while session.transfers.len() > last
            && session
                .transfers
                .iter()
                .next()
                .is_some_and(|first| over || (first.reply.is_some() && self.is_done(first.data)))
            && let Some(first) = session.let_go()
        {
            let transfer = self.transfer(&session, &first, self.folded.explained + 1);
            let flow = first.data.and_then(|number| self.done.get(&number));
            let connection = flow.map(|flow| self.connection(flow));
            self.put_away(Some(transfer), connection);
            self.sessions.kept -= 1;
        }
        self.folded.unseen.transfers += std::mem::take(&mut session.uncounted);
        if !over {
            self.sessions.sessions.insert(control, session);
            return;
        }
        self.folded.unseen.secured += u64::from(session.secured.is_some());
        let unused = session.setups.iter().filter_map(|setup| setup.data);
        for number in unused.chain([control]) {
            let connection = self.done.get(&number).map(|flow| self.connection(flow));
            self.put_away(None, connection);
        }
    }

    /// Whether a connection, if there is one, is over.
    fn is_done(&self, number: Option<u64>) -> bool {
        number.is_none_or(|number| self.done.contains_key(&number))
    }

    /// Lists, or only counts, an explained transfer and an explained connection.
    fn put_away(
        &mut self,
        transfer: Option<TransferExplained>,
        connection: Option<ConnectionExplained>,
    ) {
        let listed = self.folded.transfers.len().max(self.folded.connections.len());
        let is_bad = transfer
            .as_ref()
            .is_some_and(|it| it.cause != Cause::Orderly || it.whole == Whole::Short)
            || connection
                .as_ref()
                .is_some_and(|it| it.cause != Cause::Orderly || !it.resets.is_empty());
        let is_listed = listed < self.limits.listed * if is_bad { 2 } else { 1 };
        if let Some(transfer) = transfer {
            self.folded.explained += 1;
            *self.transfer_causes.entry(transfer.cause).or_default() += 1;
            if is_listed {
                self.folded.transfers.push(transfer);
            } else {
                self.forgotten.transfers_not_listed += 1;
                self.forgotten.short_not_listed += u64::from(transfer.whole == Whole::Short);
            }
        }
        if let Some(connection) = connection
            && let Some(flow) = self.done.swap_remove(&connection.number)
        {
            self.folded.unseen.count(&flow);
            *self.connection_causes.entry(connection.cause).or_default() += 1;
            if is_listed {
                self.folded.connections.push(connection);
            } else {
                self.forgotten.not_listed += 1;
                let reset = flow.role == Role::Data && !connection.resets.is_empty();
                self.forgotten.resets_on_data_not_listed += u64::from(reset);
            }
        }
    }

    /// Explains everything that is left at the end of the capture.
    pub(super) fn list_the_rest(&mut self) -> (Vec<TransferExplained>, Vec<ConnectionExplained>) {
        self.sessions.sessions.values_mut().for_each(SessionSeen::join);
        let sessions = || self.sessions.sessions.values();
        let all = self.folded.explained + sessions().map(|one| one.transfers.len()).sum::<usize>();
        let mut transfers = std::mem::take(&mut self.folded.transfers);
        let mut connections = std::mem::take(&mut self.folded.connections);
        let [before, earlier] = [transfers.len(), connections.len()];
        for session in sessions() {
            let own = session.transfers.iter();
            transfers.extend(own.map(|transfer| self.transfer(session, transfer, all)));
        }
        connections.extend(self.done.values().map(|flow| self.connection(flow)));
        for transfer in &transfers[before..] {
            *self.transfer_causes.entry(transfer.cause).or_default() += 1;
        }
        for connection in &connections[earlier..] {
            *self.connection_causes.entry(connection.cause).or_default() += 1;
        }
        if before + earlier > 0 {
            transfers.sort_by_key(|transfer| transfer.control);
            connections.sort_by_key(|connection| connection.number);
        }
        (transfers, connections)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::analysis::Limits;
    use crate::explain::decode::{Frame, LinkLayer};
    use crate::network::trace::Recording;
    use crate::run::run_loaded;
    use crate::scenario::Scenario;
    use crate::workload::Workload;

    /// Nine clients ask for directories that are not there: no data connection opens, and no session
    /// ends before the capture does.
    #[test]
    fn refused_transfers_of_live_sessions_are_let_go_of() {
        let mut scenario = Scenario::default();
        let tasks = (1..=60).map(|number| format!("do.{number}.ls=absent"));
        let more = ["client.mode=active", "client.count=9"].map(str::to_owned);
        let settings: Vec<String> = tasks.chain(more).collect();
        scenario.vary(settings.iter().map(String::as_str)).expect("the settings are sound");
        let workload = Workload::load(&scenario).expect("generated bytes need no file");
        let finished = run_loaded(&scenario, &workload, 0, Recording::Packets);
        let mut analysis = Analysis::with_limits(Limits { live: 10_000, listed: 20 });
        let mut most = 0;
        for (packet, number) in finished.captured().iter().zip(1..) {
            let at = u64::try_from(packet.at.as_nanos()).expect("a run is short");
            let frame = Frame { number, at, link: LinkLayer::Raw, bytes: &packet.bytes };
            analysis.packet(&frame, "");
            most = most.max(analysis.sessions.kept);
        }
        let explanation = analysis.finish();
        let all: u64 = explanation.transfer_causes.values().sum();
        assert!(all >= 9 * 60, "{all} transfers");
        assert_eq!(explanation.forgotten.open_connections, 0);
        // The last transfers of each session stay, and a quarter more may come before the next look.
        assert!(most <= 9 * LAST * 5 / 4 + 9, "{most} transfers were kept of {all}");
    }
}
