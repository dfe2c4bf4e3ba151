//! `live::signals` tells a loop that waits for sockets that somebody wants it to end.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use halfclose_ftp::net::Sockets;
use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::low_level::pipe;

/// SIGTERM and SIGINT, as bytes in a pipe.
#[derive(Debug)]
pub(super) struct Signals(UnixStream);

impl Signals {
    /// Catches them from now on, and wakes those sockets by them.
    pub(super) fn wake(sockets: &mut Sockets) -> io::Result<Self> {
        let (here, there) = UnixStream::pair()?;
        here.set_nonblocking(true)?;
        for signal in [SIGTERM, SIGINT] {
            pipe::register(signal, there.try_clone()?)?;
        }
        // A file that may grow no further is an error of a write (EFBIG), not the program's end.
        flag::register(SIGXFSZ, Arc::default())?;
        sockets.wake_by(here.try_clone()?)?;
        Ok(Self(here))
    }

    /// How many came since this was asked last.
    pub(super) fn count(&mut self) -> usize {
        self.0.read(&mut [0; 16]).unwrap_or(0)
    }
}
