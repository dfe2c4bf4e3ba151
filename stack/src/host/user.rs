//! `user.rs` owns the user calls of a host (RFC 9293 §3.9.1): OPEN, SEND, RECEIVE, CLOSE, ABORT and
//! STATUS. No call returns packets: `poll_transmit` does.

use std::net::SocketAddrV4;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::close_policy::UnreadAtClose;
use crate::ending::Ending;
use crate::host::Host;
use crate::host::demux::Holder;
use crate::host::listener::Listener;
use crate::ids::{ConnId, ConnectError, Key, ListenError, ListenerId, Status};
use crate::note::NoteKind;
use crate::reset_cause::ResetCause;
use crate::state::State;
use crate::time::Moment;

impl Host {
    /// Active OPEN to `to` from the port `from`, or from an ephemeral port. The SYN leaves at
    /// `poll_transmit`.
    ///
    /// # Errors
    /// The 4-tuple is in use (TIME-WAIT counts), no port is free, or `to` is not an address of a peer.
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
        let taken = |port| self.demux.has(Key::connection(port, to));
        let port = match from {
            Some(port) if taken(port) => return Err(ConnectError::InUse),
            Some(port) => port,
            None => self.ports.pick(taken).ok_or(ConnectError::NoPort)?,
        };
        let now = Moment::from(now);
        let slot = self.open(now, port, to);
        self.connections[slot].connect();
        self.follow(now, slot, false);
        self.touch(slot);
        Ok(ConnId(self.connections.id(slot)))
    }

    /// Send the SYN of the connection in `slot` again.
    #[cold]
    pub(super) fn dial_again(&mut self, now: Moment, slot: u32) {
        let Self { config, connections, demux, seed_draws, wire, .. } = self;
        let key = connections[slot].key();
        let seed = seed_draws.connection_seed(key, demux.incarnation(key));
        connections[slot].dial_again(now, seed, config, wire);
        self.touch(slot);
    }

    /// Passive OPEN at `port`, or at an ephemeral port if `port` is 0. Returns the port too. `backlog`
    /// limits the connections in SYN-RECEIVED or waiting for `accept`; a SYN beyond the limit is dropped
    /// silently.
    ///
    /// # Errors
    /// The port has a listener already, or no port is free.
    pub fn listen(&mut self, port: u16, backlog: usize) -> Result<(ListenerId, u16), ListenError> {
        let taken = |port| self.demux.has(Key::listener(port));
        let port = match port {
            0 => self.ports.pick(taken).ok_or(ListenError::NoPort)?,
            port if taken(port) => return Err(ListenError::InUse),
            port => port,
        };
        let slot = self.listeners.take(Listener::default);
        self.listeners[slot].open(port, backlog);
        self.demux.give(Key::listener(port), Holder::Listener(slot));
        Ok((ListenerId(self.listeners.id(slot)), port))
    }

    /// The oldest connection with a completed handshake. A connection that has ended since is returned
    /// too, with its bytes and its ending, as on Linux.
    ///
    /// # Panics
    /// If `from` is closed.
    pub fn accept(&mut self, from: ListenerId) -> Option<ConnId> {
        let at = self.listener(from);
        let slot = self.listeners[at].accepted.pop_front()?;
        self.connections[slot].accept();
        self.tell(slot);
        Some(ConnId(self.connections.id(slot)))
    }

    /// Stop listening. Connections not yet accepted are reset.
    ///
    /// # Panics
    /// If `at` is closed.
    pub fn unlisten(&mut self, now: Duration, at: ListenerId) {
        let now = Moment::from(now);
        let index = self.listener(at);
        let mut listener = std::mem::take(&mut self.listeners[index]);
        self.demux.take_back(Key::listener(listener.port), Holder::Listener(index));
        for &slot in listener.embryos.iter().chain(&listener.accepted) {
            self.end_by_force(now, slot, Ending::Aborted, Some(ResetCause::NotAccepted));
            self.free(slot);
        }
        listener.vacate();
        self.listeners[index] = listener;
        self.listeners.give_back(index);
    }

    /// SEND. The host calls `fill` with each free piece of the send buffer until `fill` leaves room;
    /// `fill` returns the number of bytes written. Returns the number of bytes taken in all: 0 if the
    /// buffer is full, the handshake is not complete, or the sending side is shut. `Break` after the end
    /// of the connection.
    ///
    /// # Panics
    /// If `on` is closed.
    #[inline]
    pub fn send(
        &mut self,
        now: Duration,
        on: ConnId,
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> ControlFlow<Ending, usize> {
        let slot = self.connection(on);
        let taken = self.connections[slot].send(now.into(), fill)?;
        if taken > 0 {
            self.touch(slot);
        }
        ControlFlow::Continue(taken)
    }

    /// RECEIVE at most `limit` bytes. `take` consumes every byte of each piece. Returns the number of
    /// bytes taken: 0 if no byte waits. `Break` once no byte is left and none will come: `Finished` after
    /// the peer's FIN, even if a reset came later (as on Linux); the ending of the connection otherwise.
    ///
    /// # Panics
    /// If `on` is closed.
    #[inline]
    pub fn receive(
        &mut self,
        now: Duration,
        on: ConnId,
        limit: usize,
        take: &mut dyn FnMut(&[u8]),
    ) -> ControlFlow<Ending, usize> {
        let slot = self.connection(on);
        let taken = self.connections[slot].receive(now.into(), limit, take)?;
        if taken > 0 && self.connections[slot].wants_poll_after_receive() {
            self.touch(slot);
        }
        ControlFlow::Continue(taken)
    }

    /// Whether RECEIVE would take no byte and tell no ending now.
    ///
    /// # Panics
    /// If `on` is closed.
    #[inline]
    #[must_use]
    pub fn is_drained(&self, on: ConnId) -> bool {
        self.connections[self.connection(on)].is_drained()
    }

    /// Mark the byte given last to `send` as urgent (RFC 9293 §3.8.5), as for the Synch of Telnet.
    ///
    /// # Panics
    /// If `on` is closed.
    pub fn urgent(&mut self, _now: Duration, on: ConnId) {
        let slot = self.connection(on);
        self.connections[slot].mark_urgent();
        self.touch(slot);
    }

    /// Shut the sending side: a FIN follows all bytes given to `send`. Before the end of the handshake,
    /// the FIN waits.
    ///
    /// # Panics
    /// If `on` is closed.
    pub fn shutdown(&mut self, now: Duration, on: ConnId) {
        let slot = self.connection(on);
        self.shut(now.into(), slot);
    }

    /// CLOSE (RFC 9293 §3.10.4): a FIN follows all bytes given to `send`, and the user receives no more.
    /// The close policy decides about unread bytes. `on` is closed afterwards; the host alone finishes the
    /// connection.
    ///
    /// # Panics
    /// If `on` is closed.
    pub fn close(&mut self, now: Duration, on: ConnId) {
        let now = Moment::from(now);
        let slot = self.connection(on);
        let connection = &mut self.connections[slot];
        let resets = self.config.policy.unread_at_close == UnreadAtClose::Reset;
        match connection.state() {
            State::Established
            | State::CloseWait
            | State::FinWait1
            | State::FinWait2
            | State::Closing
            | State::LastAck
                if resets && connection.unread() > 0 =>
            {
                let discarded = NoteKind::Discarded(connection.unread());
                self.events.note(now, connection.ends(), discarded);
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

    /// ABORT (RFC 9293 §3.10.5): packets that may leave now leave, the remaining bytes are dropped, and a
    /// RST follows, except in SYN-SENT, CLOSING, LAST-ACK and TIME-WAIT. `on` is closed afterwards.
    ///
    /// # Panics
    /// If `on` is closed.
    pub fn abort(&mut self, now: Duration, on: ConnId) {
        let slot = self.connection(on);
        self.abort_slot(now.into(), slot, ResetCause::Abort);
    }

    /// STATUS (RFC 9293 §3.10.6). After this call, [`Ready`](crate::Ready) also reports that all bytes
    /// have left.
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
