//! `store::memory` keeps files in memory: what is open, what is in it, and one disk that may be slow
//! or full. What names there are is `tree`'s.

mod inode;
mod tree;

use super::{Appears, Begin, Entry, Fate, File, Listing, Metadata, Read, Room, Store};
use super::{StoreError, Writing};
use inode::{Content, Inode, directory, put};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tree::{Node, Tree};

/// A slow disk takes a block at a time, and is busy until it is written.
const BLOCK: usize = 4096;

/// A file was closed after it had been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Its path.
    pub name: Arc<str>,
    /// Whether it is still there.
    pub kept: bool,
}

/// One open file.
#[derive(Clone, Copy, Debug)]
struct Handle {
    inode: u32,
    position: usize,
    /// It is written, after so many bytes that were there before.
    writing: Option<usize>,
    /// The file was there before, and stays whatever comes of this.
    old: bool,
    /// It is to have its name when it is kept.
    hidden: bool,
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
    spare: Vec<Vec<u8>>,
    rate: Option<u64>,
    capacity: Option<u64>,
    /// Bytes of all files together.
    held: u64,
    busy_until: Duration,
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
        self.rate = bytes_per_second.map(|rate| rate.max(1));
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

    /// Puts a file there, and the directories that it is in. Its content is shared with the caller,
    /// not copied.
    pub fn insert(&mut self, name: &str, content: Arc<[u8]>) {
        self.tree.make_parents(name, self.epoch);
        let name = self.tree.known_name(name);
        self.replace(name, Content::Shared(content), self.epoch);
    }

    /// The content of the file at that path.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.inode(self.tree.file(name)?).map(|inode| inode.content.bytes())
    }

    /// The paths of all files, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tree.files()
    }

    /// The next file that was closed after it had been written, in the order that happened. What it
    /// holds is what `get` gives, until the name is written again.
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
        self.busy_until = Duration::ZERO;
    }

    fn inode(&self, at: u32) -> Option<&Inode> {
        self.inodes.get(at as usize)?.as_ref()
    }

    fn handle(&mut self, file: File) -> Result<&mut Handle, StoreError> {
        let handle = self.handles.get_mut(file.0 as usize).and_then(Option::as_mut);
        handle.ok_or(StoreError::Failed)
    }

    /// Gives the name to a new file. One that somebody has open lives on without a name.
    fn replace(&mut self, name: Arc<str>, content: Content, modified: Duration) -> u32 {
        self.unname(&name);
        self.held += content.bytes().len() as u64;
        let inode = Some(Inode { name: name.clone(), content, modified, opened: 0, named: true });
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
            self.held -= inode.as_ref().map_or(0, |inode| inode.content.bytes().len() as u64);
            self.recycle(inode);
            self.free_inodes.push(at);
        }
    }

    fn recycle(&mut self, inode: Option<Inode>) {
        if let Some(Inode { content: Content::Written(mut bytes), .. }) = inode {
            bytes.clear();
            self.spare.push(bytes);
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
        let length = inode.content.bytes().len();
        let base = match keep {
            None => length,
            Some(keep) => usize::try_from(keep)
                .ok()
                .filter(|keep| *keep <= length)
                .ok_or(StoreError::BadOffset)?,
        };
        if let Content::Shared(bytes) = &inode.content {
            let mut own = self.spare.pop().unwrap_or_default();
            own.extend_from_slice(&bytes[..base]);
            inode.content = Content::Written(own);
        } else if let Content::Written(bytes) = &mut inode.content {
            bytes.truncate(base);
        }
        self.held -= (length - base) as u64;
        let writing = Some(base);
        Ok(self.open(Handle { inode: at, position: base, writing, old: true, hidden: false }))
    }

    fn is_full(&self, more: usize) -> bool {
        debug_assert_eq!(
            self.held,
            self.inodes.iter().flatten().map(|it| it.content.bytes().len() as u64).sum::<u64>(),
            "what is held is counted as it comes and goes"
        );
        self.capacity.is_some_and(|capacity| self.held + more as u64 > capacity)
    }
}

