//! `digest` computes the fingerprint of a run (XXH3, 128 bits). Short lines are gathered and hashed
//! many at a time, because starting the hash costs more than continuing. The meaning of the bytes
//! is unknown here.

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// Number of gathered bytes after which the bytes are hashed.
const GATHERED: usize = 16 << 10;

/// A digest of all added bytes, independent of how the bytes were cut into pieces.
pub(crate) struct Digest {
    gathered: Vec<u8>,
    /// The hash of the bytes gathered before, if there were any.
    hashed: Box<Xxh3>,
    begun: bool,
    /// Number of gathered bytes after which the bytes are hashed.
    most: usize,
}

impl Clone for Digest {
    fn clone(&self) -> Self {
        let mut clone = Self::new();
        clone.clone_from(self);
        clone
    }

    fn clone_from(&mut self, source: &Self) {
        self.gathered.clone_from(&source.gathered);
        if source.begun {
            self.hashed.clone_from(&source.hashed);
        } else if self.begun {
            self.hashed.reset();
        }
        (self.begun, self.most) = (source.begun, source.most);
    }
}

impl Digest {
    /// The digest of no bytes.
    pub(crate) fn new() -> Self {
        Self {
            gathered: Vec::with_capacity(2 * GATHERED),
            hashed: Box::new(Xxh3::new()),
            begun: false,
            most: GATHERED,
        }
    }

    /// Of nothing again, keeping the memory.
    pub(crate) fn reset(&mut self) {
        self.gathered.clear();
        if self.begun {
            self.hashed.reset();
            self.begun = false;
        }
    }

    /// Add these bytes. The caller may change the bytes until the next call.
    #[inline]
    pub(crate) fn add(&mut self, bytes: &[u8]) -> &mut [u8] {
        if self.gathered.len() > self.most {
            self.hash();
        }
        let start = self.gathered.len();
        self.gathered.extend_from_slice(bytes);
        &mut self.gathered[start..]
    }

    /// Gather at least `bytes` bytes before hashing.
    pub(crate) fn gather(&mut self, bytes: usize) {
        self.most = bytes.max(GATHERED);
    }

    /// All added bytes; `None` if some of the bytes were hashed already.
    pub(crate) fn gathered(&self) -> Option<&[u8]> {
        (!self.begun).then_some(&self.gathered)
    }

    /// The digest of all added bytes.
    #[must_use]
    pub(crate) fn value(&self) -> u128 {
        if !self.begun {
            return xxh3_128(&self.gathered);
        }
        let mut hash = Xxh3::clone(&self.hashed);
        hash.update(&self.gathered);
        hash.digest128()
    }

    #[cold]
    fn hash(&mut self) {
        self.begun = true;
        self.hashed.update(&self.gathered);
        self.gathered.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_do_not_matter() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
        for len in [0, 1, 100, GATHERED, GATHERED + 1, 3 * GATHERED, bytes.len()] {
            let mut digest = Digest::new();
            for piece in bytes[..len].chunks(97) {
                digest.add(piece);
            }
            assert_eq!(digest.value(), xxh3_128(&bytes[..len]), "{len} bytes");
            digest.reset();
            assert_eq!(digest.value(), xxh3_128(&[]));
        }
    }
}
