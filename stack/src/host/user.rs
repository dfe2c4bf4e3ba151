//! `user.rs` is the user interface of a host (RFC 9293 §3.9.1): OPEN, SEND, RECEIVE, CLOSE, ABORT,
//! STATUS. It never transmits, except that an ABORT first lets go what may go.

use std::net::SocketAddrV4;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::close_policy::UnreadAtClose;
use crate::ending::Ending;
use crate::host::Host;
use crate::host::demux::Holder;
use crate::host::listener::Listener;
use crate::ids::{ConnId, ConnectError, Key, ListenError, ListenerId, Status};
use crate::reset_cause::ResetCause;
use crate::state::State;
use crate::time::Moment;

impl Host {
    /// Active OPEN from `from`, or an ephemeral port, to `to`. The SYN leaves at `poll_transmit`.
    ///
    /// # Errors
    /// The 4-tuple is in use (TIME-WAIT counts), no port is free, or `to` is no unicast address.
    pub fn connect(
        &mut self,
        now: Duration,
        from: Option<u16>,
        to: SocketAddrV4,
    ) -> Result<ConnId, ConnectError> {
        let ip = to.ip();
        let nowhere = ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast();
        if nowhere || to.port() == 0 || from == Some(0) || *ip == self.config.address {
            return Err(ConnectError::Unaddressable);
        }
        let port = match from {
            Some(port) if self.demux.has(Key::connection(port, to)) => {
                return Err(ConnectError::InUse);
            }
            Some(port) => port,
            None => {
                let demux = &self.demux;
                self.ports
                    .pick(|port| demux.has(Key::connection(port, to)))
                    .ok_or(ConnectError::NoPort)?
            }
        };
        let now = Moment::from(now);
        let slot = self.open(now, port, to);
        self.connections[slot].connect();
        self.follow(now, slot, false);
        self.touch(slot);
        Ok(ConnId(self.connections.id(slot)))
    }

    /// Passive OPEN at `port`, or at an ephemeral one if it is 0. `backlog` limits how many
    /// connections may be in SYN-RECEIVED or wait for `accept`; a SYN beyond it is dropped silently.
    ///
    /// # Errors
    /// Somebody listens there, or no port is free.
    pub fn listen(&mut self, port: u16, backlog: usize) -> Result<(ListenerId, u16), ListenError> {
        let port = match port {
            0 => {
                let demux = &self.demux;
                self.ports.pick(|port| demux.has(Key::listener(port))).ok_or(ListenError::NoPort)?
            }
            port if self.demux.has(Key::listener(port)) => {
                return Err(ListenError::InUse);
            }
            port => port,
        };
        let slot = self.listeners.take(Listener::default);
        self.listeners[slot].open(port, backlog);
        self.demux.give(Key::listener(port), Holder::Listener(slot));
        Ok((ListenerId(self.listeners.id(slot)), port))
    }

    /// The oldest connection that has completed its handshake. It may have ended since: then its
    /// bytes are there, and its ending (as on Linux).
    ///
    /// # Panics
    /// If `from` no longer listens.
    pub fn accept(&mut self, from: ListenerId) -> Option<ConnId> {
        let at = self.listener(from);
        let slot = self.listeners[at].accepted.pop_front()?;
        self.connections[slot].accept();
        self.tell(slot);
        Some(ConnId(self.connections.id(slot)))
    }

    /// Stop listening; connections not yet accepted are reset.
    ///
    /// # Panics
    /// If `at` no longer listens.
    pub fn unlisten(&mut self, now: Duration, at: ListenerId) {
        let now = Moment::from(now);
        let index = self.listener(at);
        let listener = &mut self.listeners[index];
        self.demux.take_back(Key::listener(listener.port), Holder::Listener(index));
        let embryos = std::mem::take(&mut listener.embryos);
        let accepted = std::mem::take(&mut listener.accepted);
        for &slot in embryos.iter().chain(&accepted) {
            self.end_by_force(now, slot, Ending::Aborted, Some(ResetCause::NotAccepted));
            self.free(slot);
        }
        let listener = &mut self.listeners[index];
        (listener.embryos, listener.accepted) = (embryos, accepted);
        listener.vacate();
        self.listeners.give_back(index);
    }

