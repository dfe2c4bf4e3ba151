//! `store` is where files are: what a transfer reads and writes, by handle, and the tree of names
//! they have. Each error names the reply it becomes (RFC 959 §5.4). It knows names and bytes, nothing
//! of connections, users or the current directory.
//!
//! A **path** is names separated by `/`, from the root of the store: `photos/2002/a.jpg`. The empty
//! path is the root. No name in it is empty, `.` or `..`, and none holds a NUL: the server's
//! [`pathname`](crate::wire::pathname) has seen to that, so a store neither resolves nor trusts anything,
//! but for what its own disk adds (links). A client hands its local names on as its user wrote them.

#[cfg(feature = "dir")]
mod directory;
mod memory;

#[cfg(feature = "dir")]
pub use directory::DirectoryStore;
pub use memory::{Closed, FileContent, FileSource, MemoryStore, ReadAt};

use std::time::Duration;

/// An open file, as its store names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct File(pub u64);

/// An open listing of a directory, as its store names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listing(pub u64);

/// Why a store cannot do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoreError {
    /// Nothing of that name: 550.
    NotFound,
    /// The store does not allow it: 550.
    Denied,
    /// Something of that name is there already: 550.
    Exists,
    /// It is a directory: 550.
    IsDirectory,
    /// It, or what stands before it in the path, is no directory: 550.
    NotDirectory,
    /// The directory is not empty: 550.
    NotEmpty,
    /// Somebody else is using the file: 450.
    Busy,
    /// The store is full: 452.
    Full,
    /// The file would exceed what its owner may store: 552.
    TooLarge,
    /// The file has fewer bytes than it is to begin after (RFC 3659 §5.3): 554.
    BadOffset,
    /// No file can have that name: 553.
    BadName,
    /// Reading or writing failed: 451.
    Failed,
}

impl StoreError {
    /// The reply text that says so.
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
        }
    }
}

/// What a read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Bytes read.
    pub bytes: usize,
    /// Nothing follows them. A store that cannot tell yet says so with the next read, of no bytes.
    pub last: bool,
}

/// How much a file takes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// At most this many bytes, and at least one.
    Bytes(usize),
    /// None before that time.
    At(Duration),
}

/// What becomes of a file that was being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It stays under its name, as it is.
    Keep,
    /// It stays under its name, but only with the first so many of the bytes that were written: the
    /// writer had the rest in a buffer of its own.
    Cut(u64),
    /// What was written is removed: the file, or what was added to it.
    Discard,
}

/// When a new file that is being written appears under its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Appears {
    /// At once, empty and in place of an old one.
    #[default]
    AtOnce,
    /// When it is kept; until then it has a name of the store's own, and an old one stays as it is.
    WhenKept,
}

/// Where writing begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Begin {
    /// In a new and empty file, in place of an old one (STOR).
    #[default]
    New,
    /// In a new and empty file under a name that nobody has (STOU): [`StoreError::Exists`] if
    /// somebody does.
    Fresh,
    /// After what is there, or in a new file (APPE).
    Append,
    /// After the first so many bytes of what is there, whatever follows them (REST and STOR):
    /// [`StoreError::BadOffset`] if there are fewer. After none: in a new file.
    At(u64),
}

/// How a file is opened to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writing {
    /// Where writing begins.
    pub begin: Begin,
    /// When a new file appears. One that something is added to, or that is to be fresh, is there all
    /// the time.
    pub appears: Appears,
    /// Bytes to expect (ALLO), as the peer says.
    pub hint: Option<u64>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// Bytes.
    #[default]
    File,
    /// Names.
    Directory,
    /// A named pipe: listed and never opened, as all that follow.
    Pipe,
    /// A socket.
    Socket,
    /// A device of blocks.
    Block,
    /// A device of characters.
    Character,
    /// A link that leads out of the store or nowhere, or whatever cannot be asked for.
    Other,
}

