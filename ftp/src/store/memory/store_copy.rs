//! `store::memory::store_copy` clones and hashes a memory store. Contents of files share their sources.

use super::MemoryStore;
use super::inode::{Handle, Inode};
use crate::clone_by_field::{TimeKind, hash_by_field};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

impl Clone for MemoryStore {
    fn clone(&self) -> Self {
        let mut clone = Self::new();
        clone.clone_from(self);
        clone
    }

    /// Keeps the memory of files that stay, and some spare memory: files that are made anew here become
    /// spare later.
    fn clone_from(&mut self, source: &Self) {
        let Self { tree, inodes, handles, closed, spare: _, sources, disk, capacity, held, epoch } =
            source;
        self.spare.truncate(inodes.len() + 1);
        self.tree.clone_from(tree);
        self.inodes.clone_from(inodes);
        self.handles.clone_from(handles);
        self.closed.clone_from(closed);
        if !Arc::ptr_eq(&self.sources, sources) {
            self.sources = Arc::clone(sources);
        }
        self.disk.clone_from(disk);
        (self.capacity, self.held, self.epoch) = (*capacity, *held, *epoch);
    }
}

impl Hash for MemoryStore {
    /// Hashes names, files, open files and the disk. Two stores with the same sources and the same hashed
    /// values go on alike.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { tree, inodes, handles, closed, spare: _, sources, disk, capacity, held, epoch } =
            self;
        tree.hash(state);
        inodes.hash(state);
        for inode in inodes.values() {
            inode.content.hash_with(sources, state);
        }
        (handles, closed, disk, capacity, held, epoch).hash(state);
    }
}

// `MemoryStore` hashes the content. A cache of bytes that were read decides nothing.
impl Hash for Inode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { name, content: _, modified, mode, opened, named, busy } = self;
        (name, mode, opened, named, busy).hash(state);
        TimeKind::Date.hash(*modified, state);
    }
}

hash_by_field! {
    Handle {
        inode, position, writing, old, hidden, begun, replaces, appears_with_byte,
    } without { cache }
}
