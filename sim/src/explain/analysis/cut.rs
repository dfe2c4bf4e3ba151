//! `cut` owns the sentences about what a capture cannot show.

use super::Analysis;

/// What the capture cannot show, one sentence each.
pub(super) fn sentences(analysis: &Analysis) -> Vec<String> {
    let mut cut = analysis.notes.clone();
    for (number, count) in &analysis.unknown_links {
        cut.push(format!("{count} packets have link layer {number}, which is not read"));
    }
    let flows = || analysis.done.values();
    let mut say = |count: u64, what: &str| {
        if count > 0 {
            cut.push(format!("{count} {what}"));
        }
    };
    let before = flows().filter(|flow| flow.ends.iter().all(|end| end.syn.is_none()));
    say(before.count() as u64, "connections began before the capture");
    let one_way = flows().filter(|flow| {
        let [client, server] = &flow.ends;
        (client.packets == 0) != (server.packets == 0) && flow.is_established()
    });
    say(one_way.count() as u64, "connections are captured in one direction only");
    let missed = flows().filter(|flow| flow.ends.iter().any(|end| end.missed));
    say(missed.count() as u64, "connections have packets that the capture missed");
    let snapped = flows().filter(|flow| flow.ends.iter().any(|end| end.snapped));
    say(snapped.count() as u64, "connections have packets that were cut to a snap length");
    let secured = analysis.sessions.sessions.values().filter(|one| one.secured.is_some());
    say(secured.count() as u64, "control connections are encrypted: their dialogue is not seen");
    say(analysis.skipped[1], "packets are fragments of IP and were not put together");
    say(analysis.skipped[2], "packets are cut within their headers");
    say(analysis.damaged, "packets have a wrong checksum: their receivers drop them");
    say(analysis.backwards, "packets are older than the packet before them");
    say(analysis.forgotten.open_connections, "open connections were let go of to bound memory");
    cut
}
