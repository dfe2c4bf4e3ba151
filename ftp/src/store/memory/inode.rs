//! `store::memory::inode` is one file of a memory store, whatever its name, and the slabs that files
//! and handles are in.

use crate::store::{Kind, Metadata};
use std::sync::Arc;
use std::time::Duration;

/// What a file holds.
#[derive(Debug)]
pub(super) enum Content {
    /// The owner's bytes, never copied.
    Shared(Arc<[u8]>),
    /// Bytes written here.
    Written(Vec<u8>),
}

impl Content {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Shared(bytes) => bytes,
            Self::Written(bytes) => bytes,
        }
    }
}

/// One file; it outlives its name while it is open.
#[derive(Debug)]
pub(super) struct Inode {
    pub(super) name: Arc<str>,
    pub(super) content: Content,
    /// Since 1970-01-01T00:00:00Z.
    pub(super) modified: Duration,
    pub(super) opened: u32,
    pub(super) named: bool,
}

impl Inode {
    pub(super) fn metadata(&self) -> Metadata {
        let size = self.content.bytes().len() as u64;
        Metadata { kind: Kind::File, size, modified: self.modified, mode: 0o644 }
    }
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
