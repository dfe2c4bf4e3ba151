//! `store::memory::content` owns the content of a file in a memory store: pieces, each the beginning of
//! a source, and then bytes of the file's own. Written bytes are compared with the sources and kept
//! only from the first difference: a whole file, or the beginning of a file, takes no memory.

use super::source::{CACHE_BYTES, FileSource, ReadCache, to_usize};
use crate::store::StoreError;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The most pieces of a file; later bytes are the file's own.
const PIECES: usize = 8;

/// The first `length` bytes of a source.
#[derive(Debug)]
struct Piece {
    of: FileSource,
    length: u64,
}

impl Clone for Piece {
    fn clone(&self) -> Self {
        Self { of: self.of.clone(), length: self.length }
    }

    /// Leaves a source that is the same alone: threads share the count of its users.
    fn clone_from(&mut self, source: &Self) {
        if !self.of.is(&source.of) {
            self.of = source.of.clone();
        }
        self.length = source.length;
    }
}

/// The content of a file.
#[derive(Debug, Default)]
pub struct FileContent {
    pieces: Vec<Piece>,
    /// The number of bytes in all pieces.
    in_pieces: u64,
    /// The file's own bytes, after the pieces.
    own: Vec<u8>,
}

impl FileContent {
    /// The first `length` bytes of a source, or all bytes if the source is shorter.
    #[must_use]
    pub fn of(of: FileSource, length: u64) -> Self {
        let mut content = Self::default();
        content.push(of, length);
        content
    }

