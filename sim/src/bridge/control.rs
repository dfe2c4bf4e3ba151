//! `control` is the socket between a bridge and the helper of a command: orders go down, reports come
//! up. Each message is one packet, and an end of the socket is the death of the other process.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, recvmsg};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, sendmsg, socketpair};

/// Bytes of the longest message.
const LONGEST: usize = 1024;

/// The message of a helper.
#[derive(Debug)]
pub(super) enum Report {
    /// The namespaces are there; the file is the TUN device.
    Ready(OwnedFd),
    /// A socket of the namespace listens at the port of FTP.
    Listening,
    /// The command has ended, with this exit status or signal.
    Ended(Ended),
    /// Packets of the namespace that the queue of the device lost before the link saw the packets.
    Overflowed(u64),
    /// The namespaces cannot be made; the text says why.
    Refused(String),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The command exited with this status.
    Exited(i32),
    /// A signal of this number ended the command.
    Signalled(i32),
}

impl Ended {
    /// The exit status; `None` after a signal.
    pub(crate) fn status(self) -> Option<i32> {
        match self {
            Self::Exited(status) => Some(status),
            Self::Signalled(_) => None,
        }
    }

    /// The number of the signal that ended the command.
    pub(crate) fn signal(self) -> Option<i32> {
        match self {
            Self::Exited(_) => None,
            Self::Signalled(signal) => Some(signal),
        }
    }

    /// Whether the command ended with status 0.
    pub(crate) fn is_success(self) -> bool {
        self == Self::Exited(0)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exit status {status}"),
            Self::Signalled(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// The order of a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Start the command of the namespaces.
    Start,
    /// Ask every process of the namespace to end (SIGTERM).
    Stop,
}

/// Makes both ends of a control socket.
pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC;
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?)
}

/// Sends a report to the bridge.
pub(super) fn report(to: BorrowedFd<'_>, report: &Report) -> io::Result<()> {
    let (message, file) = match report {
        Report::Ready(file) => (b"T".to_vec(), Some(file.as_fd())),
        Report::Listening => (b"L".to_vec(), None),
        Report::Ended(Ended::Exited(status)) => (numbered(b'X', (*status).into()), None),
        Report::Ended(Ended::Signalled(signal)) => (numbered(b'S', (*signal).into()), None),
        Report::Overflowed(packets) => (numbered(b'O', packets.cast_signed()), None),
        Report::Refused(why) => ([b"E", why.as_bytes()].concat(), None),
    };
    send(to, &message[..message.len().min(LONGEST)], file)
}

/// Sends an order to a helper.
pub(super) fn order(to: BorrowedFd<'_>, order: Order) -> io::Result<()> {
    let word: &[u8] = match order {
        Order::Start => b"start",
        Order::Stop => b"stop",
    };
    send(to, word, None)
}

fn numbered(letter: u8, number: i64) -> Vec<u8> {
    [&[letter][..], &number.to_ne_bytes()].concat()
}

fn send(to: BorrowedFd<'_>, message: &[u8], file: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let files: Vec<_> = file.into_iter().collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if !files.is_empty() {
        beside.push(SendAncillaryMessage::ScmRights(&files));
    }
    sendmsg(to, &[IoSlice::new(message)], &mut beside, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// A message, or the reason why there is none.
pub(super) enum Received<T> {
    Message(T),
    /// No message waits in the socket.
    Nothing,
    /// The other process is gone.
    Gone,
}

/// Takes the next report of a helper; `wait`: waits for a report.
pub(super) fn take_report(from: BorrowedFd<'_>, wait: bool) -> io::Result<Received<Report>> {
    let (message, file) = match receive(from, wait)? {
        Received::Message(received) => received,
        Received::Nothing => return Ok(Received::Nothing),
        Received::Gone => return Ok(Received::Gone),
    };
    let number = message.get(1..9).and_then(|bytes| bytes.try_into().ok());
    let number = number.map_or(0, i64::from_ne_bytes);
    let small = i32::try_from(number).unwrap_or(i32::MAX);
    let report = match (message.first(), file) {
        (Some(b'T'), Some(file)) => Report::Ready(file),
        (Some(b'L'), _) => Report::Listening,
        (Some(b'X'), _) => Report::Ended(Ended::Exited(small)),
        (Some(b'S'), _) => Report::Ended(Ended::Signalled(small)),
        (Some(b'O'), _) => Report::Overflowed(number.cast_unsigned()),
        _ => Report::Refused(String::from_utf8_lossy(message.get(1..).unwrap_or_default()).into()),
    };
    Ok(Received::Message(report))
}

/// Takes the next order of the bridge.
pub(super) fn take_order(from: BorrowedFd<'_>) -> io::Result<Received<Order>> {
    Ok(match receive(from, false)? {
        Received::Message((word, _)) if word == b"start" => Received::Message(Order::Start),
        Received::Message(_) => Received::Message(Order::Stop),
        Received::Nothing => Received::Nothing,
        Received::Gone => Received::Gone,
    })
}

fn receive(from: BorrowedFd<'_>, wait: bool) -> io::Result<Received<(Vec<u8>, Option<OwnedFd>)>> {
    let mut bytes = [0; LONGEST];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let waits = if wait { RecvFlags::empty() } else { RecvFlags::DONTWAIT };
    let into = &mut [IoSliceMut::new(&mut bytes)];
    let taken = match recvmsg(from, into, &mut beside, waits | RecvFlags::CMSG_CLOEXEC) {
        Ok(message) if message.bytes == 0 => return Ok(Received::Gone),
        Ok(message) => message.bytes,
        Err(Errno::AGAIN | Errno::INTR) => return Ok(Received::Nothing),
        Err(Errno::CONNRESET | Errno::PIPE) => return Ok(Received::Gone),
        Err(error) => return Err(error.into()),
    };
    let mut file = None;
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(mut files) = message {
            file = files.next();
        }
    }
    Ok(Received::Message((bytes[..taken].to_vec(), file)))
}