    /// SEND. `fill` is called with each free piece of the send buffer until one is not filled; what
    /// it returns as written is the connection's: transmitted, or lost by abort. 0: full, or not
    /// established yet, or the sending side is shut.
    ///
    /// # Panics
    /// If `on` is closed.
    #[inline]
    pub fn send(
        &mut self,
        _now: Duration,
        on: ConnId,
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> ControlFlow<Ending, usize> {
        let slot = self.connection(on);
        let taken = self.connections[slot].send(fill)?;
        if taken > 0 {
            self.touch(slot);
        }
        ControlFlow::Continue(taken)
    }

    /// RECEIVE at most `limit` bytes; `take` consumes all it is given. 0: none waits. `Break` once
    /// nothing is left and nothing more will come: `Finished` after the peer's FIN, which also hides
    /// a reset that came later (as on Linux); the connection's ending otherwise.
    ///
    /// # Panics
    /// If `on` is closed.
    #[inline]
    pub fn receive(
        &mut self,
        _now: Duration,
        on: ConnId,
        limit: usize,
        take: &mut dyn FnMut(&[u8]),
    ) -> ControlFlow<Ending, usize> {
        let slot = self.connection(on);
        let taken = self.connections[slot].receive(limit, take)?;
        if taken > 0 && self.connections[slot].wants_poll_after_receive() {
            self.touch(slot);
        }
        ControlFlow::Continue(taken)
    }

    /// Mark the byte sent last as urgent (RFC 9293 §3.8.5), as Telnet's Synch needs it.
    ///
    /// # Panics
    /// If `on` is closed.
    pub fn urgent(&mut self, _now: Duration, on: ConnId) {
        let slot = self.connection(on);
        self.connections[slot].mark_urgent();
        self.touch(slot);
    }

    /// Shut the sending side: a FIN after all that was sent. Before the handshake is complete the
    /// FIN waits for it.
    ///
    /// # Panics
    /// If `on` is closed.
    pub fn shutdown(&mut self, now: Duration, on: ConnId) {
        let slot = self.connection(on);
        self.shut(now.into(), slot);
    }

    /// CLOSE (RFC 9293 §3.10.4): a FIN after all that was sent, and nothing more is received. What
    /// happens if bytes wait unread is the policy's. `on` is dead afterwards; the host finishes the
    /// connection alone.
    ///
    /// # Panics
    /// If `on` is closed.
    pub fn close(&mut self, now: Duration, on: ConnId) {
        let now = Moment::from(now);
        let slot = self.connection(on);
        let connection = &mut self.connections[slot];
        let resets = self.config.policy.unread_at_close == UnreadAtClose::Reset;
        match connection.state() {
            State::Established | State::CloseWait | State::FinWait1 | State::FinWait2
                if resets && connection.unread() > 0 =>
            {
                return self.abort_slot(now, slot, ResetCause::CloseUnread);
            }
            _ => connection.orphan(now),
        }
        if connection.state() == State::SynSent {
            // RFC 9293 §3.10.4: delete the TCB. smoltcp would send a RST.
            self.end_by_force(now, slot, Ending::Aborted, None);
        } else {
            self.shut(now, slot);
            self.touch(slot);
        }
        self.reap(slot);
    }

    /// ABORT (RFC 9293 §3.10.5): what may be transmitted now is; the rest is dropped and a RST sent,
    /// except in SYN-SENT, CLOSING, LAST-ACK and TIME-WAIT. `on` is dead afterwards.
    ///
    /// # Panics
    /// If `on` is closed.
    pub fn abort(&mut self, now: Duration, on: ConnId) {
        let slot = self.connection(on);
        self.abort_slot(now.into(), slot, ResetCause::Abort);
    }

    /// STATUS.
    ///
    /// # Panics
    /// If `on` is closed.
    #[inline]
    #[must_use]
    pub fn status(&self, on: ConnId) -> Status {
        self.connections[self.connection(on)].status()
    }

    #[inline]
    fn connection(&self, id: ConnId) -> u32 {
        self.user_slot(id).unwrap_or_else(|| closed(&id))
    }

    fn listener(&self, id: ListenerId) -> u32 {
        self.listener_slot(id).unwrap_or_else(|| closed(&id))
    }
}

#[cold]
fn closed(id: &dyn std::fmt::Debug) -> ! {
    panic!("{id:?} is closed: its user must not use it again")
}
