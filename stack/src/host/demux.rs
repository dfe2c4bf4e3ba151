//! `demux.rs` owns the map from a packed 4-tuple to the connection with the 4-tuple, and the count of
//! earlier uses. A lookup is a multiplication and, mostly, a cache line. Entries stay for ever, and
//! move only when the map grows. No run iterates over the map, so the order of
//! entries cannot reach a run.

use std::hash::{Hash, Hasher};

use crate::clone_by_field::clone_by_field;
use crate::ids::Key;

/// The holder of a 4-tuple or of a listening port, by slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    Connection(u32),
    TimeWait(u32),
    Listener(u32),
}

impl Holder {
    const KIND: u32 = 3 << 30;
    const NONE: u32 = Self::KIND;

    #[inline]
    fn packed(self) -> u32 {
        match self {
            Self::Connection(slot) => slot,
            Self::TimeWait(index) => index | 1 << 30,
            Self::Listener(slot) => slot | 2 << 30,
        }
    }

    #[inline]
    fn unpacked(packed: u32) -> Option<Self> {
        let index = packed & !Self::KIND;
        match packed >> 30 {
            0 => Some(Self::Connection(index)),
            1 => Some(Self::TimeWait(index)),
            2 => Some(Self::Listener(index)),
            _ => None,
        }
    }
}

/// A key, the holder, and how often the key was given.
#[derive(Clone, Copy, Debug)]
struct Entry {
    key: u64,
    holder: u32,
    given: u32,
}

/// An entry without a key: no key is 0.
const EMPTY: Entry = Entry { key: 0, holder: Holder::NONE, given: 0 };
const ENTRIES_AT_LEAST: usize = 16;

/// A hash table by open addressing with linear probing, at most half full.
#[derive(Debug)]
pub(crate) struct Demux {
    entries: Vec<Entry>,
    len: usize,
}

clone_by_field! { Demux { entries, len } }

impl Hash for Demux {
    /// Hashes the entries in the order of their keys: where an entry lies decides nothing.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { entries, len: _ } = self;
        let known = entries.iter().filter(|entry| entry.key != EMPTY.key);
        let mut all: Vec<_> = known.map(|entry| (entry.key, entry.holder, entry.given)).collect();
        all.sort_unstable();
        all.hash(state);
    }
}

impl Demux {
    pub(crate) fn new() -> Self {
        Self { entries: vec![EMPTY; ENTRIES_AT_LEAST], len: 0 }
    }

    /// Drop all entries and keep the memory.
    pub(crate) fn clear(&mut self) {
        if self.len > 0 {
            self.entries.fill(EMPTY);
            self.len = 0;
        }
    }

    /// The holder of `key`, if there is a holder.
    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<Holder> {
        Holder::unpacked(self.entries[self.find(key.bits())].holder)
    }

    /// Whether `key` has a holder.
    pub(crate) fn has(&self, key: Key) -> bool {
        self.get(key).is_some()
    }

    /// Give `key` to `holder`. Returns how often the key was given before.
    pub(crate) fn give(&mut self, key: Key, holder: Holder) -> u32 {
        let mut at = self.find(key.bits());
        if self.entries[at].key == EMPTY.key {
            self.len += 1;
            if self.len * 2 > self.entries.len() {
                self.grow();
                at = self.find(key.bits());
            }
        }
        let entry = &mut self.entries[at];
        let given = entry.given;
        *entry = Entry { key: key.bits(), holder: holder.packed(), given: given + 1 };
        given
    }

    /// How often `key` was given before the last time.
    pub(crate) fn incarnation(&self, key: Key) -> u32 {
        self.entries[self.find(key.bits())].given.saturating_sub(1)
    }

    /// Take `key` back, if `holder` is the holder.
    pub(crate) fn take_back(&mut self, key: Key, holder: Holder) {
        let at = self.find(key.bits());
        let entry = &mut self.entries[at];
        if entry.holder == holder.packed() {
            entry.holder = Holder::NONE;
        }
    }

    /// Pass `key` on to `holder`.
    pub(crate) fn pass_on(&mut self, key: Key, holder: Holder) {
        let at = self.find(key.bits());
        self.entries[at].holder = holder.packed();
    }

    /// The index of `key`, or of the free entry for `key`.
    #[inline]
    fn find(&self, key: u64) -> usize {
        let mask = self.entries.len() - 1;
        let mut at = self.home(key);
        while self.entries[at].key != key && self.entries[at].key != EMPTY.key {
            at = (at + 1) & mask;
        }
        at
    }

    /// Fibonacci hashing: the top bits of the product depend on every bit of the key.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the top bits are fewer than a usize has")]
    fn home(&self, key: u64) -> usize {
        let bits = self.entries.len().trailing_zeros();
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - bits)) as usize
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![EMPTY; self.entries.len() * 2];
        for entry in std::mem::replace(&mut self.entries, larger) {
            if entry.key != EMPTY.key {
                let at = self.find(entry.key);
                self.entries[at] = entry;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::net::{Ipv4Addr, SocketAddrV4};

    #[test]
    fn tuples_of_one_host_do_not_crowd() {
        let peer = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 21);
        let mut table = Demux::new();
        let keys: Vec<_> = (49152..=65535).map(|port| Key::connection(port, peer)).collect();
        for &key in &keys {
            table.give(key, Holder::Connection(1));
        }
        let mask = table.entries.len() - 1;
        let probes = |key: &Key| table.find(key.bits()).wrapping_sub(table.home(key.bits())) & mask;
        assert!(keys.iter().map(probes).sum::<usize>() < keys.len(), "one step away on average");
    }

    #[test]
    fn agrees_with_a_map_over_many_that_come_and_go() {
        let mut table = Demux::new();
        let mut map: BTreeMap<u64, (Option<Holder>, u32)> = BTreeMap::new();
        let mut draw = 1_u64;
        for round in 0..20_000_u32 {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let peer = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), (draw >> 54) as u16 + 1);
            let key = Key::connection(21, peer);
            let make = [Holder::Connection, Holder::TimeWait, Holder::Listener][round as usize % 3];
            let known = map.get(&key.bits()).copied();
            match (draw >> 33 & 1, known) {
                (0, _) => {
                    let (_, given) = known.unwrap_or_default();
                    assert_eq!(table.give(key, make(round)), given);
                    map.insert(key.bits(), (Some(make(round)), given + 1));
                }
                (_, Some((Some(holder), given))) => {
                    table.take_back(key, make(round));
                    assert_eq!(table.get(key), Some(holder), "only who has it gives it back");
                    table.take_back(key, holder);
                    map.insert(key.bits(), (None, given));
                }
                _ => table.take_back(key, make(round)),
            }
            let known = map.get(&key.bits());
            assert_eq!(table.get(key), known.and_then(|(holder, _)| *holder));
        }
        for port in 1..=1024 {
            let key = Key::connection(21, SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), port));
            assert_eq!(table.get(key), map.get(&key.bits()).and_then(|(holder, _)| *holder));
        }
        assert_eq!(table.len, map.len());
    }
}
