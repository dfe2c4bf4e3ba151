//! `driver::data` owns the data connection of a slot: opening, transfer, end.

use super::slot::{DataConnection, Slot};
use super::{Channel, Hub, SlotId, Turn};
use crate::session::guesses::origin;
use crate::session::{Event, Session};
use crate::store::Store;
use crate::tcp::{Listener, Status, Tcp};
use crate::transfer::{Plan, Step, Transfer, WorkTurn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

impl<P: Session> Slot<P> {
    /// Accepts the data connection from the slot's listener.
    pub(super) fn handle_accept<T: Tcp + ?Sized, S: Store>(
        &mut self,
        from: Listener,
        turn: &mut Turn<'_, T, P::Config, S>,
    ) {
        let DataConnection::Listening(listener, only) = self.data else {
            return;
        };
        debug_assert_eq!(listener, from, "a session listens at one place at a time");
        while let Some(conn) = turn.tcp.accept(listener) {
            let status = turn.tcp.status(conn);
            // RFC 2577 §8: a third party could steal or forge the file.
            if only.is_some_and(|only| status.peer.ip() != only) {
                turn.tcp.abort(conn);
                continue;
            }
            self.forget_listener(listener, turn.hub);
            turn.tcp.unlisten(listener);
            turn.hub.conns.set(conn.0, (SlotId(self.place), Channel::Data));
            self.data = DataConnection::Waiting(conn);
            self.data_opened(&status, turn);
            return;
        }
    }

    fn data_opened<T: Tcp + ?Sized, S: Store>(
        &mut self,
        &Status { local, peer, .. }: &Status,
        turn: &mut Turn<'_, T, P::Config, S>,
    ) {
        self.event(Event::DataOpened { local, peer }, turn.hub, turn.now);
    }

    /// Pumps the data connection. True if the session heard nothing: the usual and the hot case.
    pub(super) fn pump_quietly<T: Tcp + ?Sized, S: Store>(
        &mut self,
        turn: &mut Turn<'_, T, P::Config, S>,
    ) -> bool {
        let quiet = self.pump_data(turn);
        if quiet && let Some(at) = self.data_wakeup(turn.hub) {
            turn.hub.timers.arm(SlotId(self.place), at);
        }
        quiet
    }

    /// The time at which the transfer wants to be woken. A transfer that waits for a busy store waits in
    /// line.
    pub(super) fn data_wakeup<S>(&self, hub: &mut Hub<P::Config, S>) -> Option<Duration> {
        let DataConnection::Moving(_, transfer) = &self.data else { return None };
        if let Some(ready) = transfer.store_ready() {
            hub.line.join(SlotId(self.place), ready);
            return None;
        }
        transfer.next_wakeup()
    }

    /// The slot has waited in line for a busy store; the line moved at `moved` before.
    pub(super) fn waited(&mut self, moved: Duration) {
        if let DataConnection::Moving(_, transfer) = &mut self.data {
            transfer.waited(moved);
        }
    }

    /// Moves the bytes that can move. False if the session was told an event.
    pub(super) fn pump_data<T: Tcp + ?Sized, S: Store>(
        &mut self,
        turn: &mut Turn<'_, T, P::Config, S>,
    ) -> bool {
        match &mut self.data {
            DataConnection::Moving(_, transfer) => {
                let (session, now) = (self.id, turn.now);
                let Hub { store, shared, .. } = &mut *turn.hub;
                let work = &mut shared.work;
                match transfer.pump(turn.tcp, store, &mut WorkTurn { work, session, now }) {
                    Step::Going => true,
                    Step::Alarm => {
                        self.event(Event::Alarm, turn.hub, turn.now);
                        self.act(turn);
                        // The session may have continued the transfer.
                        self.pump_data(turn);
                        false
                    }
                    Step::Over(end) => {
                        self.unhook_data(turn.hub);
                        self.data = DataConnection::None;
                        self.event(Event::TransferEnded(end), turn.hub, turn.now);
                        false
                    }
                }
            }
            DataConnection::Connecting(conn) => {
                let conn = *conn;
                let status = turn.tcp.status(conn);
                if status.established {
                    self.data = DataConnection::Waiting(conn);
                    self.data_opened(&status, turn);
                } else if let Some(ending) = status.ending {
                    self.unhook_data(turn.hub);
                    self.data = DataConnection::None;
                    turn.tcp.close(conn);
                    self.event(Event::DataFailed(ending), turn.hub, turn.now);
                } else {
                    return true;
                }
                false
            }
            // The transfer finds waiting bytes when it begins.
            DataConnection::None | DataConnection::Listening(..) | DataConnection::Waiting(_) => {
                true
            }
        }
    }

    pub(super) fn listen<T: Tcp + ?Sized, S: Store>(
        &mut self,
        at: SocketAddr,
        only: Option<IpAddr>,
        turn: &mut Turn<'_, T, P::Config, S>,
    ) -> io::Result<SocketAddr> {
        let (listener, at) = turn.tcp.listen(at, 1)?;
        turn.hub.listeners.set(listener.0, SlotId(self.place));
        if let Some(peer) = self.peer {
            turn.hub.shared.listens(origin(peer));
        }
        self.data = DataConnection::Listening(listener, only);
        Ok(at)
    }

    pub(super) fn transfer<T: Tcp + ?Sized, S: Store>(
        &mut self,
        plan: Plan,
        turn: &mut Turn<'_, T, P::Config, S>,
    ) {
        let DataConnection::Waiting(conn) = self.data else {
            debug_assert!(false, "a transfer needs an open data connection");
            return;
        };
        let mut transfer = Transfer::new(conn, plan, turn.now);
        transfer.first_look(turn.tcp);
        self.data = DataConnection::Moving(conn, transfer);
        self.pump_data(turn);
    }

    /// The bytes that the transfer under way has moved.
    pub(super) fn moved(&self) -> u64 {
        match &self.data {
            DataConnection::Moving(_, transfer) => transfer.moved(),
            _ => 0,
        }
    }

    pub(super) fn set_alarm(&mut self, after: u64) {
        if let DataConnection::Moving(_, transfer) = &mut self.data {
            transfer.set_alarm(after);
        }
    }

    pub(super) fn close_data<T: Tcp + ?Sized, S: Store>(
        &mut self,
        turn: &mut Turn<'_, T, P::Config, S>,
    ) {
        if !matches!(self.data, DataConnection::Moving(..)) {
            return self.drop_data(turn);
        }
        self.unhook_data(turn.hub);
        if let DataConnection::Moving(_, transfer) = std::mem::take(&mut self.data) {
            let end = transfer.close(turn.tcp);
            self.event(Event::TransferEnded(end), turn.hub, turn.now);
        }
    }

    pub(super) fn drop_data<T: Tcp + ?Sized, S: Store>(
        &mut self,
        turn: &mut Turn<'_, T, P::Config, S>,
    ) {
        if matches!(self.data, DataConnection::None) {
            return;
        }
        self.unhook_data(turn.hub);
        match std::mem::take(&mut self.data) {
            DataConnection::None => {}
            DataConnection::Listening(listener, _) => turn.tcp.unlisten(listener),
            DataConnection::Connecting(conn) | DataConnection::Waiting(conn) => {
                turn.tcp.abort(conn);
            }
            DataConnection::Moving(_, transfer) => {
                let end = transfer.abort(turn.tcp);
                self.event(Event::TransferEnded(end), turn.hub, turn.now);
            }
        }
    }

    /// Takes a listener out of the tables.
    fn forget_listener<S>(&self, listener: Listener, hub: &mut Hub<P::Config, S>) {
        hub.listeners.unset(listener.0);
        if let Some(origin) = self.peer.map(origin) {
            hub.shared.listens_no_more(origin);
        }
    }

    /// Takes the data connection out of the tables.
    fn unhook_data<S>(&self, hub: &mut Hub<P::Config, S>) {
        match &self.data {
            DataConnection::None => {}
            DataConnection::Listening(listener, _) => {
                self.forget_listener(*listener, hub);
            }
            DataConnection::Connecting(conn)
            | DataConnection::Waiting(conn)
            | DataConnection::Moving(conn, _) => {
                hub.conns.unset(conn.0);
                hub.line.leave(SlotId(self.place));
            }
        }
    }
}
