//! `store::memory::tree` owns the names of a memory store: the paths of files and directories, in
//! order. The tree knows a file by its name in the table of inodes, and no bytes.

use crate::slot_table::SlotTable;
use crate::store::StoreError;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

/// The object behind a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// A file, by its name in the table of inodes.
    File(u64),
    /// A directory, with the time when the directory was made.
    Directory(Duration),
}

/// The position of a listing.
#[derive(Clone, Debug, Hash)]
struct Cursor {
    /// The path of the directory, with a slash at the end.
    prefix: String,
    /// The path that was returned last.
    last: String,
}

/// The paths of files and directories.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// The file of every path. A path outlives its file, for the next run.
    files: BTreeMap<Arc<str>, Option<u64>>,
    /// Every directory except the root, with the time when the directory was made.
    directories: BTreeMap<Arc<str>, Duration>,
    cursors: SlotTable<Cursor>,
}

impl Clone for Tree {
    fn clone(&self) -> Self {
        let Self { files, directories, cursors } = self;
        Self { files: files.clone(), directories: directories.clone(), cursors: cursors.clone() }
    }

    /// Keeps the names, which seldom differ.
    fn clone_from(&mut self, source: &Self) {
        let Self { files, directories, cursors } = source;
        if self.files.keys().eq(files.keys()) {
            self.files.values_mut().zip(files.values()).for_each(|(at, from)| *at = *from);
        } else {
            self.files.clone_from(files);
        }
        if self.directories != *directories {
            self.directories.clone_from(directories);
        }
        self.cursors.clone_from(cursors);
    }
}

impl Hash for Tree {
    /// Hashes the names of files and directories. A path without a file does not count.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { files, directories, cursors } = self;
        let files: Vec<_> = files.iter().filter(|(_, at)| at.is_some()).collect();
        files.hash(state);
        (directories, cursors).hash(state);
    }
}

impl Tree {
    pub(super) fn reset(&mut self) {
        self.files.values_mut().for_each(|at| *at = None);
        self.directories.clear();
        self.cursors.drain().for_each(drop);
    }

