//! `live::signals` is what the system interrupts a program for: somebody wants it to end. A server's loop
//! is told; a client ends at once, and says so.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use halfclose_ftp::net::Sockets;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator;
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
        sockets.wake_by(here.try_clone()?)?;
        Ok(Self(here))
    }

    /// How many came since this was asked last.
    pub(super) fn count(&mut self) -> usize {
        self.0.read(&mut [0; 16]).unwrap_or(0)
    }
}

/// From now on SIGTERM and SIGINT end the program, whatever it waits for, with one line in place of
/// what `clears` a line of the terminal, and with the exit status that shells have for it. Its
/// connections end as if it had been killed.
pub(super) fn end_with_a_word(clears: bool) -> io::Result<()> {
    let mut signals = iterator::Signals::new([SIGTERM, SIGINT])?;
    // Not through the lock of standard error: the rest of the program holds it.
    let mut err = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    std::thread::Builder::new().spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let clear = if clears { "\r\x1b[2K" } else { "" };
            // Nobody is left to be told that this cannot be said.
            let _ = err.write_all(format!("{clear}error: interrupted\n").as_bytes());
            std::process::exit(128 + signal);
        }
    })?;
    Ok(())
}
