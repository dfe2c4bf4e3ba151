//! `deadline.rs` owns the deadlines of a connection: limits that smoltcp lacks or counts wrongly (the user
//! timeout of smoltcp ends idle connections), and the watchdog for timers lost by smoltcp.

use crate::config::{Config, SynRetries};
use crate::connection::{Connection, Owner};
use crate::state::State;
use crate::time::{Moment, Span, Throttle};

/// The reason why a connection is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// The peer has not completed the handshake, not acknowledged data or a FIN, or sent no segment.
    Peer,
    /// The peer's FIN has not come in FIN-WAIT-2, and the user has closed.
    FinWait2,
    /// smoltcp has lost the timer of outstanding data.
    Stall,
    /// A SYN leaves before smoltcp would send a SYN again; the connection goes on.
    Syn,
}

/// The time limits of a host, from the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    syn_sent: Span,
    syn_received: Span,
    user_timeout: Span,
    idle: Span,
    stall: Span,
    fin_wait_2: Span,
    linger: Span,
    pub(crate) time_wait: Span,
}

impl Patience {
    pub(crate) fn new(config: &Config) -> Self {
        let (limits, policy) = (&config.deadlines, &config.policy);
        Self {
            syn_sent: match config.syn_retries {
                SynRetries::Doubling => limits.syn_sent.into(),
                SynRetries::Linux => Span::secs(131),
            },
            syn_received: limits.syn_received.into(),
            user_timeout: limits.user_timeout.into(),
            idle: Span::limit(limits.idle),
            stall: limits.stall.into(),
            fin_wait_2: Span::limit(policy.fin_wait_2),
            linger: Span::limit(policy.linger),
            time_wait: config.time_wait.into(),
        }
    }
}

/// The times of events in the life of one connection, from which deadlines count.
// In memory the fields stand in this order: the last six change with packets, and stand beside the fields of
// smoltcp that do.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Clocks {
    /// Time of the user's CLOSE or ABORT.
    pub(super) orphaned: Moment,
    /// Start of the time with unacknowledged data and without a timer. `NEVER`: no suspicion.
    pub(super) suspect: Moment,
    /// Time of the next SYN beside the SYNs of smoltcp. `NEVER`: smoltcp's own times count.
    pub(super) syn: Moment,
    /// The limit of challenge ACKs (RFC 5961 §7).
    pub(super) challenge: Throttle,
    /// Time of entry into the present state.
    pub(super) entered: Moment,
    /// Start of the time with unacknowledged data and without progress. `NEVER`: all is acknowledged.
    pub(super) outstanding: Moment,
    /// Last time when a packet left while everything before was acknowledged, and so the timer for
    /// retransmission started.
    pub(super) started: Moment,
    /// Time of the last segment that started the delay of an acknowledgment, as far as the hints need the
    /// time.
    pub(super) delayed: Moment,
    /// Time of the last segment in either direction.
    pub(super) active: Moment,
    /// Time of the last acceptable segment.
    pub(super) accepted: Moment,
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
            started: Moment::NEVER,
            delayed: Moment::NEVER,
            suspect: Moment::NEVER,
            syn: Moment::NEVER,
            challenge: Throttle::default(),
        }
    }
}

impl Connection {
    /// Whether data is unacknowledged and smoltcp holds no timer for the data.
    pub(crate) fn is_suspect(&self) -> bool {
        self.owner != Owner::Vacant && self.clocks.suspect.comes()
    }

    /// Whether sent data, a FIN or a SYN is not acknowledged.
    #[inline]
    pub(super) fn outstanding(&self) -> bool {
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

    /// Update the clocks once no packet leaves any more. `poll_at` is the next deadline of smoltcp.
    ///
    /// The watchdog: with outstanding data, smoltcp must hold a deadline to repeat or to probe. Without a
    /// deadline, only a segment of the peer can still move the connection.
    #[inline]
    pub(super) fn tick(&mut self, now: Moment, poll_at: Moment) {
        let outstanding = self.outstanding();
        let suspect = outstanding && !poll_at.comes();
        let clocks = &mut self.clocks;
        clocks.outstanding = if outstanding { clocks.outstanding.min(now) } else { Moment::NEVER };
        clocks.suspect = if suspect { clocks.suspect.min(now) } else { Moment::NEVER };
    }

    /// The first deadline of the connection, apart from the deadlines of smoltcp, and the reason.
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
            State::SynSent => {
                by(clocks.entered.after(patience.syn_sent), Overdue::Peer);
                by(clocks.syn, Overdue::Syn);
            }
            State::SynReceived => by(clocks.entered.after(patience.syn_received), Overdue::Peer),
            _ if clocks.outstanding.comes() => {
                by(clocks.outstanding.after(patience.user_timeout), Overdue::Peer);
                if orphan {
                    by(clocks.orphaned.after(patience.linger), Overdue::Peer);
                }
            }
            // Linux: tcp_fin_timeout. No user is left for data of the peer.
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
