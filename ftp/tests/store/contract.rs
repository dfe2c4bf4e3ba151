//! A list of steps with the expected results, for the store in memory and the store in a directory.

use halfclose_ftp::MemoryStore;
use halfclose_ftp::store::{
    Appears, Begin, DirectoryStore, EntryKind, Fate, File, Room, Store, StoreError, Writing,
};
use std::time::Duration;

const NOW: Duration = Duration::ZERO;

fn both(steps: fn(&mut dyn Steps)) {
    steps(&mut MemoryStore::new());
    let folder = tempfile::tempdir().unwrap();
    let mut store = DirectoryStore::open(folder.path()).unwrap();
    steps(&mut store);
    assert_eq!(store.open_files(), 0, "everything is closed");
}

/// A store with whole files in one call.
trait Steps {
    fn store(&mut self) -> &mut dyn Store;

    fn write(
        &mut self,
        path: &str,
        begin: Begin,
        appears: Appears,
        bytes: &str,
        fate: Fate,
    ) -> Result<(), StoreError> {
        let how = Writing { begin, appears, hint: Some(3) };
        let store = self.store();
        let file = store.open_write(path, how, NOW)?;
        assert!(matches!(store.room(file, NOW), Room::Bytes(1..)));
        store.write(file, bytes.as_bytes(), NOW).unwrap();
        store.close(file, fate)
    }

    fn put(&mut self, path: &str, bytes: &str) -> Result<(), StoreError> {
        self.write(path, Begin::New, Appears::WhenKept, bytes, Fate::Keep)
    }

    fn get(&mut self, path: &str) -> Result<String, StoreError> {
        self.get_from(path, 0)
    }

    fn get_from(&mut self, path: &str, offset: u64) -> Result<String, StoreError> {
        let store = self.store();
        let (file, size) = store.open_read(path, offset)?;
        let mut all = Vec::new();
        // An odd buffer, so that the end comes in every way.
        let mut buffer = [0; 3];
        loop {
            let read = store.read(file, &mut buffer).unwrap();
            all.extend_from_slice(&buffer[..read.bytes]);
            if read.last {
                break;
            }
        }
        store.close(file, Fate::Keep).unwrap();
        assert_eq!(all.len() as u64 + offset, size);
        Ok(String::from_utf8(all).unwrap())
    }

    fn names(&mut self, path: &str) -> Result<Vec<(String, EntryKind, u64)>, StoreError> {
        let store = self.store();
        let listing = store.open_listing(path)?;
        let mut names = Vec::new();
        while let Some(entry) = store.next_entry(listing)? {
            names.push((entry.name.to_owned(), entry.metadata.kind, entry.metadata.size));
        }
        store.close_listing(listing);
        names.sort();
        Ok(names)
    }
}

impl<S: Store> Steps for S {
    fn store(&mut self) -> &mut dyn Store {
        self
    }
}

#[test]
fn a_file_appears_when_it_is_kept() {
    both(|it| {
        it.put("a", "old file").unwrap();
        let how = Writing { appears: Appears::WhenKept, ..Writing::default() };
        let file = it.store().open_write("a", how, NOW).unwrap();
        it.store().write(file, b"new", NOW).unwrap();
        assert_eq!(it.get("a").unwrap(), "old file");
        assert_eq!(
            it.names("").unwrap(),
            [("a".into(), EntryKind::File, 8)],
            "nothing else is seen"
        );
        it.store().close(file, Fate::Keep).unwrap();
        assert_eq!(it.get("a").unwrap(), "new");
    });
}

#[test]
fn a_file_appears_at_once() {
    both(|it| {
        let file = it.store().open_write("new", Writing::default(), NOW).unwrap();
        assert_eq!(it.get("new").unwrap(), "");
        it.store().close(file, Fate::Keep).unwrap();
        it.put("a", "old file").unwrap();
        let file = it.store().open_write("a", Writing::default(), NOW).unwrap();
        assert_eq!(it.get("a").unwrap(), "old file", "no byte of a new one has come");
        it.store().write(file, b"new", NOW).unwrap();
        it.store().close(file, Fate::Keep).unwrap();
        assert_eq!(it.get("a").unwrap(), "new");
    });
}

#[test]
fn an_old_file_stays_until_a_byte_has_come() {
    for (begin, kept) in [(Begin::New, ""), (Begin::At(4), "old "), (Begin::Append, "old file")] {
        for appears in [Appears::AtOnce, Appears::WhenKept] {
            for (fate, expected) in
                [(Fate::Cut(0), "old file"), (Fate::Discard, "old file"), (Fate::Keep, kept)]
            {
                let check = |it: &mut dyn Steps| {
                    it.put("a", "old file").unwrap();
                    let how = Writing { begin, appears, hint: None };
                    let file = it.store().open_write("a", how, NOW).unwrap();
                    it.store().close(file, fate).unwrap();
                    assert_eq!(it.get("a").unwrap(), expected, "{begin:?} {appears:?} {fate:?}");
                };
                check(&mut MemoryStore::new());
                let folder = tempfile::tempdir().unwrap();
                check(&mut DirectoryStore::open(folder.path()).unwrap());
            }
        }
    }
}

