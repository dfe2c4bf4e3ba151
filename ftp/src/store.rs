//! `store` owns the interface to files: open files and listings by handle, and the tree of names. A
//! store knows names and bytes, but no connections, users or current directory. Which reply a
//! store's error becomes is in `server/error_reply.rs`.
//!
//! A **path** is a list of names separated by `/`, from the root of the store: `photos/2002/a.jpg`.
//! The empty path is the root. No name is empty, `.` or `..`, and no name contains a NUL: the
//! server's [`pathname`](crate::wire::pathname) ensures that, so a store resolves nothing, except
//! links on its own disk. A client passes local names on as the user wrote the names.

#[cfg(feature = "dir")]
mod directory;
mod memory;

#[cfg(feature = "dir")]
pub use directory::DirectoryStore;
pub use memory::{Closed, FileContent, FileSource, MemoryStore, ReadAt};

use std::time::Duration;

/// The handle of an open file, given out by the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct File(pub u64);

/// The handle of an open listing of a directory, given out by the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listing(pub u64);

/// The number of a session that asks the store: one piece of work at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asker(pub u32);

/// The reason for a store's refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoreError {
    /// No file or directory has this name.
    NotFound,
    /// The store does not allow the operation.
    Denied,
    /// The name exists already.
    Exists,
    /// The name is that of a directory.
    IsDirectory,
    /// The path, or a part of the path, is no directory.
    NotDirectory,
    /// The directory is not empty.
    NotEmpty,
    /// Another session is writing the file.
    Busy,
    /// The store has no room left.
    Full,
    /// The file would exceed the owner's quota.
    TooLarge,
    /// The restart offset is beyond the end of the file (RFC 3659 §5.3).
    BadOffset,
    /// No file can have this name.
    BadName,
    /// Reading or writing failed.
    Failed,
    /// The disk has not answered yet. This is no refusal: see [`Store::begin`].
    Waits,
}

impl StoreError {
    /// The reply text for this error.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::NotFound => "No such file.",
            Self::Denied => "Permission denied.",
            Self::Exists => "File exists.",
            Self::IsDirectory => "Is a directory.",
            Self::NotDirectory => "Not a directory.",
            Self::NotEmpty => "Directory not empty.",
            Self::Busy => "File busy.",
            Self::Full => "Insufficient storage space.",
            Self::TooLarge => "Exceeded storage allocation.",
            Self::BadOffset => "Restart offset is beyond the end of the file.",
            Self::BadName => "File name not allowed.",
            Self::Failed => "Local error in processing.",
            Self::Waits => "The disk has not answered yet.",
        }
    }
}

/// The result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// The number of bytes read.
    pub bytes: usize,
    /// Whether the file ends after these bytes. A store that cannot tell yet sets `last` in a
    /// further read of no bytes.
    pub last: bool,
}

/// The number of bytes that a file accepts now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// At most this number of bytes, and at least one.
    Bytes(usize),
    /// No byte before this time.
    At(Duration),
    /// No byte now: writing has failed, or the disk has not taken the accepted bytes yet
    /// ([`StoreError::Waits`]), and [`Store::poll_answer`] will name the session.
    Not(StoreError),
}

/// The fate of a written file when the file is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// The file stays as written.
    Keep,
    /// The file keeps only this number of the written bytes: the rest was in a buffer of the
    /// writing program.
    Cut(u64),
    /// The written bytes are removed: the whole new file, or the bytes added to an old file.
    Discard,
}

/// When a new file appears under its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Appears {
    /// At once, empty and in place of an old file.
    #[default]
    AtOnce,
    /// When the file is kept. Until then the file has a temporary name, and an old file stays as it
    /// is.
    WhenKept,
}

/// The position where writing begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Begin {
    /// In a new empty file, in place of an old file (STOR).
    #[default]
    New,
    /// In a new empty file with a new name (STOU): [`StoreError::Exists`] if the name exists.
    Fresh,
    /// At the end of the file, or in a new file (APPE).
    Append,
    /// After this number of bytes; later bytes of the file are cut off (REST and STOR).
    /// [`StoreError::BadOffset`] if the file is shorter. Zero means: in a new file.
    At(u64),
}

/// The way a file is opened for writing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writing {
    /// The position where writing begins.
    pub begin: Begin,
    /// When a new file appears. A file that is appended to, or created by `Begin::Fresh`, appears
    /// at once.
    pub appears: Appears,
    /// The expected number of bytes (ALLO), as the peer says.
    pub hint: Option<u64>,
}

/// The kind of a directory entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A file with bytes.
    #[default]
    File,
    /// A directory with names.
    Directory,
    /// A named pipe. This and the following kinds are listed and never opened.
    Pipe,
    /// A socket of the file system.
    Socket,
    /// A device of blocks (Unix).
    Block,
    /// A device of characters (Unix).
    Character,
    /// A link that leads out of the store or nowhere, or an entry that cannot be read.
    Other,
}

/// The properties of a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Metadata {
    /// The kind of the entry.
    pub kind: EntryKind,
    /// The size in bytes, of a file.
    pub size: u64,
    /// The last modification, since 1970-01-01T00:00:00Z (UTC, as RFC 3659 §2.3 wants).
    pub modified: Duration,
    /// The low nine permission bits of Unix.
    pub mode: u16,
}

/// One entry of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The name, without the directory.
    pub name: &'a str,
    /// The properties of the entry.
    pub metadata: Metadata,
}

