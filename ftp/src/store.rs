//! `store` is where files are: what a transfer reads and writes, by handle. Each error names the
//! reply it becomes (RFC 959 §5.4). It knows names and bytes, nothing of connections.

mod memory;

pub use memory::{Closed, MemoryStore};

use std::time::Duration;

/// An open file, as its store names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct File(pub u32);

/// Why a store cannot do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoreError {
    /// No file of that name: 550.
    NotFound,
    /// The store does not allow it: 550.
    Denied,
    /// Somebody else is using the file: 450.
    Busy,
    /// The store is full: 452.
    Full,
    /// The file would exceed what its owner may store: 552.
    TooLarge,
    /// No file can have that name: 553.
    BadName,
    /// Reading or writing failed: 451.
    Failed,
}

impl StoreError {
    /// The reply code that says so.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::NotFound | Self::Denied => 550,
            Self::Busy => 450,
            Self::Full => 452,
            Self::TooLarge => 552,
            Self::BadName => 553,
            Self::Failed => 451,
        }
    }

    /// The reply text that says so.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::NotFound => "No such file.",
            Self::Denied => "Permission denied.",
            Self::Busy => "File busy.",
            Self::Full => "Insufficient storage space.",
            Self::TooLarge => "Exceeded storage allocation.",
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
    /// It stays under its name, but only its first so many bytes: the writer had the rest in a
    /// buffer of its own.
    Cut(u64),
    /// It is removed.
    Discard,
}

/// When a file that is being written appears under its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Appears {
    /// At once, empty and in place of an old one.
    #[default]
    AtOnce,
    /// When it is kept; until then an old one stays as it is.
    WhenKept,
}

/// A place for files. Every file that is opened is closed once.
pub trait Store {
    /// Opens the file at `path` to be read from `offset` (RFC 3659 §5: REST), and tells its size.
    ///
    /// # Errors
    /// There is none, or it may not be read.
    fn open_read(&mut self, path: &str, offset: u64) -> Result<(File, u64), StoreError>;

    /// Opens a new and empty file for `path`; `hint`: bytes to expect.
    ///
    /// # Errors
    /// The name is not allowed, or the file may not be written.
    fn open_write(
        &mut self,
        path: &str,
        hint: Option<u64>,
        appears: Appears,
    ) -> Result<File, StoreError>;

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

    /// Closes the file. `fate` matters only to one that was written.
    fn close(&mut self, file: File, fate: Fate);

    /// The size of the file at `path` in bytes.
    ///
    /// # Errors
    /// There is none.
    fn size(&mut self, path: &str) -> Result<u64, StoreError>;
}
