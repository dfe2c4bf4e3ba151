//! A store on a disk: no path leads out, and no file is half there.

use halfclose_ftp::store::{
    Appears, Begin, DirectoryStore, EntryKind, Fate, Store, StoreError, Writing,
};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const NOW: Duration = Duration::ZERO;
const HIDDEN: Writing = Writing { begin: Begin::New, appears: Appears::WhenKept, hint: None };

/// A store in `root`, with a file `secret` beside the directory.
fn open() -> (TempDir, DirectoryStore) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("root")).unwrap();
    fs::create_dir(folder.path().join("outside")).unwrap();
    fs::write(folder.path().join("outside/secret"), "secret").unwrap();
    let store = DirectoryStore::open(&folder.path().join("root")).unwrap();
    (folder, store)
}

fn put(store: &mut DirectoryStore, path: &str, bytes: &str) -> Result<(), StoreError> {
    let file = store.open_write(path, HIDDEN, NOW)?;
    store.write(file, bytes.as_bytes(), NOW)?;
    store.close(file, Fate::Keep)
}

fn names(store: &mut DirectoryStore, path: &str) -> Vec<(String, EntryKind)> {
    let listing = store.open_listing(path).unwrap();
    let mut names = Vec::new();
    while let Some(entry) = store.next_entry(listing).unwrap() {
        names.push((entry.name.to_owned(), entry.metadata.kind));
    }
    store.close_listing(listing);
    names.sort();
    names
}

/// Calls every method with a path: none may succeed.
fn assert_closed(store: &mut DirectoryStore, path: &str) {
    let aside = "aside";
    let _ = put(store, aside, "mine");
    let how = |begin, appears| Writing { begin, appears, hint: None };
    let refused = [
        store.open_read(path, 0).err(),
        store.open_write(path, how(Begin::New, Appears::AtOnce), NOW).err(),
        store.open_write(path, HIDDEN, NOW).err(),
        store.open_write(path, how(Begin::Append, Appears::AtOnce), NOW).err(),
        store.open_write(path, how(Begin::At(1), Appears::AtOnce), NOW).err(),
        store.open_write(path, how(Begin::Fresh, Appears::AtOnce), NOW).err(),
        store.metadata(path).err(),
        store.set_modified(path, Duration::from_secs(1)).err(),
        store.make_directory(path, NOW).err(),
        store.remove_directory(path).err(),
        store.open_listing(path).err(),
        store.open_listing(&format!("{path}/..")).err(),
        store.rename(&format!("{path}/x"), aside).err(),
        store.rename(aside, &format!("{path}/x")).err(),
    ];
    for (at, refused) in refused.into_iter().enumerate() {
        assert!(refused.is_some(), "question {at} about {path} was answered");
    }
}

#[test]
fn no_path_leads_out() {
    // The session has resolved `..` before: these are for a session that has not.
    for path in ["../outside/secret", "/etc/passwd", "d/../../outside/secret", ".."] {
        let (folder, mut store) = open();
        store.make_directory("d", NOW).unwrap();
        assert_closed(&mut store, path);
        assert!(store.remove(path).is_err());
        assert_eq!(fs::read(folder.path().join("outside/secret")).unwrap(), b"secret");
    }
}

#[test]
fn no_link_leads_out() {
    for target in ["../outside/secret", "../outside", "/etc/passwd", "/", "..", "link"] {
        let (folder, mut store) = open();
        let link = folder.path().join("root/link");
        symlink(target, &link).unwrap();
        assert_closed(&mut store, "link");
        assert_closed(&mut store, "link/secret");
        assert_eq!(
            names(&mut store, "")[1],
            ("link".into(), EntryKind::Other),
            "seen, not followed"
        );
        // Renamed and removed is the link, not what it leads to.
        store.rename("link", "moved").unwrap();
        store.remove("moved").unwrap();
        assert!(link.symlink_metadata().is_err());
        assert_eq!(fs::read(folder.path().join("outside/secret")).unwrap(), b"secret");
        assert_eq!(fs::read_dir(folder.path().join("outside")).unwrap().count(), 1);
    }
}

