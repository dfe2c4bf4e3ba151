//! `transfer::planned_end` owns the end of a connection after the last byte, as the plan says: a FIN, or a
//! RST at once, after a pause, or once the bytes have gone.

use super::{Close, Phase, Transfer, TransferEnd, Way};
use crate::tcp::{Ending, Tcp};
use std::time::Duration;

impl Transfer {
    /// The number of bytes before the planned end, if the plan ends before the data does.
    pub(super) fn until_end(&self) -> usize {
        let rest = self.plan.ends_after.map(|end| end.saturating_sub(self.moved));
        rest.map_or(usize::MAX, |rest| usize::try_from(rest).unwrap_or(usize::MAX))
    }

    /// Ends the connection after the last byte, as the plan's [`Close`] says.
    pub(super) fn finish<T: Tcp + ?Sized>(
        &mut self,
        close: Close,
        tcp: &mut T,
        now: Duration,
    ) -> Option<TransferEnd> {
        match close {
            Close::Fin => self.hand_over(tcp),
            Close::HalfClose => {
                tcp.shutdown(self.conn);
                self.phase = Phase::HalfClosed;
                None
            }
            Close::Reset => self.reset(tcp, now),
            Close::FinThenReset => {
                tcp.shutdown(self.conn);
                self.reset(tcp, now)
            }
            Close::ResetWhenSent | Close::ResetWhenAcked => {
                self.phase = Phase::Draining;
                self.drain(self.plan.way, tcp, now)
            }
        }
    }

    /// Waits until the bytes are transmitted, or acknowledged, before the planned RST.
    pub(super) fn drain<T: Tcp + ?Sized>(
        &mut self,
        way: Way,
        tcp: &mut T,
        now: Duration,
    ) -> Option<TransferEnd> {
        let status = tcp.status(self.conn);
        if let Some(ending) = status.ending.filter(|&ending| ending != Ending::Finished) {
            return Some(self.lost(ending, tcp));
        }
        let waits = match way {
            Way::Send(Close::ResetWhenAcked) => status.unacknowledged,
            _ => status.unsent,
        };
        if waits > 0 { None } else { self.reset(tcp, now) }
    }

    /// Aborts the connection as planned, after the pause of the plan.
    fn reset<T: Tcp + ?Sized>(&mut self, tcp: &mut T, now: Duration) -> Option<TransferEnd> {
        if self.plan.reset_delay.is_zero() {
            return Some(TransferEnd { complete: true, ..self.abort(tcp) });
        }
        self.phase = Phase::Pausing;
        self.blocked = Some(now + self.plan.reset_delay);
        None
    }

    /// Waits for the end of the pause before the planned RST.
    pub(super) fn pause<T: Tcp + ?Sized>(
        &mut self,
        tcp: &mut T,
        now: Duration,
    ) -> Option<TransferEnd> {
        let ending = tcp.status(self.conn).ending.filter(|&ending| ending != Ending::Finished);
        if let Some(ending) = ending {
            return Some(self.lost(ending, tcp));
        }
        let over = self.blocked.is_none_or(|until| now >= until);
        over.then(|| TransferEnd { complete: true, ..self.abort(tcp) })
    }
}