#[test]
fn each_fate_leaves_what_it_says() {
    use Appears::{AtOnce, WhenKept};
    let missing = || Err(StoreError::NotFound);
    let there = |text: &str| Ok(text.to_owned());
    let rows = [
        (Begin::New, AtOnce, Fate::Keep, there("abcdef"), there("abcdef")),
        (Begin::New, AtOnce, Fate::Cut(2), there("ab"), there("ab")),
        (Begin::New, AtOnce, Fate::Discard, missing(), missing()),
        (Begin::New, WhenKept, Fate::Keep, there("abcdef"), there("abcdef")),
        (Begin::New, WhenKept, Fate::Cut(2), there("ab"), there("ab")),
        (Begin::New, WhenKept, Fate::Discard, missing(), there("0123456789")),
        (Begin::Fresh, WhenKept, Fate::Keep, there("abcdef"), Err(StoreError::Exists)),
        (Begin::Append, AtOnce, Fate::Keep, there("abcdef"), there("0123456789abcdef")),
        (Begin::Append, WhenKept, Fate::Cut(2), there("ab"), there("0123456789ab")),
        (Begin::Append, AtOnce, Fate::Discard, missing(), there("0123456789")),
        (Begin::At(0), WhenKept, Fate::Keep, there("abcdef"), there("abcdef")),
        (Begin::At(4), AtOnce, Fate::Keep, Err(StoreError::BadOffset), there("0123abcdef")),
        (Begin::At(4), AtOnce, Fate::Cut(1), Err(StoreError::BadOffset), there("0123a")),
        (Begin::At(4), AtOnce, Fate::Discard, Err(StoreError::BadOffset), there("0123")),
        (Begin::At(11), AtOnce, Fate::Keep, Err(StoreError::BadOffset), Err(StoreError::BadOffset)),
    ];
    for (begin, appears, fate, without, over) in rows {
        let row = (begin, appears, fate);
        for (old, expected) in [(None, without), (Some("0123456789"), over)] {
            let check = |it: &mut dyn Steps| {
                if let Some(old) = old {
                    it.put("a", old).unwrap();
                }
                let done = it.write("a", begin, appears, "abcdef", fate);
                let found = done.and_then(|()| it.get("a"));
                assert_eq!(found, expected, "{row:?} over {old:?}");
                if found.is_err() && !matches!(found, Err(StoreError::NotFound)) {
                    assert_eq!(it.get("a").ok().as_deref(), old, "{row:?}: nothing has changed");
                }
            };
            check(&mut MemoryStore::new());
            let folder = tempfile::tempdir().unwrap();
            check(&mut DirectoryStore::open(folder.path()).unwrap());
        }
    }
}

#[test]
fn a_file_is_read_from_anywhere() {
    both(|it| {
        it.put("a", "0123456789").unwrap();
        assert_eq!(it.get_from("a", 3).unwrap(), "3456789");
        assert_eq!(it.get_from("a", 10).unwrap(), "");
        assert_eq!(it.get_from("a", 11).unwrap_err(), StoreError::BadOffset);
        it.put("empty", "").unwrap();
        assert_eq!(it.get("empty").unwrap(), "");
    });
}

#[test]
fn directories_are_made_listed_renamed_and_removed() {
    both(|it| {
        it.store().make_directory("d", NOW).unwrap();
        it.store().make_directory("d/e", NOW).unwrap();
        it.put("d/a", "1").unwrap();
        it.put("d/e/b", "22").unwrap();
        assert_eq!(it.store().make_directory("d", NOW), Err(StoreError::Exists));
        assert_eq!(it.store().make_directory("x/y", NOW), Err(StoreError::NotFound));
        let names = [("a".into(), EntryKind::File, 1), ("e".into(), EntryKind::Directory, 0)];
        assert_eq!(it.names("d").unwrap(), names);
        assert_eq!(it.store().remove_directory("d"), Err(StoreError::NotEmpty));
        it.store().rename("d", "f").unwrap();
        assert_eq!(it.get("f/e/b").unwrap(), "22");
        assert_eq!(it.get("d/e/b").unwrap_err(), StoreError::NotFound);
        it.store().remove("f/e/b").unwrap();
        it.store().remove("f/a").unwrap();
        it.store().remove_directory("f/e").unwrap();
        it.store().remove_directory("f").unwrap();
        assert_eq!(it.names("").unwrap(), []);
    });
}

