//! `store::directory::writing` owns a file that is being written: the position where writing began,
//! the temporary name, and the end.

use super::{NONBLOCK, temporary};
use crate::store::{Appears, Begin, Fate, StoreError, Writing};
use cap_std::fs::{Dir, MetadataExt as _, OpenOptions, OpenOptionsExt};
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Written {
    file: File,
    /// The directory of the file, also if the directory is moved.
    directory: Dir,
    /// The name of the file, now or once kept.
    name: String,
    placement: Placement,
    /// Whether a byte was written.
    begun: bool,
}

/// The place of a written file in its directory.
#[derive(Debug)]
enum Placement {
    /// An old file, which keeps this number of bytes. The bytes after are cut off at the first
    /// write, or at the close. The file is locked, so that no other session writes to the file.
    Old(u64),
    /// A new file under its own name.
    New,
    /// A new file in place of an old file, which stays as it was until the first byte.
    Replaced,
    /// A new file under this temporary name; true if an old file has the name.
    Hidden(String, bool),
}

impl Written {
    pub(super) fn open(
        root: &Dir,
        path: &str,
        how: Writing,
        temporaries: &mut u64,
    ) -> Result<Self, StoreError> {
        let (directory, name) = place(root, path)?;
        let old = open_old(&directory, &name)?;
        let opened = match (how.begin, old) {
            (Begin::Fresh, Some(_)) => return Err(StoreError::Exists),
            (Begin::Append, Some((file, _))) => {
                lock(&file)?;
                // Read the size after the lock: the previous writer may have changed the file.
                file.metadata().and_then(|known| go_on(file, known.len()))
            }
            (Begin::At(offset @ 1..), Some((file, size))) => {
                if offset > size {
                    return Err(StoreError::BadOffset);
                }
                lock(&file)?;
                go_on(file, offset)
            }
            (Begin::At(1..), None) => return Err(StoreError::BadOffset),
            (Begin::Fresh, None) => create(&directory, &name).map(|file| (file, Placement::New)),
            (_, Some((file, _))) if how.appears == Appears::AtOnce => {
                Ok((file, Placement::Replaced))
            }
            (_, None) if how.appears == Appears::AtOnce => {
                create(&directory, &name).map(|file| (file, Placement::New))
            }
            (_, old) => hidden(&directory, old.map(|(file, _)| file), temporaries),
        };
        let (file, placement) = opened?;
        Ok(Self { file, directory, name, placement, begun: false })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let written = self.begin().and_then(|()| self.file.write_all(bytes));
        Ok(written?)
    }

    /// Cuts off the old bytes after the position where writing begins.
    fn begin(&mut self) -> io::Result<()> {
        match self.placement {
            Placement::Old(base) if !self.begun => self.cut(base)?,
            Placement::Replaced if !self.begun => self.cut(0)?,
            _ => {}
        }
        self.begun = true;
        Ok(())
    }

    pub(super) fn close(mut self, fate: Fate, sync: bool) -> Result<(), StoreError> {
        if fate == Fate::Keep {
            self.begin()?;
        } else if matches!(self.placement, Placement::Old(_) | Placement::Replaced) && !self.begun {
            return Ok(());
        }
        let untouched = matches!(self.placement, Placement::Hidden(_, true)) && !self.begun;
        let fate = if untouched && fate != Fate::Keep { Fate::Discard } else { fate };
        let base = if let Placement::Old(base) = self.placement { base } else { 0 };
        let cut = match fate {
            Fate::Keep => Ok(()),
            Fate::Cut(length) => self.cut(base.saturating_add(length)),
            Fate::Discard => return Ok(self.discard()?),
        };
        let kept = cut.and_then(|()| if sync { self.file.sync_all() } else { Ok(()) });
        let kept = kept.and_then(|()| match &self.placement {
            Placement::Old(_) | Placement::New | Placement::Replaced => Ok(()),
            Placement::Hidden(own, _) => self.directory.rename(own, &self.directory, &self.name),
        });
        kept.map_err(|error| {
            // Undo everything, as far as possible.
            let _ = self.discard();
            error.into()
        })
    }

    fn discard(&self) -> io::Result<()> {
        match &self.placement {
            Placement::Old(base) => self.cut(*base),
            Placement::Hidden(own, _) => self.directory.remove_file(own),
            Placement::New | Placement::Replaced => {
                // Remove only this file, not a newer file with the same name.
                let there = self.directory.symlink_metadata(&self.name)?;
                let this = self.file.metadata()?;
                let same = (there.dev(), there.ino()) == (this.dev(), this.ino());
                if same { self.directory.remove_file(&self.name) } else { Ok(()) }
            }
        }
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        if self.file.metadata()?.len() > length { self.file.set_len(length) } else { Ok(()) }
    }
}

/// The directory and the name of a path; a link is followed.
fn place(root: &Dir, path: &str) -> io::Result<(Dir, String)> {
    let is_link = root.symlink_metadata(path).is_ok_and(|there| there.is_symlink());
    let real = if is_link { root.canonicalize(path)? } else { path.into() };
    let name = real.file_name().and_then(|name| name.to_str());
    let name = name.ok_or(ErrorKind::InvalidFilename)?.to_owned();
    let parent = real.parent().filter(|parent| !parent.as_os_str().is_empty());
    Ok((root.open_dir(parent.unwrap_or(Path::new(".")))?, name))
}

/// Opens the existing file and returns its size. A file that may not be written may not be replaced
/// either.
fn open_old(directory: &Dir, name: &str) -> Result<Option<(File, u64)>, StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(NONBLOCK);
    let file = match directory.open_with(name, &options) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
        Ok(file) => file.into_std(),
    };
    let known = file.metadata()?;
    if known.is_file() { Ok(Some((file, known.len()))) } else { Err(StoreError::Denied) }
}

/// Locks the file: two writers at once would destroy each other's bytes.
fn lock(file: &File) -> Result<(), StoreError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StoreError::Busy),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Continues the file after the first `base` bytes.
fn go_on(mut file: File, base: u64) -> io::Result<(File, Placement)> {
    file.seek(SeekFrom::Start(base))?;
    Ok((file, Placement::Old(base)))
}

fn create(directory: &Dir, name: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    directory.open_with(name, &options).map(cap_std::fs::File::into_std)
}

/// Creates a hidden file, with the permissions of the old file that will be replaced.
fn hidden(
    directory: &Dir,
    old: Option<File>,
    temporaries: &mut u64,
) -> io::Result<(File, Placement)> {
    let (file, own) = temporary::create(directory, temporaries)?;
    let placement = Placement::Hidden(own, old.is_some());
    if let Some(old) = old {
        // Without the right to set permissions, the new file keeps the default permissions.
        let _ = old.metadata().and_then(|old| file.set_permissions(old.permissions()));
    }
    Ok((file, placement))
}
