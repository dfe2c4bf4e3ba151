//! `net::table` keeps things by name. The low half of a name is a place, so that a look is one step;
//! places are used again, names are not.

/// Things by name.
#[derive(Debug)]
pub(super) struct Table<T> {
    /// Each place with the high half of its next, or its present, name.
    places: Vec<(u32, Option<T>)>,
    free: Vec<usize>,
}

impl<T> Table<T> {
    pub(super) fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Returns the place and the name.
    pub(super) fn insert(&mut self, thing: T) -> (usize, u64) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push((0, None));
            self.places.len() - 1
        });
        self.places[place].1 = Some(thing);
        (place, name(self.places[place].0, place))
    }

    pub(super) fn remove(&mut self, name: u64) -> Option<T> {
        self.get(name)?;
        let place = place(name);
        self.free.push(place);
        self.places[place].0 = self.places[place].0.wrapping_add(1);
        self.places[place].1.take()
    }

    #[inline]
    pub(super) fn get(&self, name: u64) -> Option<&T> {
        let (turn, thing) = self.places.get(place(name))?;
        thing.as_ref().filter(|_| u64::from(*turn) == name >> 32)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, name: u64) -> Option<&mut T> {
        let (turn, thing) = self.places.get_mut(place(name))?;
        thing.as_mut().filter(|_| u64::from(*turn) == name >> 32)
    }

    /// What is at a place, and its name.
    pub(super) fn at(&self, place: usize) -> Option<(u64, &T)> {
        let (turn, thing) = self.places.get(place)?;
        Some((name(*turn, place), thing.as_ref()?))
    }

    /// What is at a place, and its name.
    pub(super) fn at_mut(&mut self, place: usize) -> Option<(u64, &mut T)> {
        let (turn, thing) = self.places.get_mut(place)?;
        Some((name(*turn, place), thing.as_mut()?))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        (0..self.places.len()).filter_map(|place| self.at(place))
    }
}

fn name(turn: u32, place: usize) -> u64 {
    u64::from(turn) << 32 | place as u64
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn place(name: u64) -> usize {
    name as u32 as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_used_again() {
        let mut table = Table::new();
        let (place, first) = table.insert('a');
        assert_eq!(table.remove(first), Some('a'));
        let (again, second) = table.insert('b');
        assert_eq!((again, table.len()), (place, 1));
        assert_ne!(second, first);
        assert_eq!(table.get(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.at(place), Some((second, &'b')));
    }
}
