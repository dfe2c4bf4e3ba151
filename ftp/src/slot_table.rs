//! `slot_table` owns the table that finds a value by a 64-bit name in one step. The low half of a
//! name is the index of a slot, the high half counts how often the slot was used before.

use std::hash::{Hash, Hasher};

/// Values by name. Slots are used again, names are not.
///
/// A table either gives out its names (`insert`, `remove`), or holds values by the names of a table
/// elsewhere (`set`, `unset`): a driver's connections by the names of their host.
#[derive(Debug)]
pub(crate) struct SlotTable<T> {
    slots: Vec<Option<(u64, T)>>,
    /// The next name of each free slot.
    free: Vec<u64>,
}

impl<T> Default for SlotTable<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T: Hash> Hash for SlotTable<T> {
    /// Hashes the values with their names, and the next names. A slot without a value does not count.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { slots, free } = self;
        (slots.iter().flatten().count(), free).hash(state);
        slots.iter().flatten().for_each(|slot| slot.hash(state));
    }
}

impl<T: Clone> Clone for SlotTable<T> {
    fn clone(&self) -> Self {
        Self { slots: self.slots.clone(), free: self.free.clone() }
    }

    /// Keeps the memory of values that stay.
    fn clone_from(&mut self, source: &Self) {
        self.slots.resize_with(source.slots.len(), || None);
        for (slot, from) in self.slots.iter_mut().zip(&source.slots) {
            match (slot, from) {
                (Some((name, value)), Some((new, from))) => {
                    *name = *new;
                    value.clone_from(from);
                }
                (slot, from) => *slot = from.clone(),
            }
        }
        self.free.clone_from(&source.free);
    }
}

impl<T> SlotTable<T> {
    /// The number of values that `insert` put in and `remove` has not taken.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Puts a value into the slot that was freed last, or into a new slot. Returns its name.
    pub(crate) fn insert(&mut self, value: T) -> u64 {
        let name = self.free.pop().unwrap_or(self.slots.len() as u64);
        self.set(name, value);
        name
    }

    /// Removes the value of `name` and returns it. The slot is free from then on.
    pub(crate) fn remove(&mut self, name: u64) -> Option<T> {
        let value = self.unset(name)?;
        self.free.push(name.wrapping_add(1 << 32));
        Some(value)
    }

    /// Sets the value of a name from elsewhere, in place of an older name with the same index.
    pub(crate) fn set(&mut self, name: u64, value: T) {
        let index = index(name);
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, || None);
        }
        self.slots[index] = Some((name, value));
    }

    /// Removes the value of a name from elsewhere and returns it.
    pub(crate) fn unset(&mut self, name: u64) -> Option<T> {
        self.slots
            .get_mut(index(name))?
            .take_if(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The value of `name`; `None` if the name is dead or unknown.
    #[inline]
    pub(crate) fn get(&self, name: u64) -> Option<&T> {
        let (known, value) = self.slots.get(index(name))?.as_ref()?;
        (*known == name).then_some(value)
    }

    /// The value of `name`, to change it.
    #[inline]
    pub(crate) fn get_mut(&mut self, name: u64) -> Option<&mut T> {
        let (known, value) = self.slots.get_mut(index(name))?.as_mut()?;
        (*known == name).then_some(value)
    }

    /// The value in the slot with that index, and its name.
    #[cfg(feature = "net")]
    pub(crate) fn at_mut(&mut self, index: usize) -> Option<(u64, &mut T)> {
        self.slots.get_mut(index)?.as_mut().map(|(name, value)| (*name, value))
    }

    /// All values, by index.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().flatten().map(|(_, value)| value)
    }

    /// Removes all values; the names begin again, the memory stays.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> {
        self.free.clear();
        self.slots.drain(..).flatten().map(|(_, value)| value)
    }
}

/// The index of the slot that a name has.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low half is the index")]
pub(crate) fn index(name: u64) -> usize {
    name as u32 as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_used_again() {
        let mut table = SlotTable::default();
        let first = table.insert('a');
        assert_eq!(table.remove(first), Some('a'));
        let second = table.insert('b');
        assert_eq!((index(second), table.len()), (index(first), 1));
        assert_ne!(second, first);
        assert_eq!(table.get(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.get(second), Some(&'b'));
    }

    #[test]
    fn a_name_from_elsewhere_takes_the_place_of_an_older_one() {
        let mut table = SlotTable::default();
        table.set(3, 'a');
        table.set(3 | 1 << 32, 'b');
        assert_eq!(table.unset(3), None);
        assert_eq!(table.get(3 | 1 << 32), Some(&'b'));
        assert_eq!(table.unset(3 | 1 << 32), Some('b'));
    }
}
