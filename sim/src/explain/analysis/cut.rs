//! `cut` owns the sentences about what a capture cannot show.

use super::Analysis;
use crate::explain::tracking::flow::Flow;

/// How many connections a capture does not show whole.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unseen {
    before: u64,
    one_way: u64,
    missed: u64,
    snapped: u64,
    /// Control connections whose dialogue is encrypted.
    pub(super) secured: u64,
    /// Transfers of sessions with very many transfers at a time.
    pub(super) transfers: u64,
}

impl Unseen {
    /// Counts what the capture does not show of a connection.
    pub(super) fn count(&mut self, flow: &Flow) {
        let [client, server] = &flow.ends;
        let one_way = (client.packets == 0) != (server.packets == 0) && flow.is_established();
        self.before += u64::from(flow.ends.iter().all(|end| end.syn.is_none()));
        self.one_way += u64::from(one_way);
        self.missed += u64::from(flow.ends.iter().any(|end| end.missed));
        self.snapped += u64::from(flow.ends.iter().any(|end| end.snapped));
    }
}

/// What the capture cannot show, one sentence each. `unseen` counts every connection.
pub(super) fn sentences(analysis: &Analysis, unseen: Unseen) -> Vec<String> {
    let mut cut = analysis.notes.clone();
    for (number, count) in &analysis.unknown_links {
        cut.push(format!("{count} packets have link layer {number}, which is not read"));
    }
    let sessions = || analysis.sessions.sessions.values();
    let secured = sessions().filter(|one| one.secured.is_some()).count() as u64;
    let uncounted: u64 = sessions().map(|one| one.uncounted).sum();
    let Unseen { before, one_way, missed, snapped, .. } = unseen;
    let forgotten = &analysis.forgotten;
    let counts = [
        (before, "connections began before the capture"),
        (one_way, "connections are captured in one direction only"),
        (missed, "connections have packets that the capture missed"),
        (snapped, "connections have packets that were cut to a snap length"),
        (unseen.secured + secured, "control connections are encrypted: their dialogue is not seen"),
        (analysis.skipped[1], "packets are fragments of IP and were not put together"),
        (analysis.skipped[2], "packets are cut within their headers"),
        (analysis.damaged, "packets have a wrong checksum: their receivers drop them"),
        (analysis.backwards, "packets are older than the packet before them"),
        (forgotten.open_connections, "open connections were let go of to bound memory"),
        (
            forgotten.transfers_not_listed,
            "transfers are counted and not listed, to bound memory: cut the capture to list them",
        ),
        (forgotten.not_listed, "connections are counted and not listed, to bound memory"),
        (
            analysis.sessions.dropped,
            "announced data connections were not waited for, to bound memory",
        ),
        (
            unseen.transfers + uncounted,
            "transfers were not looked at: their session has too many at a time",
        ),
    ];
    cut.extend(counts.iter().filter(|it| it.0 > 0).map(|(count, what)| format!("{count} {what}")));
    cut
}
