//! `folders` owns the directories of the two ends: the files that a command finds, the words that stand
//! for the directories in a command, and the files that are looked at afterwards.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use halfclose_ftp::store::{FileContent, FileSource, ReadAt, StoreError};
use halfclose_ftp::{MemoryStore, Store};
use sha2::{Digest, Sha256};

use super::BridgeError;
use crate::scenario::Task;
use crate::side::{CONTROL_PORT, SERVER, Side};
use crate::workload::Workload;

/// The directories of one pair of ends, below one directory.
#[derive(Debug)]
pub(crate) struct Folders {
    base: PathBuf,
}

/// A file that `--check` names, at one end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckedFile {
    /// The end of the file.
    pub side: Side,
    /// The path, as `--check` names the file.
    pub path: String,
    /// The size in bytes and the SHA-256 in hexadecimal digits; `None`: there is no such file.
    pub found: Option<(u64, String)>,
}

impl Folders {
    /// Makes the directories of both ends below `base`. Every user may enter: a server may change its
    /// user.
    pub(crate) fn make(base: &Path) -> Result<Self, BridgeError> {
        let this = Self { base: base.to_owned() };
        for (folder, mode) in [
            (base.to_owned(), 0o755),
            (this.of(Side::Client), 0o755),
            (this.of(Side::Server), 0o777),
        ] {
            fs::create_dir_all(&folder)
                .and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)))
                .map_err(|error| file_error("cannot make", &folder, error))?;
        }
        Ok(this)
    }

    /// The directory of one end.
    pub(crate) fn of(&self, side: Side) -> PathBuf {
        self.base.join(side.name())
    }

    /// The path of the output of a command.
    pub(crate) fn output(&self, side: Side) -> PathBuf {
        self.base.join(format!("{}.output", side.name()))
    }

    /// The last lines of the output of a command, at most `most`.
    pub(crate) fn last_lines(&self, side: Side, most: usize) -> Vec<String> {
        let output = fs::read(self.output(side)).unwrap_or_default();
        let output = String::from_utf8_lossy(&output);
        let lines: Vec<_> = output.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(most)..]
            .iter()
            .map(|line| crate::live::clean(line))
            .collect()
    }

    /// The command of one end with every `{word}` filled in. A path that the shell would split or change
    /// is quoted.
    pub(super) fn filled(&self, side: Side, command: &str, file: &str) -> String {
        command
            .replace("{server}", &SERVER.to_string())
            .replace("{port}", &CONTROL_PORT.to_string())
            .replace("{dir}", &shell_word(&self.of(side)))
            .replace("{file}", &shell_word(&self.of(Side::Client).join(file)))
    }

    /// Writes the files that a command of `side` begins with: the sources of uploads at the client,
    /// and the files of `store`, which the scenario lays out, at the server.
    pub(super) fn lay_out(
        &self,
        side: Side,
        workload: &Workload,
        store: &MemoryStore,
    ) -> Result<(), BridgeError> {
        if side == Side::Client {
            for (index, task) in workload.tasks().iter().enumerate() {
                if let Task::Put(file) = task {
                    self.write(side, &file.name, workload.content(index))?;
                }
            }
        }
        let names: Vec<_> = store.names().map(str::to_owned).collect();
        for name in names.iter().filter(|name| side == Side::Server || is_received(name, workload))
        {
            let Some(content) = store.content(name) else { continue };
            self.write(side, name, content)?;
        }
        Ok(())
    }

    fn write(&self, side: Side, name: &str, content: &FileContent) -> Result<(), BridgeError> {
        let path = self.of(side).join(name);
        let failed = |error| file_error("cannot write", &path, error);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut file = File::create(&path).map_err(failed)?;
        let mut written = Ok(());
        let read = content.each(0, content.size(), |bytes| {
            if written.is_ok() {
                written = io::Write::write_all(&mut file, bytes);
            }
        });
        read.map_err(|_| failed(io::Error::other("the source cannot be read")))?;
        written.map_err(failed)
    }

    /// Puts the file `name` of a command's directory into `store`, for the judge: the file at this path,
    /// or the first file of this name below the directory. Returns whether there is such a file.
    pub(super) fn take_back(&self, side: Side, name: &str, store: &mut MemoryStore) -> bool {
        let folder = self.of(side);
        let path = Some(folder.join(name)).filter(|path| path.is_file());
        let base = Path::new(name).file_name();
        let path = path.or_else(|| find(&folder, base?, &mut SEARCHED.clone()));
        let Some((file, known)) = path.and_then(|path| {
            let file = File::open(path).ok()?;
            let known = file.metadata().ok()?;
            Some((file, known))
        }) else {
            let _ = store.remove(name);
            return false;
        };
        let source = FileSource::There(Arc::new(OnDisk { file, size: known.len() }));
        store.insert_content(name, &FileContent::of(source, known.len()));
        true
    }

    /// Size and hash of a file at a command's end.
    pub(super) fn check(&self, side: Side, path: &str) -> Option<(u64, String)> {
        let mut file = File::open(self.of(side).join(path)).ok()?;
        let mut hash = Sha256::new();
        let mut bytes = vec![0; 64 << 10];
        let mut size = 0;
        loop {
            match file.read(&mut bytes).ok()? {
                0 => return Some((size, hex(hash))),
                read => {
                    hash.update(&bytes[..read]);
                    size += read as u64;
                }
            }
        }
    }
}

/// Size and hash of a file in the memory of a program of ours.
pub(super) fn check_stored(store: &MemoryStore, path: &str) -> Option<(u64, String)> {
    let content = store.content(path)?;
    let mut hash = Sha256::new();
    content.each(0, content.size(), |bytes| hash.update(bytes)).ok()?;
    Some((content.size(), hex(hash)))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A path as one word of a shell.
fn shell_word(path: &Path) -> String {
    let path = path.to_string_lossy();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+,:@%".contains(letter);
    match path.chars().all(is_plain) {
        true => path.into_owned(),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

/// Entries of a command's directory that a search looks at, at most.
const SEARCHED: u32 = 10_000;

/// The first file called `name` in `folder` or below, in the order of the names.
fn find(folder: &Path, name: &OsStr, left: &mut u32) -> Option<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).ok()?.filter_map(Result::ok).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        *left = left.checked_sub(1)?;
        let kind = entry.file_type().ok()?;
        if kind.is_file() && entry.file_name() == name {
            return Some(entry.path());
        }
        if kind.is_dir()
            && let Some(found) = find(&entry.path(), name, left)
        {
            return Some(found);
        }
    }
    None
}

/// Whether a transfer of the scenario writes the file `name` at the client.
fn is_received(name: &str, workload: &Workload) -> bool {
    workload.tasks().iter().any(|task| matches!(task, Task::Get(file) if file.name == name))
}

fn file_error(what: &str, path: &Path, error: io::Error) -> BridgeError {
    BridgeError::File(format!("{what} `{}`", path.display()), error)
}

/// A file of a command, read where it lies: no program changes the file any more.
#[derive(Debug)]
struct OnDisk {
    file: File,
    size: u64,
}

impl ReadAt for OnDisk {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), StoreError> {
        self.file.read_exact_at(into, offset).map_err(|_| StoreError::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        for (path, word) in [
            ("/tmp/x-1/a.bin", "/tmp/x-1/a.bin"),
            ("/a b/it's $HOME", r"'/a b/it'\''s $HOME'"),
            ("/é", "'/é'"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }
}
