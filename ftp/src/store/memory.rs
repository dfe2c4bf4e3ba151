//! `store::memory` keeps files in memory: open files, sizes and the limit of bytes. `tree` has the
//! names, `content` the bytes of a file.

mod content;
mod disk;
mod inode;
mod source;
mod store_copy;
mod tree;

pub use content::FileContent;
pub use source::{FileSource, ReadAt};

use super::{Appears, Begin, Entry, Fate, File, Listing, Metadata, Read, Room, Store};
use super::{StoreError, Writing};
use crate::slot_table::SlotTable;
use disk::Disk;
use inode::{Handle, Inode, directory, named};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tree::{Node, Tree};

/// A written file that was closed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Closed {
    /// The path of the file.
    pub name: Arc<str>,
    /// Whether the file still exists.
    pub kept: bool,
}

/// A store of files in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tree: Tree,
    inodes: SlotTable<Inode>,
    handles: SlotTable<Handle>,
    closed: VecDeque<Closed>,
    spare: Vec<FileContent>,
    sources: Arc<[FileSource]>,
    disk: Disk,
    capacity: Option<u64>,
    /// The number of bytes in all files.
    held: u64,
    epoch: Duration,
}

impl MemoryStore {
    /// Creates an empty store with an infinitely fast disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the speed of the disk in bytes per second, at least 1; `None`: infinitely fast.
    pub fn set_rate(&mut self, bytes_per_second: Option<u64>) {
        self.disk.rate = bytes_per_second.map(|rate| rate.max(1));
    }

    /// Sets the most bytes of all files together; `None`: no limit. `insert` ignores the limit.
    pub fn set_capacity(&mut self, bytes: Option<u64>) {
        self.capacity = bytes;
    }

    /// Sets the date at time 0 of the run, since 1970-01-01T00:00:00Z: the dates of files count
    /// from this date.
    pub fn set_epoch(&mut self, epoch: Duration) {
        self.epoch = epoch;
    }

    /// Sets the sources that files probably consist of. Written bytes that equal a source are
    /// compared and not kept.
    pub fn set_sources(&mut self, sources: Arc<[FileSource]>) {
        self.sources = sources;
    }

    /// Puts a file at `name`, with the directories of the path. The content is shared with the
    /// caller, not copied.
    pub fn insert(&mut self, name: &str, content: Arc<[u8]>) {
        self.insert_content(name, &content.into());
    }

    /// Puts a file at `name`, with the directories of the path, from the content of a different
    /// file or store.
    pub fn insert_content(&mut self, name: &str, content: &FileContent) {
        self.tree.make_parents(name, self.epoch);
        let name = self.tree.path(name);
        let mut copy = self.spare.pop().unwrap_or_default();
        copy.clone_from(content);
        self.replace(name, copy, self.epoch);
    }

