//! `deadline.rs` decides when a connection is given up: deadlines that smoltcp does not have or counts
//! wrongly (its user timeout kills idle connections), and the watchdog for the timers it loses.

use crate::config::Config;
use crate::connection::{Connection, Owner};
use crate::state::State;
use crate::time::{Moment, Span, Throttle};

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

/// How long a host waits, by its configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    syn_sent: Span,
    syn_received: Span,
    user_timeout: Span,
    idle: Span,
    stall: Span,
    fin_wait_2: Span,
    linger: Span,
}

impl Patience {
    pub(crate) fn new(config: &Config) -> Self {
        let (limits, policy) = (&config.deadlines, &config.policy);
        Self {
            syn_sent: limits.syn_sent.into(),
            syn_received: limits.syn_received.into(),
            user_timeout: limits.user_timeout.into(),
            idle: Span::limit(limits.idle),
            stall: limits.stall.into(),
            fin_wait_2: Span::limit(policy.fin_wait_2),
            linger: Span::limit(policy.linger),
        }
    }
}

/// When the events of one connection happened, for its deadlines to count from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clocks {
    /// Entry into the present state.
    pub(super) entered: Moment,
    /// The last acceptable segment.
    pub(super) accepted: Moment,
    /// The last segment in either direction.
    pub(super) active: Moment,
    /// The user's CLOSE or ABORT.
    pub(super) orphaned: Moment,
    /// Since when something is unacknowledged without progress. `NEVER`: nothing is.
    pub(super) outstanding: Moment,
    /// Since when something is unacknowledged without a timer. `NEVER`: nothing is.
    pub(super) suspect: Moment,
    /// Limits challenge ACKs (RFC 5961 §7).
    pub(super) challenge: Throttle,
}

impl Clocks {
    /// The clocks of a connection that opens at `now`.
    pub(crate) fn opened(now: Moment) -> Self {
        Self {
            entered: now,
            accepted: now,
            active: now,
            orphaned: Moment::default(),
            outstanding: Moment::NEVER,
            suspect: Moment::NEVER,
            challenge: Throttle::default(),
        }
    }
}

impl Connection {
    /// Whether something is unacknowledged and smoltcp holds no timer for it.
    pub(crate) fn is_suspect(&self) -> bool {
        self.owner != Owner::Vacant && self.clocks.suspect.comes()
    }

    /// Whether data, a FIN or a SYN of ours is not acknowledged.
    #[inline]
    fn outstanding(&self) -> bool {
        match self.state {
            State::SynSent
            | State::SynReceived
            | State::FinWait1
            | State::Closing
            | State::LastAck => true,
            State::Established | State::CloseWait => self.view.queued > 0,
            _ => false,
        }
    }

    /// Bring the clocks up to date once egress is quiet. `poll_at` is smoltcp's next deadline.
    ///
    /// The watchdog: with something outstanding, smoltcp must hold a deadline to repeat or to probe.
    /// If it holds none, only a segment of the peer's can still move the connection.
    #[inline]
    pub(super) fn tick(&mut self, now: Moment, poll_at: Moment) {
        let outstanding = self.outstanding();
        let suspect = outstanding && !poll_at.comes();
        let clocks = &mut self.clocks;
        clocks.outstanding = if outstanding { clocks.outstanding.min(now) } else { Moment::NEVER };
        clocks.suspect = if suspect { clocks.suspect.min(now) } else { Moment::NEVER };
    }

    /// The first deadline of this host's own, and why.
    #[inline]
    pub(crate) fn deadline(&self, patience: &Patience) -> (Moment, Overdue) {
        let clocks = &self.clocks;
        let orphan = self.owner == Owner::Orphan;
        let mut first = (Moment::NEVER, Overdue::Peer);
        let mut by = |at: Moment, why: Overdue| {
            if at < first.0 {
                first = (at, why);
            }
        };
        match self.state {
            State::SynSent => by(clocks.entered.after(patience.syn_sent), Overdue::Peer),
            State::SynReceived => by(clocks.entered.after(patience.syn_received), Overdue::Peer),
            _ if clocks.outstanding.comes() => {
                by(clocks.outstanding.after(patience.user_timeout), Overdue::Peer);
                if orphan {
                    by(clocks.orphaned.after(patience.linger), Overdue::Peer);
                }
            }
            // Linux' tcp_fin_timeout: nobody is left to want what the peer may still send.
            State::FinWait2 if orphan => {
                let since = clocks.entered.max(clocks.orphaned);
                by(since.after(patience.fin_wait_2), Overdue::FinWait2);
            }
            _ => {}
        }
        if clocks.suspect.comes() {
            by(clocks.suspect.max(clocks.accepted).after(patience.stall), Overdue::Stall);
        }
        if self.synchronized() && self.state != State::TimeWait {
            by(clocks.active.after(patience.idle), Overdue::Peer);
        }
        first
    }
}
