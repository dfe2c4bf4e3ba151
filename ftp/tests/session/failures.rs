//! A store that fails, in every call that can fail: a clear reply, no file half replaced, and the
//! server goes on.

use crate::net::{CLIENT, Net, Rules, SERVER, ip};
use crate::world::pattern;
use halfclose_ftp::store::{Entry, Fate, File, Listing, Metadata, Read, Room, StoreError, Writing};
use halfclose_ftp::{
    Client, ClientConfig, DataMode, Driver, MemoryStore, ServerConfig, Store, Task, Told,
};
use std::net::SocketAddr;
use std::time::Duration;

/// The call that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    OpenRead,
    OpenWrite,
    Read,
    Write,
    Close,
    Metadata,
    Change,
    OpenListing,
    NextEntry,
}

/// A memory store that fails with this error, after `after` calls of this kind.
struct Faulty {
    inner: MemoryStore,
    at: At,
    error: StoreError,
    after: u32,
}

impl Faulty {
    fn fails(&mut self, at: At) -> Result<(), StoreError> {
        if self.at != at {
            return Ok(());
        }
        if self.after == 0 {
            return Err(self.error);
        }
        self.after -= 1;
        Ok(())
    }
}

impl Store for Faulty {
    fn open_read(&mut self, path: &str, offset: u64) -> Result<(File, u64), StoreError> {
        self.fails(At::OpenRead)?;
        self.inner.open_read(path, offset)
    }

    fn open_write(&mut self, path: &str, how: Writing, now: Duration) -> Result<File, StoreError> {
        self.fails(At::OpenWrite)?;
        self.inner.open_write(path, how, now)
    }

    fn read(&mut self, file: File, into: &mut [u8]) -> Result<Read, StoreError> {
        self.fails(At::Read)?;
        let some = into.len().min(1000);
        self.inner.read(file, &mut into[..some])
    }

    fn room(&self, file: File, now: Duration) -> Room {
        self.inner.room(file, now)
    }

    fn write(&mut self, file: File, bytes: &[u8], now: Duration) -> Result<(), StoreError> {
        self.fails(At::Write)?;
        self.inner.write(file, bytes, now)
    }

    fn close(&mut self, file: File, fate: Fate) -> Result<(), StoreError> {
        let failed = self.fails(At::Close);
        let fate = if failed.is_err() { Fate::Discard } else { fate };
        self.inner.close(file, fate)?;
        failed
    }

    fn metadata(&mut self, path: &str) -> Result<Metadata, StoreError> {
        self.fails(At::Metadata)?;
        self.inner.metadata(path)
    }

    fn set_modified(&mut self, path: &str, modified: Duration) -> Result<(), StoreError> {
        self.fails(At::Change)?;
        self.inner.set_modified(path, modified)
    }

    fn set_mode(&mut self, path: &str, mode: u16) -> Result<(), StoreError> {
        self.fails(At::Change)?;
        self.inner.set_mode(path, mode)
    }

    fn remove(&mut self, path: &str) -> Result<(), StoreError> {
        self.fails(At::Change)?;
        self.inner.remove(path)
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), StoreError> {
        self.fails(At::Change)?;
        self.inner.rename(from, to)
    }

    fn make_directory(&mut self, path: &str, now: Duration) -> Result<(), StoreError> {
        self.fails(At::Change)?;
        self.inner.make_directory(path, now)
    }

    fn remove_directory(&mut self, path: &str) -> Result<(), StoreError> {
        self.fails(At::Change)?;
        self.inner.remove_directory(path)
    }

    fn open_listing(&mut self, path: &str) -> Result<Listing, StoreError> {
        self.fails(At::OpenListing)?;
        self.inner.open_listing(path)
    }

    fn next_entry(&mut self, listing: Listing) -> Result<Option<Entry<'_>>, StoreError> {
        self.fails(At::NextEntry)?;
        self.inner.next_entry(listing)
    }

    fn close_listing(&mut self, listing: Listing) {
        self.inner.close_listing(listing);
    }
}

