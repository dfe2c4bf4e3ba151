//! Permissions and owners of uploads on a disk, and files that are never opened.

use halfclose_ftp::store::{Appears, Begin, DirectoryStore, Fate, Store, StoreError, Writing};
use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;
use tempfile::TempDir;

const NOW: Duration = Duration::ZERO;
const HIDDEN: Writing = Writing { begin: Begin::New, appears: Appears::WhenKept, hint: None };
const IN_PLACE: Writing = Writing { begin: Begin::New, appears: Appears::AtOnce, hint: None };
const APPENDED: Writing = Writing { begin: Begin::Append, appears: Appears::AtOnce, hint: None };

fn open() -> (TempDir, DirectoryStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = DirectoryStore::open(folder.path()).unwrap();
    (folder, store)
}

/// A file with these permission bits.
fn file(folder: &TempDir, name: &str, mode: u32) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

/// The permission bits of the temporary file in the folder.
fn temporary_mode(folder: &TempDir) -> u32 {
    let entries = fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
    let own = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().ends_with(".tmp");
    let mut found = entries.filter(own);
    mode(&found.next().expect("a temporary file").path())
}

fn is_root(folder: &TempDir) -> bool {
    let root = fs::metadata(folder.path()).unwrap().uid() == 0;
    if !root {
        eprintln!("SKIPPED: only root can give a file another owner");
    }
    root
}

#[test]
fn an_upload_is_private_until_it_is_whole() {
    let (folder, mut store) = open();
    fs::write(folder.path().join("as-any"), "").unwrap();
    let usual = mode(&folder.path().join("as-any"));
    for (old, expected) in [(None, usual), (Some(0o600), 0o600), (Some(0o640), 0o640)] {
        let path = folder.path().join("a");
        let _ = fs::remove_file(&path);
        if let Some(old) = old {
            file(&folder, "a", old);
        }
        let upload = store.open_write("a", HIDDEN, NOW).unwrap();
        store.write(upload, b"new", NOW).unwrap();
        assert_eq!(temporary_mode(&folder), 0o600, "beside {old:?}");
        store.close(upload, Fate::Keep).unwrap();
        assert_eq!((mode(&path), fs::read(&path).unwrap()), (expected, b"new".to_vec()));
    }
}

#[test]
fn an_upload_never_runs_under_the_name_of_its_owner() {
    for how in [HIDDEN, IN_PLACE, APPENDED] {
        let (folder, mut store) = open();
        let path = file(&folder, "program", 0o6755);
        let upload = store.open_write("program", how, NOW).unwrap();
        store.write(upload, b"new", NOW).unwrap();
        store.close(upload, Fate::Keep).unwrap();
        assert_eq!(mode(&path), 0o755, "{how:?}");
        // A file that gets no byte stays as it was.
        let path = file(&folder, "program", 0o6755);
        let upload = store.open_write("program", how, NOW).unwrap();
        store.close(upload, Fate::Discard).unwrap();
        assert_eq!(mode(&path), 0o6755, "{how:?}");
    }
}

#[test]
fn an_upload_in_place_of_a_file_keeps_owner_and_group() {
    let (folder, mut store) = open();
    if !is_root(&folder) {
        return;
    }
    let path = file(&folder, "a", 0o640);
    chown(&path, Some(1234), Some(2345)).unwrap();
    let upload = store.open_write("a", HIDDEN, NOW).unwrap();
    store.write(upload, b"new", NOW).unwrap();
    store.close(upload, Fate::Keep).unwrap();
    let known = fs::metadata(&path).unwrap();
    assert_eq!((known.uid(), known.gid(), mode(&path)), (1234, 2345, 0o640));
}

/// A reader of a pipe waits until a program opens the pipe for writing, and sees the end of the data
/// when the program closes the pipe. The store must do neither.
#[test]
fn a_pipe_is_looked_at_and_never_opened() {
    let (folder, mut store) = open();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (told, opened) = channel();
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || {
            let _file = File::open(pipe).unwrap();
            let _ = told.send(());
        })
    };
    for how in [HIDDEN, IN_PLACE, APPENDED] {
        assert_eq!(store.open_write("pipe", how, NOW), Err(StoreError::Denied));
    }
    assert_eq!(store.open_read("pipe", 0), Err(StoreError::Denied));
    assert_eq!(store.set_modified("pipe", Duration::from_secs(1)), Err(StoreError::Denied));
    assert!(opened.recv_timeout(Duration::from_millis(100)).is_err(), "the pipe was opened");
    let _writer = OpenOptions::new().write(true).open(&pipe).unwrap();
    reader.join().unwrap();
}