    /// The bytes of the file at `name`, if they lie together in memory: always in a store without
    /// sources in which every file was inserted as bytes.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.content(name)?.as_slice()
    }

    /// The content of the file at `name`, in memory or elsewhere.
    #[must_use]
    pub fn content(&self, name: &str) -> Option<&FileContent> {
        self.inodes.get(self.tree.file(name)?).map(|inode| &inode.content)
    }

    /// The paths of all files, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tree.files()
    }

    /// Takes the next written file that was closed, in the order of the closes. `content` returns
    /// the bytes until the name is written again.
    pub fn poll_closed(&mut self) -> Option<Closed> {
        self.closed.pop_front()
    }

    /// The number of open files and listings.
    #[must_use]
    pub fn open_files(&self) -> usize {
        self.handles.len() + self.tree.open_listings()
    }

    /// Forgets all files, directories and handles; keeps the settings and the memory.
    pub fn reset(&mut self) {
        self.tree.reset();
        self.spare.extend(self.inodes.drain().map(Inode::recycle));
        self.handles.drain().for_each(drop);
        self.closed.clear();
        self.held = 0;
        self.disk.busy_until = Duration::ZERO;
    }

    /// Gives `name` to a new file. The old file lives on without a name while open.
    fn replace(&mut self, name: Arc<str>, content: FileContent, modified: Duration) -> u64 {
        self.unname(&name);
        self.held += content.size();
        let inode = Inode::new(name.clone(), content, modified);
        let at = self.inodes.insert(Inode { named: true, ..inode });
        self.tree.name(name, at);
        at
    }

    fn unname(&mut self, name: &str) {
        if let Some(at) = self.tree.unname(name) {
            if let Some(inode) = self.inodes.get_mut(at) {
                inode.named = false;
            }
            self.drop_if_unused(at);
        }
    }

    /// Gives a hidden file its name.
    fn appear(&mut self, at: u64, name: &Arc<str>) {
        self.unname(name);
        if let Some(inode) = self.inodes.get_mut(at) {
            inode.named = true;
            self.tree.name(name.clone(), at);
        }
    }

    fn drop_if_unused(&mut self, at: u64) {
        if self.inodes.get(at).is_some_and(|inode| !inode.named && inode.opened == 0)
            && let Some(inode) = self.inodes.remove(at)
        {
            self.held -= inode.content.size();
            self.spare.push(inode.recycle());
        }
    }

    fn open(&mut self, handle: Handle) -> File {
        if let Some(inode) = self.inodes.get_mut(handle.inode) {
            inode.opened += 1;
        }
        File(self.handles.insert(handle))
    }

    /// Opens an existing file for writing after the first `keep` bytes, or at the end.
    fn open_old(&mut self, at: u64, keep: Option<u64>) -> Result<File, StoreError> {
        let inode = self.inodes.get_mut(at).ok_or(StoreError::Failed)?;
        let length = inode.content.size();
        let base = keep.unwrap_or(length);
        if base > length {
            return Err(StoreError::BadOffset);
        }
        if std::mem::replace(&mut inode.busy, true) {
            return Err(StoreError::Busy);
        }
        if self.sources.is_empty() {
            inode.content.make_own();
        }
        Ok(self.open(Handle { writing: Some(base), ..Handle::new(at, base) }))
    }

    /// Changes the old file at the first byte of the new one: cuts the bytes behind the place where
    /// writing begins, or gives the new file the name.
    fn begin_writing(&mut self, file: File) -> Result<(), StoreError> {
        let handle = self.handles.get_mut(file.0).ok_or(StoreError::Failed)?;
        let Handle { inode: at, writing: Some(base), begun: false, .. } = *handle else {
            return Ok(());
        };
        handle.begun = true;
        let (old, appears) = (handle.old, handle.appears_with_byte);
        handle.hidden &= !appears;
        let inode = self.inodes.get_mut(at).ok_or(StoreError::Failed)?;
        if old {
            let length = inode.content.size();
            inode.content.truncate(base);
            self.held -= length - inode.content.size();
        } else if appears {
            let name = inode.name.clone();
            self.appear(at, &name);
        }
        Ok(())
    }

    fn is_full(&self, more: usize) -> bool {
        let sizes = || self.inodes.values().map(|it| it.content.size());
        debug_assert_eq!(self.held, sizes().sum::<u64>(), "bytes are counted as bytes come and go");
        self.capacity.is_some_and(|capacity| self.held + more as u64 > capacity)
    }
}

impl Store for MemoryStore {
    fn open_read(&mut self, path: &str, offset: u64) -> Result<(File, u64), StoreError> {
        let inode = self.tree.look(path)?.ok_or(StoreError::NotFound)?;
        let size = self.inodes.get(inode).map_or(0, |inode| inode.content.size());
        if offset > size {
            return Err(StoreError::BadOffset);
        }
        Ok((self.open(Handle::new(inode, offset)), size))
    }

    fn open_write(&mut self, path: &str, how: Writing, now: Duration) -> Result<File, StoreError> {
        let there = self.tree.look(path)?;
        match (how.begin, there) {
            (Begin::Append, Some(at)) => return self.open_old(at, None),
            (Begin::At(offset), Some(at)) if offset > 0 => return self.open_old(at, Some(offset)),
            (Begin::At(1..), None) => return Err(StoreError::BadOffset),
            (Begin::Fresh, Some(_)) => return Err(StoreError::Exists),
            _ => {}
        }
        let name = self.tree.path(path);
        let mut content = self.spare.pop().unwrap_or_default();
        if self.sources.is_empty() {
            // The hint comes from the peer and may be wrong, so the reservation is bounded.
            content.reserve(usize::try_from(how.hint.unwrap_or(0).min(1 << 26)).unwrap_or(0));
        }
        let late = how.appears == Appears::WhenKept && how.begin != Begin::Fresh;
        // An old file stays until the first byte of the new file.
        let (replaces, hidden) = (there.is_some(), late || there.is_some());
        let modified = self.epoch + now;
        let inode = if hidden {
            let old = there.and_then(|at| self.inodes.get(at)).map(|old| old.mode);
            let new = Inode::new(name, content, modified);
            self.inodes.insert(Inode { mode: old.unwrap_or(new.mode), ..new })
        } else {
            self.replace(name, content, modified)
        };
        let writing = Some(0);
        let new = Handle { writing, old: false, hidden, replaces, ..Handle::new(inode, 0) };
        Ok(self.open(Handle { appears_with_byte: replaces && !late, ..new }))
    }

    fn read(&mut self, file: File, into: &mut [u8]) -> Result<Read, StoreError> {
        let handle = self.handles.get_mut(file.0).ok_or(StoreError::Failed)?;
        let Handle { inode, position, cache, .. } = handle;
        let content = &self.inodes.get(*inode).ok_or(StoreError::Failed)?.content;
        let bytes = content.read(*position, into, cache)?;
        *position += bytes as u64;
        Ok(Read { bytes, last: *position >= content.size() })
    }

