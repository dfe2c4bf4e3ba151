//! `output_file` writes a file under a temporary name in the same directory, and renames the file at the
//! end: the file appears whole or not at all. A path without write permission is an error before any run.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, PoisonError};

use tempfile::NamedTempFile;
use thiserror::Error;

/// An output could not be written.
#[derive(Debug, Error)]
#[error("cannot write `{}`: {source}", path.display())]
pub(crate) struct OutputFileError {
    path: PathBuf,
    source: io::Error,
}

/// The temporary files under way.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Lets Ctrl-C, SIGTERM and SIGHUP end the program without a temporary file left behind. A handler that the
/// program has already stays.
pub(crate) fn end_without_leavings() {
    let _ = ctrlc::set_handler(|| {
        remove_unfinished();
        process::exit(i32::from(super::INTERRUPTED));
    });
}

/// Removes the temporary files under way, because the program ends at once.
pub(crate) fn remove_unfinished() {
    for path in UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        // A file that has its final name by now has no temporary name any more.
        let _ = fs::remove_file(path);
    }
}

/// A file being written. Dropped without [`OutputFile::commit`], the file leaves nothing behind.
#[derive(Debug)]
pub(crate) struct OutputFile {
    path: PathBuf,
    sink: FileSink,
}

#[derive(Debug)]
enum FileSink {
    /// Renamed to `target` at the end.
    Renamed { target: PathBuf, file: BufWriter<NamedTempFile> },
    /// A device or a pipe: renaming would replace the device.
    Direct(BufWriter<File>),
}

impl OutputFile {
    /// Begin to write `path`.
    ///
    /// # Errors
    /// The directory is not there or not writable, or `path` is a directory or read-only.
    pub(crate) fn create(path: &Path) -> Result<Self, OutputFileError> {
        let sink = open(path).map_err(|source| failed(path, &source))?;
        Ok(Self { path: path.to_owned(), sink })
    }

    /// Gives the file the final name.
    ///
    /// # Errors
    /// The bytes did not reach the disk; the temporary file is removed.
    pub(crate) fn commit(self) -> Result<(), OutputFileError> {
        let Self { path, sink } = self;
        let done = match sink {
            FileSink::Direct(mut file) => file.flush(),
            FileSink::Renamed { target, file } => file
                .into_inner()
                .map_err(io::IntoInnerError::into_error)
                .and_then(|temporary| temporary.persist(target).map_err(|e| e.error).map(drop)),
        };
        done.map_err(|source| failed(&path, &source))
    }

    /// An error while writing, with the path in the message.
    #[must_use]
    pub(crate) fn failed(&self, source: &io::Error) -> OutputFileError {
        failed(&self.path, source)
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            FileSink::Renamed { file, .. } => file.write(bytes),
            FileSink::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            FileSink::Renamed { file, .. } => file.flush(),
            FileSink::Direct(file) => file.flush(),
        }
    }
}

fn open(path: &Path) -> io::Result<FileSink> {
    // Follow a link: the rename would replace the link.
    let target = path.canonicalize().or_else(|_| beside(path)).unwrap_or_else(|_| path.to_owned());
    if let Ok(found) = target.metadata() {
        if found.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let file = OpenOptions::new().write(true).open(&target)?;
        if !found.is_file() {
            return Ok(FileSink::Direct(BufWriter::new(file)));
        }
    }
    if target.file_name().is_none() {
        return Err(io::ErrorKind::InvalidFilename.into());
    }
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or_else(|| Path::new("."));
    // Checked first, since tempfile's error hides the system's own message.
    if !directory.metadata()?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let mut builder = tempfile::Builder::new();
    // Another name than those of `serve`, which removes its own unfinished uploads at the start.
    builder.prefix(".halfclose.").suffix(".new");
    // Permissions as of any new file: the umask decides. A temporary file is private by default.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(directory)?;
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).push(file.path().to_owned());
    Ok(FileSink::Renamed { target, file: BufWriter::new(file) })
}

/// The target of a link, even if there is no file yet.
fn beside(link: &Path) -> io::Result<PathBuf> {
    let target = link.read_link()?;
    Ok(link.parent().unwrap_or_else(|| Path::new("")).join(target))
}

fn failed(path: &Path, source: &io::Error) -> OutputFileError {
    // tempfile adds the temporary name, of no use to a user: keep the cause alone.
    let source = match source.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::from(source.kind()),
    };
    OutputFileError { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(directory: &Path) -> usize {
        directory.read_dir().expect("a directory").count()
    }

    #[test]
    fn a_file_appears_only_when_committed() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("x.pcapng");
        let mut output = OutputFile::create(&path).expect("writable");
        output.write_all(b"half").expect("space");
        assert!(!path.exists());
        drop(output);
        assert_eq!(entries(directory.path()), 0);

        let mut output = OutputFile::create(&path).expect("writable");
        output.write_all(b"whole").expect("space");
        output.commit().expect("renamed");
        assert_eq!(fs::read(&path).expect("there"), b"whole");
        assert_eq!(entries(directory.path()), 1);
    }

    #[test]
    fn an_old_file_stays_until_the_new_one_is_whole() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("x");
        fs::write(&path, "old").expect("space");
        let mut output = OutputFile::create(&path).expect("writable");
        output.write_all(b"new").expect("space");
        assert_eq!(fs::read(&path).expect("there"), b"old");
        output.commit().expect("renamed");
        assert_eq!(fs::read(&path).expect("there"), b"new");
    }

    #[test]
    fn a_path_that_cannot_be_written_is_an_error_at_once() {
        let directory = tempfile::tempdir().expect("a directory");
        for (path, cause) in [
            (directory.path().join("no/such/x"), "No such file or directory (os error 2)"),
            (directory.path().to_owned(), "is a directory"),
        ] {
            let error = OutputFile::create(&path).expect_err("refused").to_string();
            assert_eq!(error, format!("cannot write `{}`: {cause}", path.display()));
        }
        assert_eq!(entries(directory.path()), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_not_replaced() {
        let device = Path::new("/dev/null");
        let mut output = OutputFile::create(device).expect("writable");
        output.write_all(b"x").expect("space");
        output.commit().expect("flushed");
        assert!(!device.metadata().expect("there").is_file());
    }
}
