//! `store::memory::inode` is one file of a memory store, whatever its name, somebody who has it open,
//! and the slabs that files and handles are in.

use super::content::FileContent;
use super::source::ReadCache;
use crate::store::{File, Kind, Metadata, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// One file; it outlives its name while it is open.
#[derive(Debug)]
pub(super) struct Inode {
    pub(super) name: Arc<str>,
    pub(super) image: FileContent,
    /// Since 1970-01-01T00:00:00Z.
    pub(super) modified: Duration,
    pub(super) opened: u32,
    pub(super) named: bool,
    /// Somebody goes on in it: nobody else may meanwhile.
    pub(super) busy: bool,
}

impl Inode {
    pub(super) fn metadata(&self) -> Metadata {
        let size = self.image.size();
        Metadata { kind: Kind::File, size, modified: self.modified, mode: 0o644 }
    }
}

/// One open file.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) inode: u32,
    pub(super) position: u64,
    /// It is written, after so many bytes that were there before.
    pub(super) writing: Option<u64>,
    /// The file was there before, and stays whatever comes of this.
    pub(super) old: bool,
    /// It is to have its name when it is kept.
    pub(super) hidden: bool,
    pub(super) window: ReadCache,
}

impl Handle {
    /// Of a file that is there, and is read.
    pub(super) fn new(inode: u32, position: u64) -> Self {
        let (writing, old, hidden) = (None, true, false);
        Self { inode, position, writing, old, hidden, window: ReadCache::default() }
    }
}

/// The handle of that name.
pub(super) fn handle(
    handles: &mut [Option<Handle>],
    file: File,
) -> Result<&mut Handle, StoreError> {
    handles.get_mut(file.0 as usize).and_then(Option::as_mut).ok_or(StoreError::Failed)
}

/// What is known of a directory.
pub(super) fn directory(modified: Duration) -> Metadata {
    Metadata { kind: Kind::Directory, size: 0, modified, mode: 0o755 }
}

/// Puts a value into the first free place of a slab.
pub(super) fn put<T>(places: &mut Vec<Option<T>>, free: &mut Vec<u32>, value: Option<T>) -> u32 {
    if let Some(at) = free.pop() {
        places[at as usize] = value;
        return at;
    }
    places.push(value);
    u32::try_from(places.len() - 1).expect("a store never holds four thousand million files")
}
