//! `store::memory::known` is bytes that somebody has anyway: a file's source, in memory or wherever
//! it can be read at any place. It never changes; who reads it elsewhere looks through a window.

use crate::store::StoreError;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// Bytes read at a time of what is elsewhere: a part of a processor's second cache.
const CACHE_BYTES: u64 = 64 << 10;

/// Bytes that are kept elsewhere, can be read at any place, and never change.
pub trait ReadAt: fmt::Debug + Send + Sync + UnwindSafe + RefUnwindSafe {
    /// How many there are.
    fn size(&self) -> u64;

    /// Fills `into` with what is at `offset`; the caller asks for no more than there is.
    ///
    /// # Errors
    /// They cannot be read.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), StoreError>;
}

/// Bytes that are the same as long as a store has to do with them. A copy of this is no copy of them.
#[derive(Clone, Debug)]
pub enum FileSource {
    /// In memory.
    Here(Arc<[u8]>),
    /// Elsewhere.
    There(Arc<dyn ReadAt>),
}

impl FileSource {
    /// How many bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Here(bytes) => bytes.len() as u64,
            Self::There(bytes) => bytes.size(),
        }
    }

    /// Whether the other one is a copy of this.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Here(one), Self::Here(other)) => Arc::ptr_eq(one, other),
            (Self::There(one), Self::There(other)) => same(one, other),
            _ => false,
        }
    }

    /// Some of the bytes at `at`, at least one and at most `most`, where they can be looked at. There
    /// must be one.
    pub(super) fn some<'a>(
        &'a self,
        at: u64,
        most: u64,
        cache: &'a mut ReadCache,
    ) -> Result<&'a [u8], StoreError> {
        let bytes = match self {
            Self::Here(bytes) => usize::try_from(at).ok().and_then(|at| bytes.get(at..)),
            Self::There(there) => Some(cache.look(there, at)?),
        };
        let bytes = bytes.filter(|bytes| !bytes.is_empty()).ok_or(StoreError::Failed)?;
        Ok(&bytes[..bytes.len().min(usize::try_from(most).unwrap_or(usize::MAX))])
    }

    /// Fills `into` with what is at `at`.
    #[inline]
    pub(super) fn read(
        &self,
        mut at: u64,
        mut into: &mut [u8],
        cache: &mut ReadCache,
    ) -> Result<(), StoreError> {
        if let Self::There(there) = self
            && into.len() as u64 >= CACHE_BYTES
        {
            return there.read_at(at, into);
        }
        while !into.is_empty() {
            let some = self.some(at, into.len() as u64, cache)?;
            let (now, rest) = into.split_at_mut(some.len());
            now.copy_from_slice(some);
            at += now.len() as u64;
            into = rest;
        }
        Ok(())
    }

    /// Whether what is at `at` are these bytes. There must be as many.
    #[inline]
    pub(super) fn holds(
        &self,
        mut at: u64,
        mut bytes: &[u8],
        cache: &mut ReadCache,
    ) -> Result<bool, StoreError> {
        while !bytes.is_empty() {
            let some = self.some(at, bytes.len() as u64, cache)?;
            let (now, rest) = bytes.split_at(some.len());
            if now != some {
                return Ok(false);
            }
            at += now.len() as u64;
            bytes = rest;
        }
        Ok(true)
    }

    /// Whether `length` bytes at `at` are those at `there` of the other one. Both must have as many.
    pub(super) fn agrees(
        &self,
        mut at: u64,
        other: &Self,
        mut there: u64,
        mut length: u64,
    ) -> Result<bool, StoreError> {
        if at == there && self.is(other) {
            return Ok(true);
        }
        let (mut mine, mut theirs) = (ReadCache::default(), ReadCache::default());
        while length > 0 {
            let some = other.some(there, length, &mut theirs)?;
            if !self.holds(at, some, &mut mine)? {
                return Ok(false);
            }
            let seen = some.len() as u64;
            (at, there, length) = (at + seen, there + seen, length - seen);
        }
        Ok(true)
    }
}

fn same(one: &Arc<dyn ReadAt>, other: &Arc<dyn ReadAt>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}

/// Where somebody is in what is elsewhere. It is nothing until that is looked at.
#[derive(Debug, Default)]
pub(super) struct ReadCache(Option<Box<Seen>>);

/// Bytes at `at` of something.
#[derive(Debug)]
struct Seen {
    of: Option<Arc<dyn ReadAt>>,
    at: u64,
    bytes: Vec<u8>,
}

impl ReadCache {
    /// Some of the bytes at `at`, at least one if there is one.
    fn look(&mut self, there: &Arc<dyn ReadAt>, at: u64) -> Result<&[u8], StoreError> {
        let new = || Box::new(Seen { of: None, at: 0, bytes: Vec::new() });
        let Seen { of, at: begin, bytes } = &mut **self.0.get_or_insert_with(new);
        let inside = *begin <= at && at - *begin < bytes.len() as u64;
        if !inside || !of.as_ref().is_some_and(|of| same(of, there)) {
            *of = None;
            let length = there.size().saturating_sub(at).min(CACHE_BYTES);
            bytes.resize(usize::try_from(length).unwrap_or(0), 0);
            there.read_at(at, bytes)?;
            *begin = at;
            *of = Some(Arc::clone(there));
        }
        Ok(&bytes[usize::try_from(at - *begin).unwrap_or(usize::MAX)..])
    }
}
