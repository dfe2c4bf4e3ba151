//! `session` is the contract between a protocol machine (user-PI or server-PI of RFC 959 §2.3) and
//! the driver: bytes are pulled, events go in, actions come out. A session has one control
//! connection and at most one data connection at a time, and knows neither by name.

pub(crate) mod guesses;

use crate::report::{Journal, SessionId, Speaker, Spoken};
use crate::session::guesses::Guesses;
use crate::store::Store;
use crate::tcp::Ending;
use crate::transfer::{Plan, TransferEnd};
use crate::work::Work;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// An event on a session's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The control connection is open.
    Opened {
        /// The local address of the control connection.
        local: SocketAddr,
        /// The peer's address of the control connection.
        peer: SocketAddr,
    },
    /// The control connection is open, but there are more sessions than [`Session::limits`] allows.
    Crowded {
        /// The local address of the control connection.
        local: SocketAddr,
        /// The peer's address of the control connection.
        peer: SocketAddr,
    },
    /// The program is about to end: no new commands, but a transfer that moves data may go on.
    Retire,
    /// The program ends now.
    Cut,
    /// The control connection has ended and is closed; all received bytes have been handed over.
    ControlEnded(Ending),
    /// The address at which [`Action::Listen`] listens; `None` after a failure.
    Listening(Option<SocketAddr>),
    /// The data connection is open.
    DataOpened {
        /// The local address of the data connection.
        local: SocketAddr,
        /// The peer's address of the data connection.
        peer: SocketAddr,
    },
    /// The data connection could not be opened: refused, timed out, or no free port.
    DataFailed(Ending),
    /// The bytes moved so far: the answer to [`Action::Progress`].
    Progress(u64),
    /// The transfer has moved as many bytes as the plan's alarm says.
    Alarm,
    /// The transfer is over, and the data connection has been given back.
    TransferEnded(TransferEnd),
}

/// A request from a session to the driver.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Wait for a data connection at `at`.
    Listen {
        /// The local address; port 0 means a free port.
        at: SocketAddr,
        /// The only peer that may connect; any other peer is reset. `None`: every peer may connect.
        only: Option<IpAddr>,
    },
    /// Open the data connection.
    Connect {
        /// The local address; `None`: a free port.
        from: Option<SocketAddr>,
        /// The peer's address of the connection.
        to: SocketAddr,
    },
    /// Begin this transfer over the open data connection.
    Transfer(Plan),
    /// Send [`Event::Alarm`] once the transfer has moved this number of bytes more.
    Alarm(u64),
    /// Send [`Event::Progress`] with the bytes moved so far.
    Progress,
    /// Close the data connection with a FIN and end the transfer with [`Event::TransferEnded`].
    /// Without a transfer the same as [`Action::DropData`].
    CloseData,
    /// Abort the data connection with a RST and forget the listener. A transfer ends with
    /// [`Event::TransferEnded`].
    DropData,
    /// Close the control connection once all bytes are sent. The session is over.
    Close,
    /// Abort the control connection. The session is over.
    Abort,
}

/// The state that all sessions of a program share.
#[derive(Clone, Debug, Default, Hash)]
pub struct Shared {
    /// The steps of the present moment.
    pub work: Work,
    /// The wrong passwords of each origin.
    pub guesses: Guesses,
    /// The number of listeners for data connections of each origin that has a listener. A list, because
    /// a list keeps its memory from session to session.
    listening: Vec<(IpAddr, usize)>,
}

impl Shared {
    pub(crate) fn reset(&mut self) {
        self.work.reset();
        self.guesses.reset();
        self.listening.clear();
    }

    /// How many listeners for data connections the origin has.
    pub(crate) fn listeners_of(&self, origin: IpAddr) -> usize {
        self.listening.iter().find(|(of, _)| *of == origin).map_or(0, |(_, count)| *count)
    }

    /// The origin has a listener more.
    pub(crate) fn listens(&mut self, origin: IpAddr) {
        match self.listening.iter_mut().find(|(of, _)| *of == origin) {
            Some((_, count)) => *count += 1,
            None => self.listening.push((origin, 1)),
        }
    }

    /// The origin has a listener less.
    pub(crate) fn listens_no_more(&mut self, origin: IpAddr) {
        let Some(at) = self.listening.iter().position(|(of, _)| *of == origin) else { return };
        self.listening[at].1 -= 1;
        if self.listening[at].1 == 0 {
            self.listening.swap_remove(at);
        }
    }
}

