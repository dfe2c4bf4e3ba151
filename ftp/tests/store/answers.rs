//! A store whose disk is asked by threads: a session repeats its calls until the disk has answered.

use halfclose_ftp::store::{
    Appears, Asker, Begin, DirectoryStore, Fate, File, Room, Store, StoreError, Writing,
};
use std::fs;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

const NOW: Duration = Duration::ZERO;
const HIDDEN: Writing = Writing { begin: Begin::New, appears: Appears::WhenKept, hint: None };
const PATIENCE: Duration = Duration::from_secs(60);
const ONE: Asker = Asker(1);
const TWO: Asker = Asker(2);

/// A store with threads.
struct Disk {
    folder: TempDir,
    store: DirectoryStore,
    woken: Receiver<()>,
}

impl Disk {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut store = DirectoryStore::open(folder.path()).unwrap();
        let (wake, woken) = channel();
        store.set_waker(move || {
            let _ = wake.send(());
        });
        assert!(store.may_wait());
        Self { folder, store, woken }
    }

    /// Makes the calls of a session once.
    fn begin<T>(
        &mut self,
        session: Asker,
        calls: impl FnOnce(&mut DirectoryStore) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.store.begin(session);
        let done = calls(&mut self.store);
        self.store.end(!matches!(done, Err(StoreError::Waits)));
        done
    }

    /// Makes the calls of a session until the disk has answered all.
    fn finish<T>(
        &mut self,
        session: Asker,
        calls: impl Fn(&mut DirectoryStore) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        loop {
            match self.begin(session, &calls) {
                Err(StoreError::Waits) => assert_eq!(self.wait(), session),
                done => return done,
            }
        }
    }

    /// Waits for an answer of the disk, and returns the session.
    fn wait(&mut self) -> Asker {
        self.woken.recv_timeout(PATIENCE).expect("the disk answers");
        self.store.poll_answer().expect("a session is named")
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn repeated_calls_act_once_and_get_the_same_answers() {
    let mut disk = Disk::open();
    fs::write(disk.folder.path().join("a"), "old").unwrap();
    let both = |store: &mut DirectoryStore| {
        store.rename("a", "b")?;
        store.rename("b", "c")?;
        store.metadata("c")
    };
    assert_eq!(disk.finish(ONE, both).map(|found| found.size), Ok(3));
    assert_eq!(disk.names(), ["c"]);
    // The next piece of work asks anew.
    assert_eq!(disk.finish(ONE, both), Err(StoreError::NotFound));
}

#[test]
fn each_session_gets_its_own_answer() {
    let mut disk = Disk::open();
    fs::write(disk.folder.path().join("a"), "old").unwrap();
    let remove = |store: &mut DirectoryStore| store.remove("a");
    assert_eq!(disk.begin(ONE, remove), Err(StoreError::Waits));
    disk.wait();
    assert_eq!(disk.finish(TWO, remove), Err(StoreError::NotFound));
    assert_eq!(disk.begin(ONE, remove), Ok(()));
}

#[test]
fn an_upload_gets_its_name_at_the_close_and_not_before() {
    let mut disk = Disk::open();
    disk.store.set_sync(true);
    let path = disk.folder.path().join("a");
    fs::write(&path, "old").unwrap();
    let upload = disk.finish(ONE, |store| store.open_write("a", HIDDEN, NOW)).unwrap();
    disk.store.write(upload, &vec![7; 1 << 20], NOW).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(disk.finish(ONE, |store| store.close(upload, Fate::Keep)), Ok(()));
    assert_eq!(fs::read(&path).unwrap(), vec![7; 1 << 20]);
    assert_eq!(disk.store.open_files(), 0);
}

#[test]
fn an_upload_accepts_a_piece_at_a_time_and_is_written_in_order() {
    const SIZE: usize = 20_000_000;
    let mut disk = Disk::open();
    let bytes: Vec<u8> = (0..SIZE).map(|at| at.to_le_bytes()[at % 3]).collect();
    let upload = disk.finish(ONE, |store| store.open_write("a", HIDDEN, NOW)).unwrap();
    assert_eq!(disk.store.flush(upload), Ok(()), "no byte has come");
    let (mut written, mut waits) = (0, 0);
    while written < SIZE {
        match disk.store.room(upload, NOW) {
            Room::Bytes(room) => {
                assert!(room <= 1 << 20, "room for {room} bytes");
                // Odd pieces, as a connection brings the bytes.
                let end = SIZE.min(written + room.min(100_001));
                disk.store.write(upload, &bytes[written..end], NOW).unwrap();
                written = end;
            }
            Room::Not(StoreError::Waits) => {
                assert_eq!(disk.wait(), ONE);
                waits += 1;
            }
            room => panic!("{room:?}"),
        }
    }
    while disk.store.flush(upload) == Err(StoreError::Waits) {
        disk.wait();
    }
    assert_eq!(disk.finish(ONE, |store| store.close(upload, Fate::Keep)), Ok(()));
    assert!(fs::read(disk.folder.path().join("a")).unwrap() == bytes, "after {waits} waits");
}

#[test]
fn bytes_reach_the_disk_without_a_further_call() {
    let mut disk = Disk::open();
    let how = Writing { appears: Appears::AtOnce, ..HIDDEN };
    let upload = disk.finish(ONE, |store| store.open_write("a", how, NOW)).unwrap();
    disk.store.write(upload, b"new", NOW).unwrap();
    let path = disk.folder.path().join("a");
    for _ in 0..60_000 {
        if fs::read(&path).unwrap() == b"new" {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    assert_eq!(fs::read(&path).unwrap(), b"new");
    // No thread has told the session, which has not asked.
    assert!(disk.store.poll_answer().is_none());
    assert_eq!(disk.finish(ONE, |store| store.close(upload, Fate::Discard)), Ok(()));
    assert_eq!(disk.names(), Vec::<String>::new());
}

#[test]
fn a_file_that_opens_for_a_session_that_is_over_leaves_nothing() {
    let mut disk = Disk::open();
    fs::write(disk.folder.path().join("old"), "old").unwrap();
    let open =
        |path: &'static str| move |store: &mut DirectoryStore| store.open_write(path, HIDDEN, NOW);
    // The session ends before the answer, and behind the answer.
    assert_eq!(disk.begin(ONE, open("old")), Err(StoreError::Waits));
    disk.store.forget(ONE);
    disk.wait();
    assert_eq!(disk.begin(TWO, open("new")), Err(StoreError::Waits));
    disk.wait();
    disk.store.forget(TWO);
    // The session has an answer that its command does not take.
    let three = Asker(3);
    assert_eq!(disk.begin(three, open("new")), Err(StoreError::Waits));
    disk.wait();
    assert_eq!(disk.begin(three, |_| Ok(())), Ok(()));
    for _ in 0..60_000 {
        if disk.names() == ["old"] {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    assert_eq!((disk.names(), disk.store.open_files()), (vec!["old".to_owned()], 0));
    assert_eq!(fs::read(disk.folder.path().join("old")).unwrap(), b"old");
}

#[test]
fn an_answer_to_an_old_question_answers_no_new_one() {
    let mut disk = Disk::open();
    fs::write(disk.folder.path().join("a"), "old").unwrap();
    assert_eq!(disk.begin(ONE, |store| store.remove("none")), Err(StoreError::Waits));
    // The command ends without the answer.
    assert_eq!(disk.begin(ONE, |_| Ok(())), Ok(()));
    assert_eq!(disk.begin(ONE, |store| store.remove("a")), Err(StoreError::Waits));
    disk.wait();
    disk.wait();
    assert_eq!(disk.begin(ONE, |store| store.remove("a")), Ok(()));
}

#[test]
fn a_long_listing_comes_in_pieces_and_is_whole() {
    let mut disk = Disk::open();
    for at in 0..3000 {
        fs::write(disk.folder.path().join(format!("{at}")), "").unwrap();
    }
    let listing = disk.finish(ONE, |store| store.open_listing("")).unwrap();
    let (mut found, mut waits) = (Vec::new(), 0);
    loop {
        match disk.store.next_entry(listing) {
            Ok(Some(entry)) => found.push(entry.name.to_owned()),
            Ok(None) => break,
            Err(error) => {
                assert_eq!(error, StoreError::Waits);
                assert_eq!(disk.wait(), ONE);
                waits += 1;
            }
        }
    }
    disk.store.close_listing(listing);
    found.sort();
    assert_eq!(found, disk.names());
    assert_eq!(waits, 2, "1,024 names at a time");
    assert_eq!(disk.store.open_files(), 0);
}

#[test]
fn a_file_is_read_through_the_threads_and_whole() {
    let mut disk = Disk::open();
    let bytes: Vec<u8> = (0..5_000_000_usize).map(|at| at.to_le_bytes()[0]).collect();
    fs::write(disk.folder.path().join("a"), &bytes).unwrap();
    let (file, size) = disk.finish(ONE, |store| store.open_read("a", 0)).unwrap();
    assert_eq!(size, 5_000_000);
    let (mut read, mut piece): (Vec<u8>, _) = (Vec::new(), vec![0; 65_536]);
    loop {
        let now = disk.store.read(file, &mut piece).unwrap();
        read.extend(&piece[..now.bytes]);
        if now.last {
            break;
        }
        if now.bytes == 0 {
            disk.wait();
        }
    }
    assert!(read == bytes);
    assert_eq!(disk.finish(ONE, |store| store.close(file, Fate::Keep)), Ok(()));
    assert_eq!(disk.store.close(File(99), Fate::Keep), Err(StoreError::Failed));
}
