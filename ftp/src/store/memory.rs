//! `store::memory` keeps files in memory: names and contents, and one disk that may be slow.

use super::{Appears, Fate, File, Read, Room, Store, StoreError};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// A slow disk takes a block at a time, and is busy until it is written.
const BLOCK: usize = 4096;

/// A file was closed after it had been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it is still there.
    pub kept: bool,
}

/// What a file holds.
#[derive(Debug)]
enum Content {
    /// The owner's bytes, never copied.
    Shared(Arc<[u8]>),
    /// Bytes written here.
    Written(Vec<u8>),
}

impl Content {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Shared(bytes) => bytes,
            Self::Written(bytes) => bytes,
        }
    }
}

/// One file; it outlives its name while it is open.
#[derive(Debug)]
struct Entry {
    name: Arc<str>,
    content: Content,
    opened: u32,
    named: bool,
}

/// One open file.
#[derive(Clone, Copy, Debug)]
struct Handle {
    entry: u32,
    position: usize,
    writing: bool,
    /// It is to have its name when it is kept.
    hidden: bool,
}

/// Files in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    /// The file of every name. A name outlives its file, for the run after this one.
    names: BTreeMap<Arc<str>, Option<u32>>,
    entries: Vec<Option<Entry>>,
    free_entries: Vec<u32>,
    handles: Vec<Option<Handle>>,
    free_handles: Vec<u32>,
    closed: VecDeque<Closed>,
    spare: Vec<Vec<u8>>,
    rate: Option<u64>,
    busy_until: Duration,
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

    /// Puts a file there. Its content is shared with the caller, not copied.
    pub fn insert(&mut self, name: &str, content: Arc<[u8]>) {
        let name = self.known_name(name);
        self.replace(name, Content::Shared(content));
    }

    /// The content of the file of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.entry((*self.names.get(name)?)?).map(|entry| entry.content.bytes())
    }

    /// The names of all files, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let named = self.names.iter().filter(|(_, at)| at.is_some());
        named.map(|(name, _)| name.as_ref())
    }

    /// The next file that was closed after it had been written, in the order that happened. What it
    /// holds is what `get` gives, until the name is written again.
    pub fn poll_closed(&mut self) -> Option<Closed> {
        self.closed.pop_front()
    }

    /// How many files are open.
    #[must_use]
    pub fn open_files(&self) -> usize {
        self.handles.len() - self.free_handles.len()
    }

    /// Forgets all files and handles; keeps the rate and the memory.
    pub fn reset(&mut self) {
        self.names.values_mut().for_each(|at| *at = None);
        while let Some(entry) = self.entries.pop() {
            self.recycle(entry);
        }
        self.free_entries.clear();
        self.handles.clear();
        self.free_handles.clear();
        self.closed.clear();
        self.busy_until = Duration::ZERO;
    }

    fn entry(&self, at: u32) -> Option<&Entry> {
        self.entries.get(at as usize)?.as_ref()
    }

    fn handle(&mut self, file: File) -> Result<&mut Handle, StoreError> {
        let handle = self.handles.get_mut(file.0 as usize).and_then(Option::as_mut);
        handle.ok_or(StoreError::Failed)
    }

    /// The name as it is stored already, or a new one.
    fn known_name(&self, name: &str) -> Arc<str> {
        match self.names.get_key_value(name) {
            Some((known, _)) => known.clone(),
            None => name.into(),
        }
    }

    /// Gives the name to a new entry. One that somebody has open lives on without a name.
    fn replace(&mut self, name: Arc<str>, content: Content) -> u32 {
        self.unname(&name);
        let entry = Some(Entry { name: name.clone(), content, opened: 0, named: true });
        let at = put(&mut self.entries, &mut self.free_entries, entry);
        self.names.insert(name, Some(at));
        at
    }

    fn unname(&mut self, name: &str) {
        let Some(at) = self.names.get_mut(name).and_then(Option::take) else {
            return;
        };
        if let Some(entry) = self.entries[at as usize].as_mut() {
            entry.named = false;
        }
        self.drop_if_unused(at);
    }

    /// Gives a hidden entry its name.
    fn appear(&mut self, at: u32, name: &Arc<str>) {
        self.unname(name);
        if let Some(entry) = self.entries[at as usize].as_mut() {
            entry.named = true;
            self.names.insert(name.clone(), Some(at));
        }
    }

    fn drop_if_unused(&mut self, at: u32) {
        if self.entry(at).is_some_and(|entry| !entry.named && entry.opened == 0) {
            let entry = self.entries[at as usize].take();
            self.recycle(entry);
            self.free_entries.push(at);
        }
    }

    fn recycle(&mut self, entry: Option<Entry>) {
        if let Some(Entry { content: Content::Written(mut bytes), .. }) = entry {
            bytes.clear();
            self.spare.push(bytes);
        }
    }

    fn open(&mut self, at: u32, position: usize, writing: bool) -> File {
        if let Some(entry) = self.entries[at as usize].as_mut() {
            entry.opened += 1;
        }
        let handle = Handle { entry: at, position, writing, hidden: false };
        File(put(&mut self.handles, &mut self.free_handles, Some(handle)))
    }
}

