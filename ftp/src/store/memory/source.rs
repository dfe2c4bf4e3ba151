//! `store::memory::source` owns the sources of files: bytes in memory, or bytes elsewhere that can be
//! read at any offset, with a read-ahead cache for the latter. A source never changes.

use crate::store::StoreError;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// The bytes of a read-ahead cache: a part of a processor's second-level cache.
pub(super) const CACHE_BYTES: u64 = 64 << 10;

/// Bytes outside the store that can be read at any offset and never change.
pub trait ReadAt: fmt::Debug + Send + Sync + UnwindSafe + RefUnwindSafe {
    /// The number of bytes.
    fn size(&self) -> u64;

    /// Fills `into` with the bytes at `offset`. The caller never reads past the end.
    ///
    /// # Errors
    /// The bytes cannot be read.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), StoreError>;
}

/// The source of a file's bytes. A clone shares the bytes.
#[derive(Clone, Debug)]
pub enum FileSource {
    /// Bytes that are in memory.
    Here(Arc<[u8]>),
    /// Bytes outside the store.
    There(Arc<dyn ReadAt>),
}

impl FileSource {
    /// The number of bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Here(bytes) => bytes.len() as u64,
            Self::There(bytes) => bytes.size(),
        }
    }

    /// Whether both are clones of the same source. No bytes are compared.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Here(one), Self::Here(other)) => Arc::ptr_eq(one, other),
            (Self::There(one), Self::There(other)) => same(one, other),
            _ => false,
        }
    }

    /// The bytes at `at` that lie together in memory or in the cache, at least one.
    pub(super) fn chunk<'a>(
        &'a self,
        at: u64,
        cache: &'a mut ReadCache,
    ) -> Result<&'a [u8], StoreError> {
        let bytes = match self {
            Self::Here(bytes) => bytes.get(to_usize(at)..),
            Self::There(there) => Some(cache.look(there, at)?),
        };
        bytes.filter(|bytes| !bytes.is_empty()).ok_or(StoreError::Failed)
    }

    /// Whether the bytes at `at` equal `bytes`. The source must have as many bytes.
    #[inline]
    pub(super) fn holds(
        &self,
        mut at: u64,
        mut bytes: &[u8],
        cache: &mut ReadCache,
    ) -> Result<bool, StoreError> {
        while !bytes.is_empty() {
            let chunk = self.chunk(at, cache)?;
            let (now, rest) = bytes.split_at(chunk.len().min(bytes.len()));
            if now != &chunk[..now.len()] {
                return Ok(false);
            }
            at += now.len() as u64;
            bytes = rest;
        }
        Ok(true)
    }
}

fn same(one: &Arc<dyn ReadAt>, other: &Arc<dyn ReadAt>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}

pub(super) fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// A read-ahead cache for sources outside the store: the bytes from the position last missed. Empty,
/// and without memory, until the first read.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadCache(Option<Box<Cached>>);

/// The bytes of a source from offset `at`.
#[derive(Clone, Debug)]
struct Cached {
    of: Option<Arc<dyn ReadAt>>,
    at: u64,
    bytes: Vec<u8>,
}

impl ReadCache {
    /// The cached bytes at `at` of a source, at least one unless the source ends there.
    fn look(&mut self, there: &Arc<dyn ReadAt>, at: u64) -> Result<&[u8], StoreError> {
        let new = || Box::new(Cached { of: None, at: 0, bytes: Vec::new() });
        let Cached { of, at: begin, bytes } = &mut **self.0.get_or_insert_with(new);
        let inside = *begin <= at && at - *begin < bytes.len() as u64;
        if !inside || !of.as_ref().is_some_and(|of| same(of, there)) {
            *of = None;
            bytes.resize(to_usize(there.size().saturating_sub(at).min(CACHE_BYTES)), 0);
            there.read_at(at, bytes)?;
            *begin = at;
            *of = Some(Arc::clone(there));
        }
        Ok(&bytes[to_usize(at - *begin)..])
    }
}
