//! `workload::source` is where a file's bytes come from: they are read or made once, if they are few,
//! and as they are moved, if they are many. It says of a file of the user's whether it was the same
//! all the time.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use halfclose_ftp::store::{FileSource, ReadAt, StoreError};
use rand::Rng;

use crate::scenario::catalogue::check_file;
use crate::seed::{Purpose, stream};

/// How many bytes of a file are held in memory. A file that has more stays where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Of a file of the user's.
    pub read: u64,
    /// Of a generated one: to make it again costs more than to read it again.
    pub generated: u64,
}

impl Held {
    /// All files, whatever they have.
    pub const ALL: Self = Self { read: u64::MAX, generated: u64::MAX };
    /// None that has a byte.
    pub const NONE: Self = Self { read: 0, generated: 0 };
}

impl Default for Held {
    fn default() -> Self {
        Self { read: 1 << 20, generated: 64 << 20 }
    }
}

/// The largest file that is moved: with one byte more, the end of a connection would be counted by a
/// sequence number that its beginning has (RFC 9293 §3.4).
pub const SIZE_MAX: u64 = (1 << 32) - 1;

/// A file of the user's that is read as it is moved.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) path: PathBuf,
    file: File,
    size: u64,
    /// Only compared with itself: a run that saw two dates is refused, and none sees one.
    modified: Option<SystemTime>,
    /// Why it could not be read, the first time.
    failed: OnceLock<(io::ErrorKind, String)>,
}

impl Disk {
    /// Opens a regular file.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // Before it is opened: that of a pipe waits for a writer.
        check_file(&std::fs::metadata(path)?, SIZE_MAX)?;
        let file = File::open(path)?;
        let found = file.metadata()?;
        check_file(&found, SIZE_MAX)?;
        let (size, modified) = (found.len(), found.modified().ok());
        Ok(Self { path: path.to_owned(), file, size, modified, failed: OnceLock::new() })
    }

    /// Whether all that was read of it so far was of the same file.
    pub(super) fn verify(&self) -> io::Result<()> {
        let found = self.file.metadata()?;
        if found.len() != self.size {
            let problem = format!("it had {} bytes, and has {} now", self.size, found.len());
            return Err(io::Error::other(problem + AGAIN));
        }
        if found.modified().ok() != self.modified {
            return Err(io::Error::other("it has changed".to_owned() + AGAIN));
        }
        match self.failed.get() {
            Some((kind, text)) => Err(io::Error::new(*kind, text.clone())),
            None => Ok(()),
        }
    }
}

/// What would be right.
const AGAIN: &str = " (a run needs a file that nobody writes)";

impl ReadAt for Disk {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), StoreError> {
        read_exact_at(&self.file, offset, into).map_err(|error| {
            // Only the first one counts.
            let _ = self.failed.set((error.kind(), error.to_string()));
            StoreError::Failed
        })
    }
}

/// Many threads read one file, each where it is.
#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, into: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, offset)
}

#[cfg(not(unix))]
fn read_exact_at(mut file: &File, offset: u64, into: &mut [u8]) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _mine = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(into)
}

/// Bytes that no prefix of theirs repeats: the same in every run, whatever its seed. Those of a
/// shorter file are the first ones of a longer one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Generated {
    /// Which of them: 0 for files, 1 for what is there before.
    pub(super) which: u64,
    pub(super) size: u64,
}

impl Generated {
    /// In memory, if that is to hold so many.
    pub(super) fn known(self, held: u64) -> FileSource {
        if self.size > held {
            return FileSource::There(Arc::new(self));
        }
        let size = usize::try_from(self.size).expect("sizes are checked when a scenario is read");
        let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, size).collect();
        let own = Arc::get_mut(&mut bytes).expect("nobody else has it yet");
        stream(self.which, Purpose::Content).fill_bytes(own);
        FileSource::Here(bytes)
    }
}

impl ReadAt for Generated {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), StoreError> {
        const WORD: u64 = 4;
        let mut stream = stream(self.which, Purpose::Content);
        stream.set_word_pos(u128::from(offset / WORD));
        // It is drawn in whole words.
        let skipped = usize::try_from((WORD - offset % WORD) % WORD).unwrap_or(0).min(into.len());
        let (first, rest) = into.split_at_mut(skipped);
        if !first.is_empty() {
            let from = usize::try_from(offset % WORD).unwrap_or(0);
            let word = stream.next_u32().to_le_bytes();
            first.copy_from_slice(&word[from..from + skipped]);
        }
        stream.fill_bytes(rest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wherever it is read from, a generated file is the one that is made from its beginning.
    #[test]
    fn a_generated_file_can_be_read_anywhere() {
        let size = 4_000;
        for which in [0, 1] {
            let file = Generated { which, size };
            let FileSource::Here(all) = file.known(size) else { panic!("it is to be in memory") };
            let There(far) = file.known(size - 1).into();
            for offset in (0..300).chain([1_021, 3_990]) {
                for length in [0, 1, 2, 3, 4, 5, 63, 64, 65, 700] {
                    let end = (offset + length).min(4_000);
                    let mut read = vec![0; end - offset];
                    far.read_at(offset as u64, &mut read).expect("it is made");
                    assert_eq!(read, all[offset..end], "{length} bytes at {offset}");
                }
            }
        }
    }

    struct There(Arc<dyn ReadAt>);

    impl From<FileSource> for There {
        fn from(known: FileSource) -> Self {
            match known {
                FileSource::There(there) => Self(there),
                FileSource::Here(_) => panic!("it is not to be in memory"),
            }
        }
    }

    #[test]
    fn a_file_that_changes_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        std::fs::write(&path, b"0123456789").expect("written");
        let disk = Disk::open(&path).expect("it is there");
        let mut read = [0; 3];
        disk.read_at(4, &mut read).expect("it is long enough");
        assert_eq!((&read, disk.verify().is_ok()), (b"456", true));
        std::fs::write(&path, b"0123").expect("written");
        assert_eq!(disk.read_at(4, &mut read), Err(StoreError::Failed));
        let problem = disk.verify().expect_err("it is shorter").to_string();
        assert_eq!(
            problem,
            "it had 10 bytes, and has 4 now (a run needs a file that nobody writes)"
        );
        std::fs::write(&path, b"9876543210").expect("written");
        let long_ago = SystemTime::UNIX_EPOCH;
        let file = File::options().write(true).open(&path).expect("it is there");
        file.set_modified(long_ago).expect("its date can be set");
        let problem = disk.verify().expect_err("its date is another").to_string();
        assert_eq!(problem, "it has changed (a run needs a file that nobody writes)");
    }
}