#[test]
fn a_link_inside_is_followed_and_stays_a_link() {
    let (folder, mut store) = open();
    let root = folder.path().join("root");
    store.make_directory("d", NOW).unwrap();
    put(&mut store, "d/file", "old").unwrap();
    symlink("d/file", root.join("link")).unwrap();
    symlink("d", root.join("way")).unwrap();
    assert_eq!(
        names(&mut store, ""),
        [
            ("d".into(), EntryKind::Directory),
            ("link".into(), EntryKind::File),
            ("way".into(), EntryKind::Directory)
        ]
    );
    put(&mut store, "link", "new").unwrap();
    assert!(root.join("link").symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::read(root.join("d/file")).unwrap(), b"new");
    put(&mut store, "way/other", "x").unwrap();
    assert_eq!(fs::read(root.join("d/other")).unwrap(), b"x");
}

#[test]
fn a_directory_that_becomes_a_link_meanwhile_does_not_lead_out() {
    let (folder, mut store) = open();
    let root = folder.path().join("root");
    store.make_directory("d", NOW).unwrap();
    let file = store.open_write("d/secret", HIDDEN, NOW).unwrap();
    store.write(file, b"mine", NOW).unwrap();
    fs::rename(root.join("d"), root.join("moved")).unwrap();
    symlink("../outside", root.join("d")).unwrap();
    store.close(file, Fate::Keep).unwrap();
    assert_eq!(fs::read(folder.path().join("outside/secret")).unwrap(), b"secret");
    assert_eq!(fs::read(root.join("moved/secret")).unwrap(), b"mine");
}

#[test]
fn a_pipe_or_a_device_is_not_opened_and_holds_nobody_up() {
    let (folder, mut store) = open();
    let pipe = folder.path().join("root/pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    assert_eq!(store.open_read("pipe", 0).unwrap_err(), StoreError::Denied);
    assert_eq!(store.open_write("pipe", HIDDEN, NOW).unwrap_err(), StoreError::Denied);
    assert_eq!(names(&mut store, ""), [("pipe".into(), EntryKind::Pipe)]);
}

#[test]
fn names_of_the_store_are_nobodys_business() {
    let (folder, mut store) = open();
    let file = store.open_write("a", HIDDEN, NOW).unwrap();
    let own = fs::read_dir(folder.path().join("root")).unwrap().next().unwrap().unwrap();
    let own = own.file_name().into_string().unwrap();
    assert!(own.starts_with(".halfclose-") && own.ends_with(".tmp"), "{own}");
    assert_eq!(names(&mut store, ""), []);
    assert_eq!(store.open_read(&own, 0).unwrap_err(), StoreError::NotFound);
    assert_eq!(store.metadata(&own).unwrap_err(), StoreError::NotFound);
    assert_eq!(store.open_write(&own, HIDDEN, NOW).unwrap_err(), StoreError::BadName);
    assert_eq!(store.remove(&own), Err(StoreError::BadName));
    assert_eq!(store.rename(&own, "b"), Err(StoreError::BadName));
    // A file that is being written is not stale; a file without a writer is.
    assert_eq!(store.remove_stale().unwrap(), 0);
    store.close(file, Fate::Discard).unwrap();
    assert_eq!(store.remove_stale().unwrap(), 0);
    fs::create_dir_all(folder.path().join("root/d/e")).unwrap();
    for name in ["d/e/.halfclose-1-1.tmp", ".halfclose-99-2.tmp", "d/kept", ".halfclose-kept"] {
        fs::write(folder.path().join("root").join(name), "x").unwrap();
    }
    symlink("../outside", folder.path().join("root/link")).unwrap();
    fs::write(folder.path().join("outside/.halfclose-1-1.tmp"), "x").unwrap();
    assert_eq!(store.remove_stale().unwrap(), 2);
    assert!(folder.path().join("outside/.halfclose-1-1.tmp").exists(), "links are not followed");
    assert!(folder.path().join("root/d/kept").exists());
    assert!(folder.path().join("root/.halfclose-kept").exists());
}

#[test]
fn permissions_of_an_old_file_stay_and_those_of_a_read_only_one_hold() {
    let (folder, mut store) = open();
    let path = folder.path().join("root/a");
    put(&mut store, "a", "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
    put(&mut store, "a", "new").unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o604);
    assert_eq!(store.metadata("a").unwrap().mode, 0o604);

    store.set_read_only(true);
    assert_eq!(put(&mut store, "a", "x").unwrap_err(), StoreError::Denied);
    assert_eq!(store.remove("a"), Err(StoreError::Denied));
    assert_eq!(store.rename("a", "b"), Err(StoreError::Denied));
    assert_eq!(store.make_directory("d", NOW), Err(StoreError::Denied));
    assert_eq!(store.set_modified("a", NOW), Err(StoreError::Denied));
    assert_eq!(fs::read(&path).unwrap(), b"new");
}

#[test]
fn discarding_does_not_remove_what_has_the_name_since() {
    let (folder, mut store) = open();
    let how = Writing { begin: Begin::New, appears: Appears::AtOnce, hint: None };
    let file = store.open_write("a", how, NOW).unwrap();
    let path = folder.path().join("root/a");
    fs::remove_file(&path).unwrap();
    fs::write(&path, "another").unwrap();
    store.close(file, Fate::Discard).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"another");
}

