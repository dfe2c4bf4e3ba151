//! `net::sending` is what a connection owes the kernel: small pieces that are gathered, what the kernel
//! did not take, the urgent byte among it, and the FIN behind it.

use super::socket::{Socket, ending};
use crate::tcp::Ending;
use socket2::SockRef;
use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::ops::ControlFlow;

/// What is smaller waits for what may follow it in the same lap.
const SMALL: usize = 2048;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shut {
    No,
    Wanted,
    Done,
}

impl Socket {
    /// Takes from `fill` what the kernel will take, or a small piece more.
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

    /// True if it has just begun to wait for the end of the lap.
    pub(super) fn cork(&mut self) -> bool {
        let begins = !self.corked && !self.blocked && !self.owed.is_empty();
        self.corked |= begins;
        begins
    }

    /// The lap is over.
    pub(super) fn uncork(&mut self) {
        self.corked = false;
        self.flush();
    }

    /// Whether it waits for the kernel to take more.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Whether it owes nothing to the kernel, or can give it nothing.
    pub(super) fn is_flushed(&self) -> bool {
        self.owed.is_empty() || self.lost.is_some()
    }

    /// The byte sent last is the urgent one. It was small, so it is still here.
    pub(super) fn mark_urgent(&mut self) {
        self.urgent = Some(self.owed.len());
    }

    /// Gives the kernel what is owed, and the FIN behind it.
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
            // It fails if the connection is gone, which is told elsewhere.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }

    /// Writes until the kernel takes no more.
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
            // The kernel says EPIPE of a reset behind the peer's FIN: that FIN stands.
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

    /// How much is still owed: what has not become less for long is never taken.
    pub(super) fn owes(&self) -> usize {
        self.owed.len()
    }
}
