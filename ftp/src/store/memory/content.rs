//! `store::memory::image` is what a file of a memory store holds: pieces of what is known, each the
//! beginning of it, and behind them bytes of its own. What is written is compared with what is known
//! there, byte for byte, and kept only from where it is something else: a whole file, or the stump of
//! one, takes no memory.

use super::source::{FileSource, ReadCache};
use crate::store::StoreError;
use std::sync::Arc;

/// Pieces of a file; behind so many, it holds what is written.
const PIECES: usize = 8;

/// The first `length` bytes of something.
#[derive(Clone, Debug)]
struct Piece {
    of: FileSource,
    length: u64,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct FileContent {
    pieces: Vec<Piece>,
    /// Bytes of all pieces.
    known: u64,
    tail: Vec<u8>,
}

/// Bytes of an image in one place.
enum Run<'a> {
    FileSource(&'a FileSource, u64),
    Own(&'a [u8]),
}

impl FileContent {
    /// The first `length` bytes of `of`, or all that there are.
    #[must_use]
    pub fn of(of: FileSource, length: u64) -> Self {
        let mut content = Self::default();
        content.push(of, length);
        content
    }

    /// How many bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.known + self.tail.len() as u64
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.size() == 0
    }

    /// Its bytes, if they are in one place in memory.
    #[must_use]
    pub fn as_slice(&self) -> Option<&[u8]> {
        match &self.pieces[..] {
            [] => Some(&self.tail),
            [Piece { of: FileSource::Here(bytes), length }] if self.tail.is_empty() => {
                usize::try_from(*length).ok().and_then(|length| bytes.get(..length))
            }
            _ => None,
        }
    }

    /// Whether both are the same pieces of the same, which nobody need compare.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let same =
            |(one, other): (&Piece, &Piece)| one.length == other.length && one.of.is(&other.of);
        self.tail.is_empty()
            && other.tail.is_empty()
            && self.pieces.len() == other.pieces.len()
            && self.pieces.iter().zip(&other.pieces).all(same)
    }

