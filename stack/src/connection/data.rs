//! `data.rs` owns the bytes between a connection and the user: SEND, RECEIVE and STATUS (RFC 9293
//! §3.9.1), and the urgent mark.

use std::ops::ControlFlow;

use crate::connection::Connection;
use crate::connection::socket_hash::Call;
use crate::ending::Ending;
use crate::ids::Status;
use crate::state::State;
use crate::time::Moment;

impl Connection {
    /// SEND: call `fill` with each free piece of the send buffer until `fill` leaves room. Returns
    /// the number of bytes written, or the ending.
    #[inline]
    pub(crate) fn send(
        &mut self,
        now: Moment,
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> ControlFlow<Ending, usize> {
        if let Some(ending) = self.ending {
            return ControlFlow::Break(self.told(ending));
        }
        let mut taken = 0;
        while !self.fin_deferred && self.socket.get().can_send() {
            let (room, filled) = self.ask(now, |socket| {
                let sent = socket.send(|piece| {
                    let (room, filled) = (piece.len(), fill(piece));
                    (filled, (room, filled))
                });
                let sent = sent.expect("can_send says that the sending side is open");
                (Call::Send(sent.1), sent)
            });
            taken += filled;
            if filled < room {
                break;
            }
        }
        if taken > 0 {
            self.socket.note_written();
            self.send.took(taken);
            self.asked.set(false);
        }
        ControlFlow::Continue(taken)
    }

    /// RECEIVE: call `take` with at most `limit` bytes. Returns the number of bytes taken, or the
    /// ending once no byte is left and none will come.
    #[inline]
    pub(crate) fn receive(
        &mut self,
        now: Moment,
        limit: usize,
        take: &mut dyn FnMut(&[u8]),
    ) -> ControlFlow<Ending, usize> {
        let wanted = self.unread().min(limit);
        if wanted == 0 {
            return match self.ending {
                _ if self.unread() > 0 => ControlFlow::Continue(0),
                _ if self.receive.fin && !self.flushed => ControlFlow::Break(Ending::Finished),
                Some(ending) => ControlFlow::Break(self.told(ending)),
                None => ControlFlow::Continue(0),
            };
        }
        let mut left = wanted;
        while left > 0 {
            left -= self.ask(now, |socket| {
                let received = socket.recv(|piece| {
                    let len = piece.len().min(left);
                    take(&piece[..len]);
                    (len, len)
                });
                let received = received.expect("bytes wait, so they may be received");
                (Call::Receive(received), received)
            });
        }
        self.receive.took(wanted);
        ControlFlow::Continue(wanted)
    }

    /// Whether RECEIVE would take no byte and tell no ending now.
    #[inline]
    pub(crate) fn is_drained(&self) -> bool {
        self.view.received == 0 && !self.receive.fin && self.ending.is_none()
    }

    /// The ending as the user hears it. With `ResetTold::Once` a reset is told once, and not at all behind
    /// the peer's FIN, unless the reset has taken bytes from the user.
    fn told(&mut self, ending: Ending) -> Ending {
        let known =
            (self.receive.fin && !self.flushed) || std::mem::replace(&mut self.reset_told, true);
        let repeats = ending == Ending::Reset && self.tells_reset_once && known;
        if repeats { Ending::Finished } else { ending }
    }

    /// Whether smoltcp may have a packet to send after RECEIVE: smoltcp announces a window that has at
    /// least doubled. TIME-WAIT may also expire once all bytes are read.
    #[inline]
    pub(crate) fn wants_poll_after_receive(&self) -> bool {
        let free = self.socket.get().recv_capacity() - self.view.received;
        let offered = self.receive.edge.wrapping_sub(self.rcv_nxt()) as usize;
        let scale = self.receive.scale;
        (free >> scale) / 2 >= offered >> scale || self.state == State::TimeWait
    }

    /// Mark the byte given last to SEND as urgent (RFC 9293 §3.8.5).
    pub(crate) fn mark_urgent(&mut self) {
        self.send.urgent = Some(self.send.end());
        self.send.rare = true;
    }

    /// Bytes that the user may receive.
    pub(crate) fn unread(&self) -> usize {
        if self.flushed { 0 } else { self.view.received }
    }

    /// The number of received bytes that a reset has taken from the user, if a reset has.
    pub(crate) fn flushed_bytes(&self) -> Option<usize> {
        self.flushed.then_some(self.view.received)
    }

    /// STATUS. After this call, the user hears when all bytes have left.
    #[inline]
    pub(crate) fn status(&self) -> Status {
        self.asked.set(true);
        Status {
            state: self.state,
            established: self.established,
            unsent: self.send.unsent(),
            unacknowledged: self.view.queued,
            unread: self.unread(),
            urgent: self.receive.urgent_ahead(),
            peer_closed: self.receive.fin,
            ending: self.ending,
            local: self.ends[0],
            peer: self.ends[1],
        }
    }
}
