//! `socket_hash.rs` owns the hash of a socket's fields, and follows the hash from call to call. To print the fields
//! takes as long as ten packets. What a call of smoltcp makes of the fields depends on the fields, the call and the
//! time alone, so a thread prints the fields behind the same calls once. A debug build prints them each time and
//! compares.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_128;

use crate::clone_by_field::clone_by_field;
use crate::connection::socket_text::{Text, Time};
use crate::time::{Moment, TimeKind};

/// A call of smoltcp that changes a socket, with what the change of the fields depends on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call<'a> {
    /// A packet arrives at the socket.
    Arrival {
        packet: &'a [u8],
        mtu: usize,
    },
    /// The socket may send a packet.
    Poll {
        mtu: usize,
    },
    /// The user gives so many bytes.
    Send(usize),
    /// The user takes so many bytes.
    Receive(usize),
    Close,
    Abort,
}

/// The hash of a socket's fields, as far as it is known.
#[derive(Default)]
pub(super) struct SocketHash {
    fields: Fields,
    known: Known,
}

/// How much is known of the fields.
#[derive(Clone, Copy, Debug, Default)]
enum Known {
    /// Nothing is known of the fields.
    #[default]
    Not,
    /// The fields are known as they are.
    Now,
    /// The fields are known as they were before the calls of a trail.
    Before(Trail),
}

/// The calls since the fields were known.
#[derive(Clone, Copy, Debug)]
struct Trail {
    /// The hash of the fields before, and of each call.
    key: u128,
    /// The time of the first call, and of the last call.
    first: Moment,
    last: Moment,
}

/// What is kept of the text of a socket.
#[derive(Debug, Default)]
struct Fields {
    /// The hash of the text without the times.
    hash: u128,
    /// Each time of the text, in order.
    times: Vec<Time>,
}

clone_by_field! { Fields { hash, times } }
clone_by_field! { SocketHash { fields, known } }

thread_local! {
    /// The fields behind each trail. Times count from the first call of the trail on.
    static BEHIND: RefCell<FxHashMap<u128, Fields>> = RefCell::default();
}

/// The most trails that a thread keeps: about 10 MB. Then the thread begins anew.
const MOST_TRAILS: usize = 1 << 16;

/// At least the bytes of both headers of a packet. The bytes of a payload change no field.
const HEADERS: usize = 120;

/// The most times of a socket whose calls are followed. smoltcp's socket has fewer.
const MOST_TIMES: usize = 16;

impl SocketHash {
    /// Forget the hash: the socket changes in a way that is not followed.
    #[inline]
    pub(super) fn forget(&mut self) {
        self.known = Known::Not;
    }

    /// Note a call at `now`.
    #[inline]
    pub(super) fn follow(&mut self, now: Moment, call: Call<'_>) {
        if !matches!(self.known, Known::Not) {
            self.add(now, call);
        }
    }

    /// Find the hash behind the calls since the fields were known. Returns whether the hash is known.
    pub(super) fn find(&mut self) -> bool {
        match self.known {
            Known::Not => false,
            Known::Now => true,
            Known::Before(Trail { key, first, .. }) => BEHIND.with_borrow(|behind| {
                let Some(fields) = behind.get(&key) else { return false };
                self.fields.clone_from(fields);
                let since_start = first.distance(Moment::default());
                let times = self.fields.times.iter_mut();
                times.for_each(|(_, time)| *time = time.moved(since_start));
                self.known = Known::Now;
                true
            }),
        }
    }