    /// The paths of all files, in order.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        let named = self.files.iter().filter(|(_, at)| at.is_some());
        named.map(|(name, _)| name.as_ref())
    }

    /// The file at `path`, if any.
    pub(super) fn file(&self, path: &str) -> Option<u64> {
        self.files.get(path).copied().flatten()
    }

    /// The file at `path`, if any; an error if no file can have this path.
    pub(super) fn look(&self, path: &str) -> Result<Option<u64>, StoreError> {
        let file = self.file(path);
        if file.is_none() {
            self.parent(path)?;
            if self.is_directory(path) {
                return Err(StoreError::IsDirectory);
            }
        }
        Ok(file)
    }

    /// Checks that the parent directory exists.
    fn parent(&self, path: &str) -> Result<(), StoreError> {
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if self.is_directory(parent) {
            Ok(())
        } else if self.file(parent).is_some() {
            Err(StoreError::NotDirectory)
        } else {
            Err(StoreError::NotFound)
        }
    }

    /// Checks that `path` is a directory.
    fn check_directory(&self, path: &str) -> Result<(), StoreError> {
        match self.is_directory(path) {
            true => Ok(()),
            false if self.look(path)?.is_some() => Err(StoreError::NotDirectory),
            false => Err(StoreError::NotFound),
        }
    }

    pub(super) fn is_directory(&self, path: &str) -> bool {
        path.is_empty() || self.directories.contains_key(path)
    }

    /// The time when a directory was made; `None` for the root.
    pub(super) fn made(&self, path: &str) -> Option<Duration> {
        self.directories.get(path).copied()
    }

    /// The path as stored, or a new path.
    pub(super) fn path(&self, name: &str) -> Arc<str> {
        match self.files.get_key_value(name) {
            Some((known, _)) => known.clone(),
            None => name.into(),
        }
    }

    pub(super) fn name(&mut self, name: Arc<str>, at: u64) {
        self.files.insert(name, Some(at));
    }

    /// Takes the name from a file and returns the file.
    pub(super) fn unname(&mut self, name: &str) -> Option<u64> {
        self.files.get_mut(name).and_then(Option::take)
    }

    /// Makes all missing parent directories.
    pub(super) fn make_parents(&mut self, path: &str, made: Duration) {
        for (at, _) in path.match_indices('/') {
            self.directories.entry(path[..at].into()).or_insert(made);
        }
    }

    pub(super) fn make_directory(&mut self, path: &str, now: Duration) -> Result<(), StoreError> {
        if self.is_directory(path) || self.look(path)?.is_some() {
            return Err(StoreError::Exists);
        }
        self.directories.insert(path.into(), now);
        Ok(())
    }

    pub(super) fn remove_directory(&mut self, path: &str) -> Result<(), StoreError> {
        if path.is_empty() {
            return Err(StoreError::Denied);
        }
        self.check_directory(path)?;
        let mut prefix = String::new();
        begin(&mut prefix, path);
        if self.after(&prefix, &prefix).is_some() {
            return Err(StoreError::NotEmpty);
        }
        self.directories.remove(path);
        Ok(())
    }

    /// Renames a directory. Returns the new paths of all files below.
    pub(super) fn rename_directory(
        &mut self,
        from: &str,
        to: &str,
    ) -> Result<Vec<(Arc<str>, u64)>, StoreError> {
        if from.is_empty() {
            return Err(StoreError::Denied);
        }
        if from == to {
            return Ok(Vec::new());
        }
        if self.is_directory(to) || self.look(to)?.is_some() {
            return Err(StoreError::Exists);
        }
        let mut prefix = String::new();
        begin(&mut prefix, from);
        if to.starts_with(&prefix) {
            return Err(StoreError::BadName);
        }
        let moved = |path: &str| -> Arc<str> { [to, "/", &path[prefix.len()..]].concat().into() };
        let below = |path: &&Arc<str>| path.starts_with(&prefix);
        let from_here = (Bound::Included(&*prefix), Bound::Unbounded);
        let inside = self.directories.range::<str, _>(from_here).map(|(path, _)| path);
        let inside: Vec<Arc<str>> = inside.take_while(below).cloned().collect();
        for path in inside {
            let made = self.directories.remove(&path).unwrap_or_default();
            self.directories.insert(moved(&path), made);
        }
        let made = self.directories.remove(from).unwrap_or_default();
        self.directories.insert(to.into(), made);
        let inside = self.files.range::<str, _>(from_here).map(|(path, _)| path);
        let inside: Vec<Arc<str>> = inside.take_while(below).cloned().collect();
        let mut files = Vec::new();
        for path in inside {
            if let Some(at) = self.unname(&path) {
                let name = moved(&path);
                self.name(name.clone(), at);
                files.push((name, at));
            }
        }
        Ok(files)
    }

    /// The number of open listings.
    pub(super) fn open_listings(&self) -> usize {
        self.cursors.len()
    }

    pub(super) fn open_listing(&mut self, path: &str) -> Result<u64, StoreError> {
        self.check_directory(path)?;
        let mut prefix = String::new();
        if !path.is_empty() {
            begin(&mut prefix, path);
        }
        let last = prefix.clone();
        Ok(self.cursors.insert(Cursor { prefix, last }))
    }

    pub(super) fn close_listing(&mut self, listing: u64) {
        self.cursors.remove(listing);
    }

    /// The next name of a listing, in order.
    pub(super) fn next_name(&mut self, listing: u64) -> Result<Option<(&str, Node)>, StoreError> {
        let cursor = self.cursors.get(listing).ok_or(StoreError::Failed)?;
        let Some((path, node)) = self.after(&cursor.prefix, &cursor.last) else {
            return Ok(None);
        };
        let path = path.clone();
        let cursor = self.cursors.get_mut(listing).ok_or(StoreError::Failed)?;
        cursor.last.replace_range(.., &path);
        Ok(Some((&cursor.last[cursor.prefix.len()..], node)))
    }

    /// The first path directly below `prefix` and after `last`.
    fn after(&self, prefix: &str, last: &str) -> Option<(&Arc<str>, Node)> {
        let from = (Bound::Excluded(last), Bound::Unbounded);
        let below = |path: &&Arc<str>| path.starts_with(prefix);
        let here = |path: &Arc<str>| !path[prefix.len()..].contains('/');
        let mut files = self.files.range::<str, _>(from).take_while(|(path, _)| below(path));
        let file = files.find_map(|(path, at)| Some((path, (*at).filter(|_| here(path))?)));
        let mut directories =
            self.directories.range::<str, _>(from).take_while(|(path, _)| below(path));
        let directory = directories.find(|(path, _)| here(path));
        match (file, directory) {
            (Some((file, at)), Some((directory, _))) if file < directory => {
                Some((file, Node::File(at)))
            }
            (_, Some((directory, made))) => Some((directory, Node::Directory(*made))),
            (Some((file, at)), None) => Some((file, Node::File(at))),
            (None, None) => None,
        }
    }
}

/// Writes the prefix of all paths in a directory.
fn begin(prefix: &mut String, directory: &str) {
    prefix.push_str(directory);
    prefix.push('/');
}
