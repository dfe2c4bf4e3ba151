//! `live::signals` handles SIGTERM, SIGINT and SIGHUP: the loop of a server gets a byte, and a client ends
//! at once with a message.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use halfclose_ftp::net::Sockets;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator;
use signal_hook::low_level::pipe;

/// SIGTERM, SIGINT and SIGHUP, as bytes in a pipe.
#[derive(Debug)]
pub(super) struct Signals(UnixStream);

impl Signals {
    /// Catches the signals from now on, and wakes the loop of `sockets` at each.
    pub(super) fn wake(sockets: &mut Sockets) -> io::Result<Self> {
        let (here, there) = UnixStream::pair()?;
        here.set_nonblocking(true)?;
        // `nohup` has SIGHUP ignored, and that stays so.
        let hangs_up = (!ignores_hangups()).then_some(SIGHUP);
        for signal in [SIGTERM, SIGINT].into_iter().chain(hangs_up) {
            pipe::register(signal, there.try_clone()?)?;
        }
        sockets.wake_by(here.try_clone()?)?;
        Ok(Self(here))
    }

    /// The number of signals since the last call.
    pub(super) fn count(&mut self) -> usize {
        self.0.read(&mut [0; 16]).unwrap_or(0)
    }
}

/// Whether SIGHUP is ignored, as the parent of this program wants.
fn ignores_hangups() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return false };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (SIGHUP - 1) & 1 == 1)
}

/// Makes SIGTERM and SIGINT end the program from now on, in every state: with one line in place of
/// the `clears` text of the terminal's line, and with the exit status that shells use for the
/// signal. Connections end as if the program had been killed.
pub(super) fn end_with_a_word(clears: bool) -> io::Result<()> {
    let mut signals = iterator::Signals::new([SIGTERM, SIGINT])?;
    // The lock of standard error may be held by another thread of the program.
    let mut err = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    std::thread::Builder::new().spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let clear = if clears { "\r\x1b[2K" } else { "" };
            // A failure to print cannot be reported any more.
            let _ = err.write_all(format!("{clear}error: interrupted\n").as_bytes());
            std::process::exit(128 + signal);
        }
    })?;
    Ok(())
}