impl Store for MemoryStore {
    fn open_read(&mut self, path: &str, offset: u64) -> Result<(File, u64), StoreError> {
        let inode = self.tree.look(path)?.ok_or(StoreError::NotFound)?;
        let size = self.inode(inode).map_or(0, |inode| inode.content.bytes().len());
        let position = usize::try_from(offset).ok().filter(|offset| *offset <= size);
        let position = position.ok_or(StoreError::BadOffset)?;
        let file = self.open(Handle { inode, position, writing: None, old: true, hidden: false });
        Ok((file, size as u64))
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
        let mut bytes = self.spare.pop().unwrap_or_default();
        // A hint comes from the peer: it may be wrong, so it buys a bounded reservation only.
        bytes.reserve(usize::try_from(how.hint.unwrap_or(0).min(1 << 26)).unwrap_or(0));
        let content = Content::Written(bytes);
        let hidden = how.appears == Appears::WhenKept && how.begin != Begin::Fresh;
        let modified = self.epoch + now;
        let inode = if hidden {
            let inode = Inode { name, content, modified, opened: 0, named: false };
            put(&mut self.inodes, &mut self.free_inodes, Some(inode))
        } else {
            self.replace(name, content, modified)
        };
        Ok(self.open(Handle { inode, position: 0, writing: Some(0), old: false, hidden }))
    }

    fn read(&mut self, file: File, into: &mut [u8]) -> Result<Read, StoreError> {
        let Handle { inode, position, .. } = *self.handle(file)?;
        let content = self.inode(inode).ok_or(StoreError::Failed)?.content.bytes();
        let rest = &content[position.min(content.len())..];
        let bytes = rest.len().min(into.len());
        into[..bytes].copy_from_slice(&rest[..bytes]);
        let last = bytes == rest.len();
        self.handle(file)?.position += bytes;
        Ok(Read { bytes, last })
    }

    fn room(&self, _file: File, now: Duration) -> Room {
        if self.rate.is_none() {
            return Room::Bytes(usize::MAX);
        }
        // Time is told in whole microseconds.
        let micros = self.busy_until.subsec_nanos().div_ceil(1000);
        let ready = Duration::from_secs(self.busy_until.as_secs())
            + Duration::from_micros(u64::from(micros));
        if ready > now { Room::At(ready) } else { Room::Bytes(BLOCK) }
    }

    fn write(&mut self, file: File, bytes: &[u8], now: Duration) -> Result<(), StoreError> {
        let Handle { inode, writing: Some(_), .. } = *self.handle(file)? else {
            return Err(StoreError::Denied);
        };
        if self.is_full(bytes.len()) {
            return Err(StoreError::Full);
        }
        let Some(Some(Inode { content: Content::Written(content), modified, .. })) =
            self.inodes.get_mut(inode as usize)
        else {
            return Err(StoreError::Failed);
        };
        content.extend_from_slice(bytes);
        self.held += bytes.len() as u64;
        *modified = self.epoch + now;
        if let Some(rate) = self.rate {
            // In nanoseconds, so that it hardly matters in how many pieces the bytes come.
            let nanos = (bytes.len() as u64).saturating_mul(1_000_000_000).div_ceil(rate);
            self.busy_until = self.busy_until.max(now) + Duration::from_nanos(nanos);
        }
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
            let kept = match fate {
                Fate::Keep => None,
                Fate::Cut(length) => Some(usize::try_from(length).unwrap_or(usize::MAX)),
                Fate::Discard => Some(0),
            };
            if let (Some(kept), Content::Written(bytes)) = (kept, &mut inode.content) {
                let length = bytes.len();
                bytes.truncate(base.saturating_add(kept));
                self.held -= (length - bytes.len()) as u64;
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