#[test]
fn a_name_that_is_taken_meanwhile_fails_the_upload_and_leaves_nothing() {
    let (folder, mut store) = open();
    let file = store.open_write("a", HIDDEN, NOW).unwrap();
    fs::create_dir(folder.path().join("root/a")).unwrap();
    assert!(store.close(file, Fate::Keep).is_err());
    assert_eq!(names(&mut store, ""), [("a".into(), EntryKind::Directory)]);
    assert_eq!(fs::read_dir(folder.path().join("root")).unwrap().count(), 1);
}

#[test]
fn a_name_that_is_not_utf_8_is_seen_and_not_opened() {
    use std::os::unix::ffi::OsStrExt;
    let (folder, mut store) = open();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
    fs::write(folder.path().join("root").join(name), "x").unwrap();
    assert_eq!(names(&mut store, ""), [("caf\u{fffd}".into(), EntryKind::Other)]);
}

#[test]
fn a_file_that_grows_ends_where_it_did_and_one_that_shrinks_fails() {
    let (folder, mut store) = open();
    let path = folder.path().join("root/a");
    for (meanwhile, expected) in [("0123456789", Ok(4)), ("01", Err(StoreError::Failed))] {
        fs::write(&path, "0123").unwrap();
        let (file, size) = store.open_read("a", 0).unwrap();
        assert_eq!(size, 4);
        fs::write(&path, meanwhile).unwrap();
        let mut all = 0;
        let end = loop {
            match store.read(file, &mut [0; 100]) {
                Ok(read) => all += read.bytes,
                Err(error) => break Err(error),
            }
            if all == 4 {
                break Ok(all);
            }
        };
        assert_eq!(end, expected);
        store.close(file, Fate::Keep).unwrap();
    }
}

#[test]
fn the_old_end_stays_until_something_is_written() {
    let (folder, mut store) = open();
    let path = folder.path().join("root/a");
    fs::write(&path, "0123456789ab").unwrap();
    let go_on = |begin| Writing { begin, ..Writing::default() };
    let second = store.open_write("a", go_on(Begin::At(3)), NOW).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"0123456789ab", "nothing has been written yet");
    store.close(second, Fate::Discard).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"0123456789ab");
    let third = store.open_write("a", go_on(Begin::At(3)), NOW).unwrap();
    store.write(third, b"x", NOW).unwrap();
    store.close(third, Fate::Keep).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"012x");
}

#[test]
fn what_is_no_directory_is_no_store() {
    let (folder, _) = open();
    let file = folder.path().join("outside/secret");
    for path in [&file, &folder.path().join("gone")] {
        assert!(DirectoryStore::open(path).is_err(), "{}", path.display());
    }
    assert!(DirectoryStore::open(Path::new("/proc/self/net")).is_ok());
}
