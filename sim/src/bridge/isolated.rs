//! `isolated` is a command in namespaces of its own, as the bridge sees the command: a TUN device, an
//! order to start or stop, and the exit status.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::BridgeError;
use super::control::{self, Ended, Order, Received, Report};
use super::namespace;
use super::tun::Tun;
use crate::side::Side;

/// A command, or its namespaces before the command starts.
#[derive(Debug)]
pub(super) struct Isolated {
    /// The socket to the first process; taken when the command is to end.
    control: Option<OwnedFd>,
    keeper: Child,
    pub(super) tun: Tun,
    /// Whether a socket listens at the port of FTP.
    pub(super) listening: bool,
    /// How the command ended, once it has.
    pub(super) ended: Option<Ended>,
    /// Packets lost in the device.
    pub(super) overflowed: u64,
}

impl Isolated {
    /// Makes the namespaces of `command` on `side`. The command runs in `directory` and writes to
    /// `output`.
    pub(super) fn prepare(
        side: Side,
        command: &str,
        mtu: usize,
        (directory, output): (&Path, &File),
    ) -> Result<Self, BridgeError> {
        let failed = |error: io::Error| BridgeError::Failed(format!("no helper starts: {error}"));
        let (ours, theirs) = control::pair().map_err(failed)?;
        let program = std::env::current_exe().map_err(failed)?;
        let words = namespace::words(side.address(), side.peer().address(), mtu, command.as_ref());
        let keeper = Command::new(program)
            .args(words)
            .current_dir(directory)
            .stdin(Stdio::from(theirs))
            .stdout(output.try_clone().map_err(failed)?)
            .stderr(output.try_clone().map_err(failed)?)
            // A Ctrl-C at the terminal is for the bridge, which ends its helpers itself.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let mut keeper = keeper;
        let refused = match control::take_report(ours.as_fd(), true).map_err(failed)? {
            Received::Message(Report::Ready(file)) => {
                let tun = Tun::from_file(file).map_err(failed)?;
                let (listening, ended, overflowed) = (false, None, 0);
                let control = Some(ours);
                return Ok(Self { control, keeper, tun, listening, ended, overflowed });
            }
            Received::Message(Report::Refused(why)) => BridgeError::Refused(why),
            _ => BridgeError::Failed("the helper ended without a word".to_owned()),
        };
        drop(ours);
        let _ = keeper.wait();
        Err(refused)
    }

    /// Starts the command of the namespaces.
    pub(super) fn start(&self) -> io::Result<()> {
        self.order(Order::Start)
    }

    /// Asks the command and all its children to end.
    pub(super) fn stop(&self) {
        // A helper that is gone has ended the command.
        let _ = self.order(Order::Stop);
    }

    fn order(&self, order: Order) -> io::Result<()> {
        self.control.as_ref().map_or(Ok(()), |control| control::order(control.as_fd(), order))
    }

    /// The file that is readable when a report waits.
    pub(super) fn control(&self) -> Option<BorrowedFd<'_>> {
        self.control.as_ref().map(AsFd::as_fd)
    }

    /// Takes every report that waits.
    pub(super) fn take_reports(&mut self) -> Result<(), BridgeError> {
        while let Some(control) = &self.control {
            let report = control::take_report(control.as_fd(), false);
            match report.map_err(|error| BridgeError::Failed(error.to_string()))? {
                Received::Message(Report::Listening) => self.listening = true,
                Received::Message(Report::Ended(ended)) => self.ended = Some(ended),
                Received::Message(Report::Overflowed(packets)) => self.overflowed += packets,
                Received::Message(Report::Refused(why)) => return Err(BridgeError::Failed(why)),
                Received::Message(Report::Ready(_)) => {}
                Received::Nothing => return Ok(()),
                Received::Gone => {
                    // Killed from outside: every process of the namespace is gone.
                    self.ended.get_or_insert(Ended::Signalled(9));
                    self.control = None;
                }
            }
        }
        Ok(())
    }
}

impl Drop for Isolated {
    fn drop(&mut self) {
        // The first process ends with the socket, the kernel ends the others, and the keeper follows.
        self.control = None;
        let _ = self.keeper.wait();
    }
}
