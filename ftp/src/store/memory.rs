//! `store::memory` keeps files in memory: what is open and where, and when it is full. What names
//! there are is `tree`'s, what a file holds `image`'s.

mod content;
mod disk;
mod inode;
mod source;
mod tree;

pub use content::FileContent;
pub use source::{FileSource, ReadAt};

use super::{Appears, Begin, Entry, Fate, File, Listing, Metadata, Read, Room, Store};
use super::{StoreError, Writing};
use disk::Disk;
use inode::{Handle, Inode, directory, handle, put};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tree::{Node, Tree};

/// A file was closed after it had been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Its path.
    pub name: Arc<str>,
    /// Whether it is still there.
    pub kept: bool,
}

/// Files in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tree: Tree,
    inodes: Vec<Option<Inode>>,
    free_inodes: Vec<u32>,
    handles: Vec<Option<Handle>>,
    free_handles: Vec<u32>,
    closed: VecDeque<Closed>,
    spare: Vec<FileContent>,
    known: Arc<[FileSource]>,
    disk: Disk,
    capacity: Option<u64>,
    /// Bytes of all files together.
    held: u64,
    epoch: Duration,
}

impl MemoryStore {
    /// An empty store that takes bytes at once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes per second the disk takes; `None`: all of them at once. At least one.
    pub fn set_rate(&mut self, bytes_per_second: Option<u64>) {
        self.disk.rate = bytes_per_second.map(|rate| rate.max(1));
    }

    /// How many bytes all files together may have (one that is only inserted is not asked); `None`:
    /// any.
    pub fn set_capacity(&mut self, bytes: Option<u64>) {
        self.capacity = bytes;
    }

    /// What date the run begins with, since 1970-01-01T00:00:00Z: files have their dates by it.
    pub fn set_epoch(&mut self, epoch: Duration) {
        self.epoch = epoch;
    }

    /// What files will probably be made of. What is written and is the same is compared with it, and
    /// not kept.
    pub fn set_known(&mut self, known: Arc<[FileSource]>) {
        self.known = known;
    }

    /// Puts a file there, and the directories that it is in. Its content is shared with the caller,
    /// not copied.
    pub fn insert(&mut self, name: &str, content: Arc<[u8]>) {
        self.insert_image(name, &content.into());
    }

    /// The same with what a file of a store holds, or one of several pieces.
    pub fn insert_image(&mut self, name: &str, content: &FileContent) {
        self.tree.make_parents(name, self.epoch);
        let name = self.tree.known_name(name);
        let mut image = self.spare.pop().unwrap_or_default();
        image.clone_from(content);
        self.replace(name, image, self.epoch);
    }

    /// The content of the file at that path, if it is in memory in one place: always, where nothing
    /// is known and nothing but bytes was put there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.image(name)?.as_slice()
    }

    /// What the file at that path holds, wherever that is.
    #[must_use]
    pub fn image(&self, name: &str) -> Option<&FileContent> {
        self.inode(self.tree.file(name)?).map(|inode| &inode.image)
    }

    /// The paths of all files, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tree.files()
    }

    /// The next file that was closed after it had been written, in the order that happened. What it
    /// holds is what `image` gives, until the name is written again.
    pub fn poll_closed(&mut self) -> Option<Closed> {
        self.closed.pop_front()
    }

    /// How many files and listings are open.
    #[must_use]
    pub fn open_files(&self) -> usize {
        self.handles.len() - self.free_handles.len() + self.tree.open_listings()
    }

    /// Forgets all files, directories and handles; keeps the settings and the memory.
    pub fn reset(&mut self) {
        self.tree.reset();
        while let Some(inode) = self.inodes.pop() {
            self.recycle(inode);
        }
        self.free_inodes.clear();
        self.handles.clear();
        self.free_handles.clear();
        self.closed.clear();
        self.held = 0;
        self.disk.busy_until = Duration::ZERO;
    }

    fn inode(&self, at: u32) -> Option<&Inode> {
        self.inodes.get(at as usize)?.as_ref()
    }

    /// Gives the name to a new file. One that somebody has open lives on without a name.
    fn replace(&mut self, name: Arc<str>, image: FileContent, modified: Duration) -> u32 {
        self.unname(&name);
        self.held += image.size();
        let inode = Some(Inode {
            name: name.clone(),
            image,
            modified,
            opened: 0,
            named: true,
            busy: false,
        });
        let at = put(&mut self.inodes, &mut self.free_inodes, inode);
        self.tree.name(name, at);
        at
    }

    fn unname(&mut self, name: &str) {
        let Some(at) = self.tree.unname(name) else {
            return;
        };
        if let Some(inode) = self.inodes[at as usize].as_mut() {
            inode.named = false;
        }
        self.drop_if_unused(at);
    }

    /// Gives a hidden file its name.
    fn appear(&mut self, at: u32, name: &Arc<str>) {
        self.unname(name);
        if let Some(inode) = self.inodes[at as usize].as_mut() {
            inode.named = true;
            self.tree.name(name.clone(), at);
        }
    }

    fn drop_if_unused(&mut self, at: u32) {
        if self.inode(at).is_some_and(|inode| !inode.named && inode.opened == 0) {
            let inode = self.inodes[at as usize].take();
            self.held -= inode.as_ref().map_or(0, |inode| inode.image.size());
            self.recycle(inode);
            self.free_inodes.push(at);
        }
    }

    fn recycle(&mut self, inode: Option<Inode>) {
        if let Some(Inode { mut image, .. }) = inode {
            image.clear();
            self.spare.push(image);
        }
    }

    fn open(&mut self, handle: Handle) -> File {
        if let Some(inode) = self.inodes[handle.inode as usize].as_mut() {
            inode.opened += 1;
        }
        File(put(&mut self.handles, &mut self.free_handles, Some(handle)))
    }

    /// Opens what is there, to go on after its first `keep` bytes.
    fn open_old(&mut self, at: u32, keep: Option<u64>) -> Result<File, StoreError> {
        let inode = self.inodes[at as usize].as_mut().ok_or(StoreError::Failed)?;
        let length = inode.image.size();
        let base = keep.unwrap_or(length);
        if base > length {
            return Err(StoreError::BadOffset);
        }
        if std::mem::replace(&mut inode.busy, true) {
            return Err(StoreError::Busy);
        }
        inode.image.truncate(base);
        if self.known.is_empty() {
            inode.image.own();
        }
        self.held -= length - base;
        Ok(self.open(Handle { writing: Some(base), ..Handle::new(at, base) }))
    }

    fn is_full(&self, more: usize) -> bool {
        debug_assert_eq!(
            self.held,
            self.inodes.iter().flatten().map(|it| it.image.size()).sum::<u64>(),
            "what is held is counted as it comes and goes"
        );
        self.capacity.is_some_and(|capacity| self.held + more as u64 > capacity)
    }
}

