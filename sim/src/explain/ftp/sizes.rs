//! `sizes` owns the sizes that a server told, by file name, and the type of transfer that holds.

use std::collections::VecDeque;

/// Sizes that are remembered by name.
const SIZES_MAX: usize = 64;

/// The sizes that a server told in one session.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    /// TYPE I holds, by a command that the server took. Without a TYPE command, TYPE A holds (RFC 959
    /// section 3.1.1.1).
    pub(super) image: bool,
    /// Name and size, each with whether TYPE I held when the size was told.
    told: VecDeque<(String, u64, bool)>,
}

impl Sizes {
    /// The size of the file `name`, as far as a download must carry so many bytes. A size in TYPE A
    /// may be larger than the file in TYPE I.
    pub(super) fn of(&self, name: &str) -> Option<u64> {
        let usable = |image: bool| image || !self.image;
        let mut told = self.told.iter().filter(|(_, _, image)| usable(*image));
        told.find(|(known, ..)| known == name).map(|(_, size, _)| *size)
    }

    /// Takes the size that the server told of the file `name`.
    pub(super) fn tell(&mut self, name: String, size: u64) {
        self.told.retain(|(known, ..)| *known != name);
        if self.told.len() == SIZES_MAX {
            self.told.pop_front();
        }
        self.told.push_back((name, size, self.image));
    }
}

/// The size in the text of a preliminary reply: `... (1234 bytes)`.
pub(super) fn announced_size(text: &str) -> Option<u64> {
    let (_, rest) = text.rsplit_once('(')?;
    let (number, unit) = rest.split_once(' ')?;
    unit.starts_with("bytes").then(|| number.parse().ok())?
}