impl Store for MemoryStore {
    fn open_read(&mut self, path: &str, offset: u64) -> Result<(File, u64), StoreError> {
        let size = self.size(path)?;
        let at = self.names.get(path).copied().flatten().ok_or(StoreError::NotFound)?;
        let position = usize::try_from(offset.min(size)).map_err(|_| StoreError::TooLarge)?;
        Ok((self.open(at, position, false), size))
    }

    fn open_write(
        &mut self,
        path: &str,
        hint: Option<u64>,
        appears: Appears,
    ) -> Result<File, StoreError> {
        if path.is_empty() {
            return Err(StoreError::BadName);
        }
        let name = self.known_name(path);
        let mut bytes = self.spare.pop().unwrap_or_default();
        // A hint comes from the peer: it may be wrong, so it buys a bounded reservation only.
        bytes.reserve(usize::try_from(hint.unwrap_or(0).min(1 << 26)).unwrap_or(0));
        let content = Content::Written(bytes);
        if appears == Appears::AtOnce {
            let at = self.replace(name, content);
            return Ok(self.open(at, 0, true));
        }
        let entry = Some(Entry { name, content, opened: 0, named: false });
        let at = put(&mut self.entries, &mut self.free_entries, entry);
        let file = self.open(at, 0, true);
        self.handle(file)?.hidden = true;
        Ok(file)
    }

    fn read(&mut self, file: File, into: &mut [u8]) -> Result<Read, StoreError> {
        let Handle { entry, position, .. } = *self.handle(file)?;
        let content = self.entry(entry).ok_or(StoreError::Failed)?.content.bytes();
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
        let Handle { entry, writing: true, .. } = *self.handle(file)? else {
            return Err(StoreError::Denied);
        };
        let Some(Some(Entry { content: Content::Written(content), .. })) =
            self.entries.get_mut(entry as usize)
        else {
            return Err(StoreError::Failed);
        };
        content.extend_from_slice(bytes);
        if let Some(rate) = self.rate {
            // In nanoseconds, so that it hardly matters in how many pieces the bytes come.
            let nanos = (bytes.len() as u64).saturating_mul(1_000_000_000).div_ceil(rate);
            self.busy_until = self.busy_until.max(now) + Duration::from_nanos(nanos);
        }
        Ok(())
    }

    fn close(&mut self, file: File, fate: Fate) {
        let Some(handle) = self.handles.get_mut(file.0 as usize).and_then(Option::take) else {
            return;
        };
        self.free_handles.push(file.0);
        let Some(entry) = self.entries[handle.entry as usize].as_mut() else {
            return;
        };
        entry.opened -= 1;
        if handle.writing {
            if let (Fate::Cut(length), Content::Written(bytes)) = (fate, &mut entry.content) {
                bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
            }
            let (name, named) = (entry.name.clone(), entry.named);
            let stays = fate != Fate::Discard;
            if named && !stays {
                self.unname(&name);
            } else if handle.hidden && stays {
                self.appear(handle.entry, &name);
            }
            self.closed.push_back(Closed { name, kept: (named || handle.hidden) && stays });
        }
        self.drop_if_unused(handle.entry);
    }

    fn size(&mut self, path: &str) -> Result<u64, StoreError> {
        self.get(path).map(|bytes| bytes.len() as u64).ok_or(StoreError::NotFound)
    }
}

/// Puts a value into the first free place of a slab.
fn put<T>(places: &mut Vec<Option<T>>, free: &mut Vec<u32>, value: Option<T>) -> u32 {
    if let Some(at) = free.pop() {
        places[at as usize] = value;
        return at;
    }
    places.push(value);
    u32::try_from(places.len() - 1).expect("a store never holds four thousand million files")
}
