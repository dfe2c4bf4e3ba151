//! `session` is the contract between a protocol machine (RFC 959 §2.3's user-PI or server-PI) and
//! whoever carries its bytes: bytes are pulled, events go in, actions come out. A session knows no
//! connection by name; it has one control connection, and at most one data connection at a time.

use crate::report::{Journal, SessionId, Speaker, Spoken};
use crate::store::Store;
use crate::tcp::Ending;
use crate::transfer::{Plan, TransferEnd};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Something happened to a session's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The control connection is open.
    Opened {
        /// Its address here.
        local: SocketAddr,
        /// Its address there.
        peer: SocketAddr,
    },
    /// The control connection is open, and there are more sessions than [`Session::limits`] allows.
    Crowded {
        /// Its address here.
        local: SocketAddr,
        /// Its address there.
        peer: SocketAddr,
    },
    /// The program is to end: no new commands, but a transfer that moves may go on.
    Retire,
    /// The program ends now.
    Cut,
    /// The control connection has ended, and its bytes have all been handed over. It is closed.
    ControlEnded(Ending),
    /// [`Action::Listen`] listens there; none if it could not.
    Listening(Option<SocketAddr>),
    /// The data connection is open.
    DataOpened {
        /// Its address here.
        local: SocketAddr,
        /// Its address there.
        peer: SocketAddr,
    },
    /// The data connection could not be opened: refused, timed out, no port.
    DataFailed(Ending),
    /// [`Action::Progress`]: how many bytes have moved.
    Progress(u64),
    /// The plan's alarm: that many bytes have moved.
    Alarm,
    /// The transfer is over, and its data connection is given back.
    TransferEnded(TransferEnd),
}

/// What a session wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Wait for a data connection at `at`, from `only` if given.
    Listen {
        /// The address; port 0 is a free one.
        at: SocketAddr,
        /// The only peer that may connect; others are reset.
        only: Option<IpAddr>,
    },
    /// Open the data connection.
    Connect {
        /// From there, or from a free port.
        from: Option<SocketAddr>,
        /// To there.
        to: SocketAddr,
    },
    /// Transfer over the open data connection.
    Transfer(Plan),
    /// Say [`Event::Alarm`] once the transfer has moved so many more bytes.
    Alarm(u64),
    /// Say [`Event::Progress`].
    Progress,
    /// Close the data connection under the transfer, which ends with [`Event::TransferEnded`]: a FIN
    /// where [`Action::DropData`] sends a RST. Without a transfer the same as that.
    CloseData,
    /// Abort the transfer if one runs (it ends with [`Event::TransferEnded`]), and forget the data
    /// connection and its listener.
    DropData,
    /// Close the control connection once all is sent. The session is over.
    Close,
    /// Abort the control connection. The session is over.
    Abort,
}

/// What a session may use while it handles something.
#[derive(Debug)]
pub struct Context<'a, C, S> {
    /// What all sessions of the program share.
    pub config: &'a C,
    /// Where files are.
    pub store: &'a mut S,
    /// What it leaves behind.
    pub journal: &'a mut Journal,
    /// Which session it is.
    pub id: SessionId,
    /// The time.
    pub now: Duration,
}

impl<C, S> Context<'_, C, S> {
    /// Records a line of the dialogue, if lines are recorded.
    pub fn say(&mut self, speaker: Speaker, text: impl FnOnce() -> String) {
        if self.journal.record_dialogue {
            let (at, session, text) = (self.now, self.id, printable(text()));
            self.journal.dialogue.push(Spoken { at, session, speaker, text });
        }
    }
}

/// What a peer says may hold what would steer a terminal or forge a line of a log: that is escaped.
fn printable(text: String) -> String {
    let steers = |c: char| c.is_control() && c != '\n';
    if !text.contains(steers) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if steers(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// A protocol machine.
///
/// Call any `handle_*`; then drain `poll_action` and `unsent` until both are empty; then look at
/// `next_wakeup`. A fresh or reset session begins with [`Event::Opened`]; it is over after
/// [`Action::Close`], [`Action::Abort`] or [`Event::ControlEnded`] (which it may outlive until its
/// transfer ends: then it says [`Action::Close`]).
pub trait Session: Default {
    /// What all sessions of the program share.
    type Config;

    /// How many sessions there may be at a time, and how many of them from one address.
    fn limits(_config: &Self::Config) -> (usize, usize) {
        (usize::MAX, usize::MAX)
    }

    /// Back to the beginning; buffers are kept.
    fn reset(&mut self);

    /// How many bytes of the control connection it takes now.
    fn room(&self) -> usize;

    /// Bytes came on the control connection. Lines are acted upon by `handle_lines`.
    fn handle_bytes(&mut self, bytes: &[u8]);

    /// Acts on the lines that are complete.
    fn handle_lines<S: Store>(&mut self, cx: &mut Context<'_, Self::Config, S>);

    /// Whether complete lines wait that it could act on: `handle_lines` stopped before them, for there
    /// was too much that nobody had read.
    fn is_behind(&self) -> bool {
        false
    }

    /// Something happened.
    fn handle_event<S: Store>(&mut self, event: Event, cx: &mut Context<'_, Self::Config, S>);

    /// The time of `next_wakeup` has come (or an earlier one: then nothing happens).
    fn handle_timeout<S: Store>(&mut self, cx: &mut Context<'_, Self::Config, S>);

    /// When to call `handle_timeout`.
    fn next_wakeup(&self) -> Option<Duration>;

    /// What it wants done next.
    fn poll_action(&mut self) -> Option<Action>;

    /// Bytes for the control connection.
    fn unsent(&self) -> &[u8];

    /// The first `count` of them have been taken; says whether the last one is urgent.
    fn sent(&mut self, count: usize) -> bool;
}

/// The first of two times, either of which may never come.
// Asked after each line: an array of them, and its minimum, take several times as long.
#[inline]
pub(crate) fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// A queue of actions.
#[derive(Debug, Default)]
pub(crate) struct Actions(VecDeque<Action>);

impl Actions {
    pub(crate) fn push(&mut self, action: Action) {
        self.0.push_back(action);
    }

    pub(crate) fn pop(&mut self) -> Option<Action> {
        self.0.pop_front()
    }

    pub(crate) fn reset(&mut self) {
        self.0.clear();
    }
}
