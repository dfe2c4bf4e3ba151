//! `net::sending` owns the bytes that a connection still owes the kernel: gathered small pieces,
//! bytes that the kernel refused, an urgent byte among them, and the FIN behind them.

use super::socket::{Socket, ending};
use crate::tcp::Ending;
use socket2::SockRef;
use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::ops::ControlFlow;

/// Pieces below this size wait for further pieces in the same lap.
const SMALL: usize = 2048;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shut {
    No,
    Wanted,
    Done,
}

impl Socket {
    /// Takes bytes from `fill`, as many as the kernel accepts, or a small piece more.
    pub(super) fn send(
        &mut self,
        buffer: &mut [u8],
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> ControlFlow<Ending, usize> {
        if self.owed.len() >= SMALL && !self.blocked {
            self.flush();
        }
        if let Some(ending) = self.lost {
            return ControlFlow::Break(ending);
        }
        if !self.open || self.blocked || self.owed.len() >= SMALL {
            return ControlFlow::Continue(0);
        }
        let bytes = fill(buffer);
        if bytes == 0 {
            return ControlFlow::Continue(0);
        }
        self.spoke = true;
        let bytes = &buffer[..bytes];
        let mut taken = 0;
        if self.owed.len() + bytes.len() > SMALL {
            self.flush();
            if self.owed.is_empty() && self.lost.is_none() {
                taken = self.write(bytes);
            }
        }
        if let Some(ending) = self.lost {
            return ControlFlow::Break(ending);
        }
        self.owed.extend_from_slice(&bytes[taken..]);
        ControlFlow::Continue(bytes.len())
    }

    /// Begins to wait for the end of the lap; true if the wait is new.
    pub(super) fn cork(&mut self) -> bool {
        let begins = !self.corked && !self.blocked && !self.owed.is_empty();
        self.corked |= begins;
        begins
    }

    /// Ends the wait at the end of the lap.
    pub(super) fn uncork(&mut self) {
        self.corked = false;
        self.flush();
    }

    /// Whether the connection waits for the kernel to accept more bytes.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Whether no byte is owed, or none can be sent any more.
    pub(super) fn is_flushed(&self) -> bool {
        self.owed.is_empty() || self.lost.is_some()
    }

    /// Marks the last sent byte as urgent. The byte was small, so the connection still owes the
    /// byte.
    pub(super) fn mark_urgent(&mut self) {
        self.urgent = Some(self.owed.len());
    }

    /// Gives the kernel the owed bytes, and the FIN behind them.
    pub(super) fn flush(&mut self) {
        let mut given = 0;
        let owed = std::mem::take(&mut self.owed);
        while given < owed.len() && !self.blocked && self.lost.is_none() {
            let urgent = self.urgent.filter(|urgent| *urgent > given);
            let piece = match urgent {
                Some(urgent) if urgent == given + 1 => {
                    let sent = SockRef::from(&self.stream).send_out_of_band(&owed[given..urgent]);
                    given += self.sent(sent);
                    continue;
                }
                Some(urgent) => &owed[given..urgent - 1],
                None => &owed[given..],
            };
            given += self.write(piece);
        }
        self.urgent = self.urgent.and_then(|urgent| urgent.checked_sub(given)).filter(|at| *at > 0);
        self.owed = owed;
        self.owed.drain(..given);
        if self.owed.is_empty() && self.owed.capacity() > SMALL {
            self.owed = Vec::new();
        }
        if self.owed.is_empty() && self.shut == Shut::Wanted && self.open {
            self.shut = Shut::Done;
            // An error means that the connection is gone, and is reported by a read.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }

    /// Writes until the kernel accepts no more; returns the number of bytes.
    fn write(&mut self, bytes: &[u8]) -> usize {
        let mut given = 0;
        while given < bytes.len() && !self.blocked && self.lost.is_none() {
            let sent = (&self.stream).write(&bytes[given..]);
            given += self.sent(sent);
        }
        given
    }

    fn sent(&mut self, sent: io::Result<usize>) -> usize {
        match sent {
            Ok(bytes) => return bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.blocked = true,
            // The kernel reports a reset after the peer's FIN as EPIPE: the FIN stays valid.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.lost = Some(Ending::Reset),
            Err(error) => {
                self.lost = Some(ending(&error));
                self.fetched = self.lost;
            }
        }
        0
    }

    pub(super) fn shutdown(&mut self) {
        if self.shut == Shut::No {
            self.shut = Shut::Wanted;
        }
        self.flush();
    }

    /// The number of owed bytes, to see progress.
    pub(super) fn owes(&self) -> usize {
        self.owed.len()
    }
}