    /// The number of bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.in_pieces + self.own.len() as u64
    }

    /// Whether the file has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.size() == 0
    }

    /// All bytes, if they lie together in memory.
    #[must_use]
    pub fn as_slice(&self) -> Option<&[u8]> {
        match &self.pieces[..] {
            [] => Some(&self.own),
            [Piece { of: FileSource::Here(bytes), length }] if self.own.is_empty() => {
                bytes.get(..to_usize(*length))
            }
            _ => None,
        }
    }

    /// Whether both have the same pieces of the same sources, and no bytes of their own. No bytes are
    /// compared.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let same =
            |(one, other): (&Piece, &Piece)| one.length == other.length && one.of.is(&other.of);
        self.own.is_empty()
            && other.own.is_empty()
            && self.pieces.len() == other.pieces.len()
            && self.pieces.iter().zip(&other.pieces).all(same)
    }

    /// A copy of all bytes.
    ///
    /// # Errors
    /// A source cannot be read.
    pub fn to_vec(&self) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::with_capacity(to_usize(self.size()));
        self.each(0, self.size(), |chunk| bytes.extend_from_slice(chunk))?;
        Ok(bytes)
    }

    /// Hashes the bytes. A piece of one of `sources` counts by the number of the source and by the length:
    /// a source never changes. The bytes of other sources are read.
    pub(super) fn hash_with<H: Hasher>(&self, sources: &[FileSource], state: &mut H) {
        let mut at = 0;
        for Piece { of, length } in &self.pieces {
            let known = sources.iter().position(|source| source.is(of));
            (known, length).hash(state);
            if known.is_none() {
                let read = self.each(at, at + length, |chunk| state.write(chunk));
                read.is_ok().hash(state);
            }
            at += length;
        }
        self.own.hash(state);
    }

    /// The sources of the pieces, in order.
    pub fn sources(&self) -> impl Iterator<Item = &FileSource> {
        self.pieces.iter().map(|piece| &piece.of)
    }

    /// The first `length` bytes, or all bytes if the content is shorter.
    #[must_use]
    pub fn first(&self, length: u64) -> Self {
        let mut first = self.clone();
        first.truncate(length);
        first
    }

    /// Passes the bytes from `from` to `until` to `take`, in chunks. The content must have as many.
    ///
    /// # Errors
    /// A source cannot be read.
    pub fn each(
        &self,
        mut from: u64,
        until: u64,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), StoreError> {
        let mut cache = ReadCache::default();
        while from < until {
            let chunk = self.chunk(from, &mut cache)?;
            let chunk = &chunk[..chunk.len().min(to_usize(until - from))];
            take(chunk);
            from += chunk.len() as u64;
        }
        Ok(())
    }

    /// Whether the bytes at `at` equal the bytes of `other` from `from` to `until`. False if either
    /// content is shorter, or cannot be read.
    #[must_use]
    pub fn holds(&self, at: u64, other: &Self, from: u64, until: u64) -> bool {
        let length = until.saturating_sub(from);
        let enough = until <= other.size() && at.saturating_add(length) <= self.size();
        enough && self.equals(at, other, from, length).unwrap_or(false)
    }

    fn equals(
        &self,
        mut at: u64,
        other: &Self,
        mut from: u64,
        mut length: u64,
    ) -> Result<bool, StoreError> {
        let (mut mine, mut theirs) = (ReadCache::default(), ReadCache::default());
        while length > 0 {
            let equal = match (self.piece(at), other.piece(from)) {
                // The same bytes of the same source need no comparison.
                (Some((one, here, left)), Some((two, there, more)))
                    if here == there && one.is(two) =>
                {
                    left.min(more).min(length)
                }
                _ => {
                    let (one, two) = (self.chunk(at, &mut mine)?, other.chunk(from, &mut theirs)?);
                    let count = one.len().min(two.len()).min(to_usize(length));
                    if one[..count] != two[..count] {
                        return Ok(false);
                    }
                    count as u64
                }
            };
            (at, from, length) = (at + equal, from + equal, length - equal);
        }
        Ok(true)
    }

    /// The source of the byte at `at`, the offset in the source, and the bytes left in the piece.
    /// `None` if the byte is the file's own.
    #[inline]
    fn piece(&self, mut at: u64) -> Option<(&FileSource, u64, u64)> {
        for Piece { of, length } in &self.pieces {
            if at < *length {
                return Some((of, at, length - at));
            }
            at -= length;
        }
        None
    }

    /// The bytes at `at` that lie together, at least one.
    #[inline]
    fn chunk<'a>(&'a self, at: u64, cache: &'a mut ReadCache) -> Result<&'a [u8], StoreError> {
        let Some((source, offset, left)) = self.piece(at) else {
            let own = self.own.get(to_usize(at - self.in_pieces)..);
            return own.filter(|own| !own.is_empty()).ok_or(StoreError::Failed);
        };
        let chunk = source.chunk(offset, cache)?;
        Ok(&chunk[..chunk.len().min(to_usize(left))])
    }

    /// Appends the content of `other`.
    ///
    /// # Panics
    /// `self` has bytes of its own.
    pub fn join(&mut self, other: &Self) {
        assert!(self.own.is_empty(), "pieces come before the file's own bytes");
        self.pieces.extend_from_slice(&other.pieces);
        self.in_pieces += other.in_pieces;
        self.own.extend_from_slice(&other.own);
    }

    fn push(&mut self, of: FileSource, length: u64) {
        let length = length.min(of.size());
        if length > 0 {
            self.in_pieces += length;
            self.pieces.push(Piece { of, length });
        }
    }

    /// Reads the bytes at `at` into `into`; returns their number, less than `into` holds at the end.
    #[inline]
    pub(super) fn read(
        &self,
        mut at: u64,
        into: &mut [u8],
        cache: &mut ReadCache,
    ) -> Result<usize, StoreError> {
        let wanted = into.len().min(to_usize(self.size().saturating_sub(at)));
        let mut rest = &mut into[..wanted];
        while !rest.is_empty() {
            let count = match self.piece(at) {
                // A large read gains nothing from the cache.
                Some((FileSource::There(there), offset, left))
                    if left.min(rest.len() as u64) >= CACHE_BYTES =>
                {
                    let count = rest.len().min(to_usize(left));
                    there.read_at(offset, &mut rest[..count])?;
                    count
                }
                _ => {
                    let chunk = self.chunk(at, cache)?;
                    let count = chunk.len().min(rest.len());
                    rest[..count].copy_from_slice(&chunk[..count]);
                    count
                }
            };
            at += count as u64;
            rest = &mut rest[count..];
        }
        Ok(wanted)
    }

    /// Appends bytes. Bytes that equal the continuation of a source extend a piece, or begin one.
    #[inline]
    pub(super) fn write(
        &mut self,
        mut bytes: &[u8],
        sources: &[FileSource],
        cache: &mut ReadCache,
    ) -> Result<(), StoreError> {
        while self.own.is_empty() && !bytes.is_empty() {
            let taken = match self.extend(bytes, cache)? {
                0 => self.find(bytes, sources, cache)?,
                taken => taken,
            };
            if taken == 0 {
                break;
            }
            bytes = &bytes[taken..];
        }
        self.own.extend_from_slice(bytes);
        Ok(())
    }

    /// Extends the last piece by the bytes that its source has left. Returns their number: 0 if any
    /// byte differs.
    #[inline]
    fn extend(&mut self, bytes: &[u8], cache: &mut ReadCache) -> Result<usize, StoreError> {
        let Some(Piece { of, length }) = self.pieces.last_mut() else { return Ok(0) };
        let taken = bytes.len().min(to_usize(of.size() - *length));
        if taken == 0 || !of.holds(*length, &bytes[..taken], cache)? {
            return Ok(0);
        }
        *length += taken as u64;
        self.in_pieces += taken as u64;
        Ok(taken)
    }

    /// Finds a source with the last piece and `bytes` at its beginning, or with `bytes` at its
    /// beginning. Returns the number of bytes taken.
    fn find(
        &mut self,
        bytes: &[u8],
        sources: &[FileSource],
        cache: &mut ReadCache,
    ) -> Result<usize, StoreError> {
        if let Some(Piece { of, length }) = self.pieces.last_mut() {
            for other in sources.iter().filter(|other| !other.is(of)) {
                let taken = bytes.len().min(to_usize(other.size().saturating_sub(*length)));
                if taken > 0
                    && other.holds(*length, &bytes[..taken], cache)?
                    && Self::of(other.clone(), *length).equals(
                        0,
                        &Self::of(of.clone(), *length),
                        0,
                        *length,
                    )?
                {
                    *of = other.clone();
                    return self.extend(bytes, cache);
                }
            }
        }
        if self.pieces.len() == PIECES {
            return Ok(0);
        }
        for other in sources {
            let taken = bytes.len().min(to_usize(other.size()));
            if taken > 0 && other.holds(0, &bytes[..taken], cache)? {
                self.push(other.clone(), taken as u64);
                return Ok(taken);
            }
        }
        Ok(0)
    }

    /// Keeps only the first `length` bytes.
    pub(super) fn truncate(&mut self, length: u64) {
        self.own.truncate(to_usize(length.saturating_sub(self.in_pieces)));
        while self.in_pieces > length {
            let piece = self.pieces.last_mut().expect("the pieces have as many bytes");
            let cut = piece.length.min(self.in_pieces - length);
            piece.length -= cut;
            self.in_pieces -= cut;
            if piece.length == 0 {
                self.pieces.pop();
            }
        }
    }

    /// Removes all bytes and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.own.clear();
        self.in_pieces = 0;
    }

    /// Copies the bytes of a single piece in memory, so that they lie together with later bytes.
    pub(super) fn make_own(&mut self) {
        if let ([Piece { of: FileSource::Here(bytes), length }], []) =
            (&self.pieces[..], &self.own[..])
        {
            self.own.extend_from_slice(&bytes[..to_usize(*length)]);
            self.pieces.clear();
            self.in_pieces = 0;
        }
    }

    /// Reserves memory for further bytes of the file's own.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.own.reserve(bytes);
    }
}

impl Clone for FileContent {
    fn clone(&self) -> Self {
        Self { pieces: self.pieces.clone(), in_pieces: self.in_pieces, own: self.own.clone() }
    }

    fn clone_from(&mut self, from: &Self) {
        self.pieces.clone_from(&from.pieces);
        self.in_pieces = from.in_pieces;
        self.own.clone_from(&from.own);
    }
}

impl From<Arc<[u8]>> for FileContent {
    fn from(bytes: Arc<[u8]>) -> Self {
        Self::of(FileSource::Here(bytes), u64::MAX)
    }
}

impl From<Vec<u8>> for FileContent {
    fn from(own: Vec<u8>) -> Self {
        Self { pieces: Vec::new(), in_pieces: 0, own }
    }
}
