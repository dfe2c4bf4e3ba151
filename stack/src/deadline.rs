//! `deadline.rs` decides when a connection is given up: deadlines that smoltcp does not have or counts
//! wrongly (its user timeout kills idle connections), and the watchdog for the timers it loses.

use std::time::Duration;

use crate::config::Config;
use crate::connection::{Connection, Owner};
use crate::state::State;

/// Why a connection is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// The handshake, the acknowledgment of data or FIN, or any segment at all.
    Peer,
    /// The peer's FIN after ours, with nobody left to care.
    FinWait2,
    /// A timer that smoltcp lost.
    Stall,
}

impl Connection {
    /// Whether data, a FIN or a SYN of ours is not acknowledged.
    #[inline]
    pub(crate) fn outstanding(&self) -> bool {
        match self.state {
            State::SynSent
            | State::SynReceived
            | State::FinWait1
            | State::Closing
            | State::LastAck => true,
            State::Established | State::CloseWait => self.peek().send_queue() > 0,
            _ => false,
        }
    }

    /// Bring the clocks up to date once egress is quiet. `poll_at` is smoltcp's next deadline.
    ///
    /// The watchdog: with something outstanding, smoltcp must hold a deadline to repeat or to probe.
    /// If it holds none, only a segment of the peer's can still move the connection.
    #[inline]
    pub(crate) fn tick(&mut self, now: Duration, poll_at: Option<Duration>) {
        let outstanding = self.outstanding();
        let suspect = outstanding && poll_at.is_none();
        let clocks = &mut self.clocks;
        clocks.outstanding = outstanding.then(|| clocks.outstanding.unwrap_or(now));
        clocks.suspect = suspect.then(|| clocks.suspect.unwrap_or(now));
    }

    /// The first deadline of this host's own.
    #[inline]
    pub(crate) fn deadline(&self, config: &Config) -> Option<(Duration, Overdue)> {
        let (limits, policy, clocks) = (&config.deadlines, &config.policy, &self.clocks);
        let handshake = match self.state {
            State::SynSent => Some(limits.syn_sent),
            State::SynReceived => Some(limits.syn_received),
            _ => None,
        };
        let orphan = self.owner == Owner::Orphan;
        let mut first = None;
        let mut by = |at: Duration, why: Overdue| {
            if first.is_none_or(|(sooner, _)| at < sooner) {
                first = Some((at, why));
            }
        };
        if let Some(limit) = handshake {
            by(clocks.entered + limit, Overdue::Peer);
        } else if let Some(since) = clocks.outstanding {
            by(since + limits.user_timeout, Overdue::Peer);
            if let Some(linger) = policy.linger.filter(|_| orphan) {
                by(clocks.orphaned + linger, Overdue::Peer);
            }
        } else if self.state == State::FinWait2 && orphan {
            // Linux' tcp_fin_timeout: nobody is left to want what the peer may still send.
            if let Some(limit) = policy.fin_wait_2 {
                by(clocks.entered.max(clocks.orphaned) + limit, Overdue::FinWait2);
            }
        }
        if let Some(since) = clocks.suspect {
            by(since.max(clocks.accepted) + limits.stall, Overdue::Stall);
        }
        if let Some(idle) = limits.idle
            && self.synchronized()
            && self.state != State::TimeWait
        {
            by(clocks.active + idle, Overdue::Peer);
        }
        first
    }
}