#[test]
fn a_rename_takes_the_place_of_a_file_only() {
    both(|it| {
        it.put("a", "a").unwrap();
        it.put("b", "b").unwrap();
        it.store().make_directory("d", NOW).unwrap();
        it.store().rename("a", "b").unwrap();
        assert_eq!((it.get("b").unwrap(), it.get("a")), ("a".into(), Err(StoreError::NotFound)));
        assert_eq!(it.store().rename("gone", "x"), Err(StoreError::NotFound));
        assert!(it.store().rename("b", "d").is_err());
        assert!(it.store().rename("d", "d/e").is_err());
        assert_eq!(it.get("b").unwrap(), "a");
    });
}

#[test]
fn what_is_not_so_is_refused_in_words() {
    both(|it| {
        it.put("a", "a").unwrap();
        it.store().make_directory("d", NOW).unwrap();
        assert_eq!(it.get("d").unwrap_err(), StoreError::IsDirectory);
        assert_eq!(it.get("a/b").unwrap_err(), StoreError::NotDirectory);
        assert_eq!(it.put("d", "x").unwrap_err(), StoreError::IsDirectory);
        assert_eq!(it.put("no/a", "x").unwrap_err(), StoreError::NotFound);
        assert_eq!(it.store().remove("d"), Err(StoreError::IsDirectory));
        assert_eq!(it.store().remove("gone"), Err(StoreError::NotFound));
        assert_eq!(it.store().remove_directory("a"), Err(StoreError::NotDirectory));
        assert_eq!(it.store().open_listing("a").unwrap_err(), StoreError::NotDirectory);
        assert_eq!(it.store().metadata("gone").unwrap_err(), StoreError::NotFound);
        assert!(it.store().remove_directory("").is_err(), "the root stays");
        assert_eq!(it.store().close(File(99), Fate::Keep), Err(StoreError::Failed));
    });
}

#[test]
fn dates_are_set_and_told() {
    both(|it| {
        it.put("a", "abc").unwrap();
        let date = Duration::from_secs(1_012_953_600);
        it.store().set_modified("a", date).unwrap();
        let known = it.store().metadata("a").unwrap();
        assert_eq!((known.kind, known.size, known.modified), (EntryKind::File, 3, date));
        assert_eq!(it.store().metadata("").unwrap().kind, EntryKind::Directory);
        assert_eq!(it.store().set_modified("gone", date), Err(StoreError::NotFound));
    });
}

#[test]
fn permissions_are_set_and_stay_with_a_new_file_of_the_name() {
    both(|it| {
        it.put("a", "abc").unwrap();
        let mode = |it: &mut dyn Steps| it.store().metadata("a").unwrap().mode;
        it.store().set_mode("a", 0o640).unwrap();
        assert_eq!(mode(it), 0o640);
        it.put("a", "a new file").unwrap();
        assert_eq!(mode(it), 0o640, "as an old file's permissions are kept");
        it.store().set_mode("a", 0o7_604).unwrap();
        assert_eq!(mode(it), 0o604, "nine bits");
        assert_eq!(it.store().set_mode("gone", 0o600), Err(StoreError::NotFound));
        assert_eq!(it.store().set_mode("a/b", 0o600), Err(StoreError::NotDirectory));
    });
}

#[test]
fn two_do_not_go_on_in_one_file_at_once() {
    both(|steps| {
        steps.put("a", "0123456789").unwrap();
        let go_on = |begin| Writing { begin, ..Writing::default() };
        let store = steps.store();
        for fate in [Fate::Keep, Fate::Discard] {
            let first = store.open_write("a", go_on(Begin::Append), NOW).unwrap();
            for begin in [Begin::Append, Begin::At(3)] {
                assert_eq!(store.open_write("a", go_on(begin), NOW), Err(StoreError::Busy));
            }
            store.write(first, b"ab", NOW).unwrap();
            store.close(first, fate).unwrap();
        }
        assert_eq!(steps.get("a").unwrap(), "0123456789ab");
        // The writer of a new file holds no lock against other writers.
        let (store, new) = (steps.store(), Writing::default());
        let made = store.open_write("b", new, NOW).unwrap();
        let first = store.open_write("b", go_on(Begin::Append), NOW).unwrap();
        store.close(made, Fate::Keep).unwrap();
        assert_eq!(store.open_write("b", go_on(Begin::Append), NOW), Err(StoreError::Busy));
        store.close(first, Fate::Keep).unwrap();
        // The old file goes on without its name.
        let store = steps.store();
        let first = store.open_write("a", go_on(Begin::Append), NOW).unwrap();
        store.remove("a").unwrap();
        steps.put("a", "new").unwrap();
        let store = steps.store();
        let second = store.open_write("a", go_on(Begin::Append), NOW).unwrap();
        for file in [first, second] {
            store.write(file, b"!", NOW).unwrap();
            store.close(file, Fate::Keep).unwrap();
        }
        assert_eq!(steps.get("a").unwrap(), "new!");
    });
}
