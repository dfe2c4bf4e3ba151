//! `slots.rs` owns values in numbered slots. A slot is used again, with the memory of the last value;
//! each use has an id that is never given twice.

use std::hash::{Hash, Hasher};
use std::ops::{Index, IndexMut};

/// Values by slot number. The slot given back last is taken first.
pub(crate) struct Slots<T> {
    entries: Vec<Slot<T>>,
    vacant: Vec<u32>,
}

/// One slot, taken or vacant.
// In memory the fields stand in this order: the user asks for the first two with the value.
#[repr(C)]
struct Slot<T> {
    /// How often the slot was given back.
    generation: u32,
    /// Whether news about the value wait for the user.
    ready: bool,
    /// Whether the slot is in use.
    taken: bool,
    value: T,
}

impl<T> Slot<T> {
    /// A slot that was never used.
    fn vacant(value: T) -> Self {
        Self { generation: 0, ready: false, taken: false, value }
    }
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), vacant: Vec::new() }
    }
}

impl<T: Hash> Hash for Slots<T> {
    /// Hashes the values and ids of the slots in use, and the order of the vacant slots. Slots that were
    /// never used do not count: each is as a new slot.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { entries, vacant } = self;
        let new = |slot: &u32| entries[*slot as usize].generation == 0;
        let never = vacant.iter().take_while(|slot| new(slot)).count();
        (self.taken(), &vacant[never..]).hash(state);
        for (slot, entry) in entries.iter().enumerate() {
            let Slot { generation, ready, taken, value } = entry;
            if *taken {
                (slot, generation, ready).hash(state);
                value.hash(state);
            } else if *generation > 0 {
                (slot, generation).hash(state);
            }
        }
    }
}

impl<T> Slots<T> {
    /// Take a vacant slot with the old value, or a new slot with the value of `new`.
    pub(super) fn take(&mut self, new: impl FnOnce() -> T) -> u32 {
        let slot = self.vacant.pop().unwrap_or_else(|| {
            self.entries.push(Slot::vacant(new()));
            self.len() - 1
        });
        self.entries[slot as usize].taken = true;
        slot
    }

    /// Give `slot` back for the next use.
    pub(super) fn give_back(&mut self, slot: u32) {
        let entry = &mut self.entries[slot as usize];
        entry.generation = entry.generation.wrapping_add(1);
        (entry.ready, entry.taken) = (false, false);
        self.vacant.push(slot);
    }

    /// Give all slots back after `vacate`. The next ids are those of new slots, in the same order.
    pub(super) fn reset(&mut self, mut vacate: impl FnMut(&mut T)) {
        for entry in &mut self.entries {
            vacate(&mut entry.value);
            (entry.generation, entry.ready, entry.taken) = (0, false, false);
        }
        self.vacant.clear();
        self.vacant.extend((0..self.len()).rev());
    }

    /// Take the values of `source` over by `copy`, with their ids. Slots that `source` lacks are given
    /// back by `vacate`, and are the last to be taken: as if each were a new slot.
    pub(super) fn copy_from(
        &mut self,
        source: &Self,
        mut new: impl FnMut() -> T,
        copy: impl Fn(&mut T, &T),
        vacate: impl Fn(&mut T),
    ) {
        while self.len() < source.len() {
            self.entries.push(Slot::vacant(new()));
        }
        for (entry, from) in self.entries.iter_mut().zip(&source.entries) {
            copy(&mut entry.value, &from.value);
            entry.generation = from.generation;
            (entry.ready, entry.taken) = (from.ready, from.taken);
        }
        for entry in &mut self.entries[source.entries.len()..] {
            vacate(&mut entry.value);
            (entry.generation, entry.ready, entry.taken) = (0, false, false);
        }
        self.vacant.clear();
        self.vacant.extend((source.len()..self.len()).rev());
        self.vacant.extend_from_slice(&source.vacant);
    }

    /// The id of the present use of `slot`.
    pub(super) fn id(&self, slot: u32) -> u64 {
        u64::from(self.entries[slot as usize].generation) << 32 | u64::from(slot)
    }

    /// The slot of `id`, unless the slot was given back since.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is the slot")]
    pub(super) fn find(&self, id: u64) -> Option<u32> {
        let slot = id as u32;
        let entry = self.entries.get(slot as usize)?;
        (entry.generation == (id >> 32) as u32).then_some(slot)
    }

    /// Mark news as waiting for the user. True if no news waited before.
    pub(super) fn set_ready(&mut self, slot: u32) -> bool {
        !std::mem::replace(&mut self.entries[slot as usize].ready, true)
    }

    /// Mark the news as taken by the user.
    pub(super) fn clear_ready(&mut self, slot: u32) {
        self.entries[slot as usize].ready = false;
    }

    /// How many slots there are, vacant slots included.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.entries.len()).expect("a host has fewer than 2^31 connections")
    }

    /// How many slots are taken.
    pub(super) fn taken(&self) -> usize {
        self.entries.len() - self.vacant.len()
    }
}

impl<T> Index<u32> for Slots<T> {
    type Output = T;

    #[inline]
    fn index(&self, slot: u32) -> &T {
        &self.entries[slot as usize].value
    }
}

impl<T> IndexMut<u32> for Slots<T> {
    #[inline]
    fn index_mut(&mut self, slot: u32) -> &mut T {
        &mut self.entries[slot as usize].value
    }
}
