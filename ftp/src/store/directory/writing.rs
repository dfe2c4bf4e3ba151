//! `store::directory::writing` owns a file that is being written: the position where writing began,
//! the temporary name, and the end.

use super::looking::{self, Access};
use super::temporary;
use crate::store::{Appears, Begin, Fate, StoreError, Writing};
use cap_std::fs::{Dir, MetadataExt as _, OpenOptions};
use std::fs::{File, Permissions, TryLockError};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::Path;
use std::sync::atomic::AtomicU64;

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
    /// A new file under a temporary name, and private until the file is kept.
    Hidden(Hidden),
}

/// A file under a temporary name.
#[derive(Debug)]
struct Hidden {
    own: String,
    /// The permission bits that the file gets when it is kept.
    mode: u32,
    /// Whether an old file has the name.
    replaces: bool,
}

/// The bits that an upload never sets or keeps: set-user-ID, set-group-ID, sticky.
const SPECIAL: u32 = 0o7000;

impl Written {
    pub(super) fn open(
        root: &Dir,
        path: &str,
        how: Writing,
        (temporaries, mode): (&AtomicU64, u32),
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
            (_, old) => hidden(&directory, old.map(|(file, _)| file), mode, temporaries),
        };
        let (file, placement) = opened?;
        Ok(Self { file, directory, name, placement, begun: false })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let written = self.begin().and_then(|()| self.file.write_all(bytes));
        Ok(written?)
    }

    /// Cuts off the old bytes after the position where writing begins. A file that runs under its
    /// owner's name must not get bytes of a client: the kernel keeps the bits if root writes.
    fn begin(&mut self) -> io::Result<()> {
        if !self.begun && matches!(self.placement, Placement::Old(_) | Placement::Replaced) {
            let mode = self.file.metadata()?.mode();
            if mode & SPECIAL != 0 {
                self.file.set_permissions(Permissions::from_mode(mode & 0o777))?;
            }
        }
        match self.placement {
            Placement::Old(base) if !self.begun => self.cut(base)?,
            Placement::Replaced if !self.begun => self.cut(0)?,
            _ => {}
        }
        self.begun = true;
        Ok(())
    }

    /// Ends the file: puts the file on the disk first, if `sync`, and gives the file its name last.
    pub(super) fn close(mut self, fate: Fate, sync: bool) -> Result<(), StoreError> {
        if fate == Fate::Keep {
            self.begin()?;
        } else if matches!(self.placement, Placement::Old(_) | Placement::Replaced) && !self.begun {
            return Ok(());
        }
        let replaces = matches!(&self.placement, Placement::Hidden(hidden) if hidden.replaces);
        let untouched = replaces && !self.begun;
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
            Placement::Hidden(Hidden { own, mode, .. }) => {
                // The last change: until now the file was private.
                self.file.set_permissions(Permissions::from_mode(*mode))?;
                self.directory.rename(own, &self.directory, &self.name)
            }
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
            Placement::Hidden(hidden) => self.directory.remove_file(&hidden.own),
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
    match looking::open_file(directory, name, Access::Write) {
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error),
        Ok(file) => {
            let size = file.metadata()?.len();
            Ok(Some((file, size)))
        }
    }
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

/// Creates a hidden file: private now, and later with the owner and the permissions of the old file,
/// or else with the permissions of a new file (`mode`).
fn hidden(
    directory: &Dir,
    old: Option<File>,
    mode: u32,
    temporaries: &AtomicU64,
) -> io::Result<(File, Placement)> {
    let replaces = old.is_some();
    let (file, own) = temporary::create(directory, temporaries)?;
    let mode = match old.map(|old| take_owner(&file, &old)) {
        None => mode,
        Some(Ok(mode)) => mode,
        Some(Err(error)) => {
            directory.remove_file(&own)?;
            return Err(error);
        }
    };
    Ok((file, Placement::Hidden(Hidden { own, mode, replaces })))
}

/// Gives the new file the owner and the group of the old file. Returns the permission bits for the
/// new file.
///
/// # Errors
/// The owner cannot be kept: the file would change hands.
fn take_owner(new: &File, old: &File) -> io::Result<u32> {
    let (there, here) = (old.metadata()?, new.metadata()?);
    let mode = there.mode() & 0o777;
    if there.uid() != here.uid() {
        fchown(new, Some(there.uid()), None)?;
    }
    if there.gid() != here.gid() && fchown(new, None, Some(there.gid())).is_err() {
        // The permissions of one group are not those of another group.
        return Ok(mode & 0o707);
    }
    Ok(mode)
}