    /// Take the hash from the text of the socket, and keep the hash for other sockets behind the same calls.
    pub(super) fn take(&mut self, text: &Text) {
        self.fields.hash = xxh3_128(text.bytes());
        self.fields.times.clear();
        self.fields.times.extend_from_slice(text.times());
        if let Known::Before(Trail { key, first, .. }) = self.known {
            let from_first = |&(kind, time): &Time| {
                // A time before the first call is alike to every other.
                let time = if kind == Some(TimeKind::Ahead) { time.max(first) } else { time };
                (kind, Moment::default().moved(time.distance(first)))
            };
            let times = self.fields.times.iter().map(from_first).collect();
            let fields = Fields { hash: self.fields.hash, times };
            BEHIND.with_borrow_mut(|behind| {
                if behind.len() >= MOST_TRAILS {
                    behind.clear();
                }
                behind.insert(key, fields);
            });
        }
        self.known = match self.fields.times.len() {
            0..=MOST_TIMES => Known::Now,
            _ => Known::Not,
        };
    }

    /// Add a call to the trail.
    #[inline(never)]
    fn add(&mut self, now: Moment, call: Call<'_>) {
        let mut call_bytes = CallBytes { bytes: [0; MOST_BYTES], length: 0 };
        let first = match self.known {
            Known::Before(Trail { key, first, .. }) => {
                call_bytes.add(&key.to_le_bytes());
                first
            }
            _ => {
                call_bytes.add(&self.fields.hash.to_le_bytes());
                for (kind, time) in &self.fields.times {
                    let distance = match kind {
                        None => continue,
                        // A time of the past is alike to every other.
                        Some(TimeKind::Ahead) if *time <= now => 0,
                        Some(_) => time.distance(now),
                    };
                    call_bytes.add(&distance.to_le_bytes());
                }
                now
            }
        };
        call_bytes.add(&now.distance(first).to_le_bytes());
        // At a closed window, SEND of smoltcp arms a timer by the start of the run: so the time of a SEND counts as it is.
        let since_start = now.distance(Moment::default());
        let (code, numbers, headers): (u8, [u64; 2], &[u8]) = match call {
            Call::Arrival { packet, mtu } => {
                (0, [packet.len() as u64, mtu as u64], &packet[..packet.len().min(HEADERS)])
            }
            Call::Poll { mtu } => (1, [0, mtu as u64], &[]),
            Call::Send(length) => (2, [length as u64, since_start], &[]),
            Call::Receive(length) => (3, [length as u64, 0], &[]),
            Call::Close => (4, [0, 0], &[]),
            Call::Abort => (5, [0, 0], &[]),
        };
        call_bytes.add(&[code]);
        numbers.iter().for_each(|number| call_bytes.add(&number.to_le_bytes()));
        call_bytes.add(headers);
        let key = xxh3_128(&call_bytes.bytes[..call_bytes.length]);
        self.known = Known::Before(Trail { key, first, last: now });
    }

    /// The time of the last call that was followed, if the hash was not asked for since.
    pub(super) fn last_call(&self) -> Option<Moment> {
        match self.known {
            Known::Before(Trail { last, .. }) => Some(last),
            Known::Not | Known::Now => None,
        }
    }

    /// Whether `other` has the same fields, as far as a call at `now` or later can tell.
    pub(super) fn is_like(&self, other: &Self, now: Moment) -> bool {
        let alike = |&((kind, time), (other_kind, other)): &(&Time, &Time)| {
            let tells = match kind {
                None => false,
                Some(TimeKind::Ahead) => *time > now || *other > now,
                Some(TimeKind::Distance) => true,
            };
            kind == other_kind && (time == other || !tells)
        };
        let (times, others) = (&self.fields.times, &other.fields.times);
        self.fields.hash == other.fields.hash
            && times.len() == others.len()
            && times.iter().zip(others).all(|both| alike(&both))
    }
}

impl Hash for SocketHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fields.hash.hash(state);
        for (kind, time) in &self.fields.times {
            kind.iter().for_each(|kind| kind.hash(*time, state));
        }
    }
}

/// The most bytes that are hashed for one call.
const MOST_BYTES: usize = 16 + 8 * MOST_TIMES + 8 + 1 + 16 + HEADERS;

/// What is hashed for one call.
struct CallBytes {
    bytes: [u8; MOST_BYTES],
    length: usize,
}

impl CallBytes {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes[self.length..][..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }
}