    fn room(&self, _file: File, now: Duration) -> Room {
        self.disk.room(now)
    }

    fn write(&mut self, file: File, bytes: &[u8], now: Duration) -> Result<(), StoreError> {
        self.begin_writing(file)?;
        let full = self.is_full(bytes.len());
        let handle = self.handles.get_mut(file.0).ok_or(StoreError::Failed)?;
        let Handle { inode, writing: Some(_), cache, .. } = handle else {
            return Err(StoreError::Denied);
        };
        if full {
            return Err(StoreError::Full);
        }
        let inode = self.inodes.get_mut(*inode).ok_or(StoreError::Failed)?;
        let Inode { content, modified, .. } = inode;
        content.write(bytes, &self.sources, cache)?;
        self.held += bytes.len() as u64;
        *modified = self.epoch + now;
        self.disk.write(bytes.len() as u64, now);
        Ok(())
    }

    fn close(&mut self, file: File, fate: Fate) -> Result<(), StoreError> {
        if fate == Fate::Keep {
            self.begin_writing(file)?;
        }
        let handle = self.handles.remove(file.0).ok_or(StoreError::Failed)?;
        let inode = self.inodes.get_mut(handle.inode).ok_or(StoreError::Failed)?;
        inode.opened -= 1;
        if let Some(base) = handle.writing {
            inode.busy &= !handle.old;
            let kept = match fate {
                _ if !handle.begun => None,
                Fate::Keep => None,
                Fate::Cut(length) => Some(length),
                Fate::Discard => Some(0),
            };
            if let Some(kept) = kept {
                let length = inode.content.size();
                inode.content.truncate(base.saturating_add(kept));
                self.held -= length - inode.content.size();
            }
            let (name, named) = (inode.name.clone(), inode.named);
            let untouched = handle.replaces && !handle.begun;
            let stays = handle.old || fate != Fate::Discard && !untouched;
            if named && !stays {
                self.unname(&name);
            } else if handle.hidden && stays {
                self.appear(handle.inode, &name);
            }
            self.closed.push_back(Closed { name, kept: (named || handle.hidden) && stays });
        }
        self.drop_if_unused(handle.inode);
        Ok(())
    }

    fn metadata(&mut self, path: &str) -> Result<Metadata, StoreError> {
        if self.tree.is_directory(path) {
            return Ok(directory(self.tree.made(path).unwrap_or(self.epoch)));
        }
        Ok(named(&self.tree, &mut self.inodes, path)?.metadata())
    }

    fn set_modified(&mut self, path: &str, modified: Duration) -> Result<(), StoreError> {
        named(&self.tree, &mut self.inodes, path)?.modified = modified;
        Ok(())
    }

    fn set_mode(&mut self, path: &str, mode: u16) -> Result<(), StoreError> {
        named(&self.tree, &mut self.inodes, path)?.mode = mode & 0o777;
        Ok(())
    }

    fn remove(&mut self, path: &str) -> Result<(), StoreError> {
        self.tree.look(path)?.ok_or(StoreError::NotFound)?;
        self.unname(path);
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), StoreError> {
        if self.tree.is_directory(from) {
            for (name, at) in self.tree.rename_directory(from, to)? {
                if let Some(inode) = self.inodes.get_mut(at) {
                    inode.name = name;
                }
            }
            return Ok(());
        }
        let at = self.tree.look(from)?.ok_or(StoreError::NotFound)?;
        if self.tree.look(to)? == Some(at) {
            return Ok(());
        }
        let name = self.tree.path(to);
        self.unname(to);
        self.tree.unname(from);
        self.tree.name(name.clone(), at);
        named(&self.tree, &mut self.inodes, to)?.name = name;
        Ok(())
    }

    fn make_directory(&mut self, path: &str, now: Duration) -> Result<(), StoreError> {
        self.tree.make_directory(path, self.epoch + now)
    }

    fn remove_directory(&mut self, path: &str) -> Result<(), StoreError> {
        self.tree.remove_directory(path)
    }

    fn open_listing(&mut self, path: &str) -> Result<Listing, StoreError> {
        self.tree.open_listing(path).map(Listing)
    }

    fn next_entry(&mut self, listing: Listing) -> Result<Option<Entry<'_>>, StoreError> {
        let Self { tree, inodes, .. } = self;
        let Some((name, node)) = tree.next_name(listing.0)? else { return Ok(None) };
        let metadata = match node {
            Node::Directory(made) => directory(made),
            Node::File(at) => inodes.get(at).ok_or(StoreError::Failed)?.metadata(),
        };
        Ok(Some(Entry { name, metadata }))
    }

    fn close_listing(&mut self, listing: Listing) {
        self.tree.close_listing(listing.0);
    }
}
