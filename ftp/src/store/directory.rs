//! `store::directory` keeps files in a directory of the operating system. Every name is opened
//! component by component from the directory's handle, and the kernel refuses every way out (`..`,
//! absolute links, links to the outside), also if another program moves directories meanwhile.
//! `writing` has the files being written, `uploading` the bytes on their way to these files, `entries`
//! the listings.
//!
//! A new file has a temporary name until the file is kept (unless the file is to appear at once),
//! and gets its name by a rename: at any time, even if the program is killed, the name holds the
//! old file or the whole new file. [`DirectoryStore::remove_stale`] removes the temporary files of
//! killed programs.
//!
//! Dates are those of the disk, as clients set and list them: no simulated run uses this store.

mod answering;
mod asking;
mod caching;
mod entries;
mod looking;
mod reading;
mod temporary;
mod uploading;
mod workers;
mod writing;

use super::{Asker, Entry, Fate, File, Listing, Metadata, Read, Room, Store, StoreError, Writing};
use crate::slot_table::SlotTable;
use asking::{Asking, Product};
use caching::LocalDisks;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Permissions, PermissionsExt};
use entries::{DirectoryReader, Names, metadata};
use looking::{Access, open_file};
use reading::{Bytes, Reading};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};
use uploading::{Queued, Upload};
use writing::Written;

/// Files in a directory of the operating system.
#[derive(Debug)]
pub struct DirectoryStore {
    root: Arc<Dir>,
    files: SlotTable<Open>,
    listings: SlotTable<Listed>,
    asking: Asking,
    queued: Queued,
    disks: LocalDisks,
    /// The number of temporary names used so far.
    temporaries: Arc<AtomicU64>,
    /// The permission bits of a new file: all but the bits of the umask.
    mode: u32,
    read_only: bool,
    sync: bool,
}

/// An open file, read or written.
#[derive(Debug)]
enum Open {
    /// A file that is being read, by the session if threads ask the disk.
    Read(Reading, Option<Asker>),
    Written(Upload),
}

/// An open listing of a directory.
#[derive(Debug)]
struct Listed {
    /// The directory; `None` while a thread reads names.
    reader: Option<DirectoryReader>,
    names: Names,
    session: Option<Asker>,
}

impl DirectoryStore {
    /// Opens the directory at `path` as a store.
    ///
    /// # Errors
    /// There is no such directory, or the directory may not be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let root = Dir::open_ambient_dir(path, ambient_authority())?;
        // Opening needs fewer permissions than listing: fail here rather than at the first client.
        root.entries()?;
        Ok(Self {
            disks: LocalDisks::new(&root),
            root: Arc::new(root),
            files: SlotTable::default(),
            listings: SlotTable::default(),
            asking: Asking::default(),
            queued: Queued::default(),
            temporaries: Arc::default(),
            mode: 0o666 & !umask(),
            read_only: false,
            sync: false,
        })
    }

    /// Forbids or allows all changes.
    pub fn set_read_only(&mut self, read_only: bool) {
        self.read_only = read_only;
    }

    /// Whether a kept file is on the disk before the client is told: an upload then survives a loss
    /// of power, at the speed of the disk.
    pub fn set_sync(&mut self, sync: bool) {
        self.sync = sync;
    }

    /// Lets threads ask the disk from now on, for the calls between [`Store::begin`] and [`Store::end`].
    /// `wake` is called, in a thread, whenever [`Store::poll_answer`] has a session.
    pub fn set_waker(&mut self, wake: impl Fn() + Send + Sync + 'static) {
        self.asking.begin_threads(Arc::new(wake));
    }

    /// The number of open files and listings.
    #[must_use]
    pub fn open_files(&self) -> usize {
        self.files.len() + self.listings.len()
    }

    /// Removes the temporary files of programs that were killed while writing. Returns the number
    /// of removed files. Reads the whole tree once.
    ///
    /// # Errors
    /// The directory itself cannot be read. Unreadable directories below are skipped.
    pub fn remove_stale(&self) -> io::Result<usize> {
        temporary::remove_stale(&self.root)
    }

    fn may_change(&self, path: &str) -> Result<(), StoreError> {
        if self.read_only {
            return Err(StoreError::Denied);
        }
        if path.split('/').any(temporary::is_own) {
            return Err(StoreError::BadName);
        }
        if path.is_empty() { Err(StoreError::Denied) } else { Ok(()) }
    }

    /// The path for a lookup; the store's temporary names count as missing.
    fn known(path: &str) -> Result<&str, StoreError> {
        match path {
            "" => Ok("."),
            path if path.split('/').any(temporary::is_own) => Err(StoreError::NotFound),
            path => Ok(path),
        }
    }
}

impl Store for DirectoryStore {
    fn open_read(&mut self, path: &str, offset: u64) -> Result<(File, u64), StoreError> {
        let (disks, session) = (self.disks.clone(), self.asking.session());
        let open = move |root: &Dir, path: &str| {
            let file = open_file(root, path, Access::Read)?;
            let known = file.metadata()?;
            let left = known.len().checked_sub(offset).ok_or(StoreError::BadOffset)?;
            let reading = Reading::new(file, offset, left, disks.have(&known));
            Ok((Open::Read(reading, session), known.len()))
        };
        let path = Self::known(path)?;
        self.look(path, move |root, path| Product::Opened(open(root, path)))?.opened()
    }

    fn open_write(&mut self, path: &str, how: Writing, _: Duration) -> Result<File, StoreError> {
        self.may_change(path)?;
        let (path, temporaries, mode) = (path.to_owned(), Arc::clone(&self.temporaries), self.mode);
        let bell = self.asking.bell();
        let opened = self.ask(move |root| {
            let written = Written::open(root, &path, how, (&temporaries, mode));
            let upload = written.map(|written| Upload::new(written, bell));
            Product::Opened(upload.map(|upload| (Open::Written(upload), 0)))
        });
        Ok(opened?.opened()?.0)
    }

