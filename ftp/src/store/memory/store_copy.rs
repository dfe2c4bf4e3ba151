//! `store::memory::store_copy` clones a memory store. Contents of files share their sources.

use super::MemoryStore;
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