/// A tree of files. Every open file is closed once, and so is every open listing.
///
/// A call may block as long as a disk does, in a store that never says [`StoreError::Waits`]. `now` is the time since the start of the run or of the
/// program; a store on a disk uses the disk's dates instead.
pub trait Store {
    /// Opens the file at `path` for reading from `offset` (REST, RFC 3659 §5). Returns the handle
    /// and the size of the file.
    ///
    /// # Errors
    /// There is no such file, the file is shorter than `offset`, or reading is not allowed.
    fn open_read(&mut self, path: &str, offset: u64) -> Result<(File, u64), StoreError>;

    /// Opens the file at `path` for writing. After an error nothing has changed.
    ///
    /// # Errors
    /// The name is not allowed, the directory does not exist, or writing is not allowed.
    fn open_write(&mut self, path: &str, how: Writing, now: Duration) -> Result<File, StoreError>;

    /// Reads the next bytes into `into`. No byte, and not the last: the disk has not given the bytes
    /// yet, and [`Store::poll_answer`] will name the session that opened the file.
    ///
    /// # Errors
    /// Reading failed; the position in the file is then unknown.
    fn read(&mut self, file: File, into: &mut [u8]) -> Result<Read, StoreError>;

    /// The number of bytes that `write` accepts now (back-pressure of a slow disk).
    fn room(&self, file: File, now: Duration) -> Room;

    /// Appends all of `bytes`, at most as many as `room` returned.
    ///
    /// # Errors
    /// Writing failed, or the store is full. A store that may wait tells the error of a write later: by
    /// `room`, by the next write, and by [`Store::flush`].
    fn write(&mut self, file: File, bytes: &[u8], now: Duration) -> Result<(), StoreError>;

    /// Whether all accepted bytes are written. The caller asks before [`Store::close`], so that an error
    /// is known before the fate of the file is. The default is a store whose `write` has no end behind.
    ///
    /// # Errors
    /// Writing failed, or the disk has not taken all bytes yet ([`StoreError::Waits`]):
    /// [`Store::poll_answer`] will name the session.
    fn flush(&mut self, _file: File) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether the store may answer [`StoreError::Waits`]. The default is a store that never does.
    fn may_wait(&self) -> bool {
        false
    }

    /// Begins a piece of work of a session: the calls until [`Store::end`]. A call that would wait for a
    /// disk says [`StoreError::Waits`]; the caller then ends the piece and repeats the same calls in the
    /// same order once [`Store::poll_answer`] names the session.
    fn begin(&mut self, _session: Asker) {}

    /// Ends the piece of work. A piece that is not `done` will be repeated.
    fn end(&mut self, _done: bool) {}

    /// Forgets the work of a session that is over. Work that the disk does already is done all the same;
    /// a file that the work opens is closed with [`Fate::Discard`].
    fn forget(&mut self, _session: Asker) {}

    /// The next session for which the disk has an answer: for a piece of work, a read, a write, or
    /// a listing.
    fn poll_answer(&mut self) -> Option<Asker> {
        None
    }

    /// Closes the file, also after an error. `fate` matters only for a written file.
    ///
    /// # Errors
    /// The file could not be kept: the disk is full, or the name is taken. The result is then as
    /// after [`Fate::Discard`], as far as the store is able. After [`StoreError::Waits`] the file is not
    /// closed yet.
    fn close(&mut self, file: File, fate: Fate) -> Result<(), StoreError>;

    /// The properties of the file or directory at `path`.
    ///
    /// # Errors
    /// There is no such file or directory.
    fn metadata(&mut self, path: &str) -> Result<Metadata, StoreError>;

    /// Sets the last modification of the file at `path`, since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// There is no such file, or changes are not allowed.
    fn set_modified(&mut self, path: &str, modified: Duration) -> Result<(), StoreError>;

    /// Sets the low nine permission bits of the file at `path`. A store without permission bits
    /// refuses.
    ///
    /// # Errors
    /// There is no such file, or changes are not allowed.
    fn set_mode(&mut self, _path: &str, _mode: u16) -> Result<(), StoreError> {
        Err(StoreError::Denied)
    }

    /// Removes the file at `path`. Sessions with the file open keep access to the bytes.
    ///
    /// # Errors
    /// There is no such file, the path is a directory, or removal is not allowed.
    fn remove(&mut self, path: &str) -> Result<(), StoreError>;

    /// Renames a file or a directory. A file replaces an existing file.
    ///
    /// # Errors
    /// There is no such file or directory; or the new name is not allowed, exists as a directory,
    /// or lies inside the renamed directory.
    fn rename(&mut self, from: &str, to: &str) -> Result<(), StoreError>;

    /// Creates an empty directory.
    ///
    /// # Errors
    /// The name exists, or the parent directory does not.
    fn make_directory(&mut self, path: &str, now: Duration) -> Result<(), StoreError>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// There is no such directory, or the directory is not empty. The root cannot be removed.
    fn remove_directory(&mut self, path: &str) -> Result<(), StoreError>;

    /// Opens a listing of the directory at `path`.
    ///
    /// # Errors
    /// There is no such directory.
    fn open_listing(&mut self, path: &str) -> Result<Listing, StoreError>;

    /// Returns the next entry, in any order, without `.`, `..` and the store's temporary names.
    /// Names that come or go during the listing may appear or not.
    ///
    /// # Errors
    /// The directory cannot be read any further, or the disk has not given the next names yet
    /// ([`StoreError::Waits`]): [`Store::poll_answer`] will name the session.
    fn next_entry(&mut self, listing: Listing) -> Result<Option<Entry<'_>>, StoreError>;

    /// Closes the listing of a directory.
    fn close_listing(&mut self, listing: Listing);
}