impl Store for MemoryStore {
    fn open_read(&mut self, path: &str, offset: u64) -> Result<(File, u64), StoreError> {
        let inode = self.tree.look(path)?.ok_or(StoreError::NotFound)?;
        let size = self.inode(inode).map_or(0, |inode| inode.image.size());
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
        let name = self.tree.known_name(path);
        let mut image = self.spare.pop().unwrap_or_default();
        if self.known.is_empty() {
            // A hint comes from the peer: it may be wrong, so it buys a bounded reservation only.
            image.reserve(usize::try_from(how.hint.unwrap_or(0).min(1 << 26)).unwrap_or(0));
        }
        let hidden = how.appears == Appears::WhenKept && how.begin != Begin::Fresh;
        let modified = self.epoch + now;
        let inode = if hidden {
            let inode = Inode { name, image, modified, opened: 0, named: false, busy: false };
            put(&mut self.inodes, &mut self.free_inodes, Some(inode))
        } else {
            self.replace(name, image, modified)
        };
        Ok(self.open(Handle { writing: Some(0), old: false, hidden, ..Handle::new(inode, 0) }))
    }

    fn read(&mut self, file: File, into: &mut [u8]) -> Result<Read, StoreError> {
        let Self { handles, inodes, .. } = self;
        let Handle { inode, position, window, .. } = handle(handles, file)?;
        let image = &inodes[*inode as usize].as_ref().ok_or(StoreError::Failed)?.image;
        let bytes = image.read(*position, into, window)?;
        *position += bytes as u64;
        Ok(Read { bytes, last: *position >= image.size() })
    }

    fn room(&self, _file: File, now: Duration) -> Room {
        self.disk.room(now)
    }

    fn write(&mut self, file: File, bytes: &[u8], now: Duration) -> Result<(), StoreError> {
        let full = self.is_full(bytes.len());
        let Handle { inode, writing: Some(_), window, .. } = handle(&mut self.handles, file)?
        else {
            return Err(StoreError::Denied);
        };
        if full {
            return Err(StoreError::Full);
        }
        let inode = self.inodes[*inode as usize].as_mut().ok_or(StoreError::Failed)?;
        let Inode { image, modified, .. } = inode;
        image.write(bytes, &self.known, window)?;
        self.held += bytes.len() as u64;
        *modified = self.epoch + now;
        self.disk.write(bytes.len() as u64, now);
        Ok(())
    }

    fn close(&mut self, file: File, fate: Fate) -> Result<(), StoreError> {
        let handle = self.handles.get_mut(file.0 as usize).and_then(Option::take);
        let handle = handle.ok_or(StoreError::Failed)?;
        self.free_handles.push(file.0);
        let Some(inode) = self.inodes[handle.inode as usize].as_mut() else {
            return Err(StoreError::Failed);
        };
        inode.opened -= 1;
        if let Some(base) = handle.writing {
            inode.busy &= !handle.old;
            let kept = match fate {
                Fate::Keep => None,
                Fate::Cut(length) => Some(length),
                Fate::Discard => Some(0),
            };
            if let Some(kept) = kept {
                let length = inode.image.size();
                inode.image.truncate(base.saturating_add(kept));
                self.held -= length - inode.image.size();
            }
            let (name, named) = (inode.name.clone(), inode.named);
            let stays = handle.old || fate != Fate::Discard;
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
        let at = self.tree.look(path)?.ok_or(StoreError::NotFound)?;
        Ok(self.inode(at).ok_or(StoreError::Failed)?.metadata())
    }

    fn set_modified(&mut self, path: &str, modified: Duration) -> Result<(), StoreError> {
        let at = self.tree.look(path)?.ok_or(StoreError::NotFound)?;
        self.inodes[at as usize].as_mut().ok_or(StoreError::Failed)?.modified = modified;
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
                if let Some(inode) = self.inodes[at as usize].as_mut() {
                    inode.name = name;
                }
            }
            return Ok(());
        }
        let at = self.tree.look(from)?.ok_or(StoreError::NotFound)?;
        if self.tree.look(to)? == Some(at) {
            return Ok(());
        }
        let name = self.tree.known_name(to);
        self.unname(to);
        self.tree.unname(from);
        self.tree.name(name.clone(), at);
        if let Some(inode) = self.inodes[at as usize].as_mut() {
            inode.name = name;
        }
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
            Node::File(at) => inodes[at as usize].as_ref().ok_or(StoreError::Failed)?.metadata(),
        };
        Ok(Some(Entry { name, metadata }))
    }

    fn close_listing(&mut self, listing: Listing) {
        self.tree.close_listing(listing.0);
    }
}