/// The surroundings of a session while the session handles an event.
#[derive(Debug)]
pub struct Context<'a, C, S> {
    /// The settings that all sessions of the program share.
    pub config: &'a C,
    /// The store with the program's files.
    pub store: &'a mut S,
    /// The reports and the dialogue of all sessions.
    pub journal: &'a mut Journal,
    /// The state that all sessions of the program share.
    pub shared: &'a mut Shared,
    /// The id of the session.
    pub id: SessionId,
    /// The time of the event.
    pub now: Duration,
}

impl<C, S> Context<'_, C, S> {
    /// Records a line of the dialogue, if the journal records lines.
    pub fn say(&mut self, speaker: Speaker, text: impl FnOnce() -> String) {
        if self.journal.record_dialogue {
            let (at, session, text) = (self.now, self.id, printable(text()));
            let peer = self.journal.peer(session);
            self.journal.dialogue.push(Spoken { at, session, peer, speaker, text });
        }
    }
}

/// Escapes control characters, with which a peer could steer a terminal or forge a line of a log.
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

/// A protocol machine: the client's or the server's side of a control connection.
///
/// Calling order: any `handle_*`; then `poll_action` and `unsent` until both are empty; then
/// `next_wakeup`. A fresh or reset session begins with [`Event::Opened`], and is over after
/// [`Action::Close`], [`Action::Abort`] or [`Event::ControlEnded`]. After `ControlEnded` a transfer
/// may still run; at the end of the transfer the session requests [`Action::Close`].
pub trait Session: Default {
    /// The settings that all sessions of the program share.
    type Config;

    /// The most sessions at a time, and the most sessions at a time from the same address.
    fn limits(_config: &Self::Config) -> (usize, usize) {
        (usize::MAX, usize::MAX)
    }

    /// Returns to the beginning and keeps the buffers. [`Shared`] stays.
    fn reset(&mut self);

    /// The most bytes of the control connection that the session accepts now.
    fn room(&self) -> usize;

    /// Takes bytes of the control connection. `handle_lines` acts on the lines.
    fn handle_bytes(&mut self, bytes: &[u8]);

    /// Acts on the complete lines.
    fn handle_lines<S: Store>(&mut self, cx: &mut Context<'_, Self::Config, S>);

    /// Whether complete lines wait because `handle_lines` stopped: the peer has too many unread
    /// replies.
    fn is_behind(&self) -> bool {
        false
    }

    /// Whether the session goes on to answer a peer that has closed its half of the control
    /// connection. The driver then keeps the connection until [`Action::Close`].
    fn outlives_fin(&self) -> bool {
        false
    }

    /// Whether the session, also without connections, waits for a slow store.
    fn is_waiting(&self) -> bool {
        false
    }

    /// Handles an event on the session's connections.
    fn handle_event<S: Store>(&mut self, event: Event, cx: &mut Context<'_, Self::Config, S>);

    /// Handles the time of `next_wakeup`, or an answer of the store. An earlier call does nothing.
    fn handle_timeout<S: Store>(&mut self, cx: &mut Context<'_, Self::Config, S>);

    /// The time of the next call of `handle_timeout`.
    fn next_wakeup(&self) -> Option<Duration>;

    /// The next request to the driver.
    fn poll_action(&mut self) -> Option<Action>;

    /// The bytes to send on the control connection.
    fn unsent(&self) -> &[u8];

    /// Removes the first `count` bytes of `unsent`. Returns true if the last of these bytes is
    /// urgent.
    fn sent(&mut self, count: usize) -> bool;
}

/// The earlier of two times; `None` means never.
// Called after each line: the minimum of an array takes several times as long.
#[inline]
pub(crate) fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The queue of a session's actions.
#[derive(Debug, Default, Hash)]
pub(crate) struct Actions(VecDeque<Action>);

impl Clone for Actions {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }

    /// Keeps the memory of the queue.
    fn clone_from(&mut self, source: &Self) {
        self.0.clone_from(&source.0);
    }
}

impl Actions {
    pub(crate) fn push(&mut self, action: Action) {
        self.0.push_back(action);
    }

    pub(crate) fn pop(&mut self) -> Option<Action> {
        self.0.pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn reset(&mut self) {
        self.0.clear();
    }
}
