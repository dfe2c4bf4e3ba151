//! `driver::slot` owns one session with its connections: changes of the host become the session's
//! events, and the session's actions become calls of the host (RFC 9293 §3.9.1).

use super::{Channel, Hub, SlotId, Turn};
use crate::client::{Client, Task};
use crate::clone_by_field::clone_by_field;
use crate::report::SessionId;
use crate::session::{Action, Context, Event, Session, sooner};
use crate::store::Store;
use crate::tcp::{Conn, Ending, Listener, Tcp};
use crate::transfer::Transfer;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

/// State of the control connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum ControlConnection {
    /// There is no control connection, or no longer.
    #[default]
    Gone,
    /// The handshake may be incomplete.
    Opening(Conn),
    Open(Conn),
    /// To be closed once all bytes are sent.
    Closing(Conn),
}

/// State of the data connection.
#[derive(Clone, Debug, Default, Hash)]
pub(super) enum DataConnection {
    #[default]
    None,
    Listening(Listener, Option<IpAddr>),
    Connecting(Conn),
    /// Open, and without a transfer yet.
    Waiting(Conn),
    Moving(Conn, Transfer),
}

/// A place for one session.
// In memory the fields stand in this order: each packet needs the first fields, and those of the session.
#[derive(Debug, Default, Hash)]
#[repr(C)]
pub(super) struct Slot<P> {
    control: ControlConnection,
    pub(super) place: u32,
    pub(super) id: SessionId,
    /// The session exceeds the limit of sessions.
    pub(super) crowded: bool,
    /// The session had no room for bytes that wait on the control connection.
    starved: bool,
    session: P,
    pub(super) data: DataConnection,
    /// The peer's address of the control connection, once open.
    pub(super) peer: Option<IpAddr>,
}

clone_by_field! { Slot<P> { session, place, id, control, data, peer, crowded, starved } }

impl Slot<Client> {
    /// Hands the script to a client.
    pub(super) fn start_client<S: Store>(
        &mut self,
        tasks: Arc<[Task]>,
        hub: &mut Hub<<Client as Session>::Config, S>,
        now: Duration,
    ) {
        let (session, mut cx) = self.split(hub, now);
        session.start(tasks, &mut cx);
    }
}

impl<P: Session> Slot<P> {
    /// Begins a session on this control connection.
    pub(super) fn begin(&mut self, place: SlotId, control: Conn, id: SessionId, crowded: bool) {
        self.place = place.0;
        self.crowded = crowded;
        self.id = id;
        self.control = ControlConnection::Opening(control);
    }

    /// Forgets the session and keeps the buffers.
    pub(super) fn clear(&mut self) {
        self.session.reset();
        self.control = ControlConnection::Gone;
        self.data = DataConnection::None;
        self.peer = None;
        self.starved = false;
    }

    /// Whether the slot has a session, or a transfer that outlives the session.
    pub(super) fn is_live(&self) -> bool {
        self.control != ControlConnection::Gone
            || !matches!(self.data, DataConnection::None)
            || self.session.is_waiting()
    }

    pub(super) fn id(&self) -> SessionId {
        self.id
    }

