//! `connections` records each connection at each host for the laws, from notes, packets and the
//! calls of the program.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use halfclose_stack::{Flags, Segment, State};

use super::{Table, hash_table};
use crate::side::Side;
use crate::terms::clone_by_field::clone_by_field;
use crate::terms::hash_by_field::hash_by_field;

/// The cause of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trigger {
    /// The programs begin their work.
    #[default]
    Open,
    /// A packet arrived at a host.
    Arrival,
    /// A timer of a host or a program fired.
    Timer,
}

/// The last packet that arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) reset: bool,
    pub(super) syn: bool,
    /// Whether the packet has data, or a FIN behind data.
    pub(super) has_data: bool,
    pub(super) ack: Option<u32>,
}

impl Arrival {
    /// The arrival of `segment`, sent by the connection of the record `sender`.
    pub(super) fn of(segment: &Segment, sender: Option<&ConnectionRecord>) -> Self {
        let has = |flag| segment.flags.has(flag);
        let first = sender.and_then(|sender| sender.iss).map(|iss| iss.wrapping_add(1));
        // A forged FIN is not in the record of the sender: the sequence number tells.
        let behind_data = first.is_some_and(|first| segment.seq != first);
        Self {
            reset: has(Flags::RST),
            syn: has(Flags::SYN),
            has_data: segment.payload_len > 0 || (has(Flags::FIN) && behind_data),
            ack: has(Flags::ACK).then_some(segment.ack),
        }
    }
}

/// A connection at one host: the side, the local port, the peer's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Endpoint(pub(crate) Side, pub(crate) u16, pub(crate) u16);

impl Endpoint {
    /// The endpoint as a single number, for fast hashing, comparing and sorting.
    #[inline]
    pub(crate) fn number(self) -> u64 {
        let Self(side, local, peer) = self;
        (side as u64) << 32 | u64::from(local) << 16 | u64::from(peer)
    }
}

/// The last call of a program on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    /// No call that ends the connection.
    #[default]
    None,
    /// The CLOSE call of RFC 9293.
    Close,
    /// CLOSE while received bytes waited unread.
    CloseUnread,
    /// The ABORT call of RFC 9293.
    Abort,
}

/// The record of a connection; after the end of the connection, the record of the last connection
/// with the same endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionRecord {
    pub(crate) key: Endpoint,
    /// State, by the notes.
    pub(crate) state: State,
    /// State when the event under way began; of the event `event`.
    before: State,
    event: u64,
    /// When the connection left CLOSED or LISTEN.
    pub(crate) opened: Duration,
    /// Initial sequence number, from the SYN.
    pub(crate) iss: Option<u32>,
    /// Number of bytes before the FIN.
    pub(crate) fin_after: Option<u32>,
    pub(crate) call: Call,
    /// The event of the call, and the state at the call.
    pub(crate) called: u64,
    pub(crate) state_at_call: State,
    /// The event in which the connection sent a RST.
    pub(crate) reset_in: Option<u64>,
}

// What was noted of an event counts during that event alone, so nothing of it counts between two events. For
// `opened` see `Evidence`.
hash_by_field! {
    ConnectionRecord {
        key, state, iss, fin_after, call, state_at_call,
    } without { before, event, opened, called, reset_in }
}

impl ConnectionRecord {
    pub(super) fn new(key: Endpoint) -> Self {
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

    /// The state at the beginning of `event`.
    pub(crate) fn state_before(&self, event: u64) -> State {
        if self.event == event { self.before } else { self.state }
    }

    /// Whether the peer's FIN had arrived at the beginning of `event`.
    pub(crate) fn had_peers_fin(&self, event: u64) -> bool {
        let before = self.state_before(event);
        matches!(before, State::CloseWait | State::Closing | State::LastAck | State::TimeWait)
    }

    /// Change the state to `to` in `event`.
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
        // The program may have ended the connection before the note of the beginning.
        if self.called != event {
            self.call = Call::None;
        }
    }
}

/// Every connection of a run, by key.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    known: Table<u64, ConnectionRecord>,
    /// For each side, the index of the last record in use: the next access often has the same endpoint.
    last: [usize; 2],
}

clone_by_field! { Connections { known, last } }

impl Hash for Connections {
    /// Hashes the records in order of appearance.
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_table(&self.known, state);
    }
}

impl Connections {
    pub(crate) fn clear(&mut self) {
        self.known.clear();
    }

    pub(crate) fn get(&self, key: Endpoint) -> Option<&ConnectionRecord> {
        self.known.get(&key.number())
    }

    /// The record of an endpoint, possibly still empty.
    pub(crate) fn entry(&mut self, key: Endpoint) -> &mut ConnectionRecord {
        let last = &mut self.last[key.0 as usize];
        let number = key.number();
        if self.known.get_index(*last).is_none_or(|(known, _)| *known != number) {
            *last = match self.known.get_index_of(&number) {
                Some(at) => at,
                None => self.known.insert_full(number, ConnectionRecord::new(key)).0,
            };
        }
        &mut self.known[*last]
    }

    /// All records, in order of appearance.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &ConnectionRecord> {
        self.known.values()
    }
}