/// What is known of a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// What it stands for.
    pub kind: EntryKind,
    /// Bytes, of a file.
    pub size: u64,
    /// When it was modified last: since 1970-01-01T00:00:00Z (RFC 3659 §2.3 wants UTC).
    pub modified: Duration,
    /// Permissions as Unix writes them: the low nine bits. For display.
    pub mode: u16,
}

/// One name of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The name, without its directory.
    pub name: &'a str,
    /// What it stands for.
    pub metadata: Metadata,
}

/// A place for files. Every file that is opened is closed once, and so is every listing.
///
/// A call may block as long as a disk does. `now` is the time since the run's (or the program's)
/// beginning; a store that has a disk has its own dates.
pub trait Store {
    /// Opens the file at `path` to be read from `offset` (RFC 3659 §5: REST), and tells its size.
    ///
    /// # Errors
    /// There is none, it is shorter than `offset`, or it may not be read.
    fn open_read(&mut self, path: &str, offset: u64) -> Result<(File, u64), StoreError>;

    /// Opens the file at `path` to be written. Nothing that is there changes if it cannot.
    ///
    /// # Errors
    /// The name is not allowed, its directory is not there, or the file may not be written so.
    fn open_write(&mut self, path: &str, how: Writing, now: Duration) -> Result<File, StoreError>;

    /// Reads what follows into `into`.
    ///
    /// # Errors
    /// Reading failed; the file's position is then unknown.
    fn read(&mut self, file: File, into: &mut [u8]) -> Result<Read, StoreError>;

    /// How much `write` takes now: the back-pressure of a slow disk.
    fn room(&self, file: File, now: Duration) -> Room;

    /// Appends all of `bytes`, no more than `room` has offered.
    ///
    /// # Errors
    /// Writing failed, or the store is full.
    fn write(&mut self, file: File, bytes: &[u8], now: Duration) -> Result<(), StoreError>;

    /// Closes the file, which is closed whatever comes of it. `fate` matters only to one that was
    /// written.
    ///
    /// # Errors
    /// What was written could not be kept so: the disk is full after all, the name is taken. Then it
    /// is as after [`Fate::Discard`], as far as the store can still do that.
    fn close(&mut self, file: File, fate: Fate) -> Result<(), StoreError>;

    /// What is at `path`.
    ///
    /// # Errors
    /// Nothing is.
    fn metadata(&mut self, path: &str) -> Result<Metadata, StoreError>;

    /// Sets when the file at `path` was modified last: since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// There is none, or it may not be changed.
    fn set_modified(&mut self, path: &str, modified: Duration) -> Result<(), StoreError>;

    /// Removes the file at `path`. Who has it open goes on with it.
    ///
    /// # Errors
    /// There is none, it is a directory, or it may not be removed.
    fn remove(&mut self, path: &str) -> Result<(), StoreError>;

    /// Renames a file or a directory. A file takes the place of a file.
    ///
    /// # Errors
    /// It is not there; the new name is not allowed, is a directory's, or lies in itself.
    fn rename(&mut self, from: &str, to: &str) -> Result<(), StoreError>;

    /// Makes an empty directory.
    ///
    /// # Errors
    /// Something of that name is there, or its own directory is not.
    fn make_directory(&mut self, path: &str, now: Duration) -> Result<(), StoreError>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// It is not there, is no directory, or is not empty. The root stays.
    fn remove_directory(&mut self, path: &str) -> Result<(), StoreError>;

    /// Opens a listing of the directory at `path`.
    ///
    /// # Errors
    /// It is not there, or is no directory.
    fn open_listing(&mut self, path: &str) -> Result<Listing, StoreError>;

    /// The next name in it, in any order, neither `.` nor `..`, and no name that is the store's own.
    /// What comes and goes meanwhile may be listed or not.
    ///
    /// # Errors
    /// The directory cannot be read any further.
    fn next_entry(&mut self, listing: Listing) -> Result<Option<Entry<'_>>, StoreError>;

    /// Closes the listing.
    fn close_listing(&mut self, listing: Listing);
}
