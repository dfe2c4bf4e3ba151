//! The laws of the end: both hosts come to rest in bounded time, and whoever is at rest holds
//! nothing. Whether a connection is alive is read from its notes, what is held is counted.

use std::time::Duration;

use halfclose_stack::TIME_WAIT;

use super::connections::Endpoint;
use super::{About, Breach, Findings};
use crate::outcome::End;
use crate::scenario::LinkConfig;
use crate::side::{CONTROL_PORT, Side};
use crate::terms::law_names::{AT_REST, LEAKS};

/// A bound on retransmission: two of smoltcp's longest timeouts (RFC 6298 §2.4 allows 60 s). What
/// was lost last is sent again after one, and its answer may still have to wait for another.
const RETRANSMISSION: Duration = Duration::from_secs(120);

/// What one side still holds at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Its host.
    pub host: halfclose_stack::Audit,
    /// Packets of its that the link carries.
    pub in_flight: usize,
    /// Sessions of its program.
    pub sessions: usize,
    /// Files its program has open.
    pub files: usize,
}

/// The longest that a packet is on its way: behind a full queue.
fn hop(link: &LinkConfig) -> Duration {
    let waits = link.rate.map_or(0, |rate| link.queue.saturating_mul(8_000_000) / rate.max(1));
    link.delay + link.jitter + Duration::from_micros(waits)
}

/// Every connection is over once its time has come.
pub(super) fn at_rest(findings: &Findings<'_>, breaches: &mut Vec<Breach>) {
    let evidence = findings.evidence;
    let since = evidence.last_drop.max(evidence.last_call);
    let hops = hop(&findings.scenario.up) + hop(&findings.scenario.down);
    let limit = since + TIME_WAIT + evidence.fin_wait_2 + RETRANSMISSION + hops * 4;
    let quiet = findings.end == End::Quiet;
    if !quiet && findings.now <= limit {
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

/// Nothing is held for what is over.
pub(super) fn leaks(findings: &Findings<'_>, breaches: &mut Vec<Breach>) {
    if findings.end != End::Quiet {
        return;
    }
    for (side, holding) in [Side::Client, Side::Server].into_iter().zip(findings.holdings) {
        let Holding { host, in_flight, sessions, files } = holding;
        // Connections of this side that are alive, and those of them that are control connections.
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
        // A session that waits for ever, its control connection alive, may have its data connection in
        // hand and not look at it before a reply: that it is over is not seen yet.
        leak("connection slots", host.connections, alive + control);
        leak("sessions", sessions, control);
        leak("listeners", host.listeners, doors + control);
        leak("open files", files, control);
    }
}
