//! `watch` takes the calls of a program, and what the server's control connections hear and say, as
//! evidence.

use std::net::SocketAddrV4;
use std::time::Duration;

use super::Evidence;
use crate::law::connections::{Call, Endpoint};
use crate::side::{CONTROL_PORT, Side};

/// The observer of a program's calls, at an instant on one side.
pub struct Watch<'a> {
    pub(super) evidence: &'a mut Evidence,
    pub(super) side: Side,
    pub(super) now: Duration,
}

impl Watch<'_> {
    /// The program calls a passive OPEN.
    pub fn listened(&mut self, listener: u64, port: u16) {
        self.evidence.listeners.insert((self.side, listener), port);
        self.evidence.listened.push(port);
    }

    /// The program closes a listener. The listener's connections without an accept end with the
    /// listener.
    pub fn unlistened(&mut self, listener: u64) {
        let Evidence { listeners, unlistened, event, last_call, .. } = &mut *self.evidence;
        *last_call = self.now;
        if let Some(port) = listeners.swap_remove(&(self.side, listener)) {
            unlistened.retain(|(when, ..)| when == event);
            unlistened.push((*event, self.side, port));
        }
    }

    /// A connection of `listener` was accepted.
    pub fn accepted(&mut self, listener: u64, conn: u64) {
        let port = self.evidence.listeners.get(&(self.side, listener));
        if self.side == Side::Server && port == Some(&CONTROL_PORT) {
            self.evidence.dialogues.open(conn);
        }
    }

    /// CLOSE, with bytes unread or without.
    pub fn closed(&mut self, conn: u64, ends: [SocketAddrV4; 2], unread: bool) {
        let call = if unread { Call::CloseUnread } else { Call::Close };
        self.called(conn, ends, call);
    }

    /// The program calls ABORT, with bytes unread or without.
    pub fn aborted(&mut self, conn: u64, ends: [SocketAddrV4; 2], unread: bool) {
        let call = if unread { Call::CloseUnread } else { Call::Abort };
        self.called(conn, ends, call);
    }

    fn called(&mut self, conn: u64, [local, peer]: [SocketAddrV4; 2], call: Call) {
        let evidence = &mut *self.evidence;
        evidence.last_call = self.now;
        let known = evidence.connections.entry(Endpoint(self.side, local.port(), peer.port()));
        known.call = call;
        known.called = evidence.event;
        known.state_at_call = known.state;
        if self.side == Side::Server
            && let Some(breach) = evidence.dialogues.close(self.now, conn)
        {
            evidence.breach(breach);
        }
    }

    /// Whether `conn` is a control connection of the server's.
    #[inline]
    #[must_use]
    pub fn hears(&self, conn: u64) -> bool {
        self.side == Side::Server && self.evidence.dialogues.has(conn)
    }

    /// The server took `bytes` from a control connection.
    pub fn heard(&mut self, conn: u64, bytes: &[u8]) {
        let Evidence { dialogues, uploads, .. } = &mut *self.evidence;
        dialogues.heard(conn, bytes, self.now, uploads);
    }

    /// The server gave `bytes` to a control connection.
    pub fn said(&mut self, conn: u64, bytes: &[u8]) {
        let Evidence { dialogues, uploads, breaches, .. } = &mut *self.evidence;
        dialogues.said(conn, bytes, self.now, uploads, breaches);
    }

    /// The server learned of the end of a control connection.
    pub fn ended(&mut self, conn: u64) {
        self.evidence.dialogues.ended(conn);
    }

    /// Change the server's reply in `bytes` if the run's mutant does so. Returns the new length.
    pub(crate) fn lies(&self, bytes: &mut [u8], length: usize) -> usize {
        self.evidence.liar.says(bytes, length)
    }
}
