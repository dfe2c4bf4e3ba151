//! `store::memory::inode` is one file of a memory store, whatever its name, somebody who has it open,
//! and the slabs that files and handles are in.

use super::content::FileContent;
use super::source::ReadCache;
use crate::store::{EntryKind, Metadata};
use std::sync::Arc;
use std::time::Duration;

/// One file; it outlives its name while it is open.
#[derive(Debug)]
pub(super) struct Inode {
    pub(super) name: Arc<str>,
    pub(super) content: FileContent,
    /// Since 1970-01-01T00:00:00Z.
    pub(super) modified: Duration,
    pub(super) opened: u32,
    pub(super) named: bool,
    /// Somebody goes on in it: nobody else may meanwhile.
    pub(super) busy: bool,
}

impl Inode {
    pub(super) fn metadata(&self) -> Metadata {
        let size = self.content.size();
        Metadata { kind: EntryKind::File, size, modified: self.modified, mode: 0o644 }
    }

    /// The emptied content, for its memory.
    pub(super) fn recycle(mut self) -> FileContent {
        self.content.clear();
        self.content
    }
}

/// One open file.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) inode: u64,
    pub(super) position: u64,
    /// It is written, after so many bytes that were there before.
    pub(super) writing: Option<u64>,
    /// The file was there before, and stays whatever comes of this.
    pub(super) old: bool,
    /// It is to have its name when it is kept.
    pub(super) hidden: bool,
    pub(super) cache: ReadCache,
}

impl Handle {
    /// Of a file that is there, and is read.
    pub(super) fn new(inode: u64, position: u64) -> Self {
        let (writing, old, hidden) = (None, true, false);
        Self { inode, position, writing, old, hidden, cache: ReadCache::default() }
    }
}

/// What is known of a directory.
pub(super) fn directory(modified: Duration) -> Metadata {
    Metadata { kind: EntryKind::Directory, size: 0, modified, mode: 0o755 }
}