    fn split<'a, S: Store>(
        &'a mut self,
        hub: &'a mut Hub<P::Config, S>,
        now: Duration,
    ) -> (&'a mut P, Context<'a, P::Config, S>) {
        let Hub { config, store, journal, shared, .. } = hub;
        (&mut self.session, Context { config, store, journal, shared, id: self.id, now })
    }

    pub(super) fn event<S: Store>(
        &mut self,
        event: Event,
        hub: &mut Hub<P::Config, S>,
        now: Duration,
    ) {
        let (session, mut cx) = self.split(hub, now);
        session.handle_event(event, &mut cx);
    }

    /// Handles a deadline of the session or of the transfer.
    pub(super) fn handle_timeout<T: Tcp + ?Sized, S: Store>(
        &mut self,
        turn: &mut Turn<'_, T, P::Config, S>,
    ) {
        self.pump_data(turn);
        let (session, mut cx) = self.split(turn.hub, turn.now);
        session.handle_timeout(&mut cx);
    }

    /// Handles a change of the control connection.
    pub(super) fn handle_control<T: Tcp + ?Sized, S: Store>(
        &mut self,
        turn: &mut Turn<'_, T, P::Config, S>,
    ) {
        if let ControlConnection::Opening(conn) = self.control {
            let status = turn.tcp.status(conn);
            if status.established {
                self.control = ControlConnection::Open(conn);
                let (local, peer) = (status.local, status.peer);
                self.peer = Some(peer.ip());
                turn.hub.journal.meet(self.id, peer.ip());
                let event = if self.crowded {
                    Event::Crowded { local, peer }
                } else {
                    Event::Opened { local, peer }
                };
                self.event(event, turn.hub, turn.now);
            } else if status.ending.is_none() {
                return;
            }
        }
        self.read_control(turn);
    }

    fn read_control<T: Tcp + ?Sized, S: Store>(&mut self, turn: &mut Turn<'_, T, P::Config, S>) {
        let (ControlConnection::Opening(conn)
        | ControlConnection::Open(conn)
        | ControlConnection::Closing(conn)) = self.control
        else {
            return;
        };
        let mut read = false;
        loop {
            let room = self.session.room();
            // A session without room is busy with a transfer, and has lines for the time after.
            self.starved = room == 0;
            if self.starved {
                return;
            }
            if read && turn.tcp.is_drained(conn) {
                debug_assert!(
                    turn.tcp.receive(conn, room, &mut |_| ()) == ControlFlow::Continue(0),
                    "a drained connection has nothing to receive"
                );
                return;
            }
            let session = &mut self.session;
            match turn.tcp.receive(conn, room, &mut |bytes| session.handle_bytes(bytes)) {
                ControlFlow::Continue(0) => return,
                ControlFlow::Continue(_) => {
                    let (session, mut cx) = self.split(turn.hub, turn.now);
                    session.handle_lines(&mut cx);
                    read = true;
                }
                ControlFlow::Break(ending) => return self.end_control(conn, ending, turn),
            }
        }
    }

    /// Handles the end of the control connection.
    #[cold]
    fn end_control<T: Tcp + ?Sized, S: Store>(
        &mut self,
        conn: Conn,
        ending: Ending,
        turn: &mut Turn<'_, T, P::Config, S>,
    ) {
        let opened = !matches!(self.control, ControlConnection::Opening(_));
        if ending == Ending::Finished && opened {
            // The peer may still read replies to the commands before the FIN.
            self.act(turn);
            self.flush(turn.tcp);
            if self.session.outlives_fin() {
                return;
            }
        }
        // The actions may have aborted the control connection.
        if self.leave_control(turn.hub).is_some() {
            turn.tcp.close(conn);
        }
        self.event(Event::ControlEnded(ending), turn.hub, turn.now);
    }

    /// Lets the session act until nothing is left to do. True once the session is over.
    pub(super) fn settle<T: Tcp + ?Sized, S: Store>(
        &mut self,
        turn: &mut Turn<'_, T, P::Config, S>,
    ) -> bool {
        self.act(turn);
        if self.starved {
            self.feed(turn);
        }
        self.flush(turn.tcp);
        if self.session.is_behind() {
            self.catch_up(turn);
        }
        if let ControlConnection::Closing(conn) = self.control
            && self.session.unsent().is_empty()
        {
            self.leave_control(turn.hub);
            if self.crowded {
                turn.tcp.dismiss(conn);
            } else {
                turn.tcp.close(conn);
            }
        }
        if self.control == ControlConnection::Gone
            && !matches!(self.data, DataConnection::Moving(..))
        {
            self.drop_data(turn);
        }
        let moving = self.data_wakeup(turn.hub);
        if let Some(at) = sooner(moving, self.session.next_wakeup()) {
            turn.hub.timers.arm(SlotId(self.place), at);
        }
        !self.is_live()
    }

    /// Gives the session the bytes for which there was no room.
    #[cold]
    fn feed<T: Tcp + ?Sized, S: Store>(&mut self, turn: &mut Turn<'_, T, P::Config, S>) {
        while self.starved && self.control != ControlConnection::Gone && self.session.room() > 0 {
            self.read_control(turn);
            self.act(turn);
        }
    }

    /// Lets the session act on the lines behind unread replies, as far as the peer reads.
    #[cold]
    fn catch_up<T: Tcp + ?Sized, S: Store>(&mut self, turn: &mut Turn<'_, T, P::Config, S>) {
        while self.session.is_behind() && self.session.unsent().is_empty() {
            let (session, mut cx) = self.split(turn.hub, turn.now);
            session.handle_lines(&mut cx);
            self.act(turn);
            self.flush(turn.tcp);
        }
    }

    #[inline]
    pub(super) fn act<T: Tcp + ?Sized, S: Store>(&mut self, turn: &mut Turn<'_, T, P::Config, S>) {
        while let Some(action) = self.session.poll_action() {
            self.do_one(action, turn);
        }
    }

    fn do_one<T: Tcp + ?Sized, S: Store>(
        &mut self,
        action: Action,
        turn: &mut Turn<'_, T, P::Config, S>,
    ) {
        match action {
            Action::Listen { at, only } => {
                let at = self.listen(at, only, turn).ok();
                self.event(Event::Listening(at), turn.hub, turn.now);
            }
            Action::Connect { from, to } => {
                self.drop_data(turn);
                match turn.tcp.connect(from, to) {
                    Ok(conn) => {
                        turn.hub.conns.set(conn.0, (SlotId(self.place), Channel::Data));
                        self.data = DataConnection::Connecting(conn);
                    }
                    Err(_) => {
                        self.event(Event::DataFailed(Ending::Refused), turn.hub, turn.now);
                    }
                }
            }
            Action::Progress => {
                let moved = match &self.data {
                    DataConnection::Moving(_, transfer) => transfer.moved(),
                    _ => 0,
                };
                self.event(Event::Progress(moved), turn.hub, turn.now);
            }
            Action::Transfer(plan) => self.transfer(plan, turn),
            Action::Alarm(after) => self.set_alarm(after),
            Action::CloseData => self.close_data(turn),
            Action::DropData => self.drop_data(turn),
            Action::Close => match self.control {
                ControlConnection::Opening(conn) | ControlConnection::Open(conn) => {
                    self.control = ControlConnection::Closing(conn);
                }
                ControlConnection::Closing(_) | ControlConnection::Gone => {}
            },
            Action::Abort => {
                if let Some(conn) = self.leave_control(turn.hub) {
                    turn.tcp.abort(conn);
                }
            }
        }
    }

    fn flush<T: Tcp + ?Sized>(&mut self, tcp: &mut T) {
        let (ControlConnection::Open(conn) | ControlConnection::Closing(conn)) = self.control
        else {
            return;
        };
        while !self.session.unsent().is_empty() {
            let mut unsent = self.session.unsent();
            let sent = tcp.send(conn, &mut |free| {
                let count = free.len().min(unsent.len());
                free[..count].copy_from_slice(&unsent[..count]);
                unsent = &unsent[count..];
                count
            });
            match sent {
                ControlFlow::Continue(0) => return,
                ControlFlow::Continue(count) => {
                    if self.session.sent(count) {
                        tcp.urgent(conn);
                    }
                }
                // The connection has ended: `read_control` will see the end, and the peer reads no
                // more.
                ControlFlow::Break(_) => {
                    let count = self.session.unsent().len();
                    self.session.sent(count);
                }
            }
        }
    }

    fn leave_control<S>(&mut self, hub: &mut Hub<P::Config, S>) -> Option<Conn> {
        match std::mem::take(&mut self.control) {
            ControlConnection::Gone => None,
            ControlConnection::Opening(conn)
            | ControlConnection::Open(conn)
            | ControlConnection::Closing(conn) => {
                hub.conns.unset(conn.0);
                Some(conn)
            }
        }
    }
}