    fn read(&mut self, file: File, into: &mut [u8]) -> Result<Read, StoreError> {
        self.read_bytes(file, into)
    }

    fn room(&self, file: File, _: Duration) -> Room {
        self.room_for_bytes(file)
    }

    fn write(&mut self, file: File, bytes: &[u8], _: Duration) -> Result<(), StoreError> {
        self.write_bytes(file, bytes)
    }

    fn flush(&mut self, file: File) -> Result<(), StoreError> {
        self.are_written(file)
    }

    fn may_wait(&self) -> bool {
        self.asking.has_threads()
    }

    fn begin(&mut self, session: Asker) {
        self.asking.begin(session);
    }

    fn end(&mut self, done: bool) {
        for answer in self.asking.end(done) {
            self.dispose(answer);
        }
    }

    fn forget(&mut self, session: Asker) {
        for answer in self.asking.forget(session) {
            self.dispose(answer);
        }
    }

    fn poll_answer(&mut self) -> Option<Asker> {
        self.take_product()
    }

    fn close(&mut self, file: File, fate: Fate) -> Result<(), StoreError> {
        if let Some(answer) = self.asking.answer()? {
            return answer.done();
        }
        if let Some(Open::Written(upload)) = self.files.get(file.0) {
            // An error of a write is told already, and the file is closed all the same.
            if self.are_written(file) == Err(StoreError::Waits) {
                return Err(StoreError::Waits);
            }
            let written = upload.take_written().ok_or(StoreError::Failed)?;
            self.files.remove(file.0);
            let sync = self.sync;
            return self.ask(move |_| Product::Done(written.close(fate, sync)))?.done();
        }
        let reading = self.files.remove(file.0).ok_or(StoreError::Failed)?;
        // The last user of a removed file waits until the disk has freed the file.
        self.asking.leave(Box::new(move || drop(reading)));
        self.note(Product::Done(Ok(()))).done()
    }

    fn metadata(&mut self, path: &str) -> Result<Metadata, StoreError> {
        let look = |root: &Dir, path: &str| Ok(metadata(&root.metadata(path)?));
        self.look(Self::known(path)?, move |root, path| Product::Known(look(root, path)))?.known()
    }

    fn set_modified(&mut self, path: &str, modified: Duration) -> Result<(), StoreError> {
        // A date that a client gives (MFMT), no clock: and no simulated run uses this store.
        let date = SystemTime::UNIX_EPOCH.checked_add(modified).ok_or(StoreError::Failed)?;
        self.change(path, move |root, path| {
            let file = match open_file(root, path, Access::Read) {
                Err(StoreError::IsDirectory) => root.open_dir(path)?.into_std_file(),
                opened => opened?,
            };
            Ok(file.set_modified(date)?)
        })
    }

    fn set_mode(&mut self, path: &str, mode: u16) -> Result<(), StoreError> {
        let permissions = Permissions::from_mode(u32::from(mode & 0o777));
        self.change(path, move |root, path| Ok(root.set_permissions(path, permissions)?))
    }

    fn remove(&mut self, path: &str) -> Result<(), StoreError> {
        self.change(path, |root, path| Ok(root.remove_file(path)?))
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), StoreError> {
        self.may_change(from)?;
        let from = from.to_owned();
        self.change(to, move |root, to| {
            root.symlink_metadata(&from)?;
            if root.symlink_metadata(to).is_ok_and(|there| there.is_dir()) {
                return Err(StoreError::Exists);
            }
            Ok(root.rename(&from, root, to)?)
        })
    }

    fn make_directory(&mut self, path: &str, _: Duration) -> Result<(), StoreError> {
        self.change(path, |root, path| Ok(root.create_dir(path)?))
    }

    fn remove_directory(&mut self, path: &str) -> Result<(), StoreError> {
        self.change(path, |root, path| Ok(root.remove_dir(path)?))
    }

    fn open_listing(&mut self, path: &str) -> Result<Listing, StoreError> {
        let (path, session) = (Self::known(path)?.to_owned(), self.asking.session());
        self.ask(move |root| Product::Listed(Listed::open(root, &path, session)))?.listed()
    }

    fn next_entry(&mut self, listing: Listing) -> Result<Option<Entry<'_>>, StoreError> {
        self.next_name(listing)
    }

    fn close_listing(&mut self, listing: Listing) {
        self.leave_listing(listing);
    }
}

/// The bits that new files do not get. The only way to read the umask is to set it, so for a moment
/// new files of other threads are private.
fn umask() -> u32 {
    let mask = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    rustix::process::umask(mask);
    mask.bits()
}

impl From<io::Error> for StoreError {
    /// The store's error for an error of the operating system.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::NotFound,
            // The kernel also refuses names that lead out of the directory with these errors.
            ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::CrossesDevices => Self::Denied,
            ErrorKind::AlreadyExists => Self::Exists,
            ErrorKind::IsADirectory => Self::IsDirectory,
            ErrorKind::NotADirectory => Self::NotDirectory,
            ErrorKind::DirectoryNotEmpty => Self::NotEmpty,
            ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => Self::Busy,
            ErrorKind::StorageFull => Self::Full,
            ErrorKind::FileTooLarge | ErrorKind::QuotaExceeded => Self::TooLarge,
            ErrorKind::InvalidFilename | ErrorKind::InvalidInput => Self::BadName,
            _ => match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
                Some(rustix::io::Errno::LOOP | rustix::io::Errno::NXIO) => Self::Denied,
                _ => Self::Failed,
            },
        }
    }
}
