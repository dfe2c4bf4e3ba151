//! `store::directory::temporary` owns the temporary names of files that are being written, and the
//! locks on these files: a lock ends with its program, so a file without a lock is stale.

use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt as _};
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

const PREFIX: &str = ".halfclose-";
const SUFFIX: &str = ".tmp";

/// Whether a name (not a path) is a temporary name of a store.
pub(super) fn is_own(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

/// Creates a hidden, locked file that only its owner can read. Returns the file and its temporary
/// name.
pub(super) fn create(directory: &Dir, count: &AtomicU64) -> io::Result<(std::fs::File, String)> {
    let mut options = OpenOptions::new();
    // An old file may be private: the permissions of the file come last.
    options.write(true).create_new(true).mode(0o600);
    loop {
        let count = count.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("{PREFIX}{:x}-{count:x}{SUFFIX}", process::id());
        match directory.open_with(&name, &options) {
            // Left behind by a program with the same process id.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(file) => {
                let file = file.into_std();
                // Fails on a file system without locks; such a file never counts as stale.
                let _ = file.try_lock();
                return Ok((file, name));
            }
        }
    }
}

/// Removes the temporary files without a lock, in the directory and below. Returns the number.
pub(super) fn remove_stale(root: &Dir) -> io::Result<usize> {
    let mut removed = 0;
    let mut entries = vec![root.entries()?];
    while let Some(last) = entries.last_mut() {
        let Some(entry) = last.next() else {
            entries.pop();
            continue;
        };
        let Ok(entry) = entry else { continue };
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            let below = entry.open_dir().and_then(|directory| directory.entries());
            entries.extend(below);
        } else if kind.is_file()
            && is_own_os(&entry.file_name())
            && entry.open().is_ok_and(is_abandoned)
            && entry.remove_file().is_ok()
        {
            removed += 1;
        }
    }
    Ok(removed)
}

fn is_abandoned(file: File) -> bool {
    file.into_std().try_lock().is_ok()
}

fn is_own_os(name: &OsStr) -> bool {
    name.to_str().is_some_and(is_own)
}
