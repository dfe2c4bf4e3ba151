//! `store::directory::entries` reads a directory of the operating system entry by entry.

use super::temporary;
use crate::store::{Entry, EntryKind, Metadata, StoreError};
use cap_std::fs::{Dir, FileTypeExt, PermissionsExt, ReadDir};
use std::io;
use std::time::{Duration, SystemTime};

/// An open directory that is being listed.
#[derive(Debug)]
pub(super) struct DirectoryReader {
    directory: Dir,
    entries: ReadDir,
    /// The name that was read last.
    name: String,
}

impl DirectoryReader {
    pub(super) fn open(root: &Dir, path: &str) -> io::Result<Self> {
        let directory = root.open_dir(path)?;
        let entries = directory.entries()?;
        Ok(Self { directory, entries, name: String::new() })
    }

    fn next(&mut self) -> io::Result<Option<Entry<'_>>> {
        loop {
            let Some(entry) = self.entries.next().transpose()? else { return Ok(None) };
            let name = entry.file_name();
            // RFC 2640 §2.2 wants UTF-8: a name that is not UTF-8 is listed, but cannot be asked
            // for.
            let readable = name.to_str().is_some();
            self.name.clear();
            self.name.push_str(&name.to_string_lossy());
            if temporary::is_own(&self.name) {
                continue;
            }
            let known = match entry.metadata() {
                Ok(known) if known.is_symlink() => {
                    // The target of the link, if inside the store.
                    self.directory
                        .metadata(&name)
                        .map_or_else(|_| other(&known), |it| metadata(&it))
                }
                Ok(known) if readable => metadata(&known),
                Ok(known) => other(&known),
                // The file was removed after the directory was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(_) => Metadata { kind: EntryKind::Other, ..Metadata::default() },
            };
            return Ok(Some(Entry { name: &self.name, metadata: known }));
        }
    }
}

/// The most names that are read at once: as many as one STAT looks at.
const NAMES: usize = 1024;

/// Names of a directory that have been read, and not been listed yet.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// All names, one behind the other.
    text: String,
    /// The end of each name in the text, and the properties.
    entries: Vec<(usize, Metadata)>,
    /// The number of listed names.
    listed: usize,
    /// The end of the directory, if these names are the last names.
    end: Option<Result<(), StoreError>>,
}

impl Names {
    /// Reads the next names, as long as the disk takes. The memory of the listed names is used again.
    pub(super) fn read(mut self, reader: &mut DirectoryReader) -> Self {
        self.text.clear();
        self.entries.clear();
        self.listed = 0;
        let mut names = self;
        while names.end.is_none() && names.entries.len() < NAMES {
            match reader.next() {
                Ok(Some(Entry { name, metadata })) => {
                    names.text.push_str(name);
                    names.entries.push((names.text.len(), metadata));
                }
                Ok(None) => names.end = Some(Ok(())),
                Err(error) => names.end = Some(Err(error.into())),
            }
        }
        names
    }

    /// Whether further names must be read.
    pub(super) fn are_listed(&self) -> bool {
        self.listed == self.entries.len() && self.end.is_none()
    }

    /// The next name, or the end of the directory.
    pub(super) fn next(&mut self) -> Result<Option<Entry<'_>>, StoreError> {
        let Some(&(end, metadata)) = self.entries.get(self.listed) else {
            return self.end.unwrap_or(Ok(())).map(|()| None);
        };
        let start = self.listed.checked_sub(1).map_or(0, |before| self.entries[before].0);
        self.listed += 1;
        Ok(Some(Entry { name: &self.text[start..end], metadata }))
    }
}

pub(super) fn metadata(known: &cap_std::fs::Metadata) -> Metadata {
    let kind = match known.file_type() {
        kind if kind.is_dir() => EntryKind::Directory,
        kind if kind.is_file() => EntryKind::File,
        kind if kind.is_fifo() => EntryKind::Pipe,
        kind if kind.is_socket() => EntryKind::Socket,
        kind if kind.is_block_device() => EntryKind::Block,
        kind if kind.is_char_device() => EntryKind::Character,
        _ => EntryKind::Other,
    };
    let size = if kind == EntryKind::File { known.len() } else { 0 };
    // The disk's own date: no simulated run uses this store.
    let modified = known.modified().ok();
    let modified =
        modified.and_then(|date| date.into_std().duration_since(SystemTime::UNIX_EPOCH).ok());
    let mode = u16::try_from(known.permissions().mode() & 0o777).expect("nine bits");
    Metadata { kind, size, modified: modified.unwrap_or(Duration::ZERO), mode }
}

fn other(known: &cap_std::fs::Metadata) -> Metadata {
    Metadata { kind: EntryKind::Other, size: 0, ..metadata(known) }
}
