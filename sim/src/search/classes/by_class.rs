//! `by_class` keeps what a caller derives from the runs of a class once, such as the text of a line.

use super::ClassId;

/// One value for each class that a thread has met; only the classes of the latest runner are kept.
pub(crate) struct ByClass<T> {
    runner: u32,
    values: Vec<Option<T>>,
}

impl<T> Default for ByClass<T> {
    fn default() -> Self {
        Self { runner: 0, values: Vec::new() }
    }
}

impl<T> ByClass<T> {
    /// The value of a class; `make` makes the value when a class is met for the first time.
    pub(crate) fn get_or_make(&mut self, class: ClassId, make: impl FnOnce() -> T) -> &mut T {
        if self.runner != class.runner {
            self.runner = class.runner;
            self.values.clear();
        }
        let at = class.class as usize;
        if self.values.len() <= at {
            self.values.resize_with(at + 1, || None);
        }
        self.values[at].get_or_insert_with(make)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_for_each_class() {
        let mut values = ByClass::default();
        let mut get = |runner, class, text: &str| {
            values.get_or_make(ClassId { runner, class }, || text.to_owned()).clone()
        };
        assert_eq!(get(1, 5, "a"), "a");
        assert_eq!(get(1, 2, "b"), "b");
        assert_eq!(get(1, 5, "c"), "a");
        assert_eq!(get(2, 5, "d"), "d", "another runner's class");
        assert_eq!(get(2, 2, "e"), "e");
    }
}