/// The result of the task, and the file `b` on the server afterwards. A NOOP after the task is
/// answered.
fn outcome(task: Task, at: At, error: StoreError, after: u32) -> (String, Option<Vec<u8>>) {
    let net = Net::new(Rules::default());
    let mut hosts = [net.host(CLIENT), net.host(SERVER)];
    let mut inner = MemoryStore::new();
    inner.insert("b", pattern(20_000));
    inner.insert("d/x", pattern(1));
    let config = ServerConfig { users: ServerConfig::default().users, ..ServerConfig::hardened() };
    let mut server = Driver::server(config, Faulty { inner, at, error, after });
    let door = SocketAddr::new(ip(SERVER), 21);
    server.listen(&mut hosts[SERVER], door, 8).unwrap();
    let passive = ClientConfig { mode: DataMode::Passive, ..ClientConfig::default() };
    let mut client: Driver<Client, _> = Driver::client(passive, MemoryStore::new());
    client.store_mut().insert("a", pattern(30_000));
    let tasks = [task, Task::Noop];
    client.connect(&mut hosts[CLIENT], door, tasks.into(), Duration::ZERO).unwrap();
    while !client.is_done() || net.is_ready() {
        client.pump(&mut hosts[CLIENT], Duration::ZERO);
        server.pump(&mut hosts[SERVER], Duration::ZERO);
    }
    let noop = client.commands().last().unwrap();
    assert_eq!((noop.task, noop.told), (1, Told::Success), "it goes on serving");
    assert_eq!(server.store().inner.open_files(), 0, "{at:?}");
    assert!(server.is_done());
    let reply = match client.reports() {
        [report] => report.reply.as_ref(),
        _ => client.commands()[0].reply.as_ref(),
    };
    (reply.unwrap().to_string(), server.store().inner.get("b").map(<[u8]>::to_vec))
}

#[test]
fn every_failure_has_a_reply_and_leaves_the_old_file() {
    use StoreError::{Busy, Denied, Failed, Full, NotFound};
    let name = |name: &str| name.into();
    let put = || Task::put("a", "b");
    let get = || Task::get("b", "c");
    let list = || Task::list("", "l");
    let rename = || Task::Rename { from: name("b"), to: name("z") };
    for (task, at, error, after, reply) in [
        (put(), At::OpenWrite, Denied, 0, "550 Permission denied."),
        (put(), At::OpenWrite, Full, 0, "452 Insufficient storage space."),
        (put(), At::OpenWrite, Busy, 0, "450 File busy."),
        (put(), At::OpenWrite, Failed, 0, "450 Local error in processing."),
        (put(), At::Write, Full, 0, "552 Insufficient storage space."),
        (put(), At::Write, Full, 3, "552 Insufficient storage space."),
        (put(), At::Write, Failed, 5, "451 Local error in processing."),
        // The disk is full only when the last of it is to be written, or the name cannot be had.
        (put(), At::Close, Full, 0, "552 Insufficient storage space."),
        (put(), At::Close, Failed, 0, "451 Local error in processing."),
        (get(), At::OpenRead, Denied, 0, "550 Permission denied."),
        (get(), At::OpenRead, Busy, 0, "450 File busy."),
        (get(), At::OpenRead, Failed, 0, "450 Local error in processing."),
        (get(), At::Read, Failed, 0, "451 Local error in processing."),
        (get(), At::Read, Failed, 7, "451 Local error in processing."),
        (list(), At::Metadata, Denied, 0, "550 Permission denied."),
        (list(), At::OpenListing, Denied, 0, "550 Permission denied."),
        (list(), At::NextEntry, Failed, 0, "451 Local error in processing."),
        (list(), At::NextEntry, Failed, 1, "451 Local error in processing."),
        (rename(), At::Change, Denied, 0, "550 Permission denied."),
        (rename(), At::Metadata, NotFound, 0, "550 No such file."),
        (Task::Delete { remote: name("b") }, At::Change, Busy, 0, "450 File busy."),
        (Task::Delete { remote: name("b") }, At::Change, Denied, 0, "550 Permission denied."),
        (
            Task::MakeDirectory { remote: name("n") },
            At::Change,
            Full,
            0,
            "550 Insufficient storage space.",
        ),
        (
            Task::RemoveDirectory { remote: name("d") },
            At::Change,
            Failed,
            0,
            "550 Local error in processing.",
        ),
        (
            Task::Size { remote: name("b") },
            At::Metadata,
            Failed,
            0,
            "550 Local error in processing.",
        ),
        (Task::Modified { remote: name("b") }, At::Metadata, Denied, 0, "550 Permission denied."),
        (
            Task::SetModified { remote: name("b"), modified: Duration::from_secs(1) },
            At::Change,
            Denied,
            0,
            "550 Permission denied.",
        ),
    ] {
        let (said, left) = outcome(task.clone(), at, error, after);
        assert_eq!(said, reply, "{task:?} {at:?} {error:?}");
        assert_eq!(left.as_deref(), Some(&*pattern(20_000)), "{task:?} {at:?} {error:?}");
    }
}
