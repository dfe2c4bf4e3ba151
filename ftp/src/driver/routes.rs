//! `driver::names` finds what a connection or a listener is to the driver by the name its host gave
//! it: one look, for the low half of a name is a place in the host.

/// What is known of names.
#[derive(Debug)]
pub(super) struct Routes<T> {
    /// By the low half of the name, with the whole of it: places are used again, names are not.
    known: Vec<Option<(u64, T)>>,
}

impl<T: Copy> Routes<T> {
    pub(super) fn new() -> Self {
        Self { known: Vec::new() }
    }

    /// Forgets all, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.known.clear();
    }

    #[inline]
    pub(super) fn get(&self, name: u64) -> Option<T> {
        let &(known, what) = self.known.get(place(name))?.as_ref()?;
        (known == name).then_some(what)
    }

    pub(super) fn insert(&mut self, name: u64, what: T) {
        let place = place(name);
        if place >= self.known.len() {
            self.known.resize(place + 1, None);
        }
        self.known[place] = Some((name, what));
    }

    pub(super) fn remove(&mut self, name: u64) {
        if self.get(name).is_some() {
            self.known[place(name)] = None;
        }
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn place(name: u64) -> usize {
    name as u32 as usize
}
