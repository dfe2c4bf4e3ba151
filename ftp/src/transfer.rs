//! `transfer` is the data transfer process of RFC 959 §2.3: the one loop that moves a file between
//! a store and a data connection, for both sides and both directions, in stream mode (§3.4.1). The
//! loop does not know commands or replies; the session judges the end of a transfer.

mod handover;
mod plan;
mod planned_end;
mod transfer_hash;

use plan::read;
pub use plan::{Body, Close, Lateness, Plan, Step, TransferEnd, Way, WorkTurn};

use crate::store::{Read, Room, Store, StoreError};
use crate::tcp::{Conn, Ending, Tcp};
use crate::wire::representation::{TextDecoder, TextEncoder};
use std::ops::ControlFlow;
use std::time::Duration;

/// The shortest wait, behind everything else that is ready.
const PAUSE: Duration = Duration::from_micros(1);
/// The time between two looks at a disk that reads or writes. The driver looks earlier once the store
/// has an answer.
const LOOK: Duration = Duration::from_secs(1);

/// State of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Moving,
    /// All bytes are sent: waiting until the bytes are transmitted, or acknowledged, before the
    /// abort.
    Draining,
    /// The pause before a planned RST.
    Pausing,
    /// All bytes are sent: waiting until the system has taken the bytes, before the FIN.
    HandingOver,
    /// The sending side is shut: waiting for the peer's end.
    HalfClosed,
    /// The peer has ended and this side waits on, until the idle timeout.
    Standing,
}

/// One transfer on an open data connection. The transfer owns the connection and closes or aborts
/// the connection exactly once.
///
/// Call [`Transfer::pump`] at once, and then whenever the connection is ready or the time of
/// [`Transfer::next_wakeup`] has come, until [`Step::Over`]. The file stays open: the caller
/// decides on its fate.
#[derive(Clone, Debug)]
pub struct Transfer {
    conn: Conn,
    plan: Plan,
    phase: Phase,
    moved: u64,
    /// The time of the last moved byte.
    active: Duration,
    /// The time at which the store accepts bytes again, or the program looks again.
    blocked: Option<Duration>,
    /// Whether `blocked` is the time at which a busy store accepts bytes again.
    in_line: bool,
    /// The read delay of the waiting bytes is over.
    looking: bool,
    late: Lateness,
    /// State of the text conversion.
    encoder: TextEncoder,
    decoder: TextDecoder,
    /// Unacknowledged bytes at the last idle timeout.
    unacknowledged: Option<usize>,
}

impl Transfer {
    /// A transfer that begins now on an open connection.
    #[must_use]
    pub fn new(conn: Conn, plan: Plan, now: Duration) -> Self {
        Self {
            conn,
            plan,
            phase: Phase::Moving,
            moved: 0,
            active: now,
            blocked: None,
            in_line: false,
            looking: false,
            late: Lateness::InTime,
            encoder: TextEncoder::default(),
            decoder: TextDecoder::default(),
            unacknowledged: None,
        }
    }

    /// Bytes handed to the connection, or taken from the connection.
    #[must_use]
    pub fn moved(&self) -> u64 {
        self.moved
    }

    /// Sets the alarm: [`Step::Alarm`] after this number of bytes more.
    pub fn set_alarm(&mut self, after: u64) {
        self.plan.alarm = Some(self.moved + after);
    }

    /// Notes whether a reset came before this side first looked at the connection.
    pub(crate) fn first_look<T: Tcp + ?Sized>(&mut self, tcp: &T) {
        if tcp.status(self.conn).ending == Some(Ending::Reset) {
            self.late = Lateness::NotBegun;
        }
    }

