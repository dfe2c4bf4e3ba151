//! `numbered` owns a list whose items keep their numbers when the first items are let go of.

use std::collections::VecDeque;

/// A list in order of time. The number of an item never changes.
#[derive(Clone, Debug)]
pub(crate) struct Numbered<T> {
    items: VecDeque<T>,
    /// The number of the first item that is left.
    first: usize,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { items: VecDeque::new(), first: 0 }
    }
}

impl<T> Numbered<T> {
    /// Adds an item, and returns the item's number.
    pub(crate) fn push(&mut self, item: T) -> usize {
        self.items.push_back(item);
        self.first + self.items.len() - 1
    }

    /// Lets go of the first item.
    pub(crate) fn pop_first(&mut self) -> Option<T> {
        let item = self.items.pop_front()?;
        self.first += 1;
        Some(item)
    }

    /// The item of this number, unless the item is gone.
    pub(crate) fn get(&self, number: usize) -> Option<&T> {
        self.items.get(number.checked_sub(self.first)?)
    }

    /// As `get`, to change the item.
    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.items.get_mut(number.checked_sub(self.first)?)
    }

    /// The number of the last item, gone or not.
    pub(crate) fn last_number(&self) -> Option<usize> {
        (self.first + self.items.len()).checked_sub(1)
    }

    /// The number of the first item that is left.
    pub(crate) fn first_number(&self) -> usize {
        self.first
    }

    /// The items up to `number`, the last of them first.
    pub(crate) fn before(&self, number: usize) -> impl Iterator<Item = &T> {
        self.items.iter().take(number.saturating_sub(self.first)).rev()
    }

    /// The items that are left, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.iter()
    }

    /// As `iter`, to change the items.
    pub(crate) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.items.iter_mut()
    }

    /// How many items are left.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}
