//! `table.rs` maps a packed 4-tuple to a small number: one multiplication and, mostly, one cache
//! line. It is never walked, so its order cannot reach a run.

use std::net::SocketAddrV4;

/// A 4-tuple of one host, or one of its ports: never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(u64);

impl Key {
    /// A connection between the host's `port` and `peer`.
    #[inline]
    pub(crate) fn connection(port: u16, peer: SocketAddrV4) -> Self {
        let address = u64::from(peer.ip().to_bits());
        Self(u64::from(port) << 48 | u64::from(peer.port()) << 32 | address)
    }

    /// A listener at `port`: no connection looks like it, for no peer has port 0.
    #[inline]
    pub(crate) fn listener(port: u16) -> Self {
        Self(u64::from(port) << 48)
    }

    /// The packed number.
    #[inline]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }
}

/// What a 4-tuple or a port belongs to, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Connection(u32),
    TimeWait(u32),
    Listener(u32),
}

impl Held {
    const KIND: u32 = 3 << 30;

    #[inline]
    fn packed(self) -> u32 {
        match self {
            Self::Connection(slot) => slot,
            Self::TimeWait(index) => index | 1 << 30,
            Self::Listener(slot) => slot | 2 << 30,
        }
    }

    #[inline]
    fn unpacked(packed: u32) -> Self {
        let index = packed & !Self::KIND;
        match packed >> 30 {
            0 => Self::Connection(index),
            1 => Self::TimeWait(index),
            _ => Self::Listener(index),
        }
    }
}

const EMPTY: u64 = 0;
const SLOTS_AT_LEAST: usize = 16;

/// Open addressing with linear probing; at most half full.
#[derive(Debug)]
pub(crate) struct Table {
    slots: Vec<(u64, u32)>,
    len: usize,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self { slots: vec![(EMPTY, 0); SLOTS_AT_LEAST], len: 0 }
    }

    /// Forget everything, keep the memory.
    pub(crate) fn clear(&mut self) {
        if self.len > 0 {
            self.slots.fill((EMPTY, 0));
            self.len = 0;
        }
    }

    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<Held> {
        let (found, value) = self.slots[self.find(key.0)];
        (found != EMPTY).then(|| Held::unpacked(value))
    }

    /// Whether somebody has `key`.
    pub(crate) fn has(&self, key: Key) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn insert(&mut self, key: Key, held: Held) {
        self.put(key, held.packed());
    }

    fn put(&mut self, key: Key, value: u32) {
        if (self.len + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let at = self.find(key.0);
        self.len += usize::from(self.slots[at].0 == EMPTY);
        self.slots[at] = (key.0, value);
    }

    /// How often `key` has been counted before.
    pub(crate) fn count(&mut self, key: Key) -> u32 {
        let at = self.find(key.0);
        if self.slots[at].0 == EMPTY {
            self.put(key, 1);
            return 0;
        }
        let count = self.slots[at].1;
        self.slots[at].1 += 1;
        count
    }

    /// Remove `key`, and close the gap so that no probe ends early.
    pub(crate) fn remove(&mut self, key: Key) {
        let mut gap = self.find(key.0);
        if self.slots[gap].0 == EMPTY {
            return;
        }
        self.len -= 1;
        let mask = self.slots.len() - 1;
        let mut next = gap;
        loop {
            next = (next + 1) & mask;
            let (key, _) = self.slots[next];
            if key == EMPTY {
                break;
            }
            let home = self.home(key);
            // The entry may move back only if its home does not lie between the gap and itself.
            if (next.wrapping_sub(home) & mask) >= (next.wrapping_sub(gap) & mask) {
                self.slots[gap] = self.slots[next];
                gap = next;
            }
        }
        self.slots[gap] = (EMPTY, 0);
    }

    /// Where `key` is, or where it would go.
    #[inline]
    fn find(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = self.home(key);
        while self.slots[at].0 != key && self.slots[at].0 != EMPTY {
            at = (at + 1) & mask;
        }
        at
    }

    /// Fibonacci hashing: the top bits of the product depend on every bit of the key.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the top bits are fewer than a usize has")]
    fn home(&self, key: u64) -> usize {
        let bits = self.slots.len().trailing_zeros();
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - bits)) as usize
    }

    fn grow(&mut self) {
        let larger = vec![(EMPTY, 0); self.slots.len() * 2];
        for (key, value) in std::mem::replace(&mut self.slots, larger) {
            if key != EMPTY {
                let at = self.find(key);
                self.slots[at] = (key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::net::Ipv4Addr;

    #[test]
    fn tuples_of_one_host_do_not_crowd() {
        let peer = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 21);
        let mut table = Table::new();
        let keys: Vec<_> = (49152..=65535).map(|port| Key::connection(port, peer)).collect();
        keys.iter().for_each(|&key| table.insert(key, Held::Connection(1)));
        let mask = table.slots.len() - 1;
        let probes = |key: &Key| table.find(key.bits()).wrapping_sub(table.home(key.bits())) & mask;
        assert!(keys.iter().map(probes).sum::<usize>() < keys.len(), "one step away on average");
    }

    #[test]
    fn agrees_with_a_map_over_many_inserts_and_removes() {
        let mut table = Table::new();
        let mut map = BTreeMap::new();
        let mut draw = 1_u64;
        for round in 0..20_000_u32 {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let peer = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), (draw >> 54) as u16 + 1);
            let key = Key::connection(21, peer);
            if draw >> 33 & 1 == 0 {
                let held = [Held::Connection, Held::TimeWait, Held::Listener][round as usize % 3];
                table.insert(key, held(round));
                map.insert(key.bits(), held(round));
            } else {
                table.remove(key);
                map.remove(&key.bits());
            }
            assert_eq!(table.get(key), map.get(&key.bits()).copied());
        }
        for port in 1..=1024 {
            let key = Key::connection(21, SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), port));
            assert_eq!(table.get(key), map.get(&key.bits()).copied());
        }
        assert_eq!(table.len, map.len());
    }
}
