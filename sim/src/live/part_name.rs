//! `live::part_name` finds the file that a download writes, and the name of its unfinished part.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// The end of the name of every part.
const SUFFIX: &str = ".part";
/// The longest name in bytes that file systems take.
const NAME_LIMIT: usize = 255;
/// The most links from name to name, as the kernel follows them.
const LINKS: usize = 40;

/// The file that a path means: links stay, and the target of the last link is written, also a target
/// that does not exist yet.
pub(super) fn target(path: &Path) -> io::Result<PathBuf> {
    if let Ok(path) = fs::canonicalize(path) {
        return Ok(path);
    }
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let Ok(next) = fs::read_link(&path) else { return Ok(path) };
        path = path.parent().unwrap_or(Path::new("")).join(next);
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

/// The path of the part of `path`. A name that is too long for a suffix is cut, and gets a number
/// from all of its bytes.
pub(super) fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(ErrorKind::InvalidFilename)?.as_bytes();
    let mut part = name.to_vec();
    if name.len() + SUFFIX.len() > NAME_LIMIT {
        let number = format!("-{:016x}", xxhash_rust::xxh3::xxh3_64(name));
        let room = NAME_LIMIT - SUFFIX.len() - number.len();
        // A character of UTF-8 is not cut in two.
        let fits = |end: &usize| name[*end] & 0xc0 != 0x80;
        part.truncate((room - 3..=room).rev().find(fits).unwrap_or(room));
        part.extend_from_slice(number.as_bytes());
    }
    part.extend_from_slice(SUFFIX.as_bytes());
    Ok(path.with_file_name(OsString::from_vec(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_a_name_that_file_systems_take() {
        for (name, ends) in
            [("a".to_owned(), "a.part"), ("x".repeat(250), ".part"), ("é".repeat(127), ".part")]
        {
            let part = beside(&Path::new("d").join(&name)).expect("a name");
            let part = part.file_name().expect("a name").to_str().expect("UTF-8");
            assert!(part.len() <= NAME_LIMIT && part.ends_with(ends), "{part}");
        }
        let long = |last: &str| beside(Path::new(&format!("{}{last}", "x".repeat(252))));
        assert_ne!(long("a").expect("a name"), long("b").expect("a name"));
    }
}
