//! `end` is one end of a bridge: a program of ours, or a command.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use halfclose_stack::Packet;
use rustix::event::{PollFd, PollFlags};

use super::isolated::Isolated;
use super::ours::Ours;
use super::wire::Wire;
use crate::side::Side;

/// An end of the bridge.
pub(super) enum End {
    Ours(Box<Ours>),
    Theirs(Isolated),
}

/// Packets that are read from a device before the other end has a turn.
const BATCH: usize = 256;

impl End {
    /// Handles a packet that arrives.
    pub(super) fn arrives(&mut self, now: Duration, packet: &[u8]) {
        match self {
            Self::Ours(ours) => ours.arrives(now, packet),
            Self::Theirs(theirs) => {
                theirs.tun.send(packet);
            }
        }
    }

    /// Sends everything that this end has to say by now. Returns whether there may be more.
    pub(super) fn turn(
        &mut self,
        side: Side,
        now: Duration,
        wire: &mut Wire<'_>,
        room: &mut [u8],
    ) -> io::Result<bool> {
        match self {
            Self::Ours(ours) => {
                ours.turn(now, wire);
                Ok(false)
            }
            Self::Theirs(theirs) => {
                for _ in 0..BATCH {
                    let Some(length) = theirs.tun.receive(room)? else { return Ok(false) };
                    wire.emit(now, side, Packet::from(room[..length].to_vec()));
                }
                Ok(true)
            }
        }
    }

    /// When this end has something to do without a packet.
    pub(super) fn next_wakeup(&mut self) -> Option<Duration> {
        match self {
            Self::Ours(ours) => ours.next_wakeup(),
            Self::Theirs(_) => None,
        }
    }

    /// Whether the client at this end has nothing left to do.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Ours(ours) => ours.is_done(),
            Self::Theirs(theirs) => theirs.ended.is_some(),
        }
    }

    /// The command at this end.
    pub(super) fn theirs(&mut self) -> Option<&mut Isolated> {
        match self {
            Self::Ours(_) => None,
            Self::Theirs(theirs) => Some(theirs),
        }
    }

    /// The program of ours at this end.
    pub(super) fn ours(&mut self) -> Option<&mut Ours> {
        match self {
            Self::Ours(ours) => Some(ours),
            Self::Theirs(_) => None,
        }
    }

    /// Adds the files that wake this end.
    pub(super) fn watch<'a>(&'a self, files: &mut Vec<PollFd<'a>>) {
        if let Self::Theirs(theirs) = self {
            files.push(PollFd::from_borrowed_fd(theirs.tun.as_fd(), PollFlags::IN));
            if let Some(control) = theirs.control() {
                files.push(PollFd::from_borrowed_fd(control, PollFlags::IN));
            }
        }
    }
}
