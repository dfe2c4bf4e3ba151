//! `store::memory::inode` owns the state of a file apart from its name, and the state of an open
//! file.

use super::content::FileContent;
use super::source::ReadCache;
use super::tree::Tree;
use crate::clone_by_field::clone_by_field;
use crate::slot_table::SlotTable;
use crate::store::{EntryKind, Metadata, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// The permission bits of a new file.
const MODE: u16 = 0o644;

/// A file, which lives on without a name while open.
#[derive(Debug)]
pub(super) struct Inode {
    pub(super) name: Arc<str>,
    pub(super) content: FileContent,
    /// The last modification, since 1970-01-01T00:00:00Z.
    pub(super) modified: Duration,
    /// The low nine permission bits of Unix.
    pub(super) mode: u16,
    pub(super) opened: u32,
    pub(super) named: bool,
    /// The file is being continued: no second writer may continue the file meanwhile.
    pub(super) busy: bool,
}

clone_by_field! { Inode { name, content, modified, mode, opened, named, busy } }

impl Inode {
    pub(super) fn new(name: Arc<str>, content: FileContent, modified: Duration) -> Self {
        let (mode, opened, named, busy) = (MODE, 0, false, false);
        Self { name, content, modified, mode, opened, named, busy }
    }

    pub(super) fn metadata(&self) -> Metadata {
        let size = self.content.size();
        Metadata { kind: EntryKind::File, size, modified: self.modified, mode: self.mode }
    }

    /// Returns the emptied content, for its memory.
    pub(super) fn recycle(mut self) -> FileContent {
        self.content.clear();
        self.content
    }
}

/// The state of an open file.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    pub(super) inode: u64,
    pub(super) position: u64,
    /// Written, after this number of old bytes; `None`: read.
    pub(super) writing: Option<u64>,
    /// The file existed before, and stays after any fate of the written bytes.
    pub(super) old: bool,
    /// The file gets its name when kept.
    pub(super) hidden: bool,
    /// Whether a byte was written. Until then an old file stays as the file was.
    pub(super) begun: bool,
    /// The file takes the place of an old file: at the first byte, or when kept.
    pub(super) replaces: bool,
    /// The file gets its name at the first byte.
    pub(super) appears_with_byte: bool,
    pub(super) cache: ReadCache,
}

impl Handle {
    /// A handle to read an existing file.
    pub(super) fn new(inode: u64, position: u64) -> Self {
        Self {
            inode,
            position,
            writing: None,
            old: true,
            hidden: false,
            begun: false,
            replaces: false,
            appears_with_byte: false,
            cache: ReadCache::default(),
        }
    }
}

/// The file at `path`.
pub(super) fn named<'a>(
    tree: &Tree,
    inodes: &'a mut SlotTable<Inode>,
    path: &str,
) -> Result<&'a mut Inode, StoreError> {
    let at = tree.look(path)?.ok_or(StoreError::NotFound)?;
    inodes.get_mut(at).ok_or(StoreError::Failed)
}

/// The properties of a directory.
pub(super) fn directory(modified: Duration) -> Metadata {
    Metadata { kind: EntryKind::Directory, size: 0, modified, mode: 0o755 }
}
