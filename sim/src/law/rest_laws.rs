//! The laws of the end: both hosts come to rest in bounded time, and a host at rest holds no
//! resources. The notes tell whether a connection is alive; resources are counted.

use std::time::Duration;

use halfclose_stack::{Segment, TIME_WAIT};

use super::connections::Endpoint;
use super::{About, Breach, Findings};
use crate::outcome::End;
use crate::scenario::{LinkConfig, Scenario};
use crate::side::{CONTROL_PORT, Side};
use crate::terms::law_names::{AT_REST, LEAKS};

/// A bound on retransmission: two of smoltcp's longest timeouts (RFC 6298 §2.4 allows 60 s). A lost
/// segment is sent again after a timeout, and the answer may have to wait for another timeout.
const RETRANSMISSION: Duration = Duration::from_secs(120);

/// The resources that a side holds at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Counts of the host's resources.
    pub host: halfclose_stack::Audit,
    /// Packets of this side in flight on the link.
    pub in_flight: usize,
    /// Number of the program's sessions.
    pub sessions: usize,
    /// Number of the program's open files.
    pub files: usize,
}

/// The longest time of a packet on the link: behind a full queue.
fn hop(link: &LinkConfig) -> Duration {
    let waits = link.rate.map_or(0, |rate| link.queue.saturating_mul(8_000_000) / rate.max(1));
    link.delay + link.jitter + Duration::from_micros(waits)
}

/// The longest time from the last loss or call of a program to the rest of both hosts. `fin_wait_2`: how
/// long an orphan may stay in FIN-WAIT-2.
pub(super) fn allowance(scenario: &Scenario, fin_wait_2: Duration) -> Duration {
    let hops = hop(&scenario.up) + hop(&scenario.down);
    let time_wait = TIME_WAIT.max(scenario.tcp.time_wait);
    let mut limit = time_wait + fin_wait_2 + RETRANSMISSION + hops * 4;
    // Where a round trip is longer than smoltcp's longest timeout, each segment of a send buffer may
    // wait for a round trip of its own.
    if hops > RETRANSMISSION / 2 {
        let segments = scenario.tcp.send_buffer.div_ceil(scenario.mtu - Segment::HEADERS);
        limit += hops * u32::try_from(segments).unwrap_or(u32::MAX);
    }
    limit
}

/// Check that every connection is over in time.
pub(super) fn at_rest(findings: &Findings<'_>, breaches: &mut Vec<Breach>) {
    let evidence = findings.evidence;
    let since = evidence.last_cause();
    let limit = since + allowance(findings.scenario, evidence.fin_wait_2);
    let quiet = findings.end == End::Quiet;
    // A run that was cut while a program stores, or waits for its own deadline, shows nothing.
    if !quiet && (findings.now <= limit || !findings.programs_done) {
        return;
    }
    let mut late = true;
    let mut alive: Vec<_> = evidence.connections.iter().filter(|known| known.alive()).collect();
    alive.sort_unstable_by_key(|known| known.key.number());
    for known in alive {
        let (local, peer) = (known.key.1, known.key.2);
        let seen = format!("{} for ever, ports {local} to {peer}", known.state);
        let about = About::Alive(known.state);
        let (at, side) = (findings.now, known.key.0);
        breaches.push(Breach { law: AT_REST, at, side, emission: None, seen, about });
        late = false;
    }
    if late && findings.now > limit {
        let seen =
            format!("quiet {} s after the last loss or call", (findings.now - since).as_secs());
        let (at, side) = (findings.now, Side::Client);
        breaches.push(Breach { law: AT_REST, at, side, emission: None, seen, about: About::Other });
    }
}

/// Check that no resource is held for an ended connection.
pub(super) fn leaks(findings: &Findings<'_>, breaches: &mut Vec<Breach>) {
    if findings.end != End::Quiet {
        return;
    }
    for (side, holding) in [Side::Client, Side::Server].into_iter().zip(findings.holdings) {
        let Holding { host, in_flight, sessions, files } = holding;
        // Live connections of this side, and the control connections among them.
        let (mut alive, mut control) = (0, 0);
        for known in findings.evidence.connections.iter() {
            let Endpoint(at, local, peer) = known.key;
            if at == side && known.alive() {
                alive += 1;
                let port = if side == Side::Client { peer } else { local };
                control += usize::from(port == CONTROL_PORT);
            }
        }
        let mut leak = |what: &str, held: usize, allowed: usize| {
            if held > allowed {
                let seen = format!("{} {what} too many", held - allowed);
                let (at, about) = (findings.now, About::Other);
                breaches.push(Breach { law: LEAKS, at, side, emission: None, seen, about });
            }
        };
        // The server's own door.
        let doors = usize::from(side == Side::Server);
        leak("packet buffers", usize::try_from(host.packets).unwrap_or(0), 0);
        leak("packets on the link", in_flight, 0);
        // A session that waits for ever on a live control connection may hold a data connection,
        // and not look at the data connection before a reply: the session has not seen the end of
        // the data connection.
        leak("connection slots", host.connections, alive + control);
        // A session whose control connection is lost may wait for the end of its data.
        leak("sessions", sessions, alive);
        leak("listeners", host.listeners, doors + control);
        leak("open files", files, alive);
    }
}
