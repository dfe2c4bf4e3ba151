//! `connections` is what the laws know of each connection at each host, from notes, packets and the
//! program's calls.

use std::time::Duration;

use halfclose_stack::State;

use super::Table;
use crate::side::Side;

/// What set an event off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trigger {
    /// The programs begin.
    #[default]
    Open,
    /// A packet arrived.
    Arrival,
    /// A timer fired.
    Timer,
}

/// The packet that arrived last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) reset: bool,
    pub(super) has_data: bool,
    pub(super) ack: Option<u32>,
}

/// A connection at one host: the side, the port there, the port at the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(pub(crate) Side, pub(crate) u16, pub(crate) u16);

impl Endpoint {
    /// The same as one number, which is hashed, compared and sorted at once.
    #[inline]
    pub(crate) fn number(self) -> u64 {
        let Self(side, local, peer) = self;
        (side as u64) << 32 | u64::from(local) << 16 | u64::from(peer)
    }
}

/// What a program last did to a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Call {
    /// Nothing yet that ends it.
    #[default]
    None,
    /// CLOSE.
    Close,
    /// CLOSE while received bytes waited unread.
    CloseUnread,
    /// ABORT.
    Abort,
}

/// What is known of one connection, and of the last one with the same key once it is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionRecord {
    pub(crate) key: Endpoint,
    /// State, by the notes.
    pub(crate) state: State,
    /// State when the event under way began; of the event `event`.
    before: State,
    event: u64,
    /// When it left CLOSED or LISTEN.
    pub(crate) opened: Duration,
    /// Its initial sequence number, by its SYN.
    pub(crate) iss: Option<u32>,
    /// Bytes that its FIN follows.
    pub(crate) fin_after: Option<u32>,
    pub(crate) call: Call,
    /// The event of that call, and the state then.
    pub(crate) called: u64,
    pub(crate) state_at_call: State,
    /// It sent a RST in this event.
    pub(crate) reset_in: Option<u64>,
}

impl ConnectionRecord {
    fn new(key: Endpoint) -> Self {
        Self {
            key,
            state: State::Closed,
            before: State::Closed,
            event: 0,
            opened: Duration::ZERO,
            iss: None,
            fin_after: None,
            call: Call::None,
            called: 0,
            state_at_call: State::Closed,
            reset_in: None,
        }
    }

    /// Whether there is a connection.
    pub(crate) fn alive(&self) -> bool {
        !matches!(self.state, State::Closed | State::Listen)
    }

    /// Its state when `event` began.
    pub(crate) fn state_before(&self, event: u64) -> State {
        if self.event == event { self.before } else { self.state }
    }

    /// It changes to `to` in `event`.
    pub(crate) fn change(&mut self, event: u64, to: State) {
        if self.event != event {
            self.event = event;
            self.before = self.state;
        }
        self.state = to;
    }

    /// A new connection begins with this key.
    pub(crate) fn begin(&mut self, event: u64, now: Duration) {
        self.opened = now;
        self.fin_after = None;
        // Its end may have been called for before its beginning was noted.
        if self.called != event {
            self.call = Call::None;
        }
    }
}

/// Every connection of a run, by key.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    known: Table<u64, ConnectionRecord>,
    /// Where the last one is that was asked for: often it is asked for again.
    last: usize,
}

impl Connections {
    pub(crate) fn clear(&mut self) {
        self.known.clear();
    }

    pub(crate) fn get(&self, key: Endpoint) -> Option<&ConnectionRecord> {
        self.known.get(&key.number())
    }

    /// What is known of it, which may be nothing yet.
    pub(crate) fn entry(&mut self, key: Endpoint) -> &mut ConnectionRecord {
        let number = key.number();
        if self.known.get_index(self.last).is_none_or(|(known, _)| *known != number) {
            self.last = match self.known.get_index_of(&number) {
                Some(at) => at,
                None => self.known.insert_full(number, ConnectionRecord::new(key)).0,
            };
        }
        &mut self.known[self.last]
    }

    /// All of them, in the order in which they appeared.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &ConnectionRecord> {
        self.known.values()
    }
}
