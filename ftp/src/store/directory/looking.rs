//! `store::directory::looking` opens plain files and nothing else: a pipe, a socket or a device is
//! looked at and never opened, because opening alone has an effect on the program at its other end.

use crate::store::StoreError;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use rustix::fs::OFlags;
use std::fs::File;
use std::io;

/// The use of an opened file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// Opens the plain file at `path`, below `directory`.
///
/// # Errors
/// There is no such file, or the name is not that of a plain file ([`StoreError::IsDirectory`],
/// [`StoreError::Denied`]).
pub(super) fn open_file(directory: &Dir, path: &str, access: Access) -> Result<File, StoreError> {
    let file = look_and_open(directory, path, access)?;
    // A name that is opened by name may have changed since the look.
    is_plain(&file)?;
    Ok(file)
}

/// The error for a file that is not plain.
fn is_plain(file: &File) -> Result<(), StoreError> {
    match file.metadata()?.file_type() {
        kind if kind.is_file() => Ok(()),
        kind if kind.is_dir() => Err(StoreError::IsDirectory),
        _ => Err(StoreError::Denied),
    }
}

/// Looks at the file without opening it (`O_PATH`), then opens this file through /proc, also if
/// another program has changed the name meanwhile.
#[cfg(target_os = "linux")]
fn look_and_open(directory: &Dir, path: &str, access: Access) -> Result<File, StoreError> {
    use rustix::fs::{Mode, open};
    use rustix::io::Errno;
    use std::os::fd::AsRawFd as _;

    let mut options = OpenOptions::new();
    options.read(true).custom_flags(OFlags::PATH.bits().cast_signed());
    let looked = directory.open_with(path, &options)?.into_std();
    is_plain(&looked)?;
    let mode = if access == Access::Read { OFlags::RDONLY } else { OFlags::WRONLY };
    let place = format!("/proc/self/fd/{}", looked.as_raw_fd());
    match open(place, mode | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty()) {
        Ok(file) => Ok(file.into()),
        // There is no /proc in a bare chroot.
        Err(Errno::NOENT) => Ok(open_by_name(directory, path, access)?),
        Err(error) => Err(io::Error::from(error).into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn look_and_open(directory: &Dir, path: &str, access: Access) -> Result<File, StoreError> {
    let known = directory.metadata(path)?;
    if known.is_dir() {
        return Err(StoreError::IsDirectory);
    }
    if !known.is_file() {
        return Err(StoreError::Denied);
    }
    Ok(open_by_name(directory, path, access)?)
}

/// Opens the file by its name. Without `O_NONBLOCK`, a pipe that has just got the name would block the
/// whole program; a file ignores the flag.
fn open_by_name(directory: &Dir, path: &str, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(access == Access::Read).write(access == Access::Write);
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    Ok(directory.open_with(path, &options)?.into_std())
}
