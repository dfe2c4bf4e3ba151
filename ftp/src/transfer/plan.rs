//! `transfer::plan` is what a transfer is told and what it tells: the plan, the steps, the end. Plain
//! data.

use crate::store::{File, StoreError};
use crate::tcp::Ending;
use crate::wire::listing::Printer;
use std::time::Duration;

/// What an application does at the end of its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Close {
    /// CLOSE: a FIN after the last byte.
    #[default]
    Fin,
    /// Shut the sending side, wait for the peer's end, then close.
    HalfClose,
    /// ABORT at once: what was not transmitted is lost with it.
    Reset,
    /// ABORT once every byte has been transmitted at least once.
    ResetWhenSent,
    /// ABORT once every byte has been acknowledged.
    ResetWhenAcked,
    /// Shut the sending side and ABORT at once.
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

/// What moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A file's bytes as they are. The file has been opened for it.
    Image(File),
    /// A file's bytes as text (RFC 959 §3.1.1.1).
    Text(File),
    /// A listing, which only goes out.
    Listing(Box<Printer>),
}

/// What to move, and how to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What moves.
    pub body: Body,
    /// From the store to the connection, or from the connection to the store.
    pub way: Way,
    /// How long nothing may move.
    pub idle_timeout: Option<Duration>,
    /// Say so once exactly this many bytes have moved (and before any further one does).
    pub alarm: Option<u64>,
    /// How long after something has come a receiver looks at it: a busy program, a slow scheduler.
    pub read_delay: Duration,
    /// How many bytes a receiver says that nobody has asked it for.
    pub chatter: usize,
    /// Whether a receiver goes on waiting behind the peer's FIN, for an end that TCP does not show.
    pub waits_on: bool,
}

impl Plan {
    /// Move it at once, without an alarm, and wait for ever.
    #[must_use]
    pub const fn new(body: Body, way: Way) -> Self {
        let (idle_timeout, alarm, read_delay) = (None, None, Duration::ZERO);
        Self { body, way, idle_timeout, alarm, read_delay, chatter: 0, waits_on: false }
    }
}

/// Which way bytes go, seen from this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the store; at the end of the file the connection is ended so.
    Send(Close),
    /// Into the store, until the peer's end.
    Receive,
}

/// How far the receiving program had come when the peer's reset arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lateness {
    /// It had read everything that had come.
    #[default]
    InTime,
    /// Bytes, or the peer's FIN, were waiting for it.
    Behind,
    /// The transfer had not begun.
    NotBegun,
}

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferEnd {
    /// Every byte has moved and the end was as planned: the sender has performed its [`Close`], the
    /// receiver has seen the peer's FIN.
    pub complete: bool,
    /// What this program saw of the connection's end; none if its own FIN was the last it did.
    pub ending: Option<Ending>,
    /// The store failed, and the connection was aborted for it.
    pub store: Option<StoreError>,
    /// Nothing moved for too long, and the connection was aborted for it.
    pub idle: bool,
    /// Bytes handed to the connection, or taken from it.
    pub moved: u64,
    /// How late a receiver was for the peer's reset, also for one that came after the peer's FIN.
    pub late: Lateness,
}

/// What a pump has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Call again on the next `Ready` or at `next_wakeup`.
    Going,
    /// The plan's alarm: that many bytes have moved. Said once.
    Alarm,
    /// Over: the connection has been given back.
    Over(TransferEnd),
}
