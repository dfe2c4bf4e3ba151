//! `user.rs` is the user interface of a host (RFC 9293 §3.9.1): OPEN, SEND, RECEIVE, CLOSE, ABORT,
//! STATUS. It never transmits, except that an ABORT first lets go what may go.

use std::net::SocketAddrV4;
use std::ops::ControlFlow;
use std::time::Duration;

use smoltcp::socket::tcp;

use crate::close_policy::UnreadAtClose;
use crate::connection::{Connection, Owner, PollHint};
use crate::divergence::Divergence;
use crate::ending::Ending;
use crate::host::Host;
use crate::host::demux::Held;
use crate::host::listener::Listener;
use crate::ids::Key;
use crate::ids::{
    ConnId, ConnectError, ListenError, ListenerId, Status, generation_in, id_of, slot_in, slot_of,
};
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
            Some(port) if self.table.has(Key::connection(port, to)) => {
                return Err(ConnectError::InUse);
            }
            Some(port) => port,
            None => {
                let table = &self.table;
                self.ports
                    .pick(|port| table.has(Key::connection(port, to)))
                    .ok_or(ConnectError::NoPort)?
            }
        };
        let now = Moment::from(now);
        let slot = self.open(now, port, to);
        let connection = &mut self.connections[slot as usize];
        connection.owner = Owner::User;
        connection.connect();
        let id = ConnId(id_of(slot, connection.generation));
        self.follow(now, slot, false);
        self.touch(slot);
        Ok(id)
    }

    /// Passive OPEN at `port`, or at an ephemeral one if it is 0. `backlog` limits how many
    /// connections may be in SYN-RECEIVED or wait for `accept`; a SYN beyond it is dropped silently.
    ///
    /// # Errors
    /// Somebody listens there, or no port is free.
    pub fn listen(&mut self, port: u16, backlog: usize) -> Result<(ListenerId, u16), ListenError> {
        let port = match port {
            0 => {
                let table = &self.table;
                self.ports.pick(|port| table.has(Key::listener(port))).ok_or(ListenError::NoPort)?
            }
            port if self.table.has(Key::listener(port)) => {
                return Err(ListenError::InUse);
            }
            port => port,
        };
        let slot = self.vacant_listeners.pop().unwrap_or_else(|| {
            self.listeners.push(Listener::default());
            slot_of(self.listeners.len() - 1)
        });
        let listener = &mut self.listeners[slot as usize];
        listener.open(port, backlog);
        self.table.give(Key::listener(port), Held::Listener(slot));
        Ok((ListenerId(id_of(slot, listener.generation)), port))
    }

    /// The oldest connection that has completed its handshake. It may have ended since: then its
    /// bytes are there, and its ending (as on Linux).
    ///
    /// # Panics
    /// If `from` no longer listens.
    pub fn accept(&mut self, from: ListenerId) -> Option<ConnId> {
        let listener = self.listener(from);
        let slot = self.listeners[listener].accepted.pop_front()?;
        let connection = &mut self.connections[slot as usize];
        connection.owner = Owner::User;
        let id = ConnId(id_of(slot, connection.generation));
        self.tell(slot);
        Some(id)
    }

    /// Stop listening; connections not yet accepted are reset.
    ///
    /// # Panics
    /// If `at` no longer listens.
    pub fn unlisten(&mut self, now: Duration, at: ListenerId) {
        let now = Moment::from(now);
        let index = self.listener(at);
        let listener = &mut self.listeners[index];
        self.table.take_back(Key::listener(listener.port), Held::Listener(slot_of(index)));
        let embryos = std::mem::take(&mut listener.embryos);
        let accepted = std::mem::take(&mut listener.accepted);
        for &slot in embryos.iter().chain(&accepted) {
            self.end_by_force(now, slot, Ending::Aborted, true);
            self.free(slot);
        }
        let listener = &mut self.listeners[index];
        (listener.embryos, listener.accepted) = (embryos, accepted);
        listener.vacate();
        self.vacant_listeners.push(slot_of(index));
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
        let connection = &mut self.connections[slot as usize];
        if let Some(ending) = connection.ending {
            return ControlFlow::Break(ending);
        }
        if connection.fin_deferred || !connection.peek().can_send() {
            return ControlFlow::Continue(0);
        }
        let mut taken = 0;
        while connection.peek().can_send() {
            let sent = connection.ask(|socket| {
                socket.send(|piece| {
                    let (room, filled) = (piece.len(), fill(piece));
                    (filled, (room, filled))
                })
            });
            let (room, filled) = sent.expect("can_send says that the sending side is open");
            taken += filled;
            if filled < room {
                break;
            }
        }
        if taken > 0 {
            connection.send.took(taken);
            connection.asked.set(false);
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
        let connection = &mut self.connections[slot as usize];
        let wanted = connection.unread().min(limit);
        if wanted == 0 {
            return match connection.ending {
                _ if connection.unread() > 0 => ControlFlow::Continue(0),
                _ if connection.receive.fin && !connection.flushed => {
                    ControlFlow::Break(Ending::Finished)
                }
                Some(ending) => ControlFlow::Break(ending),
                None => ControlFlow::Continue(0),
            };
        }
        let mut left = wanted;
        while left > 0 {
            let received = connection.ask(|socket| {
                socket.recv(|piece| {
                    let len = piece.len().min(left);
                    take(&piece[..len]);
                    (len, len)
                })
            });
            left -= received.expect("bytes wait, so they may be received");
        }
        connection.receive.took(wanted);
        if connection.wants_egress_after_receive() {
            self.touch(slot);
        }
        ControlFlow::Continue(wanted)
    }

    /// Mark the byte sent last as urgent (RFC 9293 §3.8.5), as Telnet's Synch needs it.
    ///
    /// # Panics
    /// If `on` is closed.
    pub fn urgent(&mut self, _now: Duration, on: ConnId) {
        let slot = self.connection(on);
        let send = &mut self.connections[slot as usize].send;
        send.urgent = Some(send.end());
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
        let connection = &mut self.connections[slot as usize];
        let resets = self.config.policy.unread_at_close == UnreadAtClose::Reset;
        match connection.state {
            // RFC 9293 §3.10.4: delete the TCB. smoltcp would send a RST.
            State::SynSent => {
                connection.owner = Owner::Orphan;
                self.end_by_force(now, slot, Ending::Aborted, false);
                return self.reap(slot);
            }
            State::Established | State::CloseWait | State::FinWait1 | State::FinWait2
                if resets && connection.unread() > 0 =>
            {
                return self.abort_slot(now, slot);
            }
            _ => {}
        }
        connection.owner = Owner::Orphan;
        connection.clocks.orphaned = now;
        self.shut(now, slot);
        self.touch(slot);
        self.reap(slot);
    }

    /// ABORT (RFC 9293 §3.10.5): what may be transmitted now is; the rest is dropped and a RST sent,
    /// except in SYN-SENT, CLOSING, LAST-ACK and TIME-WAIT. `on` is dead afterwards.
    ///
    /// # Panics
    /// If `on` is closed.
    pub fn abort(&mut self, now: Duration, on: ConnId) {
        let slot = self.connection(on);
        self.abort_slot(now.into(), slot);
    }

    /// STATUS.
    ///
    /// # Panics
    /// If `on` is closed.
    #[inline]
    #[must_use]
    pub fn status(&self, on: ConnId) -> Status {
        let connection = &self.connections[self.connection(on) as usize];
        connection.asked.set(true);
        Status {
            state: connection.state,
            established: connection.established,
            unsent: connection.send.unsent(),
            unacknowledged: connection.view.queued,
            unread: connection.unread(),
            urgent: connection.receive.urgent_ahead(),
            peer_closed: connection.receive.fin,
            ending: connection.ending,
            local: connection.local,
            peer: connection.peer,
        }
    }

    fn shut(&mut self, now: Moment, slot: u32) {
        let connection = &mut self.connections[slot as usize];
        match connection.state {
            State::SynSent => connection.fin_deferred = true,
            State::SynReceived if !connection.fin_deferred => {
                connection.fin_deferred = true;
                self.diverge(now, slot, Divergence::CloseInSynReceived);
            }
            State::Established | State::CloseWait => {
                connection.ask(tcp::Socket::close);
                self.follow(now, slot, false);
                self.touch(slot);
            }
            _ => {}
        }
    }

    fn abort_slot(&mut self, now: Moment, slot: u32) {
        let Self { connections, wire, .. } = self;
        let connection = &mut connections[slot as usize];
        connection.owner = Owner::Orphan;
        let idle = connection.poll_hint == PollHint::Idle;
        debug_assert!(
            !idle || connection.egress(now, wire).is_none(),
            "an idle connection has nothing to let go"
        );
        if !idle {
            while let Some(packet) = connection.egress(now, wire) {
                wire.leaving.push_back(packet);
            }
        }
        self.follow(now, slot, false);
        let connection = &self.connections[slot as usize];
        if matches!(
            connection.state,
            State::SynSent | State::Closing | State::LastAck | State::TimeWait
        ) {
            self.diverge(now, slot, Divergence::ResetForbidden);
        }
        self.end_by_force(now, slot, Ending::Aborted, true);
        self.reap(slot);
    }

    #[inline]
    fn connection(&self, id: ConnId) -> u32 {
        let slot = slot_in(id.0);
        let known = self.connections.get(slot).is_some_and(|connection: &Connection| {
            connection.generation == generation_in(id.0) && connection.owner == Owner::User
        });
        assert!(known, "{id:?} is closed: its user must not use it again");
        slot_of(slot)
    }

    fn listener(&self, id: ListenerId) -> usize {
        let slot = slot_in(id.0);
        let known = self
            .listeners
            .get(slot)
            .is_some_and(|entry| entry.live && entry.generation == generation_in(id.0));
        assert!(known, "{id:?} is closed: its user must not use it again");
        slot
    }
}
