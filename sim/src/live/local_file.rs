//! `live::local_file` is the local file of `put` and `get`, opened as any program opens a file
//! (links, pipes and devices too). Only `serve` is confined to a directory.
//!
//! A download has the name `NAME.part` until the file is whole; an old file of the name is
//! untouched until then. The part is private, and gets the permissions of the old file at the end.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek, SeekFrom, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use halfclose_ftp::store::{Begin, StoreError};

use super::part_name;

/// The source of an upload.
#[derive(Debug)]
pub(crate) struct UploadFile {
    file: File,
    /// The length of the file in bytes when the file was opened; `None` for a stream.
    size: Option<u64>,
    /// The bytes not yet read; `None` if only reading finds the end.
    left: Option<u64>,
    trouble: Option<io::Error>,
}

impl UploadFile {
    /// Opens standard input, read to its end.
    pub(crate) fn standard() -> io::Result<Self> {
        let file = io::stdin().as_fd().try_clone_to_owned()?.into();
        Ok(Self { file, size: None, left: None, trouble: None })
    }

    /// Opens the file at `path`. A pipe is a stream of unknown length.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let known = file.metadata()?;
        if known.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        let size = known.is_file().then_some(known.len());
        Ok(Self { file, size, left: None, trouble: None })
    }

    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    /// The error that ended the reading.
    pub(crate) fn trouble(&mut self) -> Option<io::Error> {
        self.trouble.take()
    }

    /// Skips the first `offset` bytes. Returns the number of remaining bytes, 0 for a stream.
    pub(super) fn begin(&mut self, offset: u64) -> Result<u64, StoreError> {
        let Some(size) = self.size else {
            return if offset == 0 { Ok(0) } else { Err(StoreError::BadOffset) };
        };
        let left = size.checked_sub(offset).ok_or(StoreError::BadOffset)?;
        self.file.seek(SeekFrom::Start(offset)).map_err(|error| note(&mut self.trouble, error))?;
        // A file that the kernel makes up as the program reads (/proc) has length 0.
        self.left = (size > 0).then_some(left);
        Ok(size)
    }

    /// Reads on. Returns the number of bytes, and whether they are the last.
    pub(super) fn read(&mut self, into: &mut [u8]) -> Result<(usize, bool), StoreError> {
        let most = self.left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        let wanted = into.len().min(most);
        let bytes = retry(|| self.file.read(&mut into[..wanted]))
            .map_err(|error| note(&mut self.trouble, error))?;
        let ended = bytes == 0 && wanted > 0;
        let Some(left) = &mut self.left else {
            return Ok((bytes, ended));
        };
        *left -= bytes as u64;
        if ended {
            // The end would be a FIN, and the server would take half a file for a whole file.
            let (all, rest) = (self.size.unwrap_or_default(), *left);
            let text = format!("the file became shorter: {} of {all} bytes", all - rest);
            return Err(note(&mut self.trouble, io::Error::other(text)));
        }
        Ok((bytes, *left == 0))
    }
}

/// The destination of a download.
#[derive(Debug)]
pub(crate) struct DownloadFile {
    place: DownloadPlace,
    /// The open file: the part, or the destination itself.
    open: Option<(File, bool)>,
    trouble: Option<io::Error>,
}

#[derive(Debug)]
enum DownloadPlace {
    /// A destination without a part: standard output, a pipe, a device.
    Stream,
    /// A file, with the name of its part until the file is whole.
    File { path: PathBuf, part: PathBuf },
}

impl DownloadFile {
    /// Opens standard output as the destination.
    pub(crate) fn standard() -> io::Result<Self> {
        Ok(Self::stream(io::stdout().as_fd().try_clone_to_owned()?.into()))
    }

