//! `digest` is the fingerprint of a run (XXH3, 128 bits) as it grows: short lines, gathered and hashed
//! many at a time, for the hash costs more to begin than to go on. It knows bytes.

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// Gathered bytes beyond which they are hashed.
const GATHERED: usize = 16 << 10;

/// A digest of all that was added to it, however it was cut into pieces.
pub(crate) struct Digest {
    gathered: Vec<u8>,
    /// Of what was gathered before, if anything was.
    hashed: Box<Xxh3>,
    begun: bool,
    /// Gathered bytes beyond which they are hashed.
    most: usize,
}

impl Digest {
    /// Of nothing.
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

    /// Add these bytes. Until the next call they may still be changed.
    #[inline]
    pub(crate) fn add(&mut self, bytes: &[u8]) -> &mut [u8] {
        if self.gathered.len() > self.most {
            self.hash();
        }
        let start = self.gathered.len();
        self.gathered.extend_from_slice(bytes);
        &mut self.gathered[start..]
    }

    /// Gather up to `bytes` bytes before they are hashed, or as many as is usual if that is more.
    pub(crate) fn gather(&mut self, bytes: usize) {
        self.most = bytes.max(GATHERED);
    }

    /// All that was added; `None`: some of the bytes are hashed and gone.
    pub(crate) fn gathered(&self) -> Option<&[u8]> {
        (!self.begun).then_some(&self.gathered)
    }

    /// The digest of all that was added.
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