    /// A copy of its bytes.
    ///
    /// # Errors
    /// What is elsewhere cannot be read.
    pub fn to_vec(&self) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::with_capacity(to_usize(self.size()));
        self.each(0, self.size(), |some| bytes.extend_from_slice(some))?;
        Ok(bytes)
    }

    /// What its pieces are of, in order.
    pub fn sources(&self) -> impl Iterator<Item = &FileSource> {
        self.pieces.iter().map(|piece| &piece.of)
    }

    /// The first `length` bytes, or all that there are.
    #[must_use]
    pub fn first(&self, length: u64) -> Self {
        let mut first = self.clone();
        first.truncate(length);
        first
    }

    /// Hands on all bytes from `from` to `until`, which are no more than there are, piece by piece.
    ///
    /// # Errors
    /// What is elsewhere cannot be read.
    pub fn each(
        &self,
        mut from: u64,
        until: u64,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), StoreError> {
        let mut cache = ReadCache::default();
        while from < until {
            let (run, length) = self.run(from).ok_or(StoreError::Failed)?;
            let some = match run {
                Run::FileSource(known, at) => {
                    known.some(at, length.min(until - from), &mut cache)?
                }
                Run::Own(bytes) => &bytes[..to_usize(length.min(until - from))],
            };
            take(some);
            from += some.len() as u64;
        }
        Ok(())
    }

    /// Whether what is at `at` are the bytes of `other` from `from` to `until`; not, if there are
    /// fewer, or they cannot be read.
    #[must_use]
    pub fn holds(&self, at: u64, other: &Self, from: u64, until: u64) -> bool {
        let length = until.saturating_sub(from);
        let enough = until <= other.size() && at.saturating_add(length) <= self.size();
        enough && self.agrees(at, other, from, until).unwrap_or(false)
    }

    fn agrees(
        &self,
        mut at: u64,
        other: &Self,
        mut from: u64,
        until: u64,
    ) -> Result<bool, StoreError> {
        let mut cache = ReadCache::default();
        while from < until {
            let runs = self.run(at).zip(other.run(from)).ok_or(StoreError::Failed)?;
            let ((mine, here), (theirs, there)) = runs;
            let length = here.min(there).min(until - from);
            let bytes = to_usize(length);
            let agree = match (mine, theirs) {
                (Run::FileSource(mine, at), Run::FileSource(theirs, from)) => {
                    mine.agrees(at, theirs, from, length)?
                }
                (Run::FileSource(known, at), Run::Own(own))
                | (Run::Own(own), Run::FileSource(known, at)) => {
                    known.holds(at, &own[..bytes], &mut cache)?
                }
                (Run::Own(mine), Run::Own(theirs)) => mine[..bytes] == theirs[..bytes],
            };
            if !agree {
                return Ok(false);
            }
            (at, from) = (at + length, from + length);
        }
        Ok(true)
    }

    /// What is at `at`, and how much of it there is in one place.
    fn run(&self, mut at: u64) -> Option<(Run<'_>, u64)> {
        for Piece { of, length } in &self.pieces {
            if at < *length {
                return Some((Run::FileSource(of, at), length - at));
            }
            at -= length;
        }
        let own = self.tail.get(to_usize(at)..).filter(|own| !own.is_empty())?;
        Some((Run::Own(own), own.len() as u64))
    }

    /// Puts another one behind it.
    ///
    /// # Panics
    /// If this one has bytes of its own.
    pub fn join(&mut self, other: &Self) {
        assert!(self.tail.is_empty(), "pieces are before all bytes of its own");
        self.pieces.extend_from_slice(&other.pieces);
        self.known += other.known;
        self.tail.extend_from_slice(&other.tail);
    }

    fn push(&mut self, of: FileSource, length: u64) {
        let length = length.min(of.size());
        if length > 0 {
            self.known += length;
            self.pieces.push(Piece { of, length });
        }
    }

    /// Reads what is at `at`, as much as there is and `into` holds.
    #[inline]
    pub(super) fn read(
        &self,
        mut at: u64,
        into: &mut [u8],
        cache: &mut ReadCache,
    ) -> Result<usize, StoreError> {
        let mut done = 0;
        while done < into.len() {
            let Some((run, length)) = self.run(at) else { break };
            let now = to_usize(length).min(into.len() - done);
            match run {
                Run::FileSource(known, at) => {
                    known.read(at, &mut into[done..done + now], cache)?;
                }
                Run::Own(own) => into[done..done + now].copy_from_slice(&own[..now]),
            }
            done += now;
            at += now as u64;
        }
        Ok(done)
    }

    /// Puts bytes behind it: what is the same as what is `known` is not kept.
    #[inline]
    pub(super) fn write(
        &mut self,
        mut bytes: &[u8],
        known: &[FileSource],
        cache: &mut ReadCache,
    ) -> Result<(), StoreError> {
        while self.tail.is_empty() && !bytes.is_empty() {
            let taken = match self.extend(bytes, cache)? {
                0 => self.find(bytes, known, cache)?,
                taken => taken,
            };
            if taken == 0 {
                break;
            }
            bytes = &bytes[taken..];
        }
        self.tail.extend_from_slice(bytes);
        Ok(())
    }

    /// How many of the bytes follow in what the last piece is of, which they make longer: all that
    /// there are there, or none.
    #[inline]
    fn extend(&mut self, bytes: &[u8], cache: &mut ReadCache) -> Result<usize, StoreError> {
        let Some(Piece { of, length }) = self.pieces.last_mut() else { return Ok(0) };
        let taken = bytes.len().min(to_usize(of.size() - *length));
        if taken == 0 || !of.holds(*length, &bytes[..taken], cache)? {
            return Ok(0);
        }
        *length += taken as u64;
        self.known += taken as u64;
        Ok(taken)
    }

    /// The same with another one that begins as the last piece does, or with the beginning of one.
    fn find(
        &mut self,
        bytes: &[u8],
        known: &[FileSource],
        cache: &mut ReadCache,
    ) -> Result<usize, StoreError> {
        if let Some(Piece { of, length }) = self.pieces.last_mut() {
            for other in known.iter().filter(|other| !other.is(of)) {
                let taken = bytes.len().min(to_usize(other.size().saturating_sub(*length)));
                if taken > 0
                    && other.holds(*length, &bytes[..taken], cache)?
                    && other.agrees(0, of, 0, *length)?
                {
                    *of = other.clone();
                    return self.extend(bytes, cache);
                }
            }
        }
        if self.pieces.len() == PIECES {
            return Ok(0);
        }
        for other in known {
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
        self.tail.truncate(to_usize(length.saturating_sub(self.known)));
        while self.known > length {
            let piece = self.pieces.last_mut().expect("the pieces are what is known");
            let cut = piece.length.min(self.known - length);
            piece.length -= cut;
            self.known -= cut;
            if piece.length == 0 {
                self.pieces.pop();
            }
        }
    }

    /// Empty again, keeping its memory.
    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.tail.clear();
        self.known = 0;
    }

    /// Its bytes are its own from now on.
    pub(super) fn own(&mut self) {
        if let ([Piece { of: FileSource::Here(bytes), length }], []) =
            (&self.pieces[..], &self.tail[..])
        {
            self.tail.extend_from_slice(&bytes[..to_usize(*length)]);
            self.pieces.clear();
            self.known = 0;
        }
    }

    /// There will be so many bytes more.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.tail.reserve(bytes);
    }
}

impl Clone for FileContent {
    fn clone(&self) -> Self {
        Self { pieces: self.pieces.clone(), known: self.known, tail: self.tail.clone() }
    }

    fn clone_from(&mut self, from: &Self) {
        self.pieces.clone_from(&from.pieces);
        self.known = from.known;
        self.tail.clone_from(&from.tail);
    }
}

impl From<Arc<[u8]>> for FileContent {
    fn from(bytes: Arc<[u8]>) -> Self {
        Self::of(FileSource::Here(bytes), u64::MAX)
    }
}

impl From<Vec<u8>> for FileContent {
    fn from(tail: Vec<u8>) -> Self {
        Self { pieces: Vec::new(), known: 0, tail }
    }
}

fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
