//! `fifo.rs` is a queue that is filled a little and emptied at once, as a host's are after every
//! event: a list and how far it has been read, which is cheaper than a ring.

/// First in, first out.
#[derive(Debug)]
pub(crate) struct Fifo<T> {
    items: Vec<T>,
    /// How many of them have been taken; less than all, or 0.
    taken: usize,
}

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Self { items: Vec::new(), taken: 0 }
    }
}

impl<T: Copy> Fifo<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn push(&mut self, item: T) {
        self.items.push(item);
    }

    pub(crate) fn front(&self) -> Option<T> {
        self.items.get(self.taken).copied()
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        let item = self.front()?;
        self.taken += 1;
        if self.taken == self.items.len() {
            self.clear();
        }
        Some(item)
    }

    /// Forget everything, keep the memory.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_first_comes_out_first() {
        let mut fifo = Fifo::default();
        for round in 0..3 {
            fifo.push(round);
            fifo.push(round + 10);
            assert_eq!((fifo.pop(), fifo.front()), (Some(round), Some(round + 10)));
            fifo.push(round + 20);
            assert_eq!((fifo.pop(), fifo.pop()), (Some(round + 10), Some(round + 20)));
            assert!(fifo.is_empty() && fifo.pop().is_none());
        }
    }
}
