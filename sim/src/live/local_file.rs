//! `live::local` is the user's own file: what `put` reads and what `get` writes, opened as any program
//! opens a file (links, pipes and devices too). Nothing is confined here; that is what `serve` does.
//!
//! A download has the name `NAME.part` until it is whole, and an old file of its name stays as it is
//! until then.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek, SeekFrom, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use halfclose_ftp::store::{Begin, StoreError};

/// What is uploaded.
#[derive(Debug)]
pub(crate) struct UploadFile {
    file: File,
    /// Bytes that it had when it was opened; none of a stream.
    size: Option<u64>,
    /// How many of them have not been read; none if only reading tells where it ends.
    left: Option<u64>,
    trouble: Option<io::Error>,
}

impl UploadFile {
    /// Standard input, to its end.
    pub(crate) fn standard() -> io::Result<Self> {
        let file = io::stdin().as_fd().try_clone_to_owned()?.into();
        Ok(Self { file, size: None, left: None, trouble: None })
    }

    /// The file at `path`. A pipe is a stream of unknown length.
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

    /// What has gone wrong with it.
    pub(crate) fn trouble(&mut self) -> Option<io::Error> {
        self.trouble.take()
    }

    /// Begins after the first `offset` bytes. Returns how many there are, 0 of a stream.
    pub(super) fn begin(&mut self, offset: u64) -> Result<u64, StoreError> {
        let Some(size) = self.size else {
            return if offset == 0 { Ok(0) } else { Err(StoreError::BadOffset) };
        };
        let left = size.checked_sub(offset).ok_or(StoreError::BadOffset)?;
        self.file.seek(SeekFrom::Start(offset)).map_err(|error| note(&mut self.trouble, error))?;
        // What the kernel makes up as it is read says that it has none (/proc).
        self.left = (size > 0).then_some(left);
        Ok(size)
    }

    /// Reads on: how many bytes, and whether they are the last ones.
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
            // Its end would be a FIN, and half a file would be a whole one at the server.
            let (all, rest) = (self.size.unwrap_or_default(), *left);
            let text = format!("it became shorter meanwhile: {} of {all} bytes", all - rest);
            return Err(note(&mut self.trouble, io::Error::other(text)));
        }
        Ok((bytes, *left == 0))
    }
}

/// Where a download goes.
#[derive(Debug)]
pub(crate) struct DownloadFile {
    place: DownloadPlace,
    /// It is being written; to its part or to itself.
    open: Option<(File, bool)>,
    trouble: Option<io::Error>,
}

#[derive(Debug)]
enum DownloadPlace {
    /// Written as it is: standard output, a pipe, a device.
    Stream,
    /// A file, and what it is called until it is whole.
    File { path: PathBuf, part: PathBuf },
}

impl DownloadFile {
    /// Standard output.
    pub(crate) fn standard() -> io::Result<Self> {
        Ok(Self::stream(io::stdout().as_fd().try_clone_to_owned()?.into()))
    }

    /// The file at `path`: that it can be written is seen now rather than in the middle of a session.
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
        // A link stays, and what it leads to is written.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut part = path.file_name().ok_or(ErrorKind::InvalidFilename)?.to_owned();
        part.push(".part");
        let part = path.with_file_name(part);
        Ok(Self { place: DownloadPlace::File { path, part }, open: None, trouble: None })
    }

    fn stream(file: File) -> Self {
        Self { place: DownloadPlace::Stream, open: Some((file, false)), trouble: None }
    }

    /// What has gone wrong with it.
    pub(crate) fn trouble(&mut self) -> Option<io::Error> {
        self.trouble.take()
    }

    /// How many bytes there are to go on after: of the part, or of the file if there is no part.
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
        // Held until there is a new one, or two who come at once would both remove it.
        let _old = is_file(part).map(|_| open_alone(part)).transpose()?;
        match fs::remove_file(part) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // A new one: whatever is put there meanwhile, a link above all, is not followed.
        let file = OpenOptions::new().write(true).create_new(true).open(part)?;
        lock(&file, part)?;
        if let Ok(old) = fs::metadata(path) {
            // Who may not do that has a new file with the permissions of a new file.
            let _ = file.set_permissions(old.permissions());
        }
        Ok(Some((file, true)))
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let Some((file, _)) = &mut self.open else { return Err(StoreError::Failed) };
        file.write_all(bytes).map_err(|error| note(&mut self.trouble, error))
    }

    /// The session is over. A whole file takes its name. Returns where a part stays that has anything
    /// in it.
    ///
    /// # Errors
    /// It cannot have the name.
    pub(crate) fn settle(&mut self, whole: bool) -> io::Result<Option<&Path>> {
        let (DownloadPlace::File { path, part }, Some((file, true))) =
            (&self.place, self.open.take())
        else {
            return Ok(None);
        };
        if whole {
            return fs::rename(part, path).map(|()| None);
        }
        if file.metadata()?.len() == 0 {
            return fs::remove_file(part).map(|()| None);
        }
        Ok(Some(part))
    }
}

/// Opens a file to write it, unless somebody else does.
fn open_alone(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).open(path)?;
    lock(&file, path)?;
    Ok(file)
}

/// Two downloads in one file would undo each other's bytes.
fn lock(file: &File, path: &Path) -> io::Result<()> {
    // Where a file system has no locks, nobody can be asked.
    let held = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
    // Who held it may have given the file its name since it was opened, and it is whole.
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

/// The size of what is a file, and no link to one.
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

/// Keeps the system's own words; a store has none.
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
