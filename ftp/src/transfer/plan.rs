//! `transfer::plan` owns the words of a transfer: the plan, the steps, the end. Plain data.

use crate::report::SessionId;
use crate::store::{File, Read, Store, StoreError};
use crate::tcp::Ending;
use crate::wire::listing::Printer;
use crate::wire::representation::TextEncoder;
use crate::work::Work;
use std::time::Duration;

/// How an application ends a data connection after the last byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Close {
    /// CLOSE: a FIN after the last byte.
    #[default]
    Fin,
    /// Shuts the sending side, waits for the peer's end, then closes.
    HalfClose,
    /// ABORT at once: untransmitted bytes are lost.
    Reset,
    /// ABORT once every byte has been transmitted at least once.
    ResetWhenSent,
    /// ABORT once every byte has been acknowledged.
    ResetWhenAcked,
    /// Shuts the sending side and aborts at once.
    FinThenReset,
}

impl Close {
    /// The words for the variants, as scenario files and command lines write them.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("fin", Self::Fin),
        ("half-close", Self::HalfClose),
        ("reset", Self::Reset),
        ("reset-when-sent", Self::ResetWhenSent),
        ("reset-when-acked", Self::ResetWhenAcked),
        ("fin-then-reset", Self::FinThenReset),
    ];
}

/// The data of a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// The bytes of an open file, unchanged.
    Image(File),
    /// The bytes of an open file as text (RFC 959 §3.1.1.1).
    Text(File),
    /// A listing, which can only be sent.
    Listing(Box<Printer>),
}

/// The plan of a transfer: data, direction, end, delays.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// The data to move.
    pub body: Body,
    /// The direction: from the store to the connection, or from the connection to the store.
    pub way: Way,
    /// How long no byte may move; `None`: for ever.
    pub idle_timeout: Option<Duration>,
    /// Report [`Step::Alarm`] once exactly this number of bytes has moved, and before any further
    /// byte.
    pub alarm: Option<u64>,
    /// A sender ends the connection after this number of bytes, as at the end of the data; `None`:
    /// after all bytes.
    pub ends_after: Option<u64>,
    /// The pause before a planned RST.
    pub reset_delay: Duration,
    /// The delay before a receiver looks at arrived bytes: a busy program, a slow scheduler.
    pub read_delay: Duration,
    /// The number of unrequested bytes that a receiver sends.
    pub chatter: usize,
    /// Whether a receiver waits on behind the peer's FIN, for an end that TCP does not signal.
    pub waits_on: bool,
}

impl Plan {
    /// A plan without delays, alarm and timeout.
    #[must_use]
    pub const fn new(body: Body, way: Way) -> Self {
        Self {
            body,
            way,
            idle_timeout: None,
            alarm: None,
            ends_after: None,
            reset_delay: Duration::ZERO,
            read_delay: Duration::ZERO,
            chatter: 0,
            waits_on: false,
        }
    }
}

/// The direction of the bytes, seen from this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// From the store; after the last byte the connection is ended in this way.
    Send(Close),
    /// Into the store, until the peer's end.
    Receive,
}

/// How far the receiving program had come when the peer's reset arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lateness {
    /// The program had read all bytes that had arrived.
    #[default]
    InTime,
    /// Bytes, or the peer's FIN, were waiting to be read.
    Behind,
    /// The transfer had not begun.
    NotBegun,
}

/// The end of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransferEnd {
    /// Whether every byte has moved and the end was as planned: the sender has performed the
    /// [`Close`], the receiver has seen the peer's FIN.
    pub complete: bool,
    /// The end of the connection as this program saw the end; `None` if the program's own FIN came
    /// last.
    pub ending: Option<Ending>,
    /// The error of the store, for which the connection was aborted.
    pub store: Option<StoreError>,
    /// Whether no byte moved for too long, for which the connection was aborted.
    pub idle: bool,
    /// Bytes handed to the connection, or taken from the connection.
    pub moved: u64,
    /// How late the receiver was for the peer's reset, also for a reset after the peer's FIN.
    pub late: Lateness,
}

/// The work of a program in the present moment, for the transfer of one session.
#[derive(Debug)]
pub struct WorkTurn<'a> {
    /// The steps that all sessions share.
    pub work: &'a mut Work,
    /// The session of the transfer.
    pub session: SessionId,
    /// The time of the present moment.
    pub now: Duration,
}

/// The result of a pump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Call again at the next `Ready` or at `next_wakeup`.
    Going,
    /// The plan's alarm: the bytes have moved. Reported once.
    Alarm,
    /// The transfer is over, and the connection has been given back.
    Over(TransferEnd),
}

/// Reads the next bytes of the body.
#[inline]
pub(super) fn read<S: Store>(
    body: &mut Body,
    encoder: &mut TextEncoder,
    store: &mut S,
    into: &mut [u8],
    turn: &mut WorkTurn<'_>,
) -> Result<Read, StoreError> {
    match body {
        Body::Image(file) => store.read(*file, into),
        Body::Text(file) => {
            let read = |into: &mut [u8]| store.read(*file, into).map(|it| (it.bytes, it.last));
            encoder.fill(into, read).map(|(bytes, last)| Read { bytes, last })
        }
        Body::Listing(printer) => {
            let granted = turn.work.grant(turn.session, turn.now);
            let mut steps = granted;
            let read = printer.read(store, into, &mut steps);
            turn.work.spend(granted - steps);
            read
        }
    }
}