    /// Opens the file at `path`. A path that cannot be written fails here, not in the middle of a
    /// session.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(known) if known.is_dir() => return Err(ErrorKind::IsADirectory.into()),
            Ok(known) => {
                let file = OpenOptions::new().write(true).open(path)?;
                if !known.is_file() {
                    return Ok(Self::stream(file));
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                fs::metadata(folder.unwrap_or(Path::new(".")))?;
            }
            Err(error) => return Err(error),
        }
        let path = part_name::target(path)?;
        let part = part_name::beside(&path)?;
        Ok(Self { place: DownloadPlace::File { path, part }, open: None, trouble: None })
    }

    fn stream(file: File) -> Self {
        Self { place: DownloadPlace::Stream, open: Some((file, false)), trouble: None }
    }

    /// The error that ended the writing.
    pub(crate) fn trouble(&mut self) -> Option<io::Error> {
        self.trouble.take()
    }

    /// The offset at which a download continues: the length of the part, or of the file if there is
    /// no part.
    pub(super) fn there(&self) -> Option<u64> {
        let DownloadPlace::File { path, part } = &self.place else { return None };
        is_file(part).or_else(|| is_file(path))
    }

    pub(super) fn begin(&mut self, begin: Begin) -> Result<(), StoreError> {
        let offset = match begin {
            Begin::At(offset) => offset,
            _ => 0,
        };
        match self.open_at(offset) {
            Ok(open) => {
                self.open = open.or(self.open.take());
                Ok(())
            }
            Err(error) => Err(note(&mut self.trouble, error)),
        }
    }

    fn open_at(&self, offset: u64) -> io::Result<Option<(File, bool)>> {
        let DownloadPlace::File { path, part } = &self.place else {
            return if offset == 0 { Ok(None) } else { Err(ErrorKind::NotSeekable.into()) };
        };
        if offset > 0 {
            let on = is_file(part).is_some();
            let mut file = open_alone(if on { part } else { path })?;
            file.set_len(offset)?;
            file.seek(SeekFrom::Start(offset))?;
            return Ok(Some((file, on)));
        }
        // The lock is held until the new file exists; otherwise two programs could both remove the
        // old file.
        let _old = is_file(part).map(|_| open_alone(part)).transpose()?;
        match fs::remove_file(part) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // The new file is created exclusively: a file or link that appears in between is not
        // followed.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part)?;
        lock(&file, part)?;
        Ok(Some((file, true)))
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let Some((file, _)) = &mut self.open else { return Err(StoreError::Failed) };
        file.write_all(bytes).map_err(|error| note(&mut self.trouble, error))
    }

    /// Ends the session. A whole file gets its name. Returns the path of the part if the part holds
    /// any bytes.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot get its name.
    pub(crate) fn settle(&mut self, whole: bool) -> io::Result<Option<&Path>> {
        let (DownloadPlace::File { path, part }, Some((file, true))) =
            (&self.place, self.open.take())
        else {
            return Ok(None);
        };
        if whole {
            take_permissions(&file, path)?;
            return fs::rename(part, path).map(|()| None);
        }
        if file.metadata()?.len() == 0 {
            return fs::remove_file(part).map(|()| None);
        }
        Ok(Some(part))
    }
}

/// Gives a whole file the permissions, and if allowed the owner, of the old file at `path`, or the
/// permissions of a new file. Bits that make a program run under its owner's name are dropped.
fn take_permissions(file: &File, path: &Path) -> io::Result<()> {
    let mode = match fs::metadata(path) {
        Ok(old) => {
            // Only root can give a file away; a file of another user that this user may replace
            // becomes this user's.
            let _ = fchown(file, Some(old.uid()), Some(old.gid()));
            old.mode() & 0o777
        }
        Err(_) => 0o666 & !umask(),
    };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

/// The permission bits that new files do not get. Setting the umask is the only way to read it.
fn umask() -> u32 {
    let mask = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    rustix::process::umask(mask);
    mask.bits()
}

/// Opens a file for writing, unless another program is writing the file.
fn open_alone(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).open(path)?;
    lock(&file, path)?;
    Ok(file)
}

/// Locks a file, because two downloads into one file would overwrite each other.
fn lock(file: &File, path: &Path) -> io::Result<()> {
    // Some file systems have no locks.
    let held = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
    // The previous holder may have renamed the file since it was opened; the file is then whole.
    if held || !is_at(file, path)? {
        let text = format!("another download is writing {}", path.display());
        return Err(io::Error::new(ErrorKind::ResourceBusy, text));
    }
    Ok(())
}

/// Whether `path` is still a name of `file`.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let place = |known: fs::Metadata| (known.dev(), known.ino());
    let there = fs::metadata(path).ok().map(place);
    Ok(there == Some(place(file.metadata()?)))
}

/// The size of a plain file; `None` for a link or a directory.
fn is_file(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file).map(|known| known.len())
}

fn retry(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Keeps an error with the words of the system, which a store cannot carry.
fn note(trouble: &mut Option<io::Error>, error: io::Error) -> StoreError {
    trouble.get_or_insert(error);
    StoreError::Failed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_has_got_its_name_meanwhile_is_let_alone() {
        let folder = tempfile::tempdir().expect("a directory");
        let [part, whole] = ["a.part", "a"].map(|name| folder.path().join(name));
        fs::write(&part, "whole").expect("it is written");
        let file = OpenOptions::new().write(true).open(&part).expect("it is there");
        lock(&file, &part).expect("nobody has it");
        file.unlock().expect("it was locked");
        fs::rename(&part, &whole).expect("it gets its name");
        let busy = lock(&file, &part).expect_err("it is no part any more");
        assert_eq!(busy.kind(), ErrorKind::ResourceBusy);
        fs::write(&part, "another").expect("somebody begins again");
        lock(&file, &part).expect_err("it is another's");
    }
}