    /// The time to pump without a `Ready`: the store has room again, or the idle timeout ends.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Duration> {
        let idle = || self.plan.idle_timeout.map(|limit| self.active + limit);
        self.blocked.or_else(idle)
    }

    /// The time at which the busy store has room, if the transfer waits for the store.
    pub(crate) fn store_ready(&self) -> Option<Duration> {
        self.blocked.filter(|_| self.in_line)
    }

    /// The transfer has waited for the store, which other transfers kept busy until `moved`: the
    /// connection was not idle meanwhile.
    pub(crate) fn waited(&mut self, moved: Duration) {
        self.active = self.active.max(moved);
    }

    /// Moves the bytes that can move now.
    pub fn pump<T, S>(&mut self, tcp: &mut T, store: &mut S, turn: &mut WorkTurn<'_>) -> Step
    where
        T: Tcp + ?Sized,
        S: Store,
    {
        let (before, now) = (self.moved, turn.now);
        let end = match (self.phase, self.plan.way) {
            (Phase::Moving, Way::Send(close)) => self.send(close, tcp, store, turn),
            (Phase::Moving, Way::Receive) => self.receive(tcp, store, now),
            (Phase::Draining, way) => self.drain(way, tcp, now),
            (Phase::Pausing, _) => self.pause(tcp, now),
            (Phase::HandingOver, _) => self.hand_over(tcp),
            (Phase::HalfClosed, _) => self.await_end(tcp, now),
            (Phase::Standing, _) => self.stand(tcp),
        };
        if let Some(end) = end {
            return Step::Over(end);
        }
        if self.plan.alarm.is_some() && self.until_alarm() == 0 {
            self.plan.alarm = None;
            return Step::Alarm;
        }
        // A connection is not idle while the store is busy.
        if self.moved > before || self.blocked.is_some() {
            self.active = now;
        } else if self.plan.idle_timeout.is_some_and(|limit| now >= self.active + limit)
            && !self.was_acknowledged(tcp, now)
        {
            tcp.abort(self.conn);
            return Step::Over(TransferEnd { idle: true, ..self.end(Some(Ending::Aborted)) });
        }
        Step::Going
    }

    /// Gives up the transfer: aborts the connection.
    pub fn abort<T: Tcp + ?Sized>(&self, tcp: &mut T) -> TransferEnd {
        tcp.abort(self.conn);
        self.end(Some(Ending::Aborted))
    }

    /// Gives up the transfer: closes the connection, as at the end of the data.
    pub fn close<T: Tcp + ?Sized>(&self, tcp: &mut T) -> TransferEnd {
        tcp.close(self.conn);
        self.end(Some(Ending::Aborted))
    }

    /// Moves bytes from the store to the connection, without a copy in between.
    fn send<T, S>(
        &mut self,
        close: Close,
        tcp: &mut T,
        store: &mut S,
        turn: &mut WorkTurn<'_>,
    ) -> Option<TransferEnd>
    where
        T: Tcp + ?Sized,
        S: Store,
    {
        self.blocked = None;
        loop {
            let mut limit = self.until_alarm().min(self.until_end());
            let mut last = false;
            let mut full = true;
            let [mut enough, mut waits] = [false; 2];
            let mut error = None;
            let (body, encoder) = (&mut self.plan.body, &mut self.encoder);
            let sent = tcp.send(self.conn, &mut |free| {
                let wanted = free.len().min(limit);
                match read(body, encoder, store, &mut free[..wanted], turn) {
                    Ok(Read { bytes, last: end }) => {
                        last = end;
                        full = bytes == free.len();
                        let listing = matches!(body, Body::Listing(_));
                        enough = bytes < wanted && !last && listing;
                        waits = bytes == 0 && wanted > 0 && !last && !listing;
                        limit -= bytes;
                        bytes
                    }
                    Err(StoreError::Waits) => {
                        waits = true;
                        0
                    }
                    Err(failed) => {
                        error = Some(failed);
                        0
                    }
                }
            });
            match sent {
                ControlFlow::Continue(bytes) => self.moved += bytes as u64,
                ControlFlow::Break(ending) => return Some(self.lost(ending, tcp)),
            }
            if error.is_some() {
                return Some(TransferEnd { store: error, ..self.abort(tcp) });
            }
            if last || self.until_end() == 0 {
                return self.finish(close, tcp, turn.now);
            }
            if enough {
                // Other sessions get their turn before the directory is read any further.
                self.blocked = Some(turn.now + PAUSE);
                return None;
            }
            if waits {
                // The disk has not given the bytes yet.
                self.blocked = Some(turn.now + LOOK);
                return None;
            }
            if full || limit == 0 {
                return None;
            }
        }
    }

    /// Drops the peer's bytes after our FIN, until the peer ends too.
    fn await_end<T: Tcp + ?Sized>(&mut self, tcp: &mut T, now: Duration) -> Option<TransferEnd> {
        loop {
            match tcp.receive(self.conn, usize::MAX, &mut |_| ()) {
                ControlFlow::Continue(0) => return None,
                ControlFlow::Continue(_) => self.active = now,
                ControlFlow::Break(ending) => {
                    let complete = ending == Ending::Finished;
                    return Some(TransferEnd { complete, ..self.lost(ending, tcp) });
                }
            }
        }
    }

    /// Moves bytes from the connection to the store, without a copy in between, at most as many as
    /// the store has room for.
    fn receive<T, S>(&mut self, tcp: &mut T, store: &mut S, now: Duration) -> Option<TransferEnd>
    where
        T: Tcp + ?Sized,
        S: Store,
    {
        let (Body::Image(file) | Body::Text(file)) = self.plan.body else {
            return Some(TransferEnd { store: Some(StoreError::Denied), ..self.abort(tcp) });
        };
        if self.plan.chatter > 0
            && let ControlFlow::Break(ending) = self.chatter(tcp)
        {
            return Some(self.lost(ending, tcp));
        }
        if (self.blocked.is_some() || !self.plan.read_delay.is_zero()) && !self.looks(tcp, now) {
            return None;
        }
        loop {
            let limit = match store.room(file, now) {
                Room::Bytes(room) => room.min(self.until_alarm()),
                Room::At(ready) => {
                    (self.blocked, self.in_line) = (Some(ready), true);
                    return None;
                }
                Room::Not(StoreError::Waits) => {
                    (self.blocked, self.in_line) = (Some(now + LOOK), false);
                    return None;
                }
                Room::Not(error) => {
                    return Some(TransferEnd { store: Some(error), ..self.abort(tcp) });
                }
            };
            (self.blocked, self.in_line) = (None, false);
            let mut error = None;
            let text = matches!(self.plan.body, Body::Text(_));
            let decoder = &mut self.decoder;
            let taken = tcp.receive(self.conn, limit, &mut |bytes| {
                if error.is_none() {
                    let mut write = |bytes: &[u8]| store.write(file, bytes, now);
                    let done = if text { decoder.take(bytes, write) } else { write(bytes) };
                    error = done.err();
                }
            });
            match taken {
                ControlFlow::Continue(0) => {
                    self.looking = false;
                    return None;
                }
                ControlFlow::Continue(bytes) => self.moved += bytes as u64,
                ControlFlow::Break(Ending::Finished) if self.plan.waits_on => {
                    self.phase = Phase::Standing;
                    return None;
                }
                ControlFlow::Break(ending) => {
                    let finished = ending == Ending::Finished;
                    // After a reset, a CR that was held back may be half of a line end.
                    let store = if finished {
                        self.decoder.finish(|it| store.write(file, it, now)).err()
                    } else {
                        None
                    };
                    let complete = finished && store.is_none();
                    return Some(TransferEnd { complete, store, ..self.lost(ending, tcp) });
                }
            }
            if error.is_some() {
                return Some(TransferEnd { store: error, ..self.abort(tcp) });
            }
            if self.until_alarm() == 0 {
                return None;
            }
        }
    }

    /// Sends unrequested bytes, as far as the connection accepts them.
    fn chatter<T: Tcp + ?Sized>(&mut self, tcp: &mut T) -> ControlFlow<Ending> {
        let left = self.plan.chatter;
        let sent = tcp.send(self.conn, &mut |free| {
            let bytes = free.len().min(left);
            free[..bytes].fill(0);
            bytes
        });
        sent.map_continue(|bytes| self.plan.chatter -= bytes)
    }

    /// Waits behind the peer's FIN: only a reset ends the wait.
    fn stand<T: Tcp + ?Sized>(&mut self, tcp: &mut T) -> Option<TransferEnd> {
        let ending = tcp.status(self.conn).ending.filter(|&ending| ending != Ending::Finished)?;
        Some(self.lost(ending, tcp))
    }

    /// Whether a receiver with a read delay, or with a busy store, looks at the connection now.
    /// Notes a reset that overtook waiting bytes.
    fn looks<T: Tcp + ?Sized>(&mut self, tcp: &T, now: Duration) -> bool {
        let status = tcp.status(self.conn);
        let waits = status.unread > 0 || status.peer_closed;
        if status.ending == Some(Ending::Reset) && waits && self.late == Lateness::InTime {
            self.late = Lateness::Behind;
        }
        if self.looking || self.plan.read_delay.is_zero() {
            return true;
        }
        if let Some(at) = self.blocked {
            self.looking = now >= at;
        } else if waits || status.ending.is_some() {
            self.blocked = Some(now + self.plan.read_delay);
        }
        self.looking
    }

    /// The number of bytes before the alarm.
    fn until_alarm(&self) -> usize {
        let rest = self.plan.alarm.map(|alarm| alarm.saturating_sub(self.moved));
        rest.map_or(usize::MAX, |rest| usize::try_from(rest).unwrap_or(usize::MAX))
    }

    /// The connection ended: gives the name back to the host.
    fn lost<T: Tcp + ?Sized>(&self, ending: Ending, tcp: &mut T) -> TransferEnd {
        tcp.close(self.conn);
        self.end(Some(ending))
    }

    fn end(&self, ending: Option<Ending>) -> TransferEnd {
        TransferEnd {
            complete: false,
            ending,
            store: None,
            idle: false,
            moved: self.moved,
            late: self.late,
        }
    }
}
